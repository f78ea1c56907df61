#include "gossip/member.h"

#include <gtest/gtest.h>

namespace gossip {
namespace {

TEST(Member, TopologyNamesAreTheirOwnInverse) {
  for (std::string_view name : {"direct", "push-pull", "gossip", "tree"}) {
    auto topology = topology_from_name(name);

    ASSERT_TRUE(topology) << name;
    EXPECT_EQ(topology_name(*topology), name);
  }
  EXPECT_FALSE(topology_from_name("ring"));
  EXPECT_FALSE(topology_from_name(""));
  EXPECT_FALSE(topology_from_name("unknown"));
}

TEST(Member, StatesHaveTheNamesOfTheInterface) {
  EXPECT_EQ(state_name(MemberState::kAlive), "alive");
  EXPECT_EQ(state_name(MemberState::kSuspect), "suspect");
  EXPECT_EQ(state_name(MemberState::kDead), "dead");
  EXPECT_EQ(state_name(MemberState::kLeft), "left");
}

TEST(Member, NamesAreShortUtf8WithoutControlCharacters) {
  EXPECT_TRUE(is_member_name(""));
  EXPECT_TRUE(is_member_name("n1"));
  EXPECT_TRUE(is_member_name("w\xC3\xA4rmepumpe \xF0\x9F\x98\x80"));
  EXPECT_TRUE(is_member_name("\xC2\xA0"));
  EXPECT_TRUE(is_member_name(std::string(64, 'x')));

  EXPECT_FALSE(is_member_name(std::string(65, 'x')));
  EXPECT_FALSE(is_member_name("a\nb"));
  EXPECT_FALSE(is_member_name("\x1B[2J"));
  EXPECT_FALSE(is_member_name("\x7F"));
  EXPECT_FALSE(is_member_name(std::string_view("\0", 1)));
  EXPECT_FALSE(
      is_member_name("\xC2\x9B"
                     "2J"));
  EXPECT_FALSE(is_member_name("\xC3"));
}

}  // namespace
}  // namespace gossip
