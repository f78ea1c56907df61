#pragma once

// One SQLite file that holds everything of a replica. `Store` is the writing half: one connection,
// one transaction a turn, used by one thread (rule 10). `Reader` is a read-only connection with a
// committed snapshot. docs/storage.md describes tables, formats, checksums and upgrades. Errors:
// kDiskFull (rolled back, try again later), kIndeterminate (I/O error in COMMIT: this Store is
// dead, open a new one and mint a new actor), kReadOnly, kCorrupt, kConflict (a schema of a newer
// version).

#include <memory>
#include <string>

#include "store/actors.h"
#include "store/cell_table.h"
#include "store/change_log.h"
#include "store/database.h"
#include "store/held.h"
#include "store/meta.h"
#include "store/meta_table.h"
#include "store/options.h"
#include "store/proofs.h"
#include "store/scrub.h"
#include "store/staged.h"

namespace store {

enum class Durability {
  kFull,    // on the medium before commit() returns
  kNormal,  // survives this process; a power cut may take a suffix of such commits, never a hole
};

class Store {
 public:
  static base::Result<std::unique_ptr<Store>> open(const std::string& path, const Options& options);
  ~Store();

  // After any error between begin() and commit() the transaction cannot be kept: rollback().
  // SQLite fixes the durability of a transaction at its start: a turn that has no own write begins
  // with kNormal. One begun with kFull is durable whatever commit() asks; one begun with kNormal
  // and committed with kFull is durable when commit() returns, but readers may see it a moment
  // earlier.
  base::Status begin(Durability durability = Durability::kFull);
  // Writes what moved (actors, objects, meta), then COMMITs. On error the transaction is rolled
  // back and memory reloaded, unless the error is kIndeterminate.
  base::Status commit(Durability durability);
  void rollback();
  // To be called about once a second. Empties the write-ahead log when it is larger than
  // Options::wal_rest_bytes and has grown by less since the last call: under load emptying it each
  // time would cost more than its room is worth. Does not wait for readers. Not part of open():
  // on a full disk it would take the room that a start needs for its first commit.
  void rest();
  // After kNormal commits: brings them to the medium.
  base::Status sync();

  Meta& meta() { return meta_; }  // changes are written by commit()
  const Meta& meta() const { return meta_; }
  Actors& actors() { return actors_; }
  const Actors& actors() const { return actors_; }
  CellTable& cells() { return cells_; }
  ChangeLog& log() { return log_; }
  Proofs& proofs() { return proofs_; }
  Staged& staged() { return staged_; }
  // In the write-ahead log after the last commit. It does not shrink below what a reader holds.
  std::int64_t wal_pages() const { return database_->wal_pages(); }
  std::int64_t wal_bytes() const { return database_->wal_bytes(); }  // of its file
  std::uint64_t log_bytes() const { return log_.bytes(); }
  Held& held() { return held_; }
  Scrub& scrub() { return scrub_; }

  // Nothing is written any more: open a new Store. What this one holds in memory may be stale.
  bool stopped() const { return !stopped_.empty(); }
  // Recomputes the digest of every object from its rows and compares it with the stored one.
  base::Status verify_digest();
  // Reads every row: their checksums, and what verify_digest() does.
  base::Status verify();
  const std::string& path() const { return path_; }
  void release_memory() { database_->release_memory(); }  // outside of transactions
  // The last connection that closes removes the write-ahead log by its path: not where that may be
  // the log of another database.
  void keep_wal_on_close() { database_->keep_wal_on_close(); }

 private:
  Store(std::unique_ptr<Database> database, std::string path, const Options& options);
  base::Status load();
  base::Status create();
  base::Status upgrade();
  base::Status flush();
  base::Status usable() const;
  void stop(const std::string& reason);
  void empty_wal();

  std::unique_ptr<Database> database_;
  std::string path_;
  Options options_;
  Meta meta_;
  Meta stored_meta_;
  Actors actors_;
  CellTable cells_;
  ChangeLog log_;
  Proofs proofs_;
  Staged staged_;
  Held held_;
  Scrub scrub_;
  MetaTable meta_table_;
  Durability durability_ = Durability::kFull;  // what the connection is set to
  bool unsynced_ = false;                      // there are kNormal commits after the last sync
  std::int64_t rested_pages_ = 0;              // of the log at the last rest()
  std::string stopped_;                        // why nothing is written any more
};

// A read-only view. Each call of begin() takes a fresh snapshot; reads between begin() and end()
// are of one committed state. Several readers work beside one Store, each on its own thread.
class Reader {
 public:
  static base::Result<std::unique_ptr<Reader>> open(const std::string& path,
                                                    const Options& options);
  ~Reader();

  base::Status begin();  // loads vector and floors only when asked for: see actors()
  void end();

  base::Result<const Actors*> actors();  // of this snapshot
  base::Result<Meta> meta();             // of this snapshot
  CellTable& cells() { return cells_; }
  ChangeLog& log() { return log_; }
  // What kCorrupt was met since the last call, for whoever repairs it.
  std::optional<std::string> take_damage() { return database_->take_damage(); }
  void release_memory() { database_->release_memory(); }  // not between begin() and end()

 private:
  Reader(std::unique_ptr<Database> database, const Options& options);
  base::Status take_snapshot();
  std::unique_ptr<Database> database_;
  Query data_version_;
  MetaTable meta_table_;
  Actors actors_;
  bool actors_loaded_ = false;
  CellTable cells_;
  ChangeLog log_;
  std::int64_t snapshot_ = -1;  // changes with every commit of the Store
};

}  // namespace store
