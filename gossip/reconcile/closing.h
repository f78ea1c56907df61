#pragma once

// Closes an actor that its owner no longer uses, once every living member holds it in full (rule
// 2). A member holds it in full when its state hash has equalled a version of our claim that has
// all of the actor. It does not wait for dead and left members. Closing changes no comparison of
// states. The only effect is that vectors on the wire no longer list the actor. It is cheap: it
// walks the members only when the member that delayed the last walk has caught up, and it closes at
// most kClosedAtOnce actors at a time.

#include <map>
#include <optional>

#include "gossip/reconcile/claims.h"
#include "gossip/stats.h"
#include "gossip/swim/member_table.h"

namespace gossip {

inline constexpr std::size_t kClosedAtOnce = 64;  // the rest follows with the next equal state hash

class Closing {
 public:
  Closing(const MemberTable& members, Claims& claims, Stats& stats)
      : members_(members), claims_(claims), stats_(stats) {}

  // The state hash of `peer` equalled our claim at `version`.
  void equalled(const NodeId& peer, Claims::Version version, Actions& out);
  void left(Actions& out) { look(out); }  // owners have stopped using more actors
  void gone(Actions& out);                // a member died or left

 private:
  void look(Actions& out);

  const MemberTable& members_;
  Claims& claims_;
  Stats& stats_;
  std::map<NodeId, Claims::Version> equal_;  // the newest version that each member equalled
  std::optional<NodeId> missing_;            // the member that delays closing
  bool more_ = false;                        // the last walk stopped at kClosedAtOnce
};

}  // namespace gossip
