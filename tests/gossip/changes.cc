#include "tests/gossip/changes.h"

#include "crdt/base/check.h"

namespace gossip::testing {

crdt::SealedChange change_of(const base::ActorId& actor, std::uint64_t seq,
                             std::vector<crdt::Dependency> deps, std::size_t bytes) {
  crdt::Change change;
  change.actor = actor;
  change.seq = seq;
  change.prev = seq == 1 ? 0 : 9;
  change.deps = std::move(deps);
  crdt::Effect effect;
  effect.slot = {"object", {"key"}, crdt::SlotType::kLwwRegister};
  effect.body = "\"" + std::string(bytes, 'x') + "\"";
  change.effects.push_back(effect);
  auto sealed = crdt::seal(change);
  CHECK(sealed.ok());
  return *sealed;
}

}  // namespace gossip::testing
