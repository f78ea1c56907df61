// What clients bring with a write: stamps, tags of elements, totals of other nodes, and the ids of
// elements of a text.

#include <gtest/gtest.h>

#include "crdt/types/counter.h"
#include "crdt/types/or_set.h"
#include "crdt/types/register.h"
#include "map_view.h"
#include "samples.h"

namespace crdt {
namespace {

using samples::stamp;

Op stamped(Op op, std::int64_t nanos, std::string writer = {}) {
  op.stamp = stamp(nanos, 0, std::move(writer));
  return op;
}
Op absent(Path path) { return {std::move(path), Verb::kAbsent, {}, SlotType::kLwwRegister, {}}; }
Op tagged(Op op, std::vector<std::string> tags) {
  op.tags = std::move(tags);
  return op;
}
Op keeping(Op op) {
  op.keeps_ties = true;
  return op;
}
Op totals(Path path, std::vector<Totals::Node> nodes, SlotType type = SlotType::kGCounter) {
  return {std::move(path), Verb::kTotals, Totals{std::move(nodes)}, type, {}};
}

struct Stamps : testing::Test {
  Site a{'a', "o"};
  Site z{'z', "o"};
  void merge() {
    z.take_all(a.log());
    a.take_all(z.log());
    EXPECT_EQ(a.view().digest(), z.view().digest());
    EXPECT_EQ(a.value(), z.value());
  }
  void expect_idle(Site& site, const Op& op) {
    const auto sent = site.write({op});
    ASSERT_TRUE(sent.ok()) << sent.error().message;
    EXPECT_FALSE(sent.value().has_value());
  }
  Outcome outcome(const Op& op) {
    std::vector<Effect> effects;
    const Author author{[] { return HybridTime{5'000, 0}; }, [&] { return a.actor(); }};
    const auto done = plan(a.view(), op, author, effects);
    EXPECT_TRUE(done.ok());
    EXPECT_EQ(*done == Outcome::kWritten, !effects.empty());
    return *done;
  }
};

// --- Registers -----------------------------------------------------------------------------------

TEST_F(Stamps, TheHighestStampIsShownWhicheverAgentGetsItFirst) {
  a.must(stamped(set({"k"}, "1"), 50, "w"));
  z.must(stamped(set({"k"}, "2"), 60, "w"));
  merge();
  EXPECT_EQ(a.value({"k"}), "2");
  expect_idle(a, stamped(set({"k"}, "3"), 59, "w"));
  a.must(stamped(set({"k"}, "4"), 61));
  merge();
  EXPECT_EQ(z.value({"k"}), "4");
}

TEST_F(Stamps, ARemovalIsKeptSoThatAnOlderValueStaysHidden) {
  a.must(stamped(absent({"k"}), 60));
  z.must(stamped(set({"k"}, "1"), 50));
  merge();
  EXPECT_EQ(a.value({"k"}), "-");
  EXPECT_TRUE(a.conflicts().empty());
  expect_idle(a, stamped(set({"k"}, "2"), 55));
  a.must(stamped(set({"k"}, "2"), 61));
  merge();
  EXPECT_EQ(z.value({"k"}), "2");
}

TEST_F(Stamps, AtTheSameStampAValueWinsOverItsAbsence) {
  // Concurrent, in both orders of the actors.
  a.must(stamped(set({"k"}, "1"), 50));
  z.must(stamped(absent({"k"}), 50));
  a.must(stamped(absent({"l"}), 50));
  z.must(stamped(set({"l"}, "2"), 50));
  merge();
  EXPECT_EQ(a.value(), R"({"k":1,"l":2})");
  const auto conflicts = a.conflicts({"k"});
  ASSERT_EQ(conflicts.size(), 1u);
  EXPECT_EQ(conflicts[0].rule, "add_wins");

  // One after the other.
  a.must(stamped(absent({"m"}), 50));
  a.must(stamped(set({"m"}, "3"), 50));
  expect_idle(a, stamped(absent({"m"}), 50));
  EXPECT_EQ(a.value({"m"}), "3");
}

TEST_F(Stamps, AnAbsenceWithoutAStampHidesWhatItsAuthorSees) {
  a.must(stamped(set({"k"}, "1"), 9'000, "w"));
  a.must(absent({"k"}));
  EXPECT_EQ(a.value(), "{}");
  expect_idle(a, stamped(set({"k"}, "2"), 9'000, "w"));
  a.must(set({"k"}, "3"));
  EXPECT_EQ(a.value({"k"}), "3");
}

TEST_F(Stamps, WhatBecameOfAnOperationIsTold) {
  EXPECT_EQ(outcome(stamped(set({"k"}, "1"), 50)), Outcome::kWritten);
  a.must(stamped(set({"k"}, "1"), 50));
  EXPECT_EQ(outcome(stamped(set({"k"}, "1"), 50)), Outcome::kSuperseded);
  EXPECT_EQ(outcome(stamped(replace({"k"}, SlotType::kLwwRegister, "2"), 40)),
            Outcome::kSuperseded);
  EXPECT_EQ(outcome(stamped(absent({"k"}), 50)), Outcome::kSuperseded);
  EXPECT_EQ(outcome(unset({"nothing"})), Outcome::kUnchanged);
  EXPECT_EQ(outcome(set({"k"}, "1")), Outcome::kWritten);
}

TEST_F(Stamps, AtOneTimeTheHigherWriterWinsAndTheOtherStaysAsAConflict) {
  for (const bool higher_first : {true, false}) {
    const Path at{higher_first ? "h" : "l"};
    const Op high = keeping(stamped(set(at, "\"high\""), 50, "dev2"));
    const Op low = keeping(stamped(set(at, "\"low\""), 50, "dev1"));
    a.must(higher_first ? high : low);
    a.must(higher_first ? low : high);
    expect_idle(a, low);  // each of them is sent again
    expect_idle(a, high);
    EXPECT_EQ(a.value(at), "\"high\"");
    const auto conflicts = a.conflicts(at);
    ASSERT_EQ(conflicts.size(), 1u);
    EXPECT_EQ(conflicts[0].losers.at(0).value, "\"low\"");
    a.must(set(at, "1"));
    EXPECT_TRUE(a.conflicts(at).empty());
  }
}

TEST_F(Stamps, EqualValuesAtOneTimeAreNoConflict) {
  a.must(keeping(stamped(set({"k"}, "1"), 50, "dev1")));
  a.must(keeping(stamped(set({"k"}, "1"), 50, "dev2")));
  expect_idle(a, keeping(stamped(set({"k"}, "1"), 50, "dev1")));
  EXPECT_TRUE(a.conflicts().empty());
}

TEST_F(Stamps, TiesThatStayAreBounded) {
  const auto at_once = [&](std::size_t writer) {
    return keeping(
        stamped(set({"k"}, std::to_string(writer)), 50, "w" + std::to_string(1'000 + writer)));
  };
  for (std::size_t i = 0; i < 3 * kTiesMax; ++i) a.must(at_once(i));
  ASSERT_LE(a.view().cells({"k"}, SlotType::kLwwRegister)->size(), kTiesMax + 1);
  EXPECT_EQ(a.value({"k"}), std::to_string(3 * kTiesMax - 1));
}

// --- The door ------------------------------------------------------------------------------------

TEST(Door, AStampMoreThanAnHourAheadIsRefusedAndThePastNever) {
  constexpr std::int64_t kTime = 1'700'000'000'000'000'000;
  HybridClock::Options options;
  options.build_nanos = kTime - 1;
  const base::Now now{{}, kTime, false};
  const HybridClock clock({kTime, 0}, options);
  const auto check = [&](std::int64_t nanos, const base::Now& when, const HybridClock& by) {
    return check_brought(stamped(set({}, "1"), nanos), when, by);
  };
  EXPECT_TRUE(check(kTime + kStampAheadMax.nanos, now, clock).ok());
  const auto refused = check(kTime + kStampAheadMax.nanos + 1, now, clock);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, base::Code::kInvalid);
  EXPECT_NE(refused.error().message.find("more than an hour ahead"), std::string::npos);
  EXPECT_FALSE(check(INT64_MAX, now, clock).ok());
  for (const std::int64_t past : {std::int64_t{0}, std::int64_t{-1}, INT64_MIN}) {
    EXPECT_TRUE(check(past, now, clock).ok());
  }

  // A host in 1970 judges by the time that it has heard of.
  const base::Now unset{{}, 5, false};
  EXPECT_TRUE(check(kTime + kStampAheadMax.nanos, unset, clock).ok());
  EXPECT_FALSE(check(kTime + kStampAheadMax.nanos + 1, unset, clock).ok());
  EXPECT_FALSE(check(kTime, unset, HybridClock({}, options)).ok());
}

TEST(Door, WritersTagsAndNodesAreNames) {
  const HybridClock clock({}, {});
  const auto refused = [&](const Op& op) { return !check_brought(op, {}, clock).ok(); };
  const std::string long_name(kWriterBytesMax + 1, 'w');
  EXPECT_FALSE(refused(stamped(set({}, "1"), 0, "")));
  EXPECT_FALSE(refused(stamped(set({}, "1"), 0, std::string(kWriterBytesMax, 'w'))));
  for (const std::string& name : {long_name, std::string("a\0b", 3), std::string("\xFF")}) {
    EXPECT_TRUE(refused(stamped(set({}, "1"), 0, name)));
    EXPECT_TRUE(refused(tagged(add({}, "1"), {"t", name})));
    EXPECT_TRUE(refused(totals({}, {{"n", 1, 0}, {name, 1, 0}})));
  }
  EXPECT_TRUE(refused(tagged(add({}, "1"), {""})));
  EXPECT_TRUE(refused(totals({}, {{"", 1, 0}})));
}

// --- Tags ----------------------------------------------------------------------------------------

using Tags = Stamps;

TEST_F(Tags, AnElementIsThereWhileOneOfItsTagsIs) {
  a.must(tagged(add({"s"}, "1"), {"t1"}));
  a.must(tagged(add({"s"}, "1.0"), {"t2"}));
  expect_idle(a, tagged(add({"s"}, "1"), {"t1"}));
  a.must(tagged(remove({"s"}, "1"), {"t1"}));
  expect_idle(a, tagged(remove({"s"}, "1"), {"t1", "t3"}));
  EXPECT_EQ(a.value({"s"}), "[1.0]");
  a.must(tagged(remove({"s"}, "1"), {"t3", "t2"}));
  EXPECT_EQ(a.value({"s"}), "[]");
}

TEST_F(Tags, AnAddWithoutATagIsNamedByItsDot) {
  const Sent sent = a.must(add({"s"}, "1"));
  const std::string name = sent.change.actor.hex() + ":" + std::to_string(sent.change.seq);
  expect_idle(a, tagged(remove({"s"}, "1"), {"x"}));
  a.must(tagged(remove({"s"}, "1"), {name}));
  EXPECT_EQ(a.value({"s"}), "[]");
}

TEST_F(Tags, ARemoveWithoutTagsTakesAllAndAnAddWithoutOneReplacesAll) {
  a.must(tagged(add({"s"}, "1"), {"t1"}));
  a.must(tagged(add({"s"}, "1"), {"t2"}));
  a.must(add({"s"}, "1"));
  expect_idle(a, tagged(remove({"s"}, "1"), {"t1", "t2"}));
  a.must(tagged(add({"s"}, "1"), {"t3"}));
  a.must(remove({"s"}, "1"));
  EXPECT_EQ(a.value({"s"}), "[]");
}

TEST_F(Tags, OneTagThatIsAddedOnTwoAgentsIsRemovedOnce) {
  a.must(tagged(add({"s"}, "1"), {"t"}));
  z.must(tagged(add({"s"}, "1"), {"t"}));
  merge();
  z.must(tagged(remove({"s"}, "1"), {"t"}));
  merge();
  EXPECT_EQ(a.value({"s"}), "[]");
}

TEST_F(Tags, ARemoveWithAStampTakesTheOlderAdds) {
  a.must(tagged(stamped(add({"s"}, "1"), 50), {"t1"}));
  a.must(tagged(stamped(add({"s"}, "1"), 60), {"t2"}));
  EXPECT_EQ(outcome(stamped(remove({"s"}, "1"), 50)), Outcome::kSuperseded);
  a.must(stamped(remove({"s"}, "1"), 60));
  EXPECT_EQ(a.value({"s"}), "[1]");
  a.must(stamped(remove({"s"}, "1"), 61));
  EXPECT_EQ(a.value({"s"}), "[]");
  EXPECT_EQ(outcome(stamped(remove({"s"}, "1"), 70)), Outcome::kUnchanged);
}

TEST_F(Tags, TagsOfAnElementAreBoundedAndTheElementStays) {
  for (std::size_t i = 0; i < kTagsMax + 3; ++i) {
    a.must(tagged(add({"s"}, "1"), {"t" + std::to_string(i)}));
  }
  const Cells cells = *a.view().cells({"s", "1"}, SlotType::kOrSet);
  EXPECT_EQ(cells.size(), kTagsMax);
  expect_idle(a, tagged(remove({"s"}, "1"), {"t0"}));
  EXPECT_EQ(a.value({"s"}), "[1]");
}

// --- Totals --------------------------------------------------------------------------------------

using CounterTotals = Stamps;

TEST_F(CounterTotals, TheHighestTotalOfEachNodeCountsInAnyOrder) {
  for (const Path& at : {Path{}, Path{"k"}}) {
    Site x('x', "n");
    Site y('y', "n");
    x.must(totals(at, {{"m1", 5, 0}, {"m2", 1, 0}}));
    y.must(totals(at, {{"m1", 3, 0}, {"m1", 2, 0}}));
    y.must(increment(at, 10, SlotType::kGCounter));
    y.take_all(x.log());
    x.take_all(y.log());
    EXPECT_EQ(x.value(at), "16");
    EXPECT_EQ(y.value(at), "16");
    expect_idle(x, totals(at, {{"m1", 5, 0}, {"m2", 0, 0}}));
    expect_idle(y, totals(at, {{"m1", 4, 0}}));
    y.must(totals(at, {{"m1", 7, 0}, {"m2", 1, 0}}));
    EXPECT_EQ(y.value(at), "18");
  }
}

TEST_F(CounterTotals, WhatWasAddedAndTakenAreTwoTotals) {
  for (const Path& at : {Path{}, Path{"k"}}) {
    Site x('x', "n");
    x.must(totals(at, {{"m", 5, 2}}, SlotType::kPnCounter));
    x.must(totals(at, {{"m", 4, 3}}, SlotType::kPnCounter));
    x.must(decrement(at, 4));
    EXPECT_EQ(x.value(at), "-2");
    EXPECT_EQ(x.view().cells(at, SlotType::kPnCounter)->size(), 2u);
  }
}

TEST_F(CounterTotals, IncrementsOfAnAgentAreFoldedWithoutTheTotalsThatItBrought) {
  a.must(totals({"k"}, {{"m", 100, 0}}));
  for (std::size_t i = 0; i < 2 * kFoldAt; ++i) a.must(increment({"k"}, 1));
  EXPECT_EQ(a.value({"k"}), std::to_string(100 + 2 * kFoldAt));
  EXPECT_LE(a.view().cells({"k"}, SlotType::kGCounter)->size(), kFoldAt + 1);
}

TEST_F(CounterTotals, WhatDoesNotFitIsRefusedAndNothingIsWritten) {
  const auto code = [&](const Op& op) {
    const auto refused = a.write({op});
    EXPECT_FALSE(refused.ok());
    return refused.ok() ? base::Code::kInternal : refused.error().code;
  };
  EXPECT_EQ(code(totals({"g"}, {{"m", 5, 1}})), base::Code::kInvalid);
  EXPECT_EQ(code(totals({"g"}, {{"m", UINT64_MAX, 0}, {"n", 1, 0}})), base::Code::kUnprocessable);
  EXPECT_EQ(code(totals({"p"}, {{"m", UINT64_MAX, 0}}, SlotType::kPnCounter)),
            base::Code::kUnprocessable);
  EXPECT_EQ(a.value(), "-");
}

TEST_F(CounterTotals, ALowerTotalIsSupersededAndATotalOfNothingMakesTheCounter) {
  a.must(totals({"k"}, {{"m", 0, 0}}));
  EXPECT_EQ(a.value({"k"}), "0");
  a.must(totals({"k"}, {{"m", 5, 0}}));
  EXPECT_EQ(outcome(totals({"k"}, {{"m", 4, 0}})), Outcome::kSuperseded);
  EXPECT_EQ(outcome(totals({"k"}, {{"m", 5, 0}})), Outcome::kUnchanged);
  EXPECT_EQ(outcome(totals({"k"}, {})), Outcome::kUnchanged);
}

// --- Elements of a text --------------------------------------------------------------------------

Op erase_ids(Path path, std::vector<Dot> dots) {
  TextErase edit;
  edit.elements = runs_of(std::move(dots));
  return {std::move(path), Verb::kErase, std::move(edit), SlotType::kSeq, {}};
}

TEST_F(Stamps, ElementsAreErasedWhereverTheyStand) {
  a.must(insert({}, 0, "abcd"));
  z.take_all(a.log());
  a.must(insert({}, 0, "xyz"));
  z.must(erase_ids({}, {{a.actor(), 1, 0}, {a.actor(), 1, 2}}));
  merge();
  EXPECT_EQ(a.value(), "\"xyzbd\"");
  expect_idle(a, erase_ids({}, {{a.actor(), 1, 0}}));
  const Sent sent = a.must(erase_ids({}, {{a.actor(), 1, 0}, {a.actor(), 1, 1}}));
  EXPECT_EQ(sent.change.effects.at(0).kills, (DotRuns{{a.actor(), 1, 1}}));
  EXPECT_EQ(a.value(), "\"xyzd\"");
}

TEST_F(Stamps, AnElementThatTheTextDoesNotHaveIsRefused) {
  a.must(insert({"t"}, 0, "ab"));
  for (const Op& op :
       {erase_ids({"t"}, {{a.actor(), 1, 0}, {a.actor(), 1, 2}}),
        erase_ids({"u"}, {{a.actor(), 1, 0}}), erase_ids({"t"}, {{z.actor(), 1, 0}})}) {
    const auto refused = a.write({op});
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code, base::Code::kUnprocessable);
  }
  Op all = erase_ids({"t"}, {{a.actor(), 1, 0}});
  std::get<TextErase>(all.argument).elements[0].changes = UINT32_MAX;
  EXPECT_EQ(a.write({all}).error().code, base::Code::kUnprocessable);
  EXPECT_EQ(a.value({"t"}), "\"ab\"");
}

}  // namespace
}  // namespace crdt
