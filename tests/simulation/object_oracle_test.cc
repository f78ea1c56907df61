// Tests what the oracle says about objects of the replicated types, with histories that are written
// by hand. The editors A and Z write and receive each other's changes when the test says so. Then
// the test says what each must show.

#include <gtest/gtest.h>

#include "tools/simulator/oracle.h"

namespace simulation {
namespace {

using crdt::Op;
using crdt::SlotType;
using crdt::Verb;

Op set(Place place, std::string value, SlotType type = SlotType::kLwwRegister) {
  return {std::move(place), Verb::kSet, std::move(value), type, std::nullopt};
}
Op count(Place place, std::uint64_t by, SlotType type = SlotType::kGCounter) {
  return {std::move(place), Verb::kIncrement, crdt::Amount{by}, type, std::nullopt};
}
Op down(Place place, std::uint64_t by) {
  return {std::move(place), Verb::kDecrement, crdt::Amount{by}, SlotType::kPnCounter, std::nullopt};
}
Op add(Place place, std::string element) {
  return {std::move(place), Verb::kAdd, std::move(element), SlotType::kOrSet, std::nullopt};
}
Op remove(Place place, std::string element) {
  return {std::move(place), Verb::kRemove, std::move(element), SlotType::kOrSet, std::nullopt};
}
Op insert(Place place, std::uint32_t at, std::string text) {
  return {std::move(place), Verb::kInsert, crdt::TextInsert{at, {}, std::move(text)},
          SlotType::kSeq, std::nullopt};
}
Op erase(Place place, std::uint32_t at, std::uint32_t length) {
  return {std::move(place), Verb::kErase, crdt::TextErase{at, length}, SlotType::kSeq,
          std::nullopt};
}
Op unset(Place place) { return {std::move(place), Verb::kUnset, {}, std::nullopt, std::nullopt}; }
Op replace(Place place, SlotType type, std::string value) {
  return {std::move(place), Verb::kReplace, std::move(value), type, std::nullopt};
}

class Editor {
 public:
  Editor(Oracle& oracle, unsigned char fill) : oracle_(oracle) { actor.bytes.fill(fill); }

  void write(std::vector<Op> ops) {
    const agent::WriteRequest request = agent::WriteObject{"o", std::move(ops)};
    ASSERT_FALSE(oracle_.is_refused(request, seen));
    ASSERT_FALSE(oracle_.is_idle(request, seen));
    oracle_.wrote(request, actor, seen.seq_of(actor) + 1, {seconds, 0}, seen);
    seen.set(actor, {seen.seq_of(actor) + 1, 0});
  }
  bool refused(std::vector<Op> ops) const {
    return oracle_.is_refused(agent::WriteObject{"o", std::move(ops)}, seen);
  }
  bool idle(std::vector<Op> ops) const {
    return oracle_.is_idle(agent::WriteObject{"o", std::move(ops)}, seen);
  }
  std::string shows(const Place& place = {}) const {
    return oracle_.object("o", seen).read(place).value_or("nothing");
  }
  std::string shows(const Place& place, SlotType type) const {
    return oracle_.object("o", seen).read(place, type).value_or("nothing");
  }
  void hear(const Editor& other) {
    for (const auto& [id, head] : seen.ahead_in(other.seen)) seen.set(id, head);
  }

  base::ActorId actor;
  crdt::VersionVector seen;
  std::int64_t seconds = 1'000;

