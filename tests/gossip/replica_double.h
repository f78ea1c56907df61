#pragma once

// A replica without a disk: gates by predecessor and dependencies, keeps a log in the order of
// application, forgets what does not fit, and knows how much of it a crash would leave.

#include <deque>
#include <map>
#include <vector>

#include "crdt/change.h"
#include "crdt/digest.h"
#include "gossip/actions.h"

namespace gossip::testing {

class ReplicaDouble {
 public:
  explicit ReplicaDouble(base::ActorId actor) : actor_(actor) {}

  void write(std::size_t value_bytes);  // queued
  void receive(Apply apply) { waiting_.push_back(std::move(apply)); }
  bool idle() const { return waiting_.empty() && writes_.empty(); }
  // One turn: everything that waits, one commit.
  Stored turn();
  bool is_durable(const crdt::Dependency& entry) const;
  bool unsynced() const { return synced_ < log_.size(); }
  Stored flush();
  Fetched fetch(const Fetch& fetch) const;
  void crash();                  // loses what is not on the medium
  void prune(std::size_t keep);  // the log forgets all but the last `keep`
  void use_actor(base::ActorId actor) { actor_ = actor; }
  void spoil_digest() { spoiled_ = true; }

  const base::ActorId& actor() const { return actor_; }
  const crdt::VersionVector& vector() const { return vector_; }
  crdt::StateHash state() const;
  std::size_t size() const { return log_.size(); }
  std::size_t rejected() const { return rejected_; }

 private:
  bool ready(const crdt::Opened& opened) const;
  void apply(const crdt::Opened& opened, Stored& facts);
  void rebuild();

  base::ActorId actor_;
  std::vector<crdt::Opened> log_;
  std::size_t pruned_ = 0;  // log entries that are no longer served
  std::size_t synced_ = 0;
  crdt::VersionVector vector_;
  crdt::Digest vector_digest_;
  crdt::Digest cells_;
  std::map<base::ActorId, std::uint64_t> sealed_deps_;
  std::deque<Apply> waiting_;
  std::deque<std::size_t> writes_;
  std::size_t rejected_ = 0;
  bool spoiled_ = false;
};

}  // namespace gossip::testing
