#pragma once

// The content of one text in the table of blocks. docs/storage.md has the numbers and layouts:
//   the index: which blocks make the text, in document order, and what each of them has
//   the names of its elements
//   for each block its letters, and its skeleton. So reading the text reads no skeleton
//   edits since the last fold, one row for each commit
// All but the edits is compressed.

#include <cstdint>
#include <set>
#include <vector>

#include "crdt/types/sequence/sequence.h"
#include "store/actors.h"
#include "store/blocks.h"
#include "store/options.h"
#include "store/packed_change.h"

namespace store {

// An edit as it stands in a row of edits.
struct TextEdit {
  crdt::Dot dot;  // of an insert: the first
  crdt::Anchor anchor;
  std::string text;  // empty: an erase
  crdt::DotRuns erased;
};

class TextBlocks {
 public:
  TextBlocks(Database& database, Blocks& blocks, Actors& actors, const Options& options)
      : database_(database), blocks_(blocks), actors_(actors), options_(options) {}

  // The text as of the last fold, then with the `tail` rows of edits: all of it, or the blocks that
  // these edits need. kCorrupt when something is missing or contradicts itself.
  base::Result<crdt::Sequence> load(std::int64_t id, std::uint32_t tail);
  base::Result<crdt::Sequence> open(std::int64_t id, std::uint32_t tail);
  // Loads what `need` needs of an open text. kCorrupt names the block.
  base::Status complete(std::int64_t id, crdt::Sequence& text, const crdt::TextNeed& need);
  base::Result<crdt::ElementIds> names(std::int64_t id);  // as of the last fold
  // The letters as of the last fold.
  base::Result<std::string> letters(std::int64_t id);
  // Of an open text.
  base::Result<std::string> letters(std::int64_t id, const crdt::Sequence& text);

  base::Status append_edits(std::int64_t id, std::uint32_t number,
                            const std::vector<TextEdit>& edits);
  // Writes the blocks that have changed, removes those that are gone and the `tail` rows of edits.
  base::Status fold(std::int64_t id, crdt::Sequence& text, std::uint32_t& next_block,
                    std::uint32_t tail);
  std::uint64_t blocks_loaded() const { return blocks_loaded_; }  // into open texts
  // The contexts of the packer stay until this call: making them costs more than a fold.
  void release_memory() { packer_ = ChangePacker(ChangePacker::For::kText); }

 private:
  base::Result<std::optional<base::Bytes>> index(std::int64_t id);
  base::Result<std::vector<std::uint32_t>> block_ids(std::int64_t id);
  base::Result<base::Bytes> packed(std::int64_t id, std::int64_t number);
  base::Status put_packed(std::int64_t id, std::int64_t number, base::BytesView content);
  // `gone`: the blocks that the file has now.
  base::Status put_blocks(std::int64_t id, const crdt::Sequence& text,
                          const std::vector<crdt::RunTree::Block>& blocks,
                          std::set<std::uint32_t> gone);
  base::Status apply_tail(std::int64_t id, std::uint32_t tail, crdt::Sequence& text);
  base::Status apply_edits(std::int64_t id, std::int64_t number, crdt::Sequence& text,
                           base::BytesView row);
  base::Error corrupt(std::int64_t id, std::int64_t number) const;

  Database& database_;
  Blocks& blocks_;
  Actors& actors_;
  const Options& options_;
  ChangePacker packer_{ChangePacker::For::kText};
  std::uint64_t blocks_loaded_ = 0;
};

}  // namespace store
