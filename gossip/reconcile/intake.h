#pragma once

// Takes changes from peers. It opens and checks each change, leaves out what is committed or under
// way to the replica, keeps to the bound on bytes under way, and gives the rest of each message to
// the replica as one Apply. Its memory of seen changes is bounded and only saves work: a change
// that it has forgotten is handed over again, and the replica ignores what it has.

#include <cstdint>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "gossip/actions.h"
#include "gossip/options.h"
#include "gossip/reconcile/claims.h"
#include "gossip/stats.h"

namespace gossip {

inline constexpr std::size_t kSeenMax = 65'536;  // above that the oldest is forgotten

class Intake {
 public:
  Intake(const Options& options, const Claims& claims, Stats& stats)
      : options_(options), claims_(claims), stats_(stats) {}

  // kEcho: the message shows one of our own actors above our number or with another hash. Nothing
  // of the message was taken.
  enum class Outcome { kNothingNew, kTaken, kEcho };
  struct Taken {
    Outcome outcome = Outcome::kNothingNew;
    crdt::Dependency echo;  // only for kEcho
    std::size_t apply = 0;  // only for kTaken: the place in `out` of the Apply with the new changes
    std::uint64_t number = 0;  // only for kTaken: the number of that Apply
  };
  // `page`: the changes are a page of an exchange with `from`. stored() reports when the replica
  // has finished it.
  Taken take(const NodeId& from, const std::vector<base::Bytes>& changes, bool page, Actions& out);

  struct Finished {
    struct Page {
      NodeId from;
      std::uint64_t number = 0;  // Taken::number
    };
    std::vector<Page> pages;  // that the replica has finished
    // Peers that sent changes with a gap before them. True: the replica keeps one of these changes.
    // False: it dropped them, and will drop them again when they come again.
    std::map<NodeId, bool> wanting;
  };
  Finished stored(const Stored& facts);

  // The last change of `actor` up to which everything is committed or under way. Example: (a,5) is
  // committed, (a,6) and (a,8) are under way: the result is (a,6).
  crdt::Head received(const base::ActorId& actor) const;
  // The entries of a peer that we have not received and that this version can read.
  crdt::VersionVector::Entries lacking(const crdt::VersionVector::Entries& theirs) const;
  // The replica did not apply what is under way for this actor. Forgets it, so that it is taken
  // again.
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
  std::uint64_t numbers_ = 0;
  // The Apply actions that the replica has not finished, by their number. The replica may finish a
  // later one first: a full queue refuses it while earlier ones wait.
  std::map<std::uint64_t, UnderWay> under_way_;
  std::size_t bytes_ = 0;  // the sum over `under_way_`
};

}  // namespace gossip
