// Gives any bytes to the reader of state files, in pieces. The first byte is the size of a piece.
// Whatever it takes, a writer makes again.

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

#include "crdt/base/check.h"
#include "crdt/state_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const base::BytesView input(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::size_t piece = std::max<std::size_t>(data[0], 1);
  crdt::StateFileReader reader;
  std::optional<crdt::StateFileWriter> writer;
  base::Bytes written;
  for (std::size_t at = 0; at < input.size(); at += piece) {
    reader.add(input.substr(at, piece));
    for (;;) {
      auto record = reader.next();
      if (!record.ok()) return 0;
      if (!writer && reader.mesh()) {
        writer.emplace(*reader.mesh());
        written = writer->head();
      }
      if (!*record) break;
      if (const auto* page = std::get_if<base::Bytes>(&**record)) {
        written += writer->page_head(*page);
        written += *page;
      } else {
        written += writer->end(std::get<crdt::StateFileReader::End>(**record).state);
      }
    }
  }
  if (reader.finish().ok()) CHECK(written == input);
  return 0;
}
