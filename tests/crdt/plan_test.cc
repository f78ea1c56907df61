// What an operation is planned as, and what is refused.

#include "crdt/types/plan.h"

#include <gtest/gtest.h>

#include "map_view.h"
#include "samples.h"

namespace crdt {
namespace {

using base::Code;

struct Plans : testing::Test {
  Site a{'a', "o"};
  void expect_refused(const Op& op, Code code, std::string_view says) {
    const std::string before = a.value();
    const auto refused = a.write({op});
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code, code) << refused.error().message;
    EXPECT_NE(refused.error().message.find(says), std::string::npos) << refused.error().message;
    EXPECT_EQ(a.value(), before);
  }
  static Op without_type(Op op) {
    op.type.reset();
    return op;
  }
};

TEST_F(Plans, AVerbTakesItsUsualTypeWhereNothingIs) {
  a.must(set({"set"}, "1"));
  a.must(increment({"grow"}, 1));
  a.must(decrement({"count"}, 1));
  a.must(without_type(add({"add"}, "1")));
  a.must(without_type(insert({"text"}, 0, "x")));
  const std::vector<std::pair<std::string, SlotType>> expected{{"set", SlotType::kLwwRegister},
                                                               {"grow", SlotType::kGCounter},
                                                               {"count", SlotType::kPnCounter},
                                                               {"add", SlotType::kOrSet},
                                                               {"text", SlotType::kSeq}};
  for (const auto& [key, type] : expected) EXPECT_NE(a.value({key}, type), "-") << key;
}

TEST_F(Plans, AVerbTakesTheTypeThatIsThere) {
  a.must(set({"r"}, "1", SlotType::kMvRegister));
  a.must(set({"r"}, "2"));
  a.must(decrement({"c"}, 1));
  a.must(increment({"c"}, 3));
  a.must({{"r"}, Verb::kReplace, "5", {}, {}});
  EXPECT_EQ(a.value(), "{\"c\":2,\"r\":[5]}");
}

TEST_F(Plans, AVerbThatDoesNotFitWhatIsThereIsAConflict) {
  a.must(set({"r"}, "1"));
  expect_refused(increment({"r"}, 1), Code::kConflict, "lww_register");
  expect_refused(without_type(add({"r"}, "1")), Code::kConflict, "lww_register");
  a.must(add({"r"}, "1"));  // a named type is written beside it, if it is shown then
  EXPECT_EQ(a.value({"r"}), "[1]");
  expect_refused(without_type(insert({"r"}, 0, "x")), Code::kConflict,
                 "an lww_register and an orset");
  a.must(without_type(add({"r"}, "2")));
  EXPECT_EQ(a.value({"r"}), "[1,2]");
}

TEST_F(Plans, AWriteThatItsAuthorWouldNotSeeIsRefused) {
  Site b('b', "o");
  a.must(replace({"map"}, SlotType::kMap, "{\"z\":{\"y\":2}}"));
  b.must(set({"map", "z", "y"}, "3"));
  a.take_all(b.log());  // the map is shown in place of the register
  a.must(insert({"text"}, 0, "x"));
  a.must(add({"set"}, "1"));
  a.must(set({"all"}, "1", SlotType::kMvRegister));
  constexpr std::string_view kSays = "would not be shown";

  expect_refused(set({"map", "z"}, "4"), Code::kConflict, kSays);
  expect_refused(set({"map", "z"}, "4", SlotType::kLwwRegister), Code::kConflict, kSays);
  expect_refused(add({"map"}, "4"), Code::kConflict, kSays);
  expect_refused(add({"map", "z"}, "4"), Code::kConflict, kSays);
  expect_refused(increment({"set"}, 1, SlotType::kGCounter), Code::kConflict, kSays);
  expect_refused(set({"all"}, "1", SlotType::kLwwRegister), Code::kConflict, kSays);
  expect_refused(set({"text", "k", "l"}, "1"), Code::kConflict, "\"text\" of the object");
  expect_refused(add({"text"}, "1"), Code::kConflict, kSays);

  a.must(replace({"map", "z"}, SlotType::kLwwRegister, "4"));
  a.must(unset({"set"}));
  a.must(increment({"set"}, 1, SlotType::kGCounter));
  EXPECT_EQ(a.value({"map"}), "{\"z\":4}");
  EXPECT_EQ(a.value({"set"}), "1");
}

// A value below a place makes a map there. It would hide what the author sees.
TEST_F(Plans, AWriteThatWouldHideAValueAboveItIsRefused) {
  a.must(set({"db"}, "{\"host\":\"h1\",\"port\":5432}"));
  a.must(set({"all"}, "1", SlotType::kMvRegister));
  a.must(add({"tags"}, "1"));
  a.must(increment({"n"}, 1));
  a.must(insert({"text"}, 0, "x"));
  a.must(replace({"none"}, SlotType::kMap, "{}"));
  for (const std::string key : {"db", "all", "tags", "n"}) {
    const std::string says = "would hide what is at \"" + key + "\"";
    for (const Path& below : {Path{key, "k"}, Path{key, "k", "l"}}) {
      expect_refused(set(below, "5433"), Code::kConflict, says);
      expect_refused(increment(below, 1), Code::kConflict, says);
      expect_refused(insert(below, 0, "x"), Code::kConflict, says);
      expect_refused(replace(below, SlotType::kMap, "{}"), Code::kConflict, says);
    }
  }
  expect_refused(replace({"text", "k"}, SlotType::kMap, "{}"), Code::kConflict, "under \"text\"");

  a.must(set({"none", "k"}, "1"));
  a.must(unset({"db"}));
  a.must(set({"db", "port"}, "5433"));
  ASSERT_TRUE(a.write({unset({"n"}), set({"n", "k"}, "1")}).ok());
  EXPECT_EQ(a.value({"db"}), "{\"port\":5433}");
  EXPECT_EQ(a.value({"n"}), "{\"k\":1}");
}

// Others wrote a map there at the same time: it is shown, and takes more.
TEST_F(Plans, AMapThatHidesAValueTakesMoreWrites) {
  Site b('b', "o");
  a.must(set({"k"}, "1"));
  b.must(set({"k", "x"}, "2"));
  a.take_all(b.log());
  a.must(set({"k", "y"}, "3"));
  EXPECT_EQ(a.value({"k"}), "{\"x\":2,\"y\":3}");
}

// Two agents wrote a register and a set at one place. The set is shown.
TEST_F(Plans, TheHiddenTypeOfAConflictTakesNoMoreWrites) {
  Site b('b', "o");
  a.must(set({"k"}, "1"));
  b.must(add({"k"}, "2"));
  a.take_all(b.log());
  EXPECT_EQ(a.value({"k"}), "[2]");

  expect_refused(set({"k"}, "3"), Code::kConflict, "would not be shown: an orset is there");
  a.must(add({"k"}, "4"));
  a.must(remove({"k"}, "2"));
  EXPECT_EQ(a.value({"k"}), "[4]");
  a.must(replace({"k"}, SlotType::kLwwRegister, "5"));
  EXPECT_EQ(a.value({"k"}), "5");
}

TEST_F(Plans, ATypeThatDoesNotFitTheVerbIsRefused) {
  expect_refused(set({"r"}, "1", SlotType::kSeq), Code::kUnprocessable, "erase, insert");
  expect_refused(increment({"r"}, 1, SlotType::kOrSet), Code::kUnprocessable, "remove, add");
  expect_refused(set({"r"}, "1", SlotType::kReset), Code::kUnprocessable, "reset");
}

TEST_F(Plans, AMapTakesOperationsInItsPlacesOnly) {
  a.must(set({"k"}, "1"));
  expect_refused(set({}, "1"), Code::kUnprocessable, "path");
  expect_refused(add({}, "1"), Code::kUnprocessable, "path");
  expect_refused(increment({}, 1), Code::kUnprocessable, "path");
}

TEST_F(Plans, AnObjectOfAnotherTypeHasNoPlacesInIt) {
  for (const Op& op : {increment({}, 1), set({}, "1"), add({}, "1"), insert({}, 0, "x")}) {
    a.must(op);
    expect_refused(set({"k"}, "1"), Code::kUnprocessable, "leave out the path");
    expect_refused(unset({"k"}), Code::kUnprocessable, "leave out the path");
    a.must(unset());
    EXPECT_EQ(a.value(), "-");
  }
  a.must(add({}, "1"));
  expect_refused(set({}, "1", SlotType::kLwwRegister), Code::kConflict, "orset");
}

TEST_F(Plans, AReplacementChangesTheTypeOfAnObject) {
  a.must(add({}, "1"));
  a.must(replace({}, SlotType::kSeq, "\"text\""));
  EXPECT_EQ(a.value(), "\"text\"");
  a.must(replace({}, SlotType::kMap, "{\"b\":[1],\"a\":{\"x\":1}}"));
  EXPECT_EQ(a.value(), "{\"a\":{\"x\":1},\"b\":[1]}");
  EXPECT_EQ(a.view().count(), 3u);
  a.must(replace({}, SlotType::kPnCounter, "-4"));
  EXPECT_EQ(a.value(), "-4");
  EXPECT_EQ(a.view().count(), 1u);
}

TEST_F(Plans, AReplacementWithTheWrongJsonIsRefused) {
  a.must(replace({}, SlotType::kMap, "{\"k\":1}"));
  expect_refused(replace({"k"}, SlotType::kOrSet, "{}"), Code::kInvalid, "an array");
  expect_refused(replace({"k"}, SlotType::kMap, "[]"), Code::kInvalid, "an object");
  expect_refused(replace({"k"}, SlotType::kSeq, "1"), Code::kInvalid, "a string");
  expect_refused(replace({"k"}, SlotType::kGCounter, "[]"), Code::kInvalid, "a whole number");
}

TEST_F(Plans, AReplacedSetKeepsTheElementsThatStayAsTheyAre) {
  a.must(replace({"s"}, SlotType::kOrSet, "[1,2,2.0]"));
  const Sent sent = a.must(replace({"s"}, SlotType::kOrSet, "[3,2]"));
  ASSERT_EQ(sent.change.effects.size(), 2u);  // 1 goes, 3 comes
  EXPECT_EQ(a.value({"s"}), "[2,3]");
  EXPECT_FALSE(a.write({replace({"s"}, SlotType::kOrSet, "[2,3]")}).value().has_value());
}

TEST_F(Plans, AReplacedTextIsErasedAndInsertedAsOneInsert) {
  Site b('b', "o");
  a.must(insert({}, 0, "milk"));
  b.take_all(a.log());
  const Sent sent = a.must(replace({}, SlotType::kSeq, "\"oat\""));
  b.must(insert({}, 4, "shake"));
  b.take_all(a.log());
  ASSERT_EQ(sent.change.effects.size(), 2u);
  EXPECT_EQ(sent.change.effects[1].kind, EffectKind::kInsert);
  EXPECT_EQ(b.value(), "\"oatshake\"");
}

TEST_F(Plans, UnsetIsOneEffectForAllTypesAndPlacesBelow) {
  for (int i = 0; i < 50; ++i) {
    const std::string key = std::to_string(i);
    a.must(set({"m", key, "r"}, "1"));
    a.must(insert({"m", key, "t"}, 0, "text"));
    a.must(add({"m", "s"}, key));
  }
  const Sent sent = a.must(unset({"m"}));
  ASSERT_EQ(sent.change.effects.size(), 1u);
  EXPECT_EQ(sent.change.effects[0].slot.type, SlotType::kSubtree);
  EXPECT_EQ(a.value(), "{}");
  EXPECT_FALSE(a.write({unset({"m"})}).value().has_value());
}

// The request writes the kept place and the removed one in one change, in turn.
TEST_F(Plans, UnsetTakesNothingElseOfAChange) {
  ASSERT_TRUE(a.write({add({"s"}, "1"), set({"k", "1", "x"}, "1"), add({"s"}, "2"),
                       set({"k", "1", "y"}, "1"), set({"l"}, "1"), set({"k", "2"}, "1")})
                  .ok());
  a.must(unset({"k", "1"}));
  EXPECT_EQ(a.value(), "{\"k\":{\"2\":1},\"l\":1,\"s\":[1,2]}");
}

TEST_F(Plans, AWriteInAMapNeedsNoMarkersOfItsParents) {
  a.must(set({"x"}, "1"));
  const Sent sent = a.must(set({"p", "q", "r"}, "1"));
  EXPECT_EQ(sent.change.effects.size(), 1u);
  a.must(unset({"p", "q", "r"}));
  EXPECT_EQ(a.value(), "{\"x\":1}");
}

TEST_F(Plans, TheFirstDotOfARequestIsThatOfItsValue) {
  const Sent added = a.must(add({"s"}, "1"));
  const Sent typed = a.must(insert({"t"}, 0, "x"));
  EXPECT_EQ(added.change.effects[0].body, "1");
  EXPECT_EQ(added.change.main_dot().index, 0u);
  EXPECT_EQ(typed.change.effects[0].kind, EffectKind::kInsert);
}

TEST_F(Plans, PositionsBehindTheEndAreRefused) {
  a.must(insert({}, 0, "h\xC3\xA9llo"));
  expect_refused(insert({}, 6, "x"), Code::kUnprocessable, "5 code points");
  expect_refused(erase({}, 3, 3), Code::kUnprocessable, "5 code points");
  expect_refused(erase({}, 1, UINT32_MAX), Code::kUnprocessable, "5 code points");
  Op behind = insert({}, 0, "x");
  std::get<TextInsert>(behind.argument).after = Dot{a.actor(), 9, 0};
  expect_refused(behind, Code::kUnprocessable, "no element");
  a.must(insert({}, 5, "!"));
  EXPECT_EQ(a.value(), "\"h\xC3\xA9llo!\"");
}

TEST_F(Plans, AnInsertBehindAnElementFollowsIt) {
  a.must(insert({}, 0, "abc"));
  a.must(erase({}, 1, 1));
  Op behind = insert({}, 99, "X");
  std::get<TextInsert>(behind.argument).after = Dot{a.actor(), 1, 1};
  a.must(behind);
  EXPECT_EQ(a.value(), "\"aXc\"");
}

TEST_F(Plans, EmptyEditsOfATextChangeNothing) {
  a.must(insert({}, 0, "abc"));
  EXPECT_FALSE(a.write({insert({}, 1, "")}).value().has_value());
  EXPECT_FALSE(a.write({erase({}, 3, 0)}).value().has_value());
}

TEST_F(Plans, ATextTakesValidUtf8OnlyAndOneInsertHasABound) {
  expect_refused(insert({}, 0, "\xC3"), Code::kInvalid, "UTF-8");
  expect_refused(insert({}, 0, std::string((1u << 20) + 1, 'x')), Code::kTooLarge, "1048576");
  expect_refused(set({"\xFF"}, "1"), Code::kInvalid, "UTF-8");
}

// A client must be able to name later what it writes: in a URL, whose head may have 16 KiB.
TEST_F(Plans, APathThatNoUrlCanNameIsRefused) {
  expect_refused(set({std::string(kPathComponentMax + 1, 'k')}, "1"), Code::kTooLarge, "1024");
  expect_refused(set({std::string("a\0b", 3)}, "1"), Code::kInvalid, "NUL");
  expect_refused(Op{{"m"}, Verb::kReplace, R"({"a\u0000b":1})", SlotType::kMap, {}}, Code::kInvalid,
                 "NUL");
  const Path longest(kWrittenPathMax / kPathComponentMax, std::string(kPathComponentMax, 'k'));
  a.must(set(longest, "1"));
  Path longer = longest;
  longer.push_back("k");
  expect_refused(set(longer, "1"), Code::kTooLarge, "4096");
  expect_refused(Op{longest, Verb::kReplace, R"({"k":1})", SlotType::kMap, {}}, Code::kTooLarge,
                 "4096");
}

TEST_F(Plans, AnOperationWithoutItsArgumentIsRefused) {
  const auto lacking = [](Verb verb) { return Op{{"k"}, verb, {}, {}, {}}; };
  for (const Verb verb : {Verb::kSet, Verb::kReplace, Verb::kIncrement, Verb::kDecrement,
                          Verb::kAdd, Verb::kRemove, Verb::kInsert, Verb::kErase}) {
    expect_refused(lacking(verb), Code::kInvalid, verb_name(verb));
  }
  for (const Verb verb : {Verb::kPut, Verb::kMerge}) {
    expect_refused(lacking(verb), Code::kUnprocessable, "catalog");
  }
}

TEST_F(Plans, TheMembersOfAnObjectAreAValue) {
  a.must({{"k"}, Verb::kSet, Members{{"b", "1"}, {"a", "2"}}, {}, {}});
  EXPECT_EQ(a.value({"k"}), "{\"b\":1,\"a\":2}");
}

TEST_F(Plans, AFailedOperationLeavesTheEffectsOfTheOthersAlone) {
  MapView view("o");
  std::vector<Effect> effects(1);
  const Author author{[] { return HybridTime{1, 0}; }, [] { return samples::kA; }};
  EXPECT_FALSE(plan(view, insert({"t"}, 1, "x"), author, effects).ok());
  EXPECT_EQ(effects.size(), 1u);
}

TEST_F(Plans, AnActorIsMadeForAWriteOnly) {
  MapView view("o");
  std::vector<Effect> effects;
  const Author author{[] {
                        return HybridTime{1, 0};
                      },
                      []() -> ActorId {
                        ADD_FAILURE() << "nobody writes";
                        return {};
                      }};
  EXPECT_TRUE(plan(view, unset({"k"}), author, effects).ok());
  EXPECT_TRUE(plan(view, remove({"k"}, "1"), author, effects).ok());
  Op down = decrement({"k"}, UINT64_MAX);
  EXPECT_FALSE(plan(view, down, author, effects).ok());
  EXPECT_TRUE(effects.empty());
}

}  // namespace
}  // namespace crdt
