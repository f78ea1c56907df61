#pragma once

// The log of sealed changes in the order of their application. It only saves time; the state is the
// truth (rule 7). Append-only by position; a sparse index finds (actor, seq). Holds every change in
// (floor, vector] of each actor. Example: floor 40 and head (a,50) mean that it has (a,41) to
// (a,50). Pruning removes the oldest changes and raises floors.

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
  std::size_t bytes_max = 1u << 20;  // at least one change is visited, whatever its size
};

// True if the message of a kCorrupt is about rows of the log or its index.
bool is_about_log(std::string_view damage);

class ChangeLog {
 public:
  ChangeLog(Database& database, const Options& options);
  ~ChangeLog();
  base::Status load();

  // Visits, in application order, the changes that `have` lacks, until the limits stop it. The
  // range is cut in that order and never sorted by actor (rule 4). kNotFound when `have` is below
  // the floor of an actor whose changes it lacks: the peer needs a state join. kCorrupt when a
  // change that the log should hold is missing. `actors` must be of the same committed state. The
  // visitor must not call this log.
  struct Visited {
    std::int64_t position = 0;  // of the last visited change; 0: none
    bool complete = true;
  };
  base::Result<Visited> range(const Actors& actors, const crdt::VersionVector& have,
                              const RangeLimits& limits,
                              const std::function<void(const LogEntry&)>& visit);
  // Entries with position > after, in order.
  base::Status scan(const Actors& actors, std::int64_t after, std::size_t limit,
                    const std::function<bool(const LogEntry&)>& visit);
  // The sealed change (actor, seq). nullopt when the log does not hold it or its row is damaged; in
  // the second case damaged() is true afterwards.
  base::Result<std::optional<base::Bytes>> find(const Actors& actors, const base::ActorId& actor,
                                                std::uint64_t seq);
  // Visits everything that can still be read, in order, and skips the rest. For a file that is
  // given up.
  base::Status salvage(const Actors& actors, const std::function<base::Status(const LogEntry&)>&);
  base::Result<std::int64_t> oldest_position();  // 0 when empty

  // Writing, inside a transaction.
  base::Status append(std::int64_t position, std::int64_t actor_index,
                      const crdt::SealedChange& change);
  // For each actor the highest number that a peer is known to hold.
  using Confirmed = std::map<base::ActorId, std::uint64_t>;
  // Prunes down to the budget, at most options.prune_rows_max rows. Of the actors in `spared` the
  // changes above the confirmed number are pruned last. Rows at `keep_from` and behind it stay.
  // Raises floors in `actors`.
  struct Pruned {
    std::uint32_t rows = 0;
    std::int64_t position = 0;  // of the last pruned row; 0: none
  };
  base::Result<Pruned> prune(Actors& actors, const Confirmed& spared,
                             std::int64_t keep_from = INT64_MAX);

  // True if a damaged or missing row was met. The log only saves time (rule 7), so it is repaired
  // with mend(), and no write waits for that.
  bool damaged() const;
  // Drops every row of the log and its index that fails its checksum. Raises the floor of each
  // actor above the changes that the log lacks; a peer that needs them does a state join. Reads the
  // whole log. kCorrupt when a page of it cannot be read.
  struct Mended {
    std::uint64_t rows = 0;     // dropped
    std::uint64_t changes = 0;  // below a raised floor
    // The highest position whose change the log has lost; 0: none; the maximum if its end is lost.
    std::int64_t position = 0;
    bool any() const { return rows != 0 || changes != 0; }
  };
  base::Result<Mended> mend(Actors& actors);

  base::Status flush();           // writes the totals if they changed
  std::uint64_t written() const;  // changes that were committed since this table was opened
  bool touched() const;           // memory differs from what load() read
  void committed();

  std::uint64_t changes() const;
  // What the changes take in the file: of a compressed change the bytes of its frame.
  std::uint64_t bytes() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace store
