#include "crdt/base/check.h"
#include "store/schema.h"
#include "store/store.h"

namespace store {

base::Result<std::unique_ptr<Reader>> Reader::open(const std::string& path,
                                                   const Options& options) {
  ASSIGN_OR_RETURN(auto database, Database::open(path, Database::Mode::kReadOnly, options.vfs));
  RETURN_IF_ERROR(configure_reader(*database, options));
  ASSIGN_OR_RETURN(const bool empty, is_empty(*database));
  if (empty) {
    return base::Error{base::Code::kUnavailable, "read " + path + ": nothing is stored there yet"};
  }
  return std::unique_ptr<Reader>(new Reader(std::move(database), options));
}

Reader::Reader(std::unique_ptr<Database> database, const Options& options)
    : options_(options),
      database_(std::move(database)),
      data_version_(*database_, "PRAGMA data_version"),
      meta_table_(*database_),
      actors_(*database_, options_),
      cells_(*database_, actors_, options_),
      blocks_(*database_),
      log_(*database_, options_) {}

Reader::~Reader() { database_->rollback(); }

base::Status Reader::begin() {
  CHECK(!database_->in_transaction());
  RETURN_IF_ERROR(database_->execute("BEGIN"));
  const base::Status taken = take_snapshot();
  if (!taken.ok()) database_->rollback();
  return taken;
}

base::Status Reader::take_snapshot() {
  std::int64_t version = 0;
  {
    // The first read of the transaction fixes the snapshot.
    ASSIGN_OR_RETURN(Loan select, data_version_.use());
    ASSIGN_OR_RETURN(const bool row, select->step());
    if (row) version = select->integer(0);
  }
  if (version == snapshot_) return cells_.resume();
  snapshot_ = -1;  // stays unknown until everything is refreshed
  actors_loaded_ = false;
  RETURN_IF_ERROR(cells_.refresh());
  RETURN_IF_ERROR(log_.load());
  snapshot_ = version;
  return {};
}

void Reader::end() {
  database_->rollback();
  cells_.pause();
}

base::Result<const Actors*> Reader::actors() {
  if (!actors_loaded_) RETURN_IF_ERROR(actors_.load());
  actors_loaded_ = true;
  return &actors_;
}

void Reader::release_memory() {
  actors_.forget();
  actors_loaded_ = false;
  cells_.texts().release_memory();
  database_->release_memory();
}

base::Result<Meta> Reader::meta() { return meta_table_.load(); }

}  // namespace store
