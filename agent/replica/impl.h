#pragma once

// The private state of a replica, shared by the source files that implement it. The comments below
// name the file of each part; replica.cc has the turn.

#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "agent/replica/join.h"
#include "agent/replica/parked.h"
#include "agent/replica/replica.h"
#include "agent/replica/snapshots.h"

namespace agent {

// Added to the next position at every start, so that no position is given twice. The log may have
// lost its last changes (by a power cut, or because an older copy was restored), and clients hold
// their positions as cursors. The gap is larger than any such loss.
inline constexpr std::int64_t kPositionGap = 1 << 24;

struct Replica::Impl {
  std::string path;
  ReplicaOptions options;
  base::Random random;
  std::unique_ptr<store::Store> store;
  crdt::HybridClock clock{{}, {}};
  // Actors of which maybe no peer holds all changes, whatever node id we had when they were
  // written. The value is the last number that some peer is known to hold (rule 7). The database
  // keeps which actors they are.
  store::ChangeLog::Confirmed alone;
  bool unsynced = false;
  std::optional<base::Error> fault;
  base::Instant reopen_at;
  crdt::StateHash committed;   // the state of the last commit
  bool broken = false;         // the store must be opened again before the next write
  std::unique_ptr<Join> join;  // the state join that runs, if any
  int join_restarts = 0;
  Snapshots snapshots;  // its readers are closed before the store
  Parked parked;
  std::int64_t replayed_until = 0;  // index of the last change of the old log that was replayed
  std::string damage;  // the last damaged row; the state is given up when a peer answers
  std::set<std::string> damage_told;
  bool mend_due = false;     // a turn failed at a row of the log: the next turn mends it first
  bool found_sound = false;  // this open read all suspect rows and found them right
  // Our own former actor that peers have at a higher number, until the change after our head shows
  // whether this is a fork. Also the former actor of an agent that had a twin.
  std::optional<base::ActorId> undecided;
  bool tail_seen = false;  // peers have more of our actor: what we sealed may be a tail
  bool fresh = false;      // this open chose a new node id
  bool twin = false;       // the next open takes a new node id
  Outputs carried;         // what the open found; the next turn reports it

  // What one turn collects.
  struct Turn {
    base::Now now;
    bool watched = false;
    bool synced = false;  // the commit and all before it are on the medium
    base::Status check;   // result of reading our rows, if a divergence was reported
    std::optional<crdt::HybridTime> time;
    std::optional<crdt::Dot> first_dot;
    std::vector<Parked::Name> taken;  // no longer parked: forgotten if the turn fails
    Outputs out;
    std::optional<base::ActorId> echo;  // our actor that was left: stays left if the turn fails
    bool changed = false;               // cells changed although the vector did not
    bool twin = false;
  };

  Impl(std::string file, const ReplicaOptions& replica_options, base::Random chance)
      : path(std::move(file)),
        options(replica_options),
        random(std::move(chance)),
        snapshots(path, options.store, options.snapshots, random),
        parked(replica_options.parked) {}

  // start.cc: node id and actor
  base::Status start(base::Now now, const base::Bytes& host);
  bool keeps_node(const base::Bytes& host) const;
  void leave_actor();
  void take_node_id(bool from_twin);
  bool is_twin(const base::Bytes& host) const;
  void on_twin(Turn& turn);
  void mint_actor(Turn& turn, std::string why);

  // replica.cc: a turn
  base::Status apply_all(Turn& turn, std::span<Input> inputs);
  base::Status apply_input(Turn& turn, Input& input);
  base::Status prune();
  base::Status confirm(Turn& turn, const ConfirmOwn& confirmed);
  void add_alone(Turn& turn, const base::ActorId& actor);
  void tell(Outputs& before, Outputs& out);
  crdt::StateHash state() const;

  // own_writes.cc
  base::Status apply_write(Turn& turn, const Write& write);
  static bool is_fault(const base::Error& error);
  static base::Error as_told(const base::Error& error);
  crdt::HybridTime own_time(Turn& turn);
  base::Result<Written> plan_and_apply(Turn& turn, const WriteRequest& request);
  crdt::HybridTime time_of_plan(Turn& turn);
  base::Result<crdt::Opened> seal_next(Turn& turn, std::vector<crdt::Effect> effects);
  base::Status apply_own(Turn& turn, crdt::Opened&& opened);

