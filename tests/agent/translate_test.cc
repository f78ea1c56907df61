#include "agent/translate.h"

#include <gtest/gtest.h>

namespace agent {
namespace {

base::NodeId peer() {
  base::NodeId id;
  id.bytes[0] = 7;
  return id;
}

// Without this fact the node would wait for a join, or for the end of an alarm, until a timer of
// some minutes fires.
TEST(RefusedInputs, ThatAJoinNeedsEndIt) {
  const Input inputs[] = {StartJoin{peer()}, JoinAnswer{peer(), {}}, DivergenceSeen{peer()}};
  for (const Input& input : inputs) {
    auto refused = refused_of(input);

    ASSERT_TRUE(refused.has_value()) << input.index();
    ASSERT_TRUE(refused->join.has_value()) << input.index();
    EXPECT_EQ(refused->join->kind, gossip::JoinStep::Kind::kFailed);
    EXPECT_EQ(refused->join->peer, peer());
    EXPECT_FALSE(refused->durable);
  }
}

TEST(RefusedInputs, OfChangesAreFetchedAgain) {
  Received received{peer(), {}, 12, 5};
  received.changes.emplace_back().sealed.seq = 3;

  auto refused = refused_of(received);

  ASSERT_TRUE(refused.has_value());
  EXPECT_EQ(refused->finished, std::vector<std::uint64_t>{5});
  ASSERT_EQ(refused->forgotten.size(), 1u);
  EXPECT_EQ(refused->forgotten[0].second, 3u);
  EXPECT_FALSE(refused->join.has_value());
}

TEST(RefusedInputs, ThatAreSaidAgainNeedNoAnswer) {
  EXPECT_FALSE(refused_of(StopJoin{peer()}).has_value());
  EXPECT_FALSE(refused_of(Synchronised{peer()}).has_value());
}

}  // namespace
}  // namespace agent
