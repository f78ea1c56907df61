#pragma once

// The inside of a replica, shared by the source files that define it: start.cc, own_writes.cc,
// received.cc, joining.cc, faults.cc and replica.cc, which has the turn.

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "agent/replica/join.h"
#include "agent/replica/replica.h"
#include "agent/replica/snapshots.h"

namespace agent {

// After an unclean end the log may have lost a suffix whose positions were given out as cursors.
// Larger than any such suffix, so that positions never come again (interface.md section 3).
inline constexpr std::int64_t kPositionGap = 1 << 24;

struct Replica::Impl {
  std::string path;
  ReplicaOptions options;
  base::Random random;
  std::unique_ptr<store::Store> store;
  crdt::HybridClock clock{{}, {}};
  std::uint64_t own_confirmed = 0;  // of the own actor, by any peer
  bool unsynced = false;
  std::optional<base::Error> fault;
  base::Instant reopen_at;
  bool broken = false;         // the store must be opened again before the next write
  std::unique_ptr<Join> join;  // the one that runs
  int join_restarts = 0;
  Snapshots snapshots;  // its readers end before the store does

  // What one turn gathers.
  struct Turn {
    base::Now now;
    bool watched = false;
    bool synced = false;  // the commit is on the medium, and all before it
    std::optional<crdt::HybridTime> time;
    std::optional<crdt::Dot> first_dot;
    Outputs out;
    bool changed = false;  // cells moved without the vector
  };

  Impl(std::string file, const ReplicaOptions& replica_options, base::Random chance)
      : path(std::move(file)),
        options(replica_options),
        random(std::move(chance)),
        snapshots(path, options.store, options.snapshots, random) {}

  // start.cc: who we are
  base::Status start(const Outside& outside);
  bool keeps_actor(const Outside& outside) const;
  bool keeps_node(const Outside& outside) const;
  void leave_actor();
  void mint_actor(Turn& turn, std::string why);

  // replica.cc: a turn
  base::Status apply_all(Turn& turn, std::span<Input> inputs);
  base::Status prune();
  crdt::StateHash state() const;

  // own_writes.cc
  base::Status apply_write(Turn& turn, const Write& write);
  static bool is_fault(const base::Error& error);
  crdt::HybridTime own_time(Turn& turn);
  base::Status seal_and_apply(Turn& turn, std::vector<crdt::Effect> effects,
                              std::optional<base::Error>& store_fault);

  // received.cc
  base::Status apply_received(Turn& turn, Received& received);
  const crdt::Opened* find_contradiction(Turn& turn, const Received& received);
  bool dependency_contradicts(const crdt::Opened& opened) const;
  static void forget_all(Turn& turn, const Received& received);
  base::Status apply_effects(const crdt::Change& change);
  base::Status apply_change(Turn& turn, const crdt::Opened& opened);

  // joining.cc
  base::Status start_join(Turn& turn, const StartJoin& start);
  base::Status take_answer(Turn& turn, const JoinAnswer& answer);
  base::Status stop_join(Turn& turn, JoinStep::Kind outcome);
  void ask(Turn& turn);
  bool is_superfluous() const;
  bool refuse_contradiction(Turn& turn);
  void join_shows_echo(Turn& turn, const EchoSeen& echo);
  base::Status finish_join(Turn& turn);
  base::Status join_vectors(Turn& turn);
  base::Status after_merge(Turn& turn);  // what waits for other changes may fit now
  void answer_queries(Turn& turn, std::span<Input> inputs);
  void refuse_joins(std::span<Input> inputs, Outputs& out);
  void close_actors(const CloseActors& close);
  void leave_others(const base::ActorId& id, const base::NodeId& node);

  // faults.cc
  Outputs refuse(Turn& turn, std::span<Input> inputs, const base::Error& error);
  bool reopen(base::Now now, Outputs& out);
};

}  // namespace agent
