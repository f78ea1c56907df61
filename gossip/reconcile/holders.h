#pragma once

// Which members hold a change on their medium. A client asks this of its agent when several agents
// must hold its write before it goes on. We ask all living members for the number up to which they
// claim the actor of the change (rule 3: they claim only what is durable), and ask again until
// enough of them have it or the time of the client is over. Members of versions that do not know
// the question do not answer; they are never counted.
// Everything is bounded: the questions that are open, and the members that are asked.

#include <cstdint>
#include <map>
#include <vector>

#include "crdt/base/time.h"
#include "gossip/actions.h"
#include "gossip/outbox.h"
#include "gossip/reconcile/claims.h"
#include "gossip/swim/member_table.h"
#include "gossip/wire/message.h"

namespace gossip {

inline constexpr std::size_t kHolderWishesMax = 1'024;  // open; above: answered at once
inline constexpr std::size_t kHoldersAskedMax = 64;     // members that are asked for one actor
// The first question goes out so long after the wish: no member has the change before that. Each
// round waits twice as long as the one before, up to the longest.
inline constexpr base::Duration kHolderFirstRound = base::millis(5);
inline constexpr base::Duration kHolderLongestRound = base::millis(250);

class Holders {
 public:
  Holders(const MemberTable& members, const Claims& claims) : members_(members), claims_(claims) {}

  // `known`: members that are already known to hold it. Ends with the action HeldBy: at once if
  // that is enough, if no time is given, or if kHolderWishesMax wishes are open.
  void ask(base::Instant now, const HolderWish& wish, std::vector<NodeId> known, Actions& out);
  // What we tell a member that asks.
  wire::HolderAnswer answer(const wire::HolderQuestion& question) const;
  void receive(const NodeId& node, const wire::HolderAnswer& answer, Actions& out);

  void advance(base::Instant now, Outbox& box, Actions& out);
  base::Instant next_deadline() const;
  std::size_t open() const { return open_; }

 private:
  struct Asked {  // the wishes about one actor
    std::vector<HolderWish> wishes;
    std::map<NodeId, std::uint64_t> held;  // by members, up to this number
    base::Instant round;                   // when the next questions go out
    base::Duration gap;
  };
  static std::vector<NodeId> holders_of(const Asked& asked, std::uint64_t seq);
  void question(const base::ActorId& actor, const Asked& asked, Outbox& box, Actions& out) const;
  // Ends the wishes that are fulfilled, and those whose time is over at `now`.
  void settle(Asked& asked, base::Instant now, Actions& out);

  const MemberTable& members_;
  const Claims& claims_;
  std::map<base::ActorId, Asked> asked_;
  std::size_t open_ = 0;
};

}  // namespace gossip
