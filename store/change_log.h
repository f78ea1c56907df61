#pragma once

// The log of sealed changes in the order of their application: for speed, the state is the truth
// (rule 7). Append-only by position; a sparse index finds (actor, seq). Holds every change in
// (floor, vector] of each actor; pruning goes from the oldest and raises floors.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string_view>

#include "crdt/change.h"
#include "store/actors.h"
#include "store/database.h"
#include "store/options.h"

namespace store {

struct LogEntry {
  std::int64_t position = 0;
  base::ActorId actor;
  std::uint64_t seq = 0;
  base::BytesView sealed;  // valid during the visit
};

struct RangeLimits {
  std::size_t changes_max = 1000;
  std::size_t bytes_max = 1u << 20;  // at least one change is given whatever its size
};

// Whether the message of a kCorrupt is about rows of the log or its index.
bool is_about_log(std::string_view damage);

class ChangeLog {
 public:
  ChangeLog(Database& database, const Options& options);
  ~ChangeLog();
  base::Status load();

  // Visits, in application order, the changes that `have` lacks (a limited range is cut in that
  // order, never sorted by actor: rule 4), until the limits stop it. kNotFound when `have` is below
  // the floor of an actor it lacks: the peer needs a state join. `actors` is of the same committed
  // state. The visitor must not call this log. kCorrupt when a change that the log should hold is
  // not there.
  struct Visited {
    std::int64_t position = 0;  // of the last change visited, 0 when there was none
    bool complete = true;
  };
  base::Result<Visited> range(const Actors& actors, const crdt::VersionVector& have,
                              const RangeLimits& limits,
                              const std::function<void(const LogEntry&)>& visit);
  // Entries with position > after, in order.
  base::Status scan(const Actors& actors, std::int64_t after, std::size_t limit,
                    const std::function<bool(const LogEntry&)>& visit);
  // The change of that name, sealed; nullopt when the log does not hold it, or not as a sound row:
  // damaged() is true then.
  base::Result<std::optional<base::Bytes>> find(const Actors& actors, const base::ActorId& actor,
                                                std::uint64_t seq);
  // All that can still be read, in order; what cannot is passed over. For a file that is given up.
  base::Status salvage(const Actors& actors, const std::function<base::Status(const LogEntry&)>&);
  base::Result<std::int64_t> oldest_position();  // 0 when empty

  // Writing, inside a transaction.
  base::Status append(std::int64_t position, std::int64_t actor_index,
                      const crdt::SealedChange& change);
  // By actor, the last number that some peer is known to hold.
  using Confirmed = std::map<base::ActorId, std::uint64_t>;
  // Prunes down to the budget, at most options.prune_rows_max rows; of the actors in `spared` the
  // changes above the confirmed number go last, and what stands at `keep_from` or behind it stays.
  // Raises floors in `actors`.
  struct Pruned {
    std::uint32_t rows = 0;
    std::int64_t position = 0;  // of the last of them, 0 when there was none
  };
  base::Result<Pruned> prune(Actors& actors, const Confirmed& spared,
                             std::int64_t keep_from = INT64_MAX);

  // Whether a row was met that is damaged or missing. The log is for speed (rule 7), so it is
  // mended, and no write waits for that.
  bool damaged() const;
  // Drops every row of the log and its index that fails its checksum, and raises the floor of each
  // actor above what the log lacks of it: a peer that needs that joins the state. Reads the whole
  // log. kCorrupt when a page of it cannot be read.
  struct Mended {
    std::uint64_t rows = 0;     // dropped
    std::uint64_t changes = 0;  // below a floor that was raised
    // The highest that the log cannot tell any more, 0 for none; the maximum where its end is lost.
    std::int64_t position = 0;
    bool any() const { return rows != 0 || changes != 0; }
  };
  base::Result<Mended> mend(Actors& actors);

  base::Status flush();  // the totals, when they moved
  bool touched() const;  // memory differs from what load() read
  void committed();

  std::uint64_t changes() const;
  std::uint64_t bytes() const;  // of sealed changes

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace store
