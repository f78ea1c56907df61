// Known hard cases of sets (docs/testing.md, "Cases of the types").

#include <gtest/gtest.h>

#include <set>

#include "map_view.h"

namespace crdt {
namespace {

struct SetCases : testing::Test {
  Site a{'a', "tags"};
  Site b{'b', "tags"};
  Site c{'c', "tags"};
  // Everybody takes what the others have.
  void merge() {
    for (int round = 0; round < 2; ++round) {
      for (Site* to : {&a, &b, &c}) {
        for (Site* from : {&a, &b, &c}) to->take_all(from->log());
      }
    }
    EXPECT_EQ(a.view().digest(), b.view().digest());
    EXPECT_EQ(a.view().digest(), c.view().digest());
    EXPECT_EQ(a.value(), b.value());
    EXPECT_EQ(a.value(), c.value());
  }
  static std::size_t dots(Site& site, const std::string& element) {
    return site.view().cells({element}, SlotType::kOrSet).value().size();
  }
  const std::string x = "\"x\"";
  const std::string y = "\"y\"";
  const std::string none = "[]";
};

TEST_F(SetCases, AnAddBesideARemoveWins) {
  a.must(add({}, x));
  merge();
  a.must(add({}, x));
  b.must(remove({}, x));
  merge();
  EXPECT_EQ(a.value(), "[\"x\"]");
}

TEST_F(SetCases, ARemoveTakesAllAddsThatItSaw) {
  a.must(add({}, x));
  b.must(add({}, x));
  merge();
  EXPECT_EQ(dots(c, x), 2u);
  c.must(remove({}, x));
  merge();
  EXPECT_EQ(a.value(), none);
  EXPECT_EQ(dots(a, x), 0u);
}

TEST_F(SetCases, ARemoveSparesAnAddThatItDidNotSee) {
  a.must(add({}, x));
  c.take_all(a.log());
  b.must(add({}, x));
  c.must(remove({}, x));
  merge();
  EXPECT_EQ(a.value(), "[\"x\"]");
  EXPECT_EQ(dots(a, x), 1u);
}

TEST_F(SetCases, AnAddAfterARemoveIsThereWhateverAPeerStillHolds) {
  a.must(add({}, x));
  a.must(remove({}, x));
  b.take(a.log()[0]);
  EXPECT_EQ(b.value(), "[\"x\"]");
  a.must(add({}, x));
  merge();
  EXPECT_EQ(b.value(), "[\"x\"]");
  EXPECT_EQ(dots(b, x), 1u);
}

TEST_F(SetCases, ARemoveWaitsForTheAddThatItCancels) {
  const Sent added = a.must(add({}, x));
  const Sent removed = a.must(remove({}, x));
  EXPECT_FALSE(b.take(removed));
  EXPECT_EQ(b.value(), "-");
  EXPECT_TRUE(b.take(added));
  EXPECT_TRUE(b.take(removed));
  EXPECT_TRUE(b.take(added));
  EXPECT_EQ(b.value(), none);
}

TEST_F(SetCases, ARemoveOfWhatBothHadSpoilsNothingOfAThird) {
  a.must(add({}, "\"bar\""));
  b.must(add({}, "\"baz\""));
  c.take_all(a.log());
  c.take_all(b.log());
  a.must(remove({}, "\"bar\""));
  a.take_all(c.log());
  EXPECT_EQ(a.value(), "[\"baz\"]");
}

TEST_F(SetCases, WhatIsPresentAndRemovedAtTwoPlacesGoes) {
  a.must(add({}, x));
  c.take_all(a.log());
  c.must(remove({}, x));
  b.must(add({}, x));
  a.take_all(b.log());
  b.must(remove({}, x));
  a.take_all(c.log());
  a.take_all(b.log());
  EXPECT_EQ(a.value(), none);
}

TEST_F(SetCases, AnElementWithoutDotsIsNotThere) {
  a.must(add({}, x));
  b.must(add({}, x));
  c.take_all(a.log());
  a.must(remove({}, x));
  a.take_all(b.log());
  b.must(remove({}, x));
  b.take_all(c.log());
  merge();
  EXPECT_EQ(a.value(), none);
  EXPECT_EQ(dots(a, x), 0u);
}

TEST_F(SetCases, ARemoveBesideARemoveAndAnAddLeavesTheAdd) {
  a.must(add({}, x));
  merge();
  a.must(remove({}, x));
  b.must(remove({}, x));
  b.must(add({}, x));
  merge();
  EXPECT_EQ(a.value(), "[\"x\"]");
}

TEST_F(SetCases, EmptyingASetSparesWhatIsAddedBeside) {
  a.must(add({}, x));
  merge();
  a.must(add({}, y));
  b.must(replace({}, SlotType::kOrSet, "[]"));
  merge();
  EXPECT_EQ(a.value(), "[\"y\"]");
}

TEST_F(SetCases, AddingAgainKeepsOneDot) {
  for (int i = 0; i < 5; ++i) a.must(add({}, x));
  EXPECT_EQ(dots(a, x), 1u);
  EXPECT_EQ(a.view().count(), 2u);  // and the marker
}

TEST_F(SetCases, ConcurrentAddsKeepADotEachUntilTheNextAdd) {
  for (Site* site : {&a, &b, &c}) site->must(add({}, x));
  merge();
  EXPECT_EQ(dots(a, x), 3u);
  a.must(add({}, x));
  EXPECT_EQ(dots(a, x), 1u);
}

// The actor of the dots that go has long stopped; another one knows nothing of it.
TEST_F(SetCases, ARemoveTakesDotsOfAnActorThatIsGone) {
  {
    Site gone('z', "tags");
    gone.must(add({}, x));
    a.take_all(gone.log());
  }
  a.must(add({}, y));
  a.must(remove({}, x));
  merge();
  EXPECT_EQ(c.value(), "[\"y\"]");
}

TEST_F(SetCases, OperationsOfARequestAreAppliedInTheirOrder) {
  ASSERT_TRUE(a.write({add({}, x)}).ok());
  ASSERT_TRUE(a.write({remove({}, x), add({}, x)}).ok());
  ASSERT_TRUE(a.write({add({}, y), remove({}, y)}).ok());
  merge();
  EXPECT_EQ(b.value(), "[\"x\"]");
}

TEST_F(SetCases, RemovingWhatIsAbsentChangesNothing) {
  a.must(add({}, y));
  const auto sent = a.write({remove({}, x)});
  ASSERT_TRUE(sent.ok());
  EXPECT_FALSE(sent.value().has_value());
  EXPECT_EQ(a.log().size(), 1u);
}

TEST_F(SetCases, TwoAddsOfOneChangeHaveDotsOfTheirOwn) {
  const auto sent = a.write({add({}, x), add({}, y)});
  ASSERT_TRUE(sent.ok() && *sent);
  std::set<Dot> dots;
  const auto note = [&](const Effect&, const Dot& dot) {
    EXPECT_TRUE(dots.insert(dot).second) << dot.text();
    return base::Status();
  };
  EXPECT_TRUE(each_effect((*sent)->change, note).ok());
  merge();
  b.must(remove({}, x));
  merge();
  EXPECT_EQ(a.value(), "[\"y\"]");
}

TEST_F(SetCases, OneElementAddedAtTwoPlacesKeepsBothDots) {
  a.must(add({}, x));
  b.must(add({}, x));
  merge();
  EXPECT_EQ(dots(a, x), 2u);
  EXPECT_EQ(a.value(), "[\"x\"]");
}

TEST_F(SetCases, ElementsAreTheSameWhenTheirCanonicalFormsAre) {
  a.must(add({}, "1.0"));
  a.must(add({}, "{\"b\":1,\"a\":2}"));
  a.must(add({}, "{\"a\":2,\"b\":1e0}"));
  EXPECT_EQ(a.value(), "[1.0,{\"a\":2,\"b\":1e0}]");
  a.must(remove({}, "1"));
  EXPECT_EQ(a.value(), "[{\"a\":2,\"b\":1e0}]");
}

TEST_F(SetCases, AnElementAboveTheBoundIsRefusedAndTheSetStaysUsable) {
  const std::string fits = '"' + std::string(kPathComponentMax - 2, 'e') + '"';
  a.must(add({}, fits));
  const auto refused = a.write({add({}, '"' + std::string(kPathComponentMax - 1, 'e') + '"')});
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, base::Code::kTooLarge);
  EXPECT_NE(refused.error().message.find("1024"), std::string::npos);
  a.must(remove({}, fits));
  EXPECT_EQ(a.value(), none);
}

}  // namespace
}  // namespace crdt
