// Gives any bytes to the decoders of state joins, as a peer may. They refuse the bytes or return a
// value that encodes to bytes that decode to an equal value. The first byte chooses the decoder.

#include <cstdint>

#include "crdt/base/check.h"
#include "crdt/snapshot.h"

namespace {

template <typename Decode>
void check(base::BytesView input, Decode decode) {
  auto first = decode(input);
  if (!first.ok()) return;
  base::Bytes bytes = crdt::encode(*first);
  auto again = decode(bytes);
  CHECK(again.ok());
  CHECK(*again == *first);
  CHECK(crdt::encode(*again) == bytes);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  base::BytesView input(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (data[0] == 'q') {
    check(input, crdt::decode_snapshot_query);
  } else {
    check(input, crdt::decode_snapshot_page);
  }
  return 0;
}
