// Gives any bytes to open_change(), as a peer may. It refuses them or returns a valid change. A
// valid change can be sealed, opens equal, and is sealed to the same bytes from then on. A change
// that this program has sealed itself keeps its bytes exactly.

#include <cstdint>

#include "crdt/base/check.h"
#include "crdt/change.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  base::BytesView input(reinterpret_cast<const char*>(data), size);
  auto opened = crdt::open_change(input);
  if (!opened.ok()) return 0;
  CHECK(opened->sealed.bytes == input);
  CHECK(opened->sealed.hash == crdt::head_hash(input));
  CHECK(opened->sealed.seq == opened->change.seq && opened->sealed.seq > 0);
  if (!opened->envelope_known) return 0;

  auto sealed = crdt::seal(opened->change);
  CHECK(sealed.ok());
  CHECK(sealed->bytes.size() <= size);
  auto again = crdt::open_change(sealed->bytes);
  CHECK(again.ok());
  CHECK(again->change == opened->change);
  CHECK(crdt::seal(again->change)->bytes == sealed->bytes);
  return 0;
}
