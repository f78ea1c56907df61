#include "gossip/reconcile/closing.h"

#include <algorithm>

namespace gossip {

void Closing::equalled(const NodeId& peer, Claims::Version version, Actions& out) {
  auto [entry, added] = equal_.emplace(peer, version);
  bool newer = added || entry->second < version;
  if (newer) entry->second = version;
  if (more_ || (newer && (!missing_ || missing_ == peer))) look(out);
}

void Closing::gone(Actions& out) {
  std::erase_if(equal_, [&](const auto& entry) {
    const Member* member = members_.find(entry.first);
    return member == nullptr || member->state() == MemberState::kLeft;
  });
  look(out);
}

void Closing::look(Actions& out) {
  missing_.reset();
  more_ = false;
  if (claims_.left().empty()) return;
  // Finds the newest version of our claim that every member has equalled, and the member that is
  // behind the most.
  std::optional<Claims::Version> common;
  for (const auto& [id, member] : members_.all()) {
    // A member that is away must not delay the others. When it returns, it compares the closed
    // actors once.
    const bool away = member.state() == MemberState::kLeft || member.state() == MemberState::kDead;
    if (away) continue;
    auto equal = equal_.find(id);
    if (equal == equal_.end()) {
      missing_ = id;
      return;
    }
    if (common && *common <= equal->second) continue;
    common = equal->second;
    missing_ = id;
  }
  if (!common) return;  // we are alone: closing saves nothing
  CloseActors close;
  for (const auto& [actor, version] : claims_.left()) {
    if (version > *common || claims_.claimed().seq_of(actor) == 0) continue;
    more_ = close.actors.size() == kClosedAtOnce;
    if (more_) break;
    close.actors.push_back(actor);
  }
  for (const base::ActorId& actor : close.actors) claims_.close(actor);
  if (close.actors.empty()) return;
  stats_.actors_closed += close.actors.size();
  out.push_back(std::move(close));
}

}  // namespace gossip
