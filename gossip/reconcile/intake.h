#pragma once

// The door for changes from peers: opens and checks each, leaves out what is committed, claimed or
// under way to the replica, respects the bound on bytes under way, and hands the rest over as one
// Apply a message. What it remembers as seen is bounded and only saves work: a forgotten entry is
// handed over again, and the replica ignores what it has.

#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "gossip/actions.h"
#include "gossip/options.h"
#include "gossip/reconcile/claims.h"
#include "gossip/stats.h"

namespace gossip {

inline constexpr std::size_t kSeenMax = 65'536;  // above: the oldest is forgotten

class Intake {
 public:
  Intake(const Options& options, const Claims& claims, Stats& stats)
      : options_(options), claims_(claims), stats_(stats) {}

  // kEcho: the message shows one of our actors where it cannot be; nothing of it was taken.
  enum class Outcome { kNothingNew, kTaken, kEcho };
  struct Taken {
    Outcome outcome = Outcome::kNothingNew;
    crdt::Dependency echo;  // of kEcho
  };
  // `page`: part of an exchange with `from`, reported by stored() when the replica is done with it.
  Taken take(const NodeId& from, const std::vector<base::Bytes>& changes, bool page, Actions& out);

  struct Finished {
    std::vector<NodeId> pages;  // whose pages the replica is done with
    std::set<NodeId> wanting;   // who sent changes that do not fit yet: a gap lies before them
  };
  Finished stored(const Stored& facts);

  // The last change of `actor` without a gap that is committed or under way.
  crdt::Head received(const base::ActorId& actor) const;
  // What of these entries of a peer we have not received and can make something of.
  crdt::VersionVector::Entries lacking(const crdt::VersionVector::Entries& theirs) const;
  // The replica made nothing of what is under way for this actor: take it again.
  void forget(const base::ActorId& actor);

  std::size_t bytes_under_way() const { return bytes_; }
  std::size_t seen() const { return order_.size(); }

 private:
  using Key = std::pair<base::ActorId, std::uint64_t>;
  struct Seen {
    crdt::HeadHash hash = 0;
    std::uint64_t order = 0;
    NodeId from;
  };
  struct UnderWay {
    std::size_t bytes = 0;
    NodeId from;
    bool page = false;
  };
  bool is_seen(const crdt::SealedChange& change) const;
  void remember(const crdt::SealedChange& change, const NodeId& from);
  void erase(std::map<Key, Seen>::iterator entry);

  const Options& options_;
  const Claims& claims_;
  Stats& stats_;
  std::map<Key, Seen> seen_;
  std::map<std::uint64_t, Key> order_;
  std::uint64_t orders_ = 0;
  std::deque<UnderWay> under_way_;  // Apply actions the replica has not finished, in order
  std::size_t bytes_ = 0;
};

}  // namespace gossip
