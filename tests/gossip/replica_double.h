#pragma once

// A replica without a disk. It applies a change when its predecessor and its dependencies are
// there. It keeps a log in the order of application, forgets changes that do not fit, and knows
// which of them a crash would leave. A state join copies the changes of the other replica in pages:
// `gone_` names changes that are in the state but not in the log.

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "crdt/change.h"
#include "crdt/digest.h"
#include "gossip/actions.h"

namespace gossip::testing {

inline constexpr base::Duration kLeaseIdle = base::seconds(3);

class ReplicaDouble {
 public:
  explicit ReplicaDouble(base::ActorId actor) : actor_(actor) {}

  void write(std::size_t value_bytes);  // the next turn does it
  void receive(Apply apply) { waiting_.push_back(std::move(apply)); }
  bool idle() const { return waiting_.empty() && writes_.empty() && steps_.empty(); }
  // One turn: applies everything that waits and commits once.
  Stored turn();
  bool is_durable(const crdt::Dependency& entry) const;
  bool unsynced() const { return synced_ < log_.size(); }
  Stored flush();
  Fetched fetch(const Fetch& fetch) const;
  void start_join(const StartStateJoin& join);
  void take_page(StateJoinPage page);
  void end_join(const StopStateJoin& ended);
  SnapshotRead read_snapshot(base::Instant now, const ReadSnapshot& asked);
  void leave_actor(const base::ActorId& next);  // writes under `next` from now on
  void hear_left(const base::ActorId& actor);   // an actor of another owner
  void stop_at(const base::ActorId& actor, std::uint64_t seq) { stop_at_[actor] = seq; }
  // A fork: every message with a change of `actor` is refused as a whole.
  void contradict(const base::ActorId& actor) { contradicted_ = actor; }
  void crash();                  // loses what is not flushed
  void prune(std::size_t keep);  // the log keeps the last `keep` only
  void close(const base::ActorId& actor) { closed_.insert(actor); }
  const std::set<base::ActorId>& closed() const { return closed_; }
  void use_actor(base::ActorId actor) { actor_ = actor; }
  void spoil_digest() { spoiled_ = true; }

  bool parks = false;              // it keeps changes that are not ready; else it has no room
  std::size_t log_max = SIZE_MAX;  // changes; the log is pruned after every turn
  std::size_t page_changes = 3;    // in a snapshot page
  std::size_t leases_max = 2;      // snapshots served at once; further peers get "busy"
  std::size_t joins_merged = 0;
  std::size_t joins_ended = 0;  // stopped by the node

  Holdings holdings() const;
  const base::ActorId& actor() const { return actor_; }
  const crdt::VersionVector& vector() const { return vector_; }
  crdt::StateHash state() const;
  // Of the newest change in the log. What a crash takes back has its position for itself.
  std::uint64_t position() const { return lost_positions_ + log_.size(); }
  std::size_t size() const { return log_.size(); }
  std::size_t rejected() const { return rejected_; }

 private:
  struct Staged {
    NodeId peer;
    std::uint64_t snapshot = 0;  // 0: no page has come yet
    std::vector<base::Bytes> changes;
  };
  struct Lease {
    NodeId peer;
    std::vector<base::Bytes> changes;
    base::Instant used;
  };
  struct Step {  // a step of a join that waits for the next turn
    std::optional<StartStateJoin> start;
    std::optional<StateJoinPage> page;
    std::optional<StopStateJoin> ended;
  };
  bool ready(const crdt::Opened& opened) const;
  void take_step(Step& step, Stored& facts);
  void ask_page(Stored& facts) const;
  void merge(Stored& facts);
  void apply(const crdt::Opened& opened, Stored& facts);
  void put_aside(crdt::Opened opened, Stored& facts);
  void apply_parked(Stored& facts);
  void rebuild();
  void pack();

  base::ActorId actor_;
  std::vector<crdt::Opened> log_;
  std::set<std::pair<base::ActorId, std::uint64_t>> gone_;  // no longer in the log
  std::optional<base::ActorId> contradicted_;
  std::size_t synced_ = 0;
  std::uint64_t lost_positions_ = 0;
  crdt::VersionVector vector_;
  crdt::Digest vector_digest_;
  crdt::Digest cells_;
  std::map<base::ActorId, std::uint64_t> sealed_deps_;
  std::deque<Apply> waiting_;
  std::vector<crdt::Opened> parked_;
  std::deque<std::size_t> writes_;
  std::size_t rejected_ = 0;
  bool spoiled_ = false;
  std::deque<Step> steps_;
  std::optional<Staged> staged_;
  std::map<std::uint64_t, Lease> leases_;
  std::uint64_t snapshots_ = 0;
  std::vector<base::ActorId> left_;  // not reported yet
  std::set<base::ActorId> all_left_;
  std::set<base::ActorId> closed_;
  std::set<base::ActorId> packed_;  // closed before the last turn
  std::map<base::ActorId, std::uint64_t> stop_at_;
};

}  // namespace gossip::testing
