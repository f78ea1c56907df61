#pragma once

// Setting a database aside (rules 2 and 8). A new database is built beside the old one and then
// takes its place. The table `held` of the new one has the changes that must be applied or sealed
// again. The old one stays as <path>.aside-1, the one before as .aside-2. After a crash at any
// point the next open finishes or repeats the work. The new database becomes valid with the move
// that puts it in place.

#include <memory>
#include <string>

#include "crdt/base/time.h"
#include "store/store.h"

namespace agent {

// The files of one directory, moved and removed as a whole. The effect of each call is on the
// medium when it returns.
class DatabaseFiles {
 public:
  virtual ~DatabaseFiles() = default;
  virtual bool exists(const std::string& path) = 0;
  virtual base::Status move(const std::string& from, const std::string& to) = 0;  // replaces `to`
  virtual base::Status remove(const std::string& path) = 0;  // ok if it is absent
  // True when the write-ahead log of `path` has changes and the database itself is absent or empty.
  // SQLite would delete such a log without a word.
  virtual bool is_log_without_database(const std::string& /*path*/) { return false; }
  // Checks whether the paths still name the open files. If not, the error kReadOnly says which path
  // differs. The replica asks before each turn, because a write into files that no restart would
  // find must not be acknowledged.
  virtual base::Status in_place() { return {}; }
  // The ballast is a file that reserves room which only a start may use. A start has to commit
  // something, and on a full medium an agent that cannot start serves no reads either.
  // fill_ballast() fills it as far as there is room; it is cheap when the file is full.
  virtual void fill_ballast(const std::string& /*path*/) {}
  virtual bool drop_ballast(const std::string& /*path*/) { return false; }  // true: there was one
};
inline constexpr const char* kBallastSuffix = "-ballast";  // after the path of the database

struct OpenedStore {
  std::unique_ptr<store::Store> store;
  std::string set_aside;     // why this open set a database aside; empty if it did not
  bool found_sound = false;  // the rows were suspect; all were read and are right
};

// Opens the store at `path`. If its repair row asks for it, or the database is damaged, it is set
// aside and the new one is opened. Suspect rows are all read again first: a read error may have
// been temporary, and this database may be the only one with some acknowledged writes. Without
// `files` nothing is set aside: the result is then the error of the database, or kUnavailable.
base::Result<OpenedStore> open_store(const base::Now& now, const std::string& path,
                                     const store::Options& options, DatabaseFiles* files);

// Sets `old` aside whatever its repair row says, because it turned out to be damaged. `old` is null
// when it cannot be opened at all.
base::Result<OpenedStore> replace_store(const base::Now& now, const std::string& path,
                                        const store::Options& options, DatabaseFiles& files,
                                        std::unique_ptr<store::Store> old, const std::string& why);

}  // namespace agent
