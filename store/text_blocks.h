#pragma once

// The content of one text in the table of blocks. docs/storage.md has the numbers and layouts:
//   the index: which blocks make the text, in document order
//   the names of its elements
//   for each block its letters, and its skeleton. So reading the text reads no skeleton
//   edits since the last fold, one row for each commit
// Letters, skeletons and names are compressed.

#include <cstdint>
#include <vector>

#include "crdt/types/sequence/sequence.h"
#include "store/actors.h"
#include "store/blocks.h"
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
  TextBlocks(Database& database, Blocks& blocks, Actors& actors)
      : database_(database), blocks_(blocks), actors_(actors) {}

  // The text as of the last fold, then with the `tail` rows of edits. kCorrupt when something is
  // missing or contradicts itself.
  base::Result<crdt::Sequence> load(std::int64_t id, std::uint32_t tail);
  base::Result<crdt::ElementIds> names(std::int64_t id);  // as of the last fold
  // The letters as of the last fold.
  base::Result<std::string> letters(std::int64_t id);

  base::Status append_edits(std::int64_t id, std::uint32_t number,
                            const std::vector<TextEdit>& edits);
  // Writes the blocks that have changed, removes those that are gone and the `tail` rows of edits.
  base::Status fold(std::int64_t id, crdt::Sequence& text, std::uint32_t& next_block,
                    std::uint32_t tail);

 private:
  base::Result<std::vector<std::uint32_t>> index(std::int64_t id);
  base::Result<base::Bytes> packed(ChangePacker& packer, std::int64_t id, std::int64_t number);
  base::Status put_packed(ChangePacker& packer, std::int64_t id, std::int64_t number,
                          base::BytesView content);
  base::Status apply_edits(crdt::Sequence& text, base::BytesView row);
  base::Error corrupt(std::int64_t id, std::int64_t number) const;

  Database& database_;
  Blocks& blocks_;
  Actors& actors_;
};

}  // namespace store