  // received.cc
  base::Status apply_received(Turn& turn, Received& received);
  base::Status take_in(Turn& turn, crdt::Opened&& opened);
  base::Status apply_remote(Turn& turn, const crdt::Opened& opened);
  base::Status look_again(Turn& turn, std::set<base::ActorId> moved);
  base::Status hold(Turn& turn, const crdt::SealedChange& sealed);
  static void drop(Turn& turn, const crdt::SealedChange& sealed, Notice::Kind why);
  static void forget_all(Turn& turn, const Received& received);
  base::Status apply_effects(const crdt::Change& change);
  base::Status apply_change(Turn& turn, const crdt::Opened& opened);

  // joining.cc
  base::Status start_join(Turn& turn, const StartJoin& start);
  base::Status take_answer(Turn& turn, const JoinAnswer& answer);
  base::Status stop_join(Turn& turn, JoinStep::Kind outcome);
  void ask(Turn& turn);
  bool is_superfluous() const;
  base::Result<bool> refuse_contradiction(Turn& turn);
  base::Status finish_join(Turn& turn);
  base::Status join_vectors(Turn& turn);
  base::Status after_merge(Turn& turn);  // in received.cc: parked changes may fit now
  void answer_queries(Turn& turn, std::span<Input> inputs);
  base::Status skip_join(Turn& turn, const Input& input);
  void refuse_joins(std::span<Input> inputs, Outputs& out);
  void close_actors(const CloseActors& close);
  void leave_others(const base::ActorId& id, const base::NodeId& node);
  // echo.cc
  struct Contradiction {
    const crdt::Opened* opened;
    base::ActorId actor;  // whose number has two contents
  };
  base::Result<std::optional<Contradiction>> find_contradiction(
      const std::vector<crdt::Opened>& changes);
  base::Result<const base::ActorId*> contradicted_dependency(const crdt::Opened& opened);
  base::Result<bool> has_other_content(const base::ActorId& actor, const crdt::Head& theirs);
  std::uint64_t floor_of(const base::ActorId& actor) const;
  base::Status refuse_message(Turn& turn, const Contradiction& found, const std::string& from);
  bool is_undecided(const base::ActorId& actor) const;
  base::Result<std::uint64_t> last_in_common(const crdt::Opened& other, const base::ActorId& actor);
  void on_fork(Turn& turn, const base::ActorId& actor, std::uint64_t common);
  void note_echo(Turn& turn, const crdt::Opened& opened);
  base::Status on_echo(Turn& turn, const base::ActorId& actor, crdt::Head head);
  void behind_our_tail(Turn& turn, const base::ActorId& actor, std::uint64_t seq);

  // replay.cc
  base::Status replay(Turn& turn);
  base::Status apply_held(Turn& turn, const store::HeldChange& held);
  base::Status seal_tail(Turn& turn);
  base::Status drop_leftovers(Turn& turn);
  base::Status apply_held_at_open(Turn& turn);

  // repair.cc
  base::Status on_divergence(Turn& turn, const DivergenceSeen& seen, const base::Status& check);
  void give_up_rows();
  void note_damage(Outputs& out, const std::string& what);
  void give_up_damage();
  static bool names_a_peer(std::span<Input> inputs);
  void scrub(Outputs& out);
  bool drop_bad_row(Outputs& out, const std::string& what);
  base::Status mend_log(Outputs& out, const std::string& what);
  base::Status mend_if_damaged(Turn& turn);
  base::Status on_damage(Turn& turn, const std::string& what);

  // faults.cc
  Outputs refuse(Turn& turn, std::span<Input> inputs, const base::Error& error);
  // Nullopt when the database files are at their path. Else the outputs of a turn that was refused
  // before it touched them.
  std::optional<Outputs> refuse_displaced(Turn& turn, std::span<Input> inputs);
  bool reopen(base::Now now, Outputs& out);
  void note_stopped(base::Now now, Outputs& out);
};

}  // namespace agent
