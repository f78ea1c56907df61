// Members that we know only from others. Such a member does not count until we hear it, or a member
// that we asked has heard it: it is not on the ring, it gets pushes last, and nobody is told of it.
// So a member that names ten thousand members which do not exist costs every other member only a
// bounded rate of pings.

#include <utility>

#include "gossip/swim/membership.h"

namespace gossip {

// Spreads news of a member. For a living member that we have not met, it waits until we meet it.
void Membership::tell(Member& member) {
  if (member.met() || !member.is_alive()) {
    news_.add(member.record.node);
  } else {
    member.untold = true;
  }
}

void Membership::greet(base::Instant now, const Member& member, int tries) {
  greetings_.add(now, member.record.node, tries, member.is_alive() && !member.met());
}

// Called when we meet a member for the first time in this run.
void Membership::meet(Member& member, Actions& out) {
  hearsay_.drop(member.record.node);
  member.ghost = false;
  bool untold = std::exchange(member.untold, false);
  if (!member.is_alive()) return;
  tables_differ_.reset();
  out.push_back(MemberUp{member.record});
  if (untold) news_.add(member.record.node);
}

// A member that we asked has heard `node`.
void Membership::vouch(base::Instant now, const NodeId& node, Actions& out) {
  Member* member = table_.find(node);
  if (member == nullptr || member->met() || !member->is_alive()) return;
  table_.vouch(now, *member);
  meet(*member, out);
}

void Membership::run_hearsay(base::Instant now, Outbox& box, Actions& out) {
  auto in_doubt = [&](const Member* member) {
    return member != nullptr && member->is_alive() && !member->met();
  };
  for (const NodeId& node : hearsay_.expired(now)) {
    Member* member = table_.find(node);
    if (!in_doubt(member)) continue;
    // We tell nobody: the member is dead for us only, and others may know more.
    MemberRecord record = member->record;
    record.state = MemberState::kDead;
    record.accuser = self_.node;
    member->ghost = true;
    change(now, *member, record, out);
    ++stats_.hearsay_expired;
  }
  std::vector<NodeId> due = hearsay_.due(now);
  if (due.empty()) return;
  std::vector<NodeId> helper = pick_living(1, self_.node, true);
  for (const NodeId& node : due) {
    const Member* member = table_.find(node);
    if (!in_doubt(member)) {
      hearsay_.drop(node);
      continue;
    }
    std::uint16_t token = 0;
    if (!helper.empty()) {
      token = next_token();
      Target to{table_.find(helper[0])->record.address, helper[0]};
      box.add(to, wire::PingRequest{token, node, member->record.address}, true);
      ++stats_.helpers_asked;
    }
    hearsay_.asked(now, node, token);
  }
}

}  // namespace gossip
