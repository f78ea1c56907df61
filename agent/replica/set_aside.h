#pragma once

// Setting a database aside (rules 2 and 8): a new one is built beside it, with what has to be
// applied or sealed again in its table `held`, and takes its place. The old one stays as
// <path>.aside-1, the one before as .aside-2. A crash at any point is finished or repeated by the
// next open: what is new counts from the move that puts it in place.

#include <memory>
#include <string>

#include "crdt/base/time.h"
#include "store/store.h"

namespace agent {

// Whole files of one directory. Each call is on the medium when it returns.
class DatabaseFiles {
 public:
  virtual ~DatabaseFiles() = default;
  virtual bool exists(const std::string& path) = 0;
  virtual base::Status move(const std::string& from, const std::string& to) = 0;  // replaces `to`
  virtual base::Status remove(const std::string& path) = 0;                       // absent is fine
  // Whether the paths still name the files that are open; kReadOnly says what differs. Asked before
  // each turn: what is written into files that no restart would find must not be acknowledged.
  virtual base::Status in_place() { return {}; }
  // The ballast: room on the medium that only a start may use. A start has to commit something, and
  // on a full medium an agent that cannot start serves no reads either. Fills it up, as far as
  // there is room; cheap when it is full.
  virtual void fill_ballast(const std::string& /*path*/) {}
  virtual bool drop_ballast(const std::string& /*path*/) { return false; }  // whether there was any
};
inline constexpr const char* kBallastSuffix = "-ballast";  // after the path of the database

struct OpenedStore {
  std::unique_ptr<store::Store> store;
  std::string set_aside;     // why, when that has just happened
  bool found_sound = false;  // its rows were suspect, and every one was read and is right
};

// Opens the store at `path` and, where its repair row asks for it or it is damaged, the one that
// takes its place. Suspect rows are all read again first: what was met may have been a moment of
// the medium, and the state may be the only one that holds what was acknowledged. Without `files` a
// database that would have to be set aside is not opened: its own error, or kUnavailable.
base::Result<OpenedStore> open_store(const base::Now& now, const std::string& path,
                                     const store::Options& options, DatabaseFiles* files,
                                     std::int64_t position_gap);

// Sets `old` aside whatever its repair row says, because it turned out to be damaged. Null when it
// cannot be opened at all.
base::Result<OpenedStore> replace_store(const base::Now& now, const std::string& path,
                                        const store::Options& options, DatabaseFiles& files,
                                        std::int64_t position_gap,
                                        std::unique_ptr<store::Store> old, const std::string& why);

}  // namespace agent
