// Gives any bytes to the reader of a stored text: names, skeleton, letters and index, each with its
// length in two bytes before it. It refuses them or makes a text that can be stored and loaded, as
// a whole and in parts.

#include <cstdint>

#include "crdt/base/check.h"
#include "crdt/types/sequence/sequence.h"

namespace {

base::BytesView take(base::BytesView& input) {
  if (input.size() < 2) return {};
  const std::size_t size = static_cast<unsigned char>(input[0]) |
                           static_cast<std::size_t>(static_cast<unsigned char>(input[1])) << 8;
  input.remove_prefix(2);
  const base::BytesView part = input.substr(0, size);
  input.remove_prefix(part.size());
  return part;
}

base::Result<crdt::Sequence> load(base::BytesView names, base::BytesView skeleton,
                                  base::BytesView letters) {
  ASSIGN_OR_RETURN(auto loader, crdt::Sequence::Loader::begin(names));
  RETURN_IF_ERROR(loader.add(1, skeleton, letters));
  return loader.finish();
}

// With the index too, the text has a block, which is the one of the index or is refused.
void open_in_parts(base::BytesView names, base::BytesView index, base::BytesView skeleton,
                   base::BytesView letters) {
  auto text = crdt::Sequence::open(names, index);
  if (!text.ok()) return;
  const auto all = [](const crdt::Sequence& part) { part.need_all(); };
  for (const std::uint32_t block : text->missing(all)) {
    if (!text->load(block, skeleton, letters).ok()) return;
  }
  text->check();
  text->visit(std::nullopt, [](const crdt::TextRun&) { return true; });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  base::BytesView input(reinterpret_cast<const char*>(data), size);
  const base::BytesView names = take(input);
  const base::BytesView skeleton = take(input);
  const base::BytesView letters = take(input);
  open_in_parts(names, take(input), skeleton, letters);
  auto text = load(names, skeleton, letters);
  if (!text.ok()) return 0;
  const std::string before = text->text();
  text->visit(std::nullopt, [](const crdt::TextRun&) { return true; });
  std::uint32_t next = 2;
  auto loader = crdt::Sequence::Loader::begin(text->names());
  CHECK(loader.ok());
  for (const crdt::RunTree::Block& block : text->fold(next)) {
    const crdt::Sequence::StoredBlock stored = text->block(block);
    CHECK(loader->add(block.id, stored.skeleton, stored.text).ok());
  }
  auto again = loader->finish();
  CHECK(again.ok());
  CHECK(again->text() == before);
  return 0;
}
