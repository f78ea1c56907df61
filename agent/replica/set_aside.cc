#include "agent/replica/set_aside.h"

#include <algorithm>
#include <set>
#include <utility>

#include "agent/replica/positions.h"
#include "agent/replica/tail.h"

namespace agent {
namespace {

using Stage = store::Repair::Stage;

constexpr std::size_t kRowsOfATransaction = 1'000;
constexpr const char* kSideFiles[] = {"-wal", "-shm"};

base::Status remove_database(DatabaseFiles& files, const std::string& path) {
  // Removes the database before its write-ahead log. A log without a database is harmless; a
  // database without its log lacks commits.
  RETURN_IF_ERROR(files.remove(path));
  for (const char* side : kSideFiles) RETURN_IF_ERROR(files.remove(path + side));
  return {};
}

base::Status move_if_there(DatabaseFiles& files, const std::string& from, const std::string& to) {
  return files.exists(from) ? files.move(from, to) : base::Status();
}

// The last step of a swap. The write-ahead log of the old database must be gone before the new
// database stands at this path. Otherwise SQLite would replay that log into the wrong file.
base::Status put_in_place(DatabaseFiles& files, const std::string& path) {
  RETURN_IF_ERROR(move_if_there(files, path + "-wal", path + ".aside-1-wal"));
  RETURN_IF_ERROR(files.remove(path + "-shm"));
  return files.move(path + "-new", path);
}

// Frees the name <path>.aside-1.
base::Status shift_asides(DatabaseFiles& files, const std::string& path) {
  const std::string first = path + ".aside-1";
  if (!files.exists(first) && !files.exists(first + "-wal")) return {};
  RETURN_IF_ERROR(remove_database(files, path + ".aside-2"));
  RETURN_IF_ERROR(move_if_there(files, first, path + ".aside-2"));
  return move_if_there(files, first + "-wal", path + ".aside-2-wal");
}

// Nothing can read a log without its database. It is kept for an operator, and the state comes from
// the peers.
base::Status put_log_aside(DatabaseFiles& files, const std::string& path) {
  RETURN_IF_ERROR(shift_asides(files, path));
  RETURN_IF_ERROR(files.remove(path + "-shm"));
  return files.move(path + "-wal", path + ".aside-1-wal");
}

base::Status swap(DatabaseFiles& files, const std::string& path) {
  RETURN_IF_ERROR(shift_asides(files, path));
  RETURN_IF_ERROR(files.move(path, path + ".aside-1"));
  return put_in_place(files, path);
}

// Finishes a swap that a crash has interrupted. Removes a new database that was not complete.
base::Status settle(DatabaseFiles& files, const std::string& path) {
  if (!files.exists(path + "-new")) return {};
  return files.exists(path) ? remove_database(files, path + "-new") : put_in_place(files, path);
}

// Commits after every kRowsOfATransaction rows, so that a large log does not become one
// transaction.
class Copy {
 public:
  explicit Copy(store::Store& to) : to_(to) {}

  base::Status keep(store::HeldKind kind, const base::ActorId& actor, std::uint64_t seq,
                    base::BytesView change) {
    RETURN_IF_ERROR(to_.held().keep(kind, actor, seq, change));
    if (++rows_ % kRowsOfATransaction != 0) return {};
    RETURN_IF_ERROR(to_.commit(store::Durability::kNormal));
    return to_.begin();
  }

