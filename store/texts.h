#pragma once

// The texts of a replica (crdt::Sequence) in the file. An edit is one small row for each commit;
// when a text has Options::fold_changes of them, they are folded into its blocks. A text that is
// edited is opened in parts: its index, and the blocks that edits need. It stays open in memory
// until others need the room (Options::texts_open_bytes). Works on a writing or a read-only
// connection; functions that write CHECK that a transaction is open.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "crdt/types/sequence/sequence.h"
#include "crdt/types/sequence/text_digest.h"
#include "store/meta_table.h"
#include "store/objects.h"
#include "store/options.h"
#include "store/text_blocks.h"
#include "store/text_rows.h"

namespace store {

// Bounds of one step of a compaction. A step folds at least one text that it finds, whatever its
// size.
struct FoldLimits {
  std::size_t objects = 256;     // looked at
  std::size_t rows = 4'096;      // texts looked at
  std::size_t bytes = 8u << 20;  // of the texts that are folded, in memory
  std::uint32_t rest =
      0;  // a text in memory that was edited since so many rest_tick() is left alone
};

class Texts {
 public:
  Texts(Database& database, Actors& actors, Objects& objects, const Options& options);
  ~Texts();
  base::Status load();                                  // forgets all open texts
  base::Status refresh();                               // for a reader: its snapshot has changed
  const TextTotals& totals() const { return totals_; }  // as of the last flush()

  // Reading. The slot has the type kSeq; its object must have that slot's root type.
  // Null: there is no text. Valid until the next call that is not const.
  base::Result<const crdt::Sequence*> open(const crdt::Slot& slot);  // the whole text
  // With all blocks that `need` needs.
  base::Result<const crdt::Sequence*> open(const crdt::Slot& slot, const crdt::TextNeed& need);
  // The same for a copy of an open text, on which there may be edits that are only in the copy.
  base::Status complete(const crdt::Slot& slot, crdt::Sequence& copy, const crdt::TextNeed& need);
  base::Result<std::optional<TextRow>> find(const crdt::Slot& slot);
  // The shown text. It reads no skeleton, unless the text has edits that are not folded yet: then
  // those of the blocks that these edits need. `copy` is a copy of an open text (complete()).
  base::Result<std::string> shown(const crdt::Slot& slot);
  base::Result<std::string> shown(const crdt::Slot& slot, const crdt::Sequence& copy);
  // Who inserted, each with the highest seq; erased elements count.
  base::Result<std::map<crdt::ActorId, std::uint64_t>> authors(const crdt::Slot& slot);
  // The texts of an object at or below a path, in order of path, until the visitor returns false.
  // They are as this transaction has left them until now.
  using Visitor = std::function<bool(const crdt::Slot& slot, const TextRow& row)>;
  base::Status visit(const ObjectInfo& object, const std::vector<std::string>& path,
                     const Visitor& visitor);

  // Writing.
  // `anchor` names an element of this text, else the start takes its place: every replica that
  // applies this change lacks the element, because skeletons are never dropped.
  base::Status insert(const crdt::Slot& slot, const crdt::Dot& dot, crdt::Anchor anchor,
                      std::string_view text);
  // Erases the elements that the kills name. Returns true if a shown one was among them.
  base::Result<bool> erase(const crdt::Slot& slot, const crdt::DotRuns& kills);
  // Folds one text. Returns what was folded; nullopt: it has no edits.
  struct Folded {
    crdt::Slot slot;
    std::uint32_t changes = 0;
    std::int64_t freed = 0;  // bytes of its blocks; below 0 if they grew
  };
  base::Result<std::optional<Folded>> fold(const crdt::Slot& slot);
  // Folds the texts that have edits, from a place on, in order of object and path. One call is one
  // bounded step; `next` is the place where the next one begins, nullopt: it was the last one.
  struct FoldPlace {
    crdt::ObjectKey object;
    base::Bytes key;  // of a text of this object; empty: its first
  };
  struct FoldStep {
    std::vector<Folded> folded;
    std::optional<FoldPlace> next;
  };
  // `only`: texts of objects with this name.
  base::Result<FoldStep> fold_from(const FoldPlace& from, const std::optional<std::string>& only,
                                   const FoldLimits& limits);
  // The texts with edits that FoldLimits::rest would not leave alone.
  std::uint64_t rested(std::uint32_t ticks) const;
  void rest_tick() { ++ticks_; }  // call it about once a second
  base::Status flush();
  bool touched() const { return !dirty_.empty(); }
  void committed();

  std::size_t open_bytes() const { return open_bytes_; }
  // Since this table was made. `loaded`: texts that were opened from the file; `blocks`: of them
  // that were read into memory; `closed_for_room`: for Options::texts_open_bytes.
  struct Counts {
    std::uint64_t folded = 0;
    std::uint64_t loaded = 0;
    std::uint64_t closed_for_room = 0;
    std::uint64_t blocks = 0;
  };
  Counts counts() const;
  void release_memory();  // outside of transactions

 private:
  struct Open;
  base::Result<base::Bytes> key_of(const crdt::Slot& slot);  // empty: no such object
  enum class Extent { kParts, kWhole };
  base::Result<Open*> opened(const crdt::Slot& slot, const base::Bytes& key, Extent extent);
  base::Status complete(Open& text, const crdt::TextNeed& need);
  void measure(Open& text);
  void use(Open& text);
  void edit(Open& text);
  void close(const base::Bytes& key);
  base::Result<Open*> for_writing(const crdt::Slot& slot);
  base::Status fold(Open& text);
  base::Result<std::optional<Folded>> fold_now(const crdt::Slot& slot, const base::Bytes& key);
  base::Result<std::size_t> fold_at(const ObjectInfo& object, const base::Bytes& key,
                                    FoldStep& step);
  base::Status put_row(Open& text, std::uint32_t waited);
  bool is_edited(const Open& text, std::uint32_t ticks) const;
  void forget();
  void make_room();

  Objects& objects_;
  const Options& options_;
  Blocks blocks_;
  TextRows rows_;
  TextBlocks content_;
  MetaTable meta_;
  TextTotals totals_;
  TextTotals stored_totals_;
  std::map<base::Bytes, std::unique_ptr<Open>> open_;  // by key
  std::map<base::Bytes, Open*> dirty_;
  std::map<std::uint64_t, Open*> by_use_;  // those that are not dirty; longest ago first
  std::size_t open_bytes_ = 0;
  std::uint64_t uses_ = 0;
  std::uint64_t ticks_ = 0;
  std::int64_t next_id_ = 1;
  Counts counts_;
};

}  // namespace store
