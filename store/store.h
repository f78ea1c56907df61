#pragma once

// One SQLite file with everything of a replica. `Store` is the writing half: one connection, one
// transaction a turn, one thread (rule 10). `Reader` is a read-only connection with a committed
// snapshot. docs/storage.md describes tables, formats and checksums.
// Errors: kDiskFull (rolled back; try again later), kIndeterminate (I/O error in COMMIT: this Store
// writes no more; open a new one and make a new actor), kReadOnly, kCorrupt, kConflict (a schema of
// another version).

#include <functional>
#include <memory>
#include <string>

#include "store/actors.h"
#include "store/blocks.h"
#include "store/cell_table.h"
#include "store/change_log.h"
#include "store/database.h"
#include "store/held.h"
#include "store/meta.h"
#include "store/meta_table.h"
#include "store/options.h"
#include "store/proofs.h"
#include "store/requests.h"
#include "store/scrub.h"
#include "store/staged.h"

namespace store {

enum class Durability {
  kFull,  // on the medium before commit() returns
  // Survives the end of this process; a power cut may lose the last of these commits, never one in
  // the middle.
  kNormal,
};

class Store {
 public:
  static base::Result<std::unique_ptr<Store>> open(const std::string& path, const Options& options);
  ~Store();

  // After any error between begin() and commit() the transaction cannot be kept: call rollback().
  // SQLite fixes the durability of a transaction at its start. A turn without an own write begins
  // with kNormal. A transaction that begins with kFull is durable whatever commit() gets. One that
  // begins with kNormal and is committed with kFull is durable when commit() returns, but readers
  // may see it shortly before.
  base::Status begin(Durability durability = Durability::kFull);
  // Writes what changed (actors, objects, meta), then commits. On an error the transaction is
  // rolled back and memory is loaded again, unless the error is kIndeterminate.
  base::Status commit(Durability durability);
  void rollback();
  // Call it about once a second. Empties the write-ahead log when it is larger than
  // Options::wal_rest_bytes and has grown by less than that since the last call. Under load,
  // emptying it each time would cost more than the room is worth. Does not wait for readers. Not
  // part of open(): on a full disk it would use the room that a start needs for its first commit.
  // It also makes the file smaller when more pages are free than Options::free_pages_rest and
  // free_share_rest say, by at most Options::vacuum_pages a call and never under load: a commit
  // without a sync. The file has its new size after the checkpoint that follows the last of these
  // calls. When no cells came for a while, it folds those that are in memory (store/memtables.h),
  // in bounded steps and commits without a sync.
  void rest();
  // Flushes all kNormal commits to the medium (fsync).
  base::Status sync();

  Meta& meta() { return meta_; }  // commit() writes changes
  const Meta& meta() const { return meta_; }
  Actors& actors() { return actors_; }
  const Actors& actors() const { return actors_; }
  CellTable& cells() { return cells_; }
  Blocks& blocks() { return blocks_; }
  ChangeLog& log() { return log_; }
  Proofs& proofs() { return proofs_; }
  Staged& staged() { return staged_; }
  // The pages in the write-ahead log after the last commit. The log does not shrink while a reader
  // holds it.
  std::int64_t wal_pages() const { return database_->wal_pages(); }
  std::int64_t wal_bytes() const { return database_->wal_bytes(); }  // of its file
  // Bytes of pages that this connection has written to the write-ahead log since it was opened. A
  // checkpoint copies each page into the file at most once more.
  std::uint64_t written_bytes() const;
  std::int64_t free_pages() const { return free_pages_; }  // of the file, at the last rest()
  std::uint64_t log_bytes() const { return log_.bytes(); }
  HeldTable& held() { return held_; }
  Requests& requests() { return requests_; }
  Scrub& scrub() { return scrub_; }

  // True if this Store writes no more. Open a new one; the memory of this one may be out of date.
  bool stopped() const { return !stopped_.empty(); }
  base::Status usable() const;  // kReadOnly with the reason if it has stopped
  // Computes the digest of every object again from its rows and compares it with the stored one.
  base::Status verify_digest();
  // Reads every row, checks its checksum, and does what verify_digest() does.
  base::Status verify();
  const std::string& path() const { return path_; }
  void release_memory() {  // outside of transactions
    cells_.texts().release_memory();
    database_->release_memory();
  }
  // The last connection that closes removes the write-ahead log by its path. Call this where that
  // path may belong to another database.
  void keep_wal_on_close() { database_->keep_wal_on_close(); }

 private:
  Store(std::unique_ptr<Database> database, std::string path, const Options& options);
  base::Status load();
  base::Status create();
  base::Status flush();
  void stop(const std::string& reason);
  void empty_wal();
  void fold();
  bool has_room_in_wal();
  void shrink();
  base::Status commit_beside(const std::function<base::Status()>& work);

  std::unique_ptr<Database> database_;
  std::string path_;
  Options options_;
  std::uint32_t fold_changes_;  // as the options say; Meta::compaction takes its place
  Meta meta_;
  Meta stored_meta_;
  Actors actors_;
  CellTable cells_;
  Blocks blocks_;
  ChangeLog log_;
  Proofs proofs_;
  Staged staged_;
  HeldTable held_;
  Requests requests_;
  Scrub scrub_;
  MetaTable meta_table_;
  Durability durability_ = Durability::kFull;  // the current setting of the connection
  bool unsynced_ = false;                      // there are kNormal commits after the last sync
  std::int64_t rested_pages_ = 0;              // the pages of the log at the last rest()
  std::int64_t free_pages_ = 0;
  bool shrinks_ = true;  // false after damage; the scrub or the next write finds it
  std::string stopped_;  // why this Store writes no more; empty: it writes
};

// A read-only view. Each call of begin() takes a new snapshot. Reads between begin() and end() see
// one committed state. Several readers work beside one Store, each on its own thread.
class Reader {
 public:
  static base::Result<std::unique_ptr<Reader>> open(const std::string& path,
                                                    const Options& options);
  ~Reader();

  base::Status begin();  // loads vector and floors only when actors() is called
  void end();

  base::Result<const Actors*> actors();  // of this snapshot
  base::Result<Meta> meta();             // of this snapshot
  CellTable& cells() { return cells_; }
  Blocks& blocks() { return blocks_; }
  ChangeLog& log() { return log_; }
  // The last kCorrupt that was met since the last call, for the repair.
  std::optional<std::string> take_damage() { return database_->take_damage(); }
  void release_memory();  // not between begin() and end()

 private:
  Reader(std::unique_ptr<Database> database, const Options& options);
  base::Status take_snapshot();
  const Options options_;
  std::unique_ptr<Database> database_;
  Query data_version_;
  MetaTable meta_table_;
  Actors actors_;
  bool actors_loaded_ = false;
  CellTable cells_;
  Blocks blocks_;
  ChangeLog log_;
  std::int64_t snapshot_ = -1;  // a number that changes with every commit of the Store
};

}  // namespace store
