#include "store/store.h"

#include <algorithm>
#include <cstdint>

#include "crdt/base/check.h"
#include "store/schema.h"

namespace store {
namespace {

constexpr std::int64_t kPageBytes = 4'096;

}  // namespace

base::Result<std::unique_ptr<Store>> Store::open(const std::string& path, const Options& options) {
  ASSIGN_OR_RETURN(auto database, Database::open(path, Database::Mode::kReadWrite, options.vfs));
  // Check first whose file it is: the file of another application must not be changed.
  ASSIGN_OR_RETURN(const bool empty, is_empty(*database));
  // This has an effect only before the first page is written. In a file with tables it would
  // commit.
  if (empty) RETURN_IF_ERROR(database->execute("PRAGMA auto_vacuum=INCREMENTAL"));
  RETURN_IF_ERROR(configure_writer(*database, options));
  RETURN_IF_ERROR(database->execute("PRAGMA synchronous=FULL"));
  std::unique_ptr<Store> store(new Store(std::move(database), path, options));
  if (empty) RETURN_IF_ERROR(store->create());
  RETURN_IF_ERROR(check_tables(*store->database_));
  RETURN_IF_ERROR(store->load());
  return store;
}

Store::Store(std::unique_ptr<Database> database, std::string path, const Options& options)
    : database_(std::move(database)),
      path_(std::move(path)),
      options_(options),
      fold_changes_(options.fold_changes),
      actors_(*database_, options_),
      cells_(*database_, actors_, options_),
      blocks_(*database_),
      log_(*database_, options_),
      proofs_(*database_),
      staged_(*database_),
      held_(*database_),
      requests_(*database_),
      scrub_(*database_),
      meta_table_(*database_) {}

Store::~Store() { database_->rollback(); }

base::Status Store::begin(Durability durability) {
  RETURN_IF_ERROR(usable());
  CHECK(!database_->in_transaction());
  options_.fold_changes = meta_.compaction ? meta_.compaction->every : fold_changes_;
  if (durability != durability_) {
    RETURN_IF_ERROR(database_->execute(
        durability == Durability::kFull ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=NORMAL"));
    durability_ = durability;
  }
  return database_->begin();
}

base::Status Store::commit(Durability durability) {
  RETURN_IF_ERROR(usable());
  const std::uint64_t commits = database_->wal_commits();
  base::Status status = flush();
  if (status.ok()) status = database_->commit();
  if (!status.ok()) {
    if (status.error().code == base::Code::kIndeterminate) {
      stop(status.error().message);
    } else {
      rollback();
    }
    return status;
  }
  stored_meta_ = meta_;
  actors_.committed();
  cells_.committed();
  log_.committed();
  if (database_->wal_commits() != commits) unsynced_ = durability_ == Durability::kNormal;
  if (durability == Durability::kFull) RETURN_IF_ERROR(sync());
  if (database_->wal_pages() < options_.wal_pages) return {};
  // This commit is done, whatever happens to the checkpoint. After an I/O error in the checkpoint,
  // pages may be lost that the kernel regards as clean, so nothing may be written after it. A full
  // disk is no reason to stop.
  if (const base::Status moved = database_->checkpoint();
      !moved.ok() && moved.error().code != base::Code::kDiskFull) {
    stop(moved.error().message);
  }
  return {};
}

void Store::rollback() {
  database_->rollback();
  meta_ = stored_meta_;
  const bool touched = actors_.touched() || cells_.touched() || log_.touched();
  if (!touched) return;
  // What a commit with an unknown end has shared may be what readers see.
  if (!stopped()) cells_.undo();
  if (const base::Status loaded = load(); !loaded.ok()) stop(loaded.error().message);
}

std::uint64_t Store::written_bytes() const {
  return database_->pages_written() * static_cast<std::uint64_t>(kPageBytes);
}

base::Status Store::sync() {
  RETURN_IF_ERROR(usable());
  if (!unsynced_) return {};
  const base::Status synced = database_->sync_wal();
  if (!synced.ok()) {
    stop(synced.error().message);
    return synced;
  }
  unsynced_ = false;
  return {};
}

void Store::rest() {
  if (stopped() || database_->in_transaction()) return;
  const std::int64_t pages = wal_pages();
  const std::int64_t grown = (pages - rested_pages_) * kPageBytes;
  rested_pages_ = pages;
  const bool busy = grown < 0 || grown > options_.wal_rest_bytes;
  const bool folds = cells_.rests();
  if (busy) return;
  if (folds) fold();
  if (stopped()) return;
  if (wal_bytes() > options_.wal_rest_bytes) empty_wal();
  if (!stopped() && shrinks_) shrink();
  rested_pages_ = wal_pages();
}

// A fold may write a page for each slot. So the log is emptied first if it is large, and nothing is
// folded while a reader keeps it. What cannot be folded stays where it is: the scrub or the next
// write finds what is damaged.
void Store::fold() {
  if (!has_room_in_wal()) return;
  static_cast<void>(commit_beside([&] { return cells_.fold_at_rest(); }));
}

// A commit without a sync that changes nothing of what the tables say.
base::Status Store::commit_beside(const std::function<base::Status()>& work) {
  RETURN_IF_ERROR(begin(Durability::kNormal));
  base::Status done = work();
  if (done.ok()) done = database_->commit();
  if (done.ok()) {
    unsynced_ = true;
    cells_.committed();
  } else if (done.error().code == base::Code::kIndeterminate) {
    stop(done.error().message);
  } else {
    rollback();
  }
  return done;
}

// A page that moves is written to the write-ahead log. So the log is emptied first if it is large,
// and nothing moves while a reader keeps it.
void Store::shrink() {
  const auto free = database_->pragma("freelist_count");
  if (!free.ok()) return;
  free_pages_ = *free;
  if (free_pages_ <= options_.free_pages_rest_min) return;
  const auto all = database_->pragma("page_count");
  if (!all.ok()) return;
  const std::int64_t kept =
      std::min(options_.free_pages_rest,
               std::max(options_.free_pages_rest_min, *all / options_.free_share_rest));
  const std::int64_t spare = free_pages_ - kept;
  if (spare <= 0) return;
  if (!has_room_in_wal()) return;
  const std::int64_t pages = std::min(spare, options_.vacuum_pages);
  const base::Status done = commit_beside([&] {
    return database_->execute("PRAGMA incremental_vacuum(" + std::to_string(pages) + ")");
  });
  if (!done.ok()) {
    shrinks_ = done.error().code != base::Code::kCorrupt;
    return;
  }
  free_pages_ -= pages;
  if (pages == spare) empty_wal();
}

bool Store::has_room_in_wal() {
  const std::int64_t room = options_.wal_rest_bytes / 4;
  if (wal_bytes() > room) empty_wal();
  return !stopped() && wal_bytes() <= room;
}

// As after the checkpoint of a commit: an I/O error ends writing, a full disk does not.
void Store::empty_wal() {
  const base::Status moved = database_->empty_wal();
  if (!moved.ok() && moved.error().code != base::Code::kDiskFull) stop(moved.error().message);
}

base::Status Store::verify_digest() {
  RETURN_IF_ERROR(usable());
  return cells_.verify();
}

base::Status Store::verify() {
  RETURN_IF_ERROR(usable());
  Scrub scrub(*database_);
  for (bool finished = false; !finished;) {
    ASSIGN_OR_RETURN(const Scrub::Step step, scrub.step(SIZE_MAX, SIZE_MAX));
    finished = step.finished;
  }
  return verify_digest();
}

base::Status Store::create() {
  RETURN_IF_ERROR(database_->begin());
  RETURN_IF_ERROR(create_tables(*database_));
  RETURN_IF_ERROR(meta_table_.create());
  return database_->commit();
}

base::Status Store::load() {
  ASSIGN_OR_RETURN(meta_, meta_table_.load());
  stored_meta_ = meta_;
  RETURN_IF_ERROR(actors_.load());
  RETURN_IF_ERROR(cells_.load());
  return log_.load();
}

base::Status Store::flush() {
  RETURN_IF_ERROR(database_->writable());
  // Actors are written last: writing the others may have added new ones.
  RETURN_IF_ERROR(cells_.flush());
  RETURN_IF_ERROR(log_.flush());
  meta_.digest = cells_.total_digest();
  RETURN_IF_ERROR(meta_table_.write(meta_, stored_meta_));
  return actors_.flush();
}

base::Status Store::usable() const {
  if (stopped_.empty()) return {};
  return base::Error{base::Code::kReadOnly, path_ + ": writing has stopped: " + stopped_};
}

void Store::stop(const std::string& reason) {
  stopped_ = reason;
  // Recovery must decide what the log holds. The connection that saw the error must not copy the
  // log into the file.
  database_->keep_wal_on_close();
}

}  // namespace store
