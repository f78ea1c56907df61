#pragma once

// What one peer last told us of what it holds: its state hash, its version vector, and the last
// state that it and we both had. It may be out of date at any time; nothing here is a promise of
// the peer. It says how many changes each of the two lacks. It decides nothing. Reconciler owns one
// for each peer.

#include <optional>

#include "crdt/base/time.h"
#include "gossip/reconcile/claims.h"
#include "gossip/reconcile/states.h"
#include "gossip/reconcile/vectors.h"

namespace gossip {

class PeerClaim {
 public:
  // A message of the peer carried this state hash.
  void said(base::Instant now, crdt::StateHash state) {
    state_ = state;
    said_at_ = now;
  }
  // The peer has sent changes that are newer than its last state hash.
  void outdate() { state_.reset(); }

  std::optional<crdt::StateHash> state() const { return state_; }
  base::Instant said_at() const { return said_at_; }  // when its last state hash came
  bool equals(const Claims& ours) const { return state_ == ours.state(); }
  // None: we have no state hash of the peer that is still valid.
  std::optional<States> states(const Claims& ours) const;

  // The vector half of the last state that both of us had. None: not known.
  std::optional<std::uint64_t> common() const { return common_; }
  void had_in_common(std::uint64_t vector_half) { common_ = vector_half; }

  const std::optional<PeerVector>& vector() const { return vector_; }
  base::Instant vector_at() const { return vector_at_; }
  void take(base::Instant now, const Claims& ours, const Vectors::Entries& differs);
  void forget_vector() { vector_.reset(); }
  // We have just asked for its whole vector. False: we had asked within the last `within`, and its
  // answer has not come.
  bool ask_whole(base::Instant now, base::Duration within);

  // Changes that the peer lacks, and changes that we lack. None: not known.
  std::optional<std::uint64_t> lag(const Claims& ours) const;
  std::optional<std::uint64_t> behind(const Claims& ours) const;

 private:
  std::optional<crdt::StateHash> state_;
  base::Instant said_at_;
  std::optional<std::uint64_t> common_;
  std::optional<PeerVector> vector_;
  base::Instant vector_at_;
  std::optional<base::Instant> asked_whole_;
};

}  // namespace gossip
