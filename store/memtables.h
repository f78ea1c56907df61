#pragma once

// The memtable of one connection. A commit writes the slots that it changed as one row of `recent`,
// and keeps them in memory. When they are many, they are folded: each further commit writes a slice
// of them, in order of key, into `names` and `cells`, and then the rows of `recent` are deleted.
// A connection always has the version that belongs to its snapshot, so it reads what is committed
// there, also after a kill in the middle of a fold: a slot that is folded already has the same
// cells in the file, or newer ones here hide them. A start goes on with the fold where it was, so
// the memory has its bound also on a host that is never up for long.

#include <cstdint>
#include <memory>
#include <optional>

#include "store/cell_writer.h"
#include "store/database.h"
#include "store/meta_table.h"
#include "store/options.h"
#include "store/overlay.h"

namespace store {

class Memtables {
 public:
  Memtables(Database& database, const Options& options);

  base::Status load();     // for the writer: at the start, and after a rollback
  base::Status refresh();  // for a reader: its snapshot has changed
  // For a reader: between two transactions it keeps no table in memory that nobody else has. Then
  // refresh() or resume() is called: resume() if the snapshot is the same again.
  void pause();
  base::Status resume();

  const Overlay& overlay() const { return overlay_; }
  std::size_t slots() const;  // entries in memory
  std::size_t bytes() const;

  // Inside a transaction. True: call save(). False: call make_way(), then write the slot into
  // `names` and `cells`.
  bool takes(CellKey key, std::size_t cells_bytes) const;
  base::Status make_way();
  void save(CellKey key, std::optional<base::Bytes> cells);
  // Writes the row of this commit and folds a slice.
  base::Status flush(CellWriter& writer);
  // True if there is something to fold and nothing came for a while. Call it about once a second.
  bool rests();
  base::Status fold_at_rest(CellWriter& writer);
  bool touched() const { return !overlay_.pending().empty() || changed_; }
  void committed();
  void undo();  // the transaction was rolled back

 private:
  struct State {
    MemtableVersion version;
    std::shared_ptr<Memtable> active;  // the same as in `version`
    std::int64_t position = 0;         // of the last row that there was
    std::uint64_t sum = 0;             // of it
    CellFold fold;                     // while there is a frozen table, its rows are being folded
  };
  // What a reader had before pause().
  struct Paused {
    RecentName name;
    std::weak_ptr<const Memtable> active;
    std::weak_ptr<const Memtable> frozen;
    bool has_active = false;
    bool has_frozen = false;
  };
  struct Slice {
    std::size_t slots = 0;
    std::size_t bytes = 0;
  };
  // `upto`: the rows up to here make the frozen table.
  base::Result<State> read_all(const RecentName& name, std::int64_t upto);
  void reset();
  base::Status append();
  base::Status publish();
  bool fold_is_due() const;
  void freeze();
  base::Status fold(CellWriter& writer, const Slice& slice);
  base::Status fold_slots(CellWriter& writer, const Slice& slice);
  base::Status trim(std::size_t bytes_max);

  const Options& options_;
  MemtableRows rows_;
  MetaTable meta_;
  Overlay overlay_;  // its version is that of next_
  Paused paused_version_;
  std::size_t pending_bytes_ = 0;
  State state_;               // as committed
  State next_;                // of the open transaction
  bool changed_ = false;      // next_ differs from state_
  bool folded_ = false;       // this transaction has folded
  std::uint32_t paused_ = 0;  // commits that fold nothing, after a fold was rolled back
  std::int64_t seen_ = 0;     // the last position at the last rests()
  std::uint32_t calm_ = 0;    // calls of rests() since the last commit
};

}  // namespace store
