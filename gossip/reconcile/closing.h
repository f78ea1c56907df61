#pragma once

// Closes what its owner has left behind once every living member holds it in full (rule 2): each
// one's state hash has equalled a version of our claim that has all of it. Members that are dead or
// have left are not waited for. A closed actor changes no comparison; it only is not on the wire by
// itself. Cheap: looks through the members only when the one that was missing has caught up, and
// closes at most kClosedAtOnce actors at a time.

#include <map>
#include <optional>

#include "gossip/reconcile/claims.h"
#include "gossip/stats.h"
#include "gossip/swim/member_table.h"

namespace gossip {

inline constexpr std::size_t kClosedAtOnce = 64;  // the rest follows with the next equal state

class Closing {
 public:
  Closing(const MemberTable& members, Claims& claims, Stats& stats)
      : members_(members), claims_(claims), stats_(stats) {}

  // The state of `peer` was that of our claim at `version`.
  void equalled(const NodeId& peer, Claims::Version version, Actions& out);
  void left(Actions& out) { look(out); }  // more actors are left behind
  void gone(Actions& out);                // somebody left the mesh

 private:
  void look(Actions& out);

  const MemberTable& members_;
  Claims& claims_;
  Stats& stats_;
  std::map<NodeId, Claims::Version> equal_;  // of members
  std::optional<NodeId> missing_;            // who kept the last look from closing something
};

}  // namespace gossip