 private:
  store::Store& to_;
  std::size_t rows_ = 0;
};

// Copies what the old database itself still held. It comes before the log, in its order.
base::Status copy_held(store::Store& old, Copy& copy) {
  for (auto kind : {store::HeldKind::kUnknown, store::HeldKind::kOldLog, store::HeldKind::kTail}) {
    for (std::int64_t after = 0;;) {
      auto rows = old.held().rows(kind, after, kRowsOfATransaction);
      if (!rows.ok() || rows->empty()) break;  // the table is damaged: the rest of it is lost
      for (const store::HeldChange& held : *rows) {
        after = held.index;
        auto opened = crdt::open_change(held.bytes);
        if (!opened.ok()) continue;
        RETURN_IF_ERROR(copy.keep(kind, opened->sealed.actor, opened->sealed.seq, held.bytes));
      }
    }
  }
  return {};
}

base::Status copy_log(store::Store& old, Copy& copy) {
  const store::Repair repair = old.meta().repair;
  bool in_tail = false;
  return old.log().salvage(old.actors(), [&](const store::LogEntry& entry) -> base::Status {
    const bool forked = repair.stage == Stage::kFork && entry.actor == repair.actor;
    in_tail |= forked && entry.seq > repair.common;
    // The changes that this node sealed after the first change of the tail belong to the tail too.
    const bool tail = in_tail && (forked || is_of_this_node(old, entry.actor));
    const auto kind = tail ? store::HeldKind::kTail : store::HeldKind::kOldLog;
    return copy.keep(kind, entry.actor, entry.seq, entry.sealed);
  });
}

// `old` is null when the old database cannot be opened.
base::Status build(const base::Now& now, const std::string& path, const store::Options& options,
                   store::Store* old) {
  ASSIGN_OR_RETURN(auto fresh, store::Store::open(path, options));
  RETURN_IF_ERROR(fresh->begin());
  store::Meta& meta = fresh->meta();
  meta.repair.stage = Stage::kFetching;
  // Clients hold positions as cursors. If the last position cannot be read, the microseconds of the
  // wall clock are above any number of changes. The next open skips more.
  meta.next_position =
      old ? unused_position(old->meta()) : std::max<std::int64_t>(1, now.wall_nanos / 1'000);
  // What the old database had and the new one will not have is told to no client: each cursor from
  // before is lost.
  meta.lost_position = meta.next_position++;
  if (old) {
    meta.clock = old->meta().clock;
    meta.compaction = old->meta().compaction;
    Copy copy(*fresh);
    RETURN_IF_ERROR(copy_held(*old, copy));
    RETURN_IF_ERROR(copy_log(*old, copy));
  }
  return fresh->commit(store::Durability::kFull);
}

// Why the rows of `store` must be given up; empty when all of them are right. An error when the
// medium as a whole does not answer: a later open may succeed.
base::Result<std::string> damage_of(const std::string& path, const store::Options& options,
                                    std::unique_ptr<store::Store>& store) {
  for (bool again = false;; again = true) {
    const base::Status sound = store->verify();
    if (sound.ok()) return std::string();
    if (again || sound.error().code == base::Code::kCorrupt) return sound.error().message;
    // Either one page is bad, or the medium does not answer. A new connection has no pages in its
    // cache, so a second check shows which.
    ASSIGN_OR_RETURN(store, store::Store::open(path, options));
  }
}

base::Status trust(store::Store& store) {
  RETURN_IF_ERROR(store.begin());
  store.meta().repair = {};
  return store.commit(store::Durability::kFull);
}

std::string reason_of(const store::Repair& repair) {
  if (repair.stage == Stage::kDamage) return "rows of the database are damaged";
  return "a fork: peers hold other changes of our actor " + repair.actor.hex() + " above " +
         std::to_string(repair.common);
}

}  // namespace

base::Result<OpenedStore> open_store(const base::Now& now, const std::string& path,
                                     const store::Options& options, DatabaseFiles* files) {
  if (files) RETURN_IF_ERROR(settle(*files, path));
  if (files && files->is_log_without_database(path)) {
    RETURN_IF_ERROR(put_log_aside(*files, path));
    ASSIGN_OR_RETURN(auto fresh, store::Store::open(path, options));
    return OpenedStore{std::move(fresh),
                       path +
                           " is missing or empty, but its write-ahead log has changes; the log "
                           "is now " +
                           path + ".aside-1-wal"};
  }
  auto opened = store::Store::open(path, options);
  const bool damaged = !opened.ok() && opened.error().code == base::Code::kCorrupt;
  if (!opened.ok() && (!damaged || !files)) return opened.error();
  std::string why;
  if (damaged) {
    why = opened.error().message;
  } else {
    const store::Repair repair = (*opened)->meta().repair;
    if (!repair.sets_aside()) return OpenedStore{std::move(*opened), {}};
    if (repair.stage == Stage::kSuspect) {
      ASSIGN_OR_RETURN(why, damage_of(path, options, *opened));
      if (why.empty()) {
        RETURN_IF_ERROR(trust(**opened));
        return OpenedStore{std::move(*opened), {}, true};
      }
    } else {
      why = reason_of(repair);
    }
  }
  if (!files)
    return base::Error{
        base::Code::kUnavailable,
        path + ": the database must be set aside, which is not possible here: " + why};
  std::unique_ptr<store::Store> old;
  if (!damaged) old = std::move(*opened);
  return replace_store(now, path, options, *files, std::move(old), why);
}

base::Result<OpenedStore> replace_store(const base::Now& now, const std::string& path,
                                        const store::Options& options, DatabaseFiles& files,
                                        std::unique_ptr<store::Store> old, const std::string& why) {
  RETURN_IF_ERROR(build(now, path + "-new", options, old.get()));
  old.reset();
  // When the last connection closes, it copies the write-ahead log into the file. If the log is
  // still there, this has failed, and the file alone would lack most rows.
  if (files.exists(path + "-new-wal")) {
    return base::Error{base::Code::kReadOnly,
                       path +
                           "-new: close the new database: its write-ahead log was not copied into "
                           "the file; the agent tries again at the next start"};
  }
  RETURN_IF_ERROR(swap(files, path));
  ASSIGN_OR_RETURN(auto store, store::Store::open(path, options));
  return OpenedStore{std::move(store), why};
}

}  // namespace agent
