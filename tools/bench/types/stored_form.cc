#include "tools/bench/types/stored_form.h"

#include "store/packed_change.h"

namespace bench {
namespace {

StoredBlob pack(store::ChangePacker& packer, base::Bytes bytes) {
  if (auto packed = packer.pack(bytes)) return {std::move(*packed), bytes.size()};
  return {std::move(bytes), 0};
}

base::Result<base::Bytes> unpack(store::ChangePacker& packer, const StoredBlob& blob) {
  if (blob.size == 0) return blob.bytes;
  if (auto bytes = packer.unpack(blob.bytes, blob.size)) return std::move(*bytes);
  return base::Error{base::Code::kCorrupt, "unpack a stored text"};
}

}  // namespace

std::size_t StoredText::bytes() const {
  std::size_t sum = names.bytes.size() + index.bytes.size();
  for (const Block& block : blocks) sum += block.skeleton.bytes.size() + block.text.bytes.size();
  return sum;
}

StoredText stored_form(crdt::Sequence& text) {
  store::ChangePacker packer(store::ChangePacker::For::kText);
  StoredText stored;
  std::uint32_t next_id = 1;
  for (const auto& block : text.fold(next_id)) {
    crdt::Sequence::StoredBlock content = text.block(block);
    stored.blocks.push_back({block.id, pack(packer, std::move(content.skeleton)),
                             pack(packer, std::move(content.text))});
  }
  stored.names = pack(packer, text.names());
  stored.index = pack(packer, text.index());
  return stored;
}

base::Result<crdt::Sequence> load(const StoredText& stored) {
  store::ChangePacker packer(store::ChangePacker::For::kText);
  ASSIGN_OR_RETURN(const base::Bytes names, unpack(packer, stored.names));
  ASSIGN_OR_RETURN(auto loader, crdt::Sequence::Loader::begin(names));
  for (const StoredText::Block& block : stored.blocks) {
    ASSIGN_OR_RETURN(const base::Bytes skeleton, unpack(packer, block.skeleton));
    ASSIGN_OR_RETURN(const base::Bytes text, unpack(packer, block.text));
    RETURN_IF_ERROR(loader.add(block.id, skeleton, text));
  }
  return loader.finish();
}

}  // namespace bench