 private:
  Oracle& oracle_;
};

// Behind letter number `letter` of the first insert of change `seq` of `author`.
Op insert_behind(Place place, const Editor& author, std::uint64_t seq, std::uint32_t letter,
                 std::string text) {
  return {std::move(place), Verb::kInsert,
          crdt::TextInsert{0, crdt::Dot{author.actor, seq, letter}, std::move(text)},
          SlotType::kSeq, std::nullopt};
}

class ObjectOracle : public ::testing::Test {
 protected:
  void meet() {
    a.hear(z);
    z.hear(a);
    EXPECT_EQ(a.shows(), z.shows());
  }
  Oracle oracle;
  Editor a{oracle, 1};
  Editor z{oracle, 9};
};

TEST_F(ObjectOracle, OfConcurrentValuesTheLaterIsShown) {
  a.write({set({"k"}, "1"), set({"all"}, "1", SlotType::kMvRegister)});
  z.seconds = 999;
  z.write({set({"k"}, "2"), set({"all"}, "2", SlotType::kMvRegister)});
  meet();

  EXPECT_EQ(a.shows(), R"({"all":[1,2],"k":1})");
}

TEST_F(ObjectOracle, AValueBeatsThoseThatItsAuthorSawWhateverItsClockSays) {
  a.write({set({"k"}, "1")});
  z.hear(a);
  z.seconds = 1;
  z.write({set({"k"}, "2")});
  meet();

  EXPECT_EQ(a.shows({"k"}), "2");
}

TEST_F(ObjectOracle, AClientsStampDecidesAndComesTooLateBelowWhatIsSeen) {
  Op stamped = set({"k"}, "1");
  stamped.stamp = crdt::Stamp{{2'000, 0}, "device"};
  a.write({stamped});
  z.seconds = 1'999;
  z.write({set({"k"}, "2")});
  meet();

  EXPECT_EQ(a.shows({"k"}), "1");
  EXPECT_TRUE(a.idle({stamped}));
  stamped.stamp->time.nanos = 1'000;
  EXPECT_TRUE(z.idle({stamped}));
  z.write({set({"k"}, "3")});
  EXPECT_EQ(z.shows({"k"}), "3");
}

TEST_F(ObjectOracle, AnAddBesideARemoveStays) {
  a.write({add({"s"}, "1"), add({"s"}, "2")});
  z.hear(a);
  a.write({remove({"s"}, "1.0"), remove({"s"}, "2")});
  z.write({add({"s"}, "1e0")});
  meet();

  EXPECT_EQ(a.shows({"s"}), "[1e0]");
  EXPECT_TRUE(a.idle({remove({"s"}, "2")}));
}

TEST_F(ObjectOracle, ASumIsThatOfAllButWhatARemoverSaw) {
  a.write({count({"n"}, 5), down({"d"}, 2)});
  z.hear(a);
  a.write({unset({"n"})});
  z.write({count({"n"}, 3), down({"d"}, 1)});
  meet();

  EXPECT_EQ(a.shows(), R"({"d":-3,"n":3})");
}

TEST_F(ObjectOracle, AnObjectThatIsACounterKeepsTheWholeTotalOfAConcurrentAuthor) {
  z.write({count({}, 5)});
  a.hear(z);
  a.write({unset({})});
  z.write({count({}, 3)});
  meet();

  EXPECT_EQ(a.shows(), "8");
}

TEST_F(ObjectOracle, AnAuthorThatFoldsItsIncrementsSaysThemAgain) {
  z.write(std::vector<Op>(16, count({"n"}, 1)));
  a.hear(z);
  a.write({unset({"n"})});
  z.write({count({"n"}, 1)});
  meet();
  EXPECT_EQ(a.shows({"n"}), "17");

  z.write(std::vector<Op>(14, count({"n"}, 1)));
  a.hear(z);
  a.write({unset({"n"})});
  z.write({count({"n"}, 1)});
  meet();
  EXPECT_EQ(a.shows({"n"}), "1");
}

TEST_F(ObjectOracle, EditsOfATextApartStandTogether) {
  a.write({insert({"t"}, 0, "hello world")});
  z.hear(a);
  a.write({insert({"t"}, 5, ", déar")});
  z.write({erase({"t"}, 0, 5), insert({"t"}, 0, "HELLO")});
  meet();

  EXPECT_EQ(a.shows({"t"}), "\"HELLO, déar world\"");
}

TEST_F(ObjectOracle, WordsThatAreTypedAtOnePlaceDoNotMix) {
  a.write({insert({}, 0, "(")});
  a.write({insert({}, 1, ")")});
  z.hear(a);
  for (std::uint32_t i = 0; i < 3; ++i) a.write({insert({}, 1 + i, std::string(1, "abc"[i]))});
  for (std::uint32_t i = 0; i < 3; ++i) z.write({insert({}, 1, std::string(1, "321"[i]))});
  meet();

  EXPECT_EQ(a.shows(), "\"(abc123)\"");
}

TEST_F(ObjectOracle, AnInsertIntoAnErasedRangeSurvives) {
  a.write({insert({}, 0, "abcd")});
  z.hear(a);
  a.write({erase({}, 0, 4)});
  z.write({insert({}, 2, "X"), erase({}, 3, 1)});
  meet();

  EXPECT_EQ(a.shows(), "\"X\"");
}

TEST_F(ObjectOracle, AnInsertBehindALetterFollowsItWhereverItStands) {
  a.write({insert({}, 0, "abc")});
  z.hear(a);
  a.write({insert({}, 0, ">> "), erase({}, 4, 1)});
  z.write({insert_behind({}, a, 1, 1, "X")});
  meet();
  EXPECT_EQ(a.shows(), "\">> aXc\"");

  a.write({insert_behind({}, a, 1, 1, "Y")});  // that letter is erased
  EXPECT_EQ(a.shows(), "\">> aYXc\"");
}

TEST_F(ObjectOracle, AnInsertBehindALetterThatItsAuthorLacksIsRefused) {
  a.write({insert({"t"}, 0, "abc")});
  EXPECT_TRUE(z.refused({insert_behind({"t"}, a, 1, 0, "x")}));
  z.hear(a);

  EXPECT_FALSE(z.refused({insert_behind({"t"}, a, 1, 2, "x")}));
  EXPECT_TRUE(z.refused({insert_behind({"t"}, a, 1, 3, "x")}));
  EXPECT_TRUE(z.refused({insert_behind({"t"}, a, 2, 0, "x")}));
  EXPECT_TRUE(z.refused({insert_behind({"u"}, a, 1, 0, "x")}));
}

TEST_F(ObjectOracle, ConflictsAreWhatIsHiddenByALaterValueOrByAnotherType) {
  a.write({set({"k"}, "1"), add({"m"}, "1"), set({"all"}, "1", SlotType::kMvRegister)});
  z.seconds = 2'000;
  z.write({set({"k"}, "2"), set({"all"}, "2", SlotType::kMvRegister), set({"m", "x"}, "1")});
  meet();
  const std::string mine = a.actor.short_hex() + ":1";
  const std::string theirs = z.actor.short_hex() + ":1";

  const std::map<Place, std::string> expected{
      {{"k"}, "lww_register of " + theirs + " over lww_register of " + mine + ", by stamp"},
      {{"m"}, "crdt_map over orset, by type"}};
  EXPECT_EQ(oracle.object("o", a.seen).conflicts(), expected);

  a.write({set({"k"}, "3")});
  EXPECT_FALSE(oracle.object("o", a.seen).conflicts().contains({"k"}));
}

TEST_F(ObjectOracle, ARemovedPlaceKeepsWhatWasWrittenBesideAlone) {
  a.write({insert({"k", "t"}, 0, "abc"), add({"k", "s"}, "1"), count({"k", "n"}, 5)});
  z.hear(a);
  a.write({unset({"k"})});
  EXPECT_EQ(a.shows(), "{}");
  z.write({insert({"k", "t"}, 3, "d"), count({"k", "n"}, 1)});
  meet();

  EXPECT_EQ(a.shows(), R"({"k":{"n":1,"t":"d"}})");
}

TEST_F(ObjectOracle, OfSeveralTypesAtOnePlaceTheHighestIsShownAndAllCanBeRead) {
  a.write({set({"k"}, "1")});
  z.write({add({"k"}, "2")});
  meet();

  EXPECT_EQ(a.shows({"k"}), "[2]");
  EXPECT_EQ(a.shows({"k"}, SlotType::kLwwRegister), "1");
  EXPECT_EQ(a.shows({"k"}, SlotType::kSeq), "nothing");
}

TEST_F(ObjectOracle, NobodyWritesWhatTheyWouldNotSee) {
  a.write({set({"k"}, "1"), insert({"t"}, 0, "x")});
  z.write({add({"k"}, "2")});
  meet();

  EXPECT_TRUE(a.refused({set({"k"}, "3")}));
  EXPECT_TRUE(a.refused({count({"k"}, 3)}));
  EXPECT_TRUE(a.refused({set({"t", "x"}, "3")}));
  a.write({add({"k"}, "4"), insert({"k"}, 0, "text")});
  EXPECT_TRUE(a.refused({add({"k"}, "5")}));
  EXPECT_EQ(a.shows({"k"}), "\"text\"");
}

TEST_F(ObjectOracle, AReplacementTakesWhatItDoesNotKeep) {
  a.write({add({"k"}, "1"), add({"k"}, "2")});
  z.write({insert({"k", "t"}, 0, "x")});
  meet();
  a.write({replace({"k"}, SlotType::kOrSet, "[2.0,3]")});
  z.write({add({"k"}, "4")});
  meet();
  EXPECT_EQ(a.shows(), R"({"k":[2,3,4]})");

  a.write({replace({"k"}, SlotType::kMap, R"({"a":1,"b":true})")});
  EXPECT_EQ(a.shows(), R"({"k":{"a":1,"b":true}})");
  a.write({replace({"k"}, SlotType::kSeq, "\"text\"")});
  EXPECT_EQ(a.shows(), R"({"k":"text"})");
  a.write({replace({"k"}, SlotType::kPnCounter, "-4")});
  EXPECT_EQ(a.shows(), R"({"k":-4})");
}

TEST_F(ObjectOracle, AnEmptyContainerIsThereUntilItsPlaceIsRemoved) {
  a.write({add({"s"}, "1"), insert({"t"}, 0, "x")});
  a.write({remove({"s"}, "1"), erase({"t"}, 0, 1)});
  EXPECT_EQ(a.shows(), R"({"s":[],"t":""})");
  a.write({unset({"s"}), unset({"t"})});

  EXPECT_EQ(a.shows(), "{}");
}

TEST_F(ObjectOracle, AWrongRequestIsRefusedWhole) {
  a.write({insert({"t"}, 0, "abc"), count({"n"}, 1)});

  EXPECT_TRUE(a.refused({insert({"t"}, 4, "x")}));
  EXPECT_TRUE(a.refused({erase({"t"}, 2, 2)}));
  EXPECT_TRUE(a.refused({insert({"t"}, 3, "x"), erase({"t"}, 4, 1)}));
  EXPECT_FALSE(a.refused({insert({"t"}, 3, "x"), erase({"t"}, 3, 1)}));
  EXPECT_TRUE(a.refused({set(Place(17, "a"), "1")}));
  EXPECT_TRUE(a.refused({add(Place(16, "a"), "1")}));
  EXPECT_TRUE(a.refused({count({"n"}, std::numeric_limits<std::uint64_t>::max())}));
  EXPECT_TRUE(a.refused({count({}, 1)}));
  EXPECT_TRUE(a.refused({replace({"s"}, SlotType::kOrSet, "7")}));
  Op add_untyped = add({"n"}, "1");
  add_untyped.type.reset();
  EXPECT_TRUE(a.refused({add_untyped}));
  z.write({count({}, 1)});
  EXPECT_TRUE(z.refused({set({"k"}, "1")}));
}

Op at(Op op, std::int64_t nanos, std::string writer = "dev") {
  op.stamp = crdt::Stamp{{nanos, 0}, std::move(writer)};
  return op;
}
Op tagged(Op op, std::vector<std::string> tags) {
  op.tags = std::move(tags);
  return op;
}
Op gone(Place place) {
  return {std::move(place), Verb::kAbsent, {}, SlotType::kLwwRegister, std::nullopt};
}

TEST_F(ObjectOracle, AWordThatThereIsNoValueHidesWhatIsEarlier) {
  a.write({at(gone({"k"}), 60)});
  z.write({at(set({"k"}, "1"), 50), at(gone({"l"}), 70), at(set({"l"}, "2"), 70)});
  meet();

  EXPECT_EQ(a.shows(), R"({"l":2})");
  EXPECT_TRUE(a.idle({at(set({"k"}, "3"), 60, "a")}));
  EXPECT_TRUE(a.idle({at(gone({"l"}), 70)}));
  EXPECT_FALSE(a.refused({count({"k"}, 1)}));  // nothing is seen there
  a.write({at(set({"k"}, "3"), 60)});
  EXPECT_EQ(a.shows({"k"}), "3");
}

TEST_F(ObjectOracle, ATieStaysWhereItsClientWantsToKnow) {
  Op low = at(set({"k"}, "1"), 50, "dev1");
  Op high = at(set({"k"}, "2"), 50, "dev2");
  low.keeps_ties = high.keeps_ties = true;
  a.write({high});
  a.write({low});
  EXPECT_TRUE(a.idle({low}));
  EXPECT_EQ(a.shows({"k"}), "2");
  EXPECT_EQ(oracle.object("o", a.seen).conflicts().size(), 1u);
  low.keeps_ties = false;
  low.path = {"m"};
  high.path = {"m"};
  a.write({high});
  EXPECT_TRUE(a.idle({low}));
}

TEST_F(ObjectOracle, AnElementIsThereWhileSomebodysNameForItIs) {
  a.write({tagged(add({"s"}, "1"), {"t1"})});
  EXPECT_TRUE(a.idle({tagged(add({"s"}, "1.0"), {"t1"})}));
  a.write({tagged(add({"s"}, "1"), {"t2"})});
  a.write({tagged(remove({"s"}, "1"), {"t1", "t3"})});
  EXPECT_EQ(a.shows({"s"}), "[1]");
  z.hear(a);
  z.write({tagged(remove({"s"}, "1.0"), {"t2"})});
  EXPECT_EQ(z.shows({"s"}), "[]");
}

TEST_F(ObjectOracle, TheHighestWordOfEachNodeCounts) {
  const auto totals = [](std::uint64_t added, std::uint64_t taken) {
    return Op{{"n"}, Verb::kTotals, crdt::Totals{{{"m", added, taken}}}, SlotType::kPnCounter, {}};
  };
  a.write({totals(5, 1)});
  z.write({totals(3, 2), down({"n"}, 1)});
  meet();

  EXPECT_EQ(a.shows({"n"}), "2");
  EXPECT_TRUE(a.idle({totals(5, 2)}));
  a.write({totals(7, 0)});
  EXPECT_EQ(a.shows({"n"}), "4");
}

TEST_F(ObjectOracle, LettersAreErasedByTheirNames) {
  a.write({insert({"t"}, 0, "abc")});
  const auto erased = [&](std::uint32_t letter) {
    crdt::TextErase edit;
    edit.elements.push_back({a.actor, 1, letter});
    return Op{{"t"}, Verb::kErase, std::move(edit), SlotType::kSeq, std::nullopt};
  };
  a.write({insert({"t"}, 0, "x")});
  a.write({erased(1)});
  EXPECT_EQ(a.shows({"t"}), "\"xac\"");
  EXPECT_TRUE(a.idle({erased(1)}));
  EXPECT_TRUE(a.refused({erased(3)}));
}

TEST_F(ObjectOracle, CountsWhatTheStoreKeeps) {
  a.write({insert({"t"}, 0, "abc"), erase({"t"}, 0, 1), add({"s"}, "1")});

  // Three letters, the marks of text, set and object, and one element.
  const std::map<SlotType, std::int64_t> counts{{SlotType::kMap, 7}};
  EXPECT_EQ(oracle.object("o", a.seen).counts(), counts);
  EXPECT_EQ(oracle.typed_objects({}, a.seen), std::vector<std::string>{"o"});
}

}  // namespace
}  // namespace simulation
