#include "agent/replica/tail.h"

#include <gtest/gtest.h>

#include "tests/crdt/samples.h"

namespace agent {
namespace {

using crdt::samples::actor;

crdt::Effect naming(crdt::DotRuns kills, std::optional<crdt::Anchor> anchor = {}) {
  crdt::Effect effect;
  effect.slot = {"note", {}, crdt::SlotType::kSeq};
  effect.kills = std::move(kills);
  effect.anchor = anchor;
  return effect;
}

// The former database had changes of others that nobody whom we know has.
TEST(Tail, NamesNothingThatItDoesNotHold) {
  crdt::VersionVector vector;
  vector.set(actor(1), {5, 1});
  const crdt::Dot next{actor(9), 3, 0};

  const auto effects = without_unseen({naming({{actor(1), 2, 0, 4, 2},
                                               {actor(1), 5, 0, 1, 3},
                                               {actor(1), 9, 0, 1, 1},
                                               {actor(2), 1, 0, 1, 1},
                                               {actor(9), 1, 0, 1, 3}}),
                                       naming({}, {{crdt::Dot{actor(1), 5, 2}, true}}),
                                       naming({}, {{crdt::Dot{actor(1), 6, 0}, true}}),
                                       naming({}, {{crdt::Dot{actor(9), 3, 1}, true}})},
                                      vector, next);

  EXPECT_EQ(
      effects.at(0).kills,
      (crdt::DotRuns{{actor(1), 2, 0, 4, 2}, {actor(1), 5, 0, 1, 1}, {actor(9), 1, 0, 1, 3}}));
  EXPECT_EQ(effects.at(1).anchor->parent, (crdt::Dot{actor(1), 5, 2}));
  EXPECT_EQ(*effects.at(2).anchor, crdt::Anchor());
  EXPECT_EQ(effects.at(3).anchor->parent, (crdt::Dot{actor(9), 3, 1}));
}

}  // namespace
}  // namespace agent
