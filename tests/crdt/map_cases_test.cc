// Known hard cases of nested maps (docs/testing.md, "Cases of the types").

#include <gtest/gtest.h>

#include "map_view.h"

namespace crdt {
namespace {

struct MapCases : testing::Test {
  Site a{'a', "cfg"};
  Site b{'b', "cfg"};
  void merge() {
    b.take_all(a.log());
    a.take_all(b.log());
    EXPECT_EQ(a.view().digest(), b.view().digest());
    EXPECT_EQ(a.value(), b.value());
    EXPECT_EQ(a.view().texts(), b.view().texts());
  }
};

TEST_F(MapCases, ASetUnderARemovedKeyKeepsWhatWasAddedBesideAlone) {
  for (const char* e : {"1", "2", "3", "4", "5"}) a.must(add({"tags"}, e));
  merge();
  a.must(unset({"tags"}));
  b.must(add({"tags"}, "6"));
  merge();
  EXPECT_EQ(a.value(), "{\"tags\":[6]}");
}

TEST_F(MapCases, AnObjectThatIsRemovedKeepsTheLeafThatWasWrittenBeside) {
  a.must(set({"o", "title"}, "\"t0\""));
  a.must(set({"o", "body"}, "\"b0\""));
  merge();
  a.must(unset({"o"}));
  b.must(set({"o", "title"}, "\"t1\""));
  merge();
  EXPECT_EQ(a.value(), "{\"o\":{\"title\":\"t1\"}}");
}

TEST_F(MapCases, AKeyThatTwoRemoveIsAbsent) {
  a.must(set({"k"}, "1"));
  merge();
  a.must(unset({"k"}));
  b.must(unset({"k"}));
  merge();
  EXPECT_EQ(a.value({"k"}), "-");
  EXPECT_EQ(a.value(), "{}");
}

TEST_F(MapCases, TwoTypesAtOneNameAreBothKeptAndOneIsShown) {
  a.must(set({"k"}, "\"s\""));
  b.must(add({"k"}, "\"e\""));
  merge();
  EXPECT_EQ(a.value(), "{\"k\":[\"e\"]}");
  EXPECT_EQ(a.value({"k"}, SlotType::kLwwRegister), "\"s\"");
  const auto conflicts = a.conflicts();
  ASSERT_EQ(conflicts.size(), 1u);
  EXPECT_EQ(conflicts[0].path, Path{"k"});
  EXPECT_EQ(conflicts[0].winner.type, SlotType::kOrSet);
  EXPECT_EQ(conflicts[0].rule, "type");
  ASSERT_EQ(conflicts[0].losers.size(), 1u);
  EXPECT_EQ(conflicts[0].losers[0].value, "\"s\"");
}

TEST_F(MapCases, RemovingANameRemovesEveryTypeThere) {
  a.must(set({"k"}, "\"s\""));
  a.must(add({"k"}, "\"e\""));
  b.must(insert({"k", "t"}, 0, "text"));
  merge();
  const auto sent = a.must(unset({"k"}));
  EXPECT_EQ(sent.change.effects.size(), 1u);
  merge();
  EXPECT_EQ(a.value(), "{}");
  EXPECT_EQ(a.view().count(), 2u);  // the markers that both wrote for the object
}

TEST_F(MapCases, AddsOnBothSidesOfARemovedFieldStay) {
  a.must(add({"x"}, "0"));
  merge();
  b.must(add({"x"}, "1"));
  a.must(remove({"x"}, "0"));
  a.must(unset({"x"}));
  a.must(add({"x"}, "2"));
  merge();
  EXPECT_EQ(a.value({"x"}), "[1,2]");
}

TEST_F(MapCases, AnElementThatWentWithItsFieldDoesNotComeBack) {
  a.must(add({"x"}, "0"));
  merge();
  a.must(unset({"x"}));
  b.must(add({"x"}, "1"));
  a.take_all(b.log());
  EXPECT_EQ(a.value({"x"}), "[1]");
  b.must(add({"x"}, "2"));
  merge();
  EXPECT_EQ(a.value({"x"}), "[1,2]");
}

TEST_F(MapCases, AnOldValueDoesNotComeBackFromAPeerThatWasAway) {
  a.must(set({"k"}, "\"v\""));
  merge();
  a.must(unset({"k"}));
  a.must(set({"k"}, "\"v2\""));
  a.take_all(b.log());
  merge();
  EXPECT_EQ(b.value({"k"}), "\"v2\"");
  EXPECT_TRUE(b.conflicts().empty());
}

TEST_F(MapCases, ACounterUnderARemovedKeyKeepsTheIncrementBesideAlone) {
  a.must(increment({"c"}, 5));
  merge();
  a.must(unset({"c"}));
  b.must(increment({"c"}, 1));
  merge();
  EXPECT_EQ(a.value({"c"}), "1");
}

// The increment is the author's own second one: it has a dot of its own and does not bring back
// the first one.
TEST_F(MapCases, AnAuthorsNextIncrementDoesNotBringBackTheRemovedOnes) {
  a.must(increment({"c"}, 5));
  merge();
  b.must(unset({"c"}));
  a.must(increment({"c"}, 1));
  merge();
  EXPECT_EQ(a.value({"c"}), "1");
}

TEST_F(MapCases, AnEmptyContainerIsThereForAllUntilItsKeyIsRemoved) {
  a.must(replace({"m"}, SlotType::kMap, "{}"));
  a.must(replace({"s"}, SlotType::kOrSet, "[]"));
  a.must(replace({"t"}, SlotType::kSeq, "\"\""));
  merge();
  EXPECT_EQ(b.value(), "{\"m\":{},\"s\":[],\"t\":\"\"}");
  for (const char* key : {"m", "s", "t"}) b.must(unset({key}));
  merge();
  EXPECT_EQ(a.value(), "{}");
}

TEST_F(MapCases, AContainerStaysWhenItsLastElementGoes) {
  a.must(add({"s"}, "1"));
  a.must(insert({"t"}, 0, "abc"));
  b.take_all(a.log());
  b.must(remove({"s"}, "1"));
  b.must(erase({"t"}, 0, 1));
  a.must(erase({"t"}, 1, 2));
  merge();
  EXPECT_EQ(a.value(), "{\"s\":[],\"t\":\"\"}");
}

TEST_F(MapCases, AMapThatTwoMakeAtOnceHasTheMembersOfBoth) {
  a.must(replace({"m"}, SlotType::kMap, "{\"x\":1}"));
  b.must(replace({"m"}, SlotType::kMap, "{\"y\":2}"));
  merge();
  EXPECT_EQ(a.value(), "{\"m\":{\"x\":1,\"y\":2}}");
}

TEST_F(MapCases, OfADeepRemovalThePathOfAConcurrentUpdateIsLeft) {
  a.must(set({"a", "b", "c", "d"}, "1"));
  a.must(set({"a", "b", "e"}, "1"));
  a.must(insert({"a", "b", "t"}, 0, "text"));
  merge();
  a.must(unset({"a"}));
  b.must(set({"a", "b", "c", "d"}, "2"));
  merge();
  EXPECT_EQ(a.value(), "{\"a\":{\"b\":{\"c\":{\"d\":2}}}}");
}

TEST_F(MapCases, ATextUnderARemovedKeyKeepsTheInsertBesideAlone) {
  a.must(insert({"t"}, 0, "hello"));
  merge();
  a.must(unset({"t"}));
  b.must(insert({"t"}, 5, "!"));
  merge();
  EXPECT_EQ(a.value(), "{\"t\":\"!\"}");
  a.must(insert({"t"}, 0, "oh"));
  merge();
  EXPECT_EQ(b.value({"t"}), "\"oh!\"");
}

TEST_F(MapCases, APathThatIsTooDeepIsRefused) {
  const Path deepest(kPathDepthMax, "k");
  Path deeper = deepest;
  deeper.emplace_back("k");
  a.must(set(deepest, "1"));
  for (const Op& op : {set(deeper, "1"), add(deepest, "1"), unset(deeper),
                       replace(deepest, SlotType::kMap, "{\"k\":1}")}) {
    const auto refused = a.write({op});
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code, base::Code::kTooLarge);
    EXPECT_NE(refused.error().message.find("at most 16"), std::string::npos);
  }
  EXPECT_EQ(a.value(deepest), "1");
}

// The removal comes first, the update of what was inside later.
TEST_F(MapCases, AnUpdateInsideARemovedFieldIsNotLostWhenItComesLater) {
  a.must(add({"x", "s"}, "0"));
  merge();
  const Sent update = b.must(add({"x", "s"}, "1"));
  a.must(unset({"x"}));
  a.must(set({"y"}, "1"));
  EXPECT_EQ(a.value(), "{\"y\":1}");
  EXPECT_TRUE(a.take(update));
  merge();
  EXPECT_EQ(a.value(), "{\"x\":{\"s\":[1]},\"y\":1}");
}

TEST_F(MapCases, EqualStatesAreShownAlikeWhateverTheOrderOfWriting) {
  a.must(set({"b"}, "1"));
  a.must(add({"s"}, "10"));
  b.must(set({"a"}, "2"));
  b.must(add({"s"}, "9"));
  merge();
  EXPECT_EQ(a.value(), "{\"a\":2,\"b\":1,\"s\":[10,9]}");
}

// A set at k has the element "x" in its slot k/"x"; a member of that name is another place.
TEST_F(MapCases, AMemberWithTheNameOfAnElementIsAnotherPlace) {
  a.must(add({"k"}, "5"));
  a.must(add({"k"}, "6"));
  b.must(set({"k", "5", "deep"}, "1"));
  merge();
  EXPECT_EQ(a.value(), "{\"k\":{\"5\":{\"deep\":1}}}");
  EXPECT_EQ(a.value({"k"}, SlotType::kOrSet), "[5,6]");
  a.must(unset({"k", "5"}));
  EXPECT_EQ(a.value({"k"}), "[5,6]");
  EXPECT_EQ(a.value({"k", "5"}), "-");
}

}  // namespace
}  // namespace crdt
