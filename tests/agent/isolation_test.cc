#include "agent/isolation.h"

#include <gtest/gtest.h>

namespace agent {
namespace {

using Turn = Isolation::Turn;

class Alone : public ::testing::Test {
 protected:
  Turn at(std::int64_t second) {
    Turn last = Turn::kNone;
    for (; second_ < second; ++second_) {
      Turn turn = isolation_.look({second_ * 1'000'000'000}, facts_);
      if (turn != Turn::kNone) last = turn;
    }
    return last;
  }
  void hear() {
    facts_.hearing.met = true;
    facts_.hearing.others = 1;
    facts_.hearing.since = {second_ * 1'000'000'000};
  }
  bool says(const std::string& words) const {
    return isolation_.reason().find(words) != std::string::npos;
  }
  Isolation isolation_{base::seconds(5)};
  Solitude facts_;
  std::int64_t second_ = 100;
};

TEST_F(Alone, TheFirstHostOfAMeshIsNotIsolatedButHasNoPeers) {
  EXPECT_EQ(at(200), Turn::kNone);
  EXPECT_EQ(isolation_.reason(), "");
  EXPECT_NE(isolation_.without_peers().find("none was given to join"), std::string::npos);
}

// The silence before its first member came was no silence that it should have heard.
TEST_F(Alone, TheFirstMemberOfALoneAgentDoesNotIsolateIt) {
  EXPECT_EQ(at(200), Turn::kNone);

  facts_.hearing.others = 1;
  facts_.asked = true;

  EXPECT_EQ(at(203), Turn::kNone) << isolation_.reason();
  hear();
  EXPECT_EQ(at(204), Turn::kNone);
}

TEST_F(Alone, ASeedThatDoesNotAnswerIsolatesOnceAndSaysWhy) {
  facts_.seeds = {{"a:7700", Contact::kNobody}};
  facts_.asked = true;
  EXPECT_EQ(at(104), Turn::kNone);
  EXPECT_EQ(isolation_.without_peers(), "no other agent was heard yet");
  EXPECT_EQ(at(107), Turn::kBegan);
  EXPECT_TRUE(says("a:7700: nobody listens")) << isolation_.reason();
  EXPECT_EQ(isolation_.without_peers(), isolation_.reason());

  facts_.seeds = {{"a:7700", Contact::kRefused}};
  EXPECT_EQ(at(120), Turn::kNone);
  EXPECT_TRUE(says("key refused")) << isolation_.reason();

  hear();
  EXPECT_EQ(at(122), Turn::kEnded);
  EXPECT_EQ(isolation_.reason(), "");
  EXPECT_EQ(isolation_.without_peers(), "");
}

TEST_F(Alone, TheReasonIsWaitedForButNotForLong) {
  facts_.seeds = {{"a:7700", Contact::kLookingUp}};
  EXPECT_EQ(at(109), Turn::kNone);
  EXPECT_EQ(at(112), Turn::kBegan);
}

TEST_F(Alone, AWordInTheSilenceKeepsItFromIsolation) {
  hear();
  at(102);
  facts_.asked = true;
  for (int i = 0; i < 10; ++i) {
    hear();
    EXPECT_EQ(at(second_ + 4), Turn::kNone);
  }
  EXPECT_EQ(at(second_ + 4), Turn::kBegan);
  EXPECT_TRUE(says("no other agent is heard")) << isolation_.reason();
  EXPECT_TRUE(says("(1 known)")) << isolation_.reason();
}

// `hearsay members` lists members that have left, so the reasons must not say that none is known.
TEST_F(Alone, MembersThatHaveLeftAreCountedInTheReason) {
  facts_.hearing.left = 1;
  at(101);
  EXPECT_EQ(isolation_.without_peers(),
            "no other agent is in the mesh: 1 member has left, and none was given to join");

  facts_.hearing.left = 2;
  facts_.hearing.met = true;
  facts_.seeds = {{"a:7700", Contact::kNobody}};
  facts_.asked = true;
  EXPECT_EQ(at(120), Turn::kBegan);
  EXPECT_TRUE(says("(0 known; 2 members have left)")) << isolation_.reason();
}

TEST_F(Alone, MembersOfAnEarlierRunThatDoNotAnswerIsolate) {
  facts_.hearing.others = 2;
  facts_.asked = true;
  EXPECT_EQ(at(107), Turn::kBegan);
  EXPECT_TRUE(says("earlier run")) << isolation_.reason();
}

TEST_F(Alone, WhoLeftIsIsolatedAtOnceAndUntilItHearsAgain) {
  hear();
  at(101);
  facts_.left = true;
  EXPECT_EQ(at(103), Turn::kBegan);
  EXPECT_TRUE(says("left the mesh")) << isolation_.reason();
  EXPECT_EQ(isolation_.without_peers(), isolation_.reason());
  facts_.left = false;
  hear();
  EXPECT_EQ(at(105), Turn::kEnded);
}

// The last other member has left, so no member is missing.
TEST_F(Alone, WhenNobodyIsLeftToHearItEnds) {
  facts_.hearing.others = 1;
  facts_.asked = true;
  EXPECT_EQ(at(110), Turn::kBegan);
  facts_.hearing.others = 0;
  EXPECT_EQ(at(112), Turn::kEnded);
}

// A host that was suspended hears nobody for a moment. It must not report that.
TEST_F(Alone, APauseOfThisProcessIsNoSilence) {
  hear();
  at(101);
  facts_.asked = true;
  second_ += 3'600;
  EXPECT_EQ(at(second_ + 4), Turn::kNone);
  hear();
  EXPECT_EQ(at(second_ + 4), Turn::kNone);
}

TEST(Contacts, WordsAreOneEachAndFitALine) {
  std::set<std::string> names;
  for (int i = 0; i <= static_cast<int>(Contact::kSilentUdp); ++i) {
    auto contact = static_cast<Contact>(i);
    EXPECT_TRUE(names.insert(std::string(contact_name(contact))).second);
    EXPECT_FALSE(contact_words(contact).empty());
    EXPECT_LT(contact_words(contact).size(), 150u) << contact_name(contact);
  }
}

TEST(Contacts, ALongListIsCut) {
  std::vector<AskedPlace> places(5, {"a:1", Contact::kNoAnswer});
  std::string text = places_text(places);
  EXPECT_NE(text.find("; and 2 more"), std::string::npos) << text;
}

}  // namespace
}  // namespace agent
