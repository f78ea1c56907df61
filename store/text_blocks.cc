#include "store/text_blocks.h"

#include <algorithm>
#include <set>

#include "crdt/base/plant.h"
#include "store/row.h"

namespace store {
namespace {

constexpr std::int64_t kIndex = 0;
constexpr std::int64_t kNames = 1;
constexpr std::int64_t kFirstBlock = 2;  // letters of block b: 2 b, skeleton: 2 b + 1
constexpr std::int64_t kFirstEdits = std::int64_t{1} << 40;

std::int64_t letters_of(std::uint32_t block) { return kFirstBlock * block; }
std::int64_t skeleton_of(std::uint32_t block) { return letters_of(block) + 1; }

void append_dot(base::Bytes& out, const crdt::Dot& dot, Actors& actors) {
  append_varint(out, static_cast<std::uint64_t>(actors.intern(dot.actor)));
  append_varint(out, dot.seq);
  append_varint(out, dot.index);
}

constexpr std::uint64_t kErase = 0;
constexpr std::uint64_t kRight = 1;
constexpr std::uint64_t kParent = 2;
constexpr std::uint64_t kInsert = 4;

void append_edit(base::Bytes& out, const TextEdit& edit, Actors& actors) {
  if (edit.text.empty()) {
    append_varint(out, kErase);
    append_varint(out, edit.erased.size());
    for (const crdt::DotRun& run : edit.erased) {
      append_dot(out, {run.actor, run.seq, run.index}, actors);
      append_varint(out, run.count);
      append_varint(out, run.changes);
    }
    return;
  }
  const crdt::Anchor& anchor = edit.anchor;
  append_varint(out, kInsert | (anchor.right ? kRight : 0) | (anchor.parent ? kParent : 0));
  append_dot(out, edit.dot, actors);
  if (anchor.parent) append_dot(out, *anchor.parent, actors);
  append_varint(out, edit.text.size());
  out += edit.text;
}

class EditReader {
 public:
  EditReader(base::BytesView row, Actors& actors) : in_(row), actors_(actors) {}
  bool at_end() const { return in_.at_end(); }
  bool ok() const { return sound_ && in_.ok(); }

  TextEdit next() {
    TextEdit edit;
    const std::uint64_t kind = in_.varint();
    if (kind == kErase) {
      for (std::uint64_t left = in_.varint(); left > 0 && ok(); --left) {
        const crdt::Dot first = dot();
        edit.erased.push_back({first.actor, first.seq, first.index, number(), number()});
      }
      sound_ = sound_ && crdt::are_ordered(edit.erased);
      return edit;
    }
    sound_ = sound_ && kind >= kInsert && kind < 2 * kInsert;
    edit.dot = dot();
    edit.anchor.right = (kind & kRight) != 0;
    if ((kind & kParent) != 0) edit.anchor.parent = dot();
    edit.text = in_.take(in_.varint());
    sound_ = sound_ && !edit.text.empty();
    return edit;
  }

 private:
  std::uint32_t number() { return static_cast<std::uint32_t>(in_.varint()); }
  crdt::Dot dot() {
    crdt::Dot dot;
    const auto actor = actors_.resolve(static_cast<std::int64_t>(in_.varint()));
    if (!actor.ok()) sound_ = false;
    if (actor.ok()) dot.actor = *actor;
    dot.seq = in_.varint();
    dot.index = number();
    return dot;
  }

  RowParser in_;
  Actors& actors_;
  bool sound_ = true;
};

}  // namespace

base::Error TextBlocks::corrupt(std::int64_t id, std::int64_t number) const {
  return corrupt_row(database_, "blocks", std::to_string(id) + ":" + std::to_string(number));
}

base::Result<base::Bytes> TextBlocks::packed(std::int64_t id, std::int64_t number) {
  ASSIGN_OR_RETURN(auto row, blocks_.get(id, number));
  if (!row) return corrupt(id, number);
  RowParser parser(*row);
  const std::uint64_t size = parser.varint();
  const base::BytesView rest = parser.rest();
  if (!parser.ok()) return corrupt(id, number);
  if (size == 0) return base::Bytes(rest);
  auto unpacked = packer_.unpack(rest, size);
  if (!unpacked) return corrupt(id, number);
  return std::move(*unpacked);
}

base::Status TextBlocks::put_packed(std::int64_t id, std::int64_t number, base::BytesView content) {
  base::Bytes row;
  if (const auto frame = packer_.pack(content)) {
    append_varint(row, content.size());
    row += *frame;
  } else {
    append_varint(row, 0);
    row += content;
  }
  return blocks_.put(id, number, row);
}

// Nullopt: the text was never folded.
base::Result<std::optional<base::Bytes>> TextBlocks::index(std::int64_t id) {
  ASSIGN_OR_RETURN(const auto row, blocks_.get(id, kIndex));
  if (!row) return std::optional<base::Bytes>();
  ASSIGN_OR_RETURN(base::Bytes index, packed(id, kIndex));
  return std::optional(std::move(index));
}

base::Result<std::vector<std::uint32_t>> TextBlocks::block_ids(std::int64_t id) {
  ASSIGN_OR_RETURN(const auto index, this->index(id));
  if (!index) return std::vector<std::uint32_t>();
  auto ids = crdt::decode_block_ids(*index);
  if (!ids.ok()) return corrupt(id, kIndex);
  return ids;
}

base::Result<crdt::Sequence> TextBlocks::load(std::int64_t id, std::uint32_t tail) {
  crdt::Sequence text;
  ASSIGN_OR_RETURN(const std::vector<std::uint32_t> blocks, block_ids(id));
  if (!blocks.empty()) {
    ASSIGN_OR_RETURN(const base::Bytes names, packed(id, kNames));
    auto loader = crdt::Sequence::Loader::begin(names);
    if (!loader.ok()) return corrupt(id, kNames);
    for (const std::uint32_t block : blocks) {
      ASSIGN_OR_RETURN(const base::Bytes letters, packed(id, letters_of(block)));
      ASSIGN_OR_RETURN(const base::Bytes skeleton, packed(id, skeleton_of(block)));
      const auto added = loader->add(block, skeleton, letters);
      if (!added.ok()) return corrupt(id, skeleton_of(block));
    }
    blocks_loaded_ += blocks.size();
    auto loaded = loader->finish();
    if (!loaded.ok()) return corrupt(id, kNames);
    text = std::move(*loaded);
  }
  RETURN_IF_ERROR(apply_tail(id, tail, text));
  return text;
}

base::Result<crdt::Sequence> TextBlocks::open(std::int64_t id, std::uint32_t tail) {
  crdt::Sequence text;
  ASSIGN_OR_RETURN(const auto index, this->index(id));
  if (index) {
    ASSIGN_OR_RETURN(const base::Bytes names, packed(id, kNames));
    auto opened = crdt::Sequence::open(names, *index);
    if (!opened.ok()) return corrupt(id, kIndex);
    text = std::move(*opened);
  }
  RETURN_IF_ERROR(apply_tail(id, tail, text));
  return text;
}

base::Status TextBlocks::complete(std::int64_t id, crdt::Sequence& text,
                                  const crdt::TextNeed& need) {
  if (text.is_whole()) return {};
  for (auto missing = text.missing(need); !missing.empty(); missing = text.missing(need)) {
    for (const std::uint32_t block : missing) {
      ASSIGN_OR_RETURN(const base::Bytes letters, packed(id, letters_of(block)));
      ASSIGN_OR_RETURN(const base::Bytes skeleton, packed(id, skeleton_of(block)));
      if (!text.load(block, skeleton, letters).ok()) return corrupt(id, skeleton_of(block));
      ++blocks_loaded_;
    }
  }
  return {};
}

base::Status TextBlocks::apply_tail(std::int64_t id, std::uint32_t tail, crdt::Sequence& text) {
  for (std::uint32_t i = 0; i < tail; ++i) {
    ASSIGN_OR_RETURN(const auto row, blocks_.get(id, kFirstEdits + i));
    if (!row) return corrupt(id, kFirstEdits + i);
    RETURN_IF_ERROR(apply_edits(id, kFirstEdits + i, text, *row));
  }
  return {};
}

base::Status TextBlocks::apply_edits(std::int64_t id, std::int64_t number, crdt::Sequence& text,
                                     base::BytesView row) {
  EditReader reader(row, actors_);
  while (!reader.at_end()) {
    const TextEdit edit = reader.next();
    if (!reader.ok()) return corrupt(id, number);
    RETURN_IF_ERROR(complete(id, text, [&](const crdt::Sequence& part) {
      if (!edit.text.empty()) part.need_for_insert(edit.anchor, edit.dot.actor);
      for (const crdt::DotRun& run : edit.erased) part.need_for_erase(run);
    }));
    const bool lost = !edit.text.empty() && !text.apply_insert(edit.anchor, edit.dot, edit.text);
    if (lost) return corrupt(id, number);
    for (const crdt::DotRun& run : edit.erased) text.apply_erase(run);
  }
  return {};
}

base::Result<crdt::ElementIds> TextBlocks::names(std::int64_t id) {
  ASSIGN_OR_RETURN(const base::Bytes names, packed(id, kNames));
  auto ids = crdt::ElementIds::decode(names);
  if (!ids.ok()) return corrupt(id, kNames);
  return ids;
}

base::Result<std::string> TextBlocks::letters(std::int64_t id) {
  ASSIGN_OR_RETURN(const std::vector<std::uint32_t> blocks, block_ids(id));
  std::string text;
  for (const std::uint32_t block : blocks) {
    ASSIGN_OR_RETURN(const base::Bytes letters, packed(id, letters_of(block)));
    text += letters;
  }
  return text;
}

base::Result<std::string> TextBlocks::letters(std::int64_t id, const crdt::Sequence& text) {
  std::string letters;
  base::Status status;
  text.pieces([&](std::optional<std::uint32_t> block, std::string_view piece) {
    if (!status.ok()) return;
    if (!block) {
      letters += piece;
      return;
    }
    const auto read = packed(id, letters_of(*block));
    if (read.ok()) letters += *read;
    if (!read.ok()) status = read.error();
  });
  RETURN_IF_ERROR(status);
  return letters;
}

base::Status TextBlocks::append_edits(std::int64_t id, std::uint32_t number,
                                      const std::vector<TextEdit>& edits) {
  base::Bytes row;
  for (const TextEdit& edit : edits) append_edit(row, edit, actors_);
  return blocks_.put(id, kFirstEdits + number, row);
}

base::Status TextBlocks::fold(std::int64_t id, crdt::Sequence& text, std::uint32_t& next_block,
                              std::uint32_t tail) {
  const crdt::RunTree::BlockSize size{options_.text_block_runs, options_.text_block_bytes};
  RETURN_IF_ERROR(
      complete(id, text, [&](const crdt::Sequence& part) { part.need_for_fold(size); }));
  const std::set<std::uint32_t> before = text.stored_blocks();
  const std::vector<crdt::RunTree::Block> blocks = text.fold(next_block, size);
  if (!PLANTED(kFoldDropsEdits)) RETURN_IF_ERROR(put_blocks(id, text, blocks, before));
  for (std::uint32_t i = 0; i < tail; ++i) RETURN_IF_ERROR(blocks_.erase(id, kFirstEdits + i));
  return {};
}

base::Status TextBlocks::put_blocks(std::int64_t id, const crdt::Sequence& text,
                                    const std::vector<crdt::RunTree::Block>& blocks,
                                    std::set<std::uint32_t> gone) {
  for (const crdt::RunTree::Block& block : blocks) {
    gone.erase(block.id);
    if (!block.changed) continue;
    const crdt::Sequence::StoredBlock content = text.block(block);
    RETURN_IF_ERROR(put_packed(id, letters_of(block.id), content.text));
    RETURN_IF_ERROR(put_packed(id, skeleton_of(block.id), content.skeleton));
  }
  for (const std::uint32_t block : gone) {
    RETURN_IF_ERROR(blocks_.erase(id, letters_of(block)));
    RETURN_IF_ERROR(blocks_.erase(id, skeleton_of(block)));
  }
  RETURN_IF_ERROR(put_packed(id, kNames, text.names()));
  return put_packed(id, kIndex, text.index());
}

}  // namespace store
