// Known hard cases of the types that need a store: restarts, folds, state joins (docs/testing.md,
// "Cases of the types").

#include "type_fixture.h"

namespace agent::types {
namespace {

using TypeCases = ThreeReplicas;

// --- Delivery ------------------------------------------------------------------------------------

// The remove waits in memory. After the restart it comes again, as nobody was told that it is here.
TEST_F(TypeCases, ARemoveThatCameBeforeItsAddTakesItAlsoAfterARestart) {
  const Sealed added = must(*a, "tags", {add("1")});
  const Sealed removed = must(*a, "tags", {remove("1")});
  turn(*b, 1, {received(removed)});
  EXPECT_EQ(value_of(*b, "tags"), "absent");
  restart(b, "b");
  EXPECT_FALSE(b->vector().covers(removed[0].actor, removed[0].seq));

  turn(*b, 2, {received(removed)});
  turn(*b, 3, {received(added)});
  turn(*b, 4, {received(added)});

  EXPECT_EQ(value_of(*b, "tags"), "[]");
  expect_equal(*a, *b);
}

// A removal has a number of its own, so a vector shows that it is missing.
TEST_F(TypeCases, ARemovalMovesTheVectorOfItsAuthor) {
  must(*a, "tags", {add("1")});
  exchange(*a, *b);
  ASSERT_EQ(a->vector(), b->vector());

  must(*a, "tags", {remove("1")});
  must(*a, "note", {insert(0, "abc")});
  must(*a, "note", {erase(0, 3)});
  must(*a, "map", {op(Verb::kSet, {"k"}, std::string("1"))});
  must(*a, "map", {op(Verb::kUnset, {"k"})});

  EXPECT_EQ(a->vector().seq_of(a->own_actor()), 6u);
  EXPECT_EQ(lacking(*a, *b).size(), 5u);
}

// C hears of A through B alone, each change alone and in B's order.
TEST_F(TypeCases, ARelayPassesChangesOnUnderTheirAuthorsNumbers) {
  const Sealed first = must(*a, "n", {increment(1)});
  exchange(*a, *b);
  must(*b, "n", {increment(2)});
  must(*a, "n", {increment(4)});
  exchange(*a, *b);

  for (const crdt::SealedChange& change : lacking(*b, *c)) turn(*c, 5, {received({change})});

  EXPECT_EQ(value_of(*c, "n"), "7");
  EXPECT_EQ(c->vector().seq_of(a->own_actor()), 2u);
  expect_equal(*b, *c);
}

// A value is larger than a datagram and than a page of a join: it comes, whichever way.
TEST_F(TypeCases, AValueThatIsLargerThanAPageComesByLogAndByJoin) {
  const std::string large(200'000, 'x');
  must(*a, "v", {op(Verb::kSet, {}, "\"" + large + "\"", SlotType::kLwwRegister)});
  must(*a, "t", {insert(0, large)});

  exchange(*a, *b);
  join(*c, *a, 5);

  for (Replica* replica : {b.get(), c.get()}) {
    EXPECT_EQ(value_of(*replica, "v").size(), large.size() + 2);
    EXPECT_EQ(value_of(*replica, "t").size(), large.size() + 2);
    expect_equal(*a, *replica);
  }
}

// --- Folds and return ----------------------------------------------------------------------------

// B wrote with exactly what A has folded, and A wrote on. Neither is lost.
TEST_F(TypeCases, AnEditOfWhoSawExactlyWhatWasFoldedFits) {
  must(*a, "note", {insert(0, "abc")});
  must(*a, "note", {insert(3, "def")});
  must(*a, "note", {erase(2, 2)});  // the third change: folded
  exchange(*a, *b);
  must(*b, "note", {insert(2, "X")});
  must(*a, "note", {insert(4, "!")});
  must(*a, "note", {erase(0, 1)});
  must(*a, "note", {insert(0, "A")});  // folded again

  merge();

  EXPECT_EQ(value_of(*a, "note"), "\"AbXef!\"");
}

TEST_F(TypeCases, OldChangesDoNothingToAFoldedText) {
  Sealed all;
  for (int i = 0; i < 10; ++i) {
    for (const auto& change : must(*a, "note", {insert(0, "ab"), erase(1, 1)}))
      all.push_back(change);
  }
  exchange(*a, *b);
  const auto before = b->state();
  restart(b, "b");

  for (const crdt::SealedChange& change : all) turn(*b, 5, {received({change})});

  EXPECT_EQ(b->state(), before);
  EXPECT_EQ(value_of(*b, "note"), "\"aaaaaaaaaa\"");
  EXPECT_TRUE(b->store().verify().ok());
}

// A place is named by an element that is erased, folded, on a disk, and came by a state join.
TEST_F(TypeCases, APlaceBehindAnErasedElementOutlivesFoldRestartAndJoin) {
  const Sealed typed = must(*a, "note", {insert(0, "abcdef")});
  const Dot d{typed[0].actor, typed[0].seq, 3};
  must(*a, "note", {erase(1, 4)});
  for (int i = 0; i < 4; ++i) must(*a, "note", {insert(0, "-"), erase(0, 1)});
  exchange(*a, *b);
  join(*c, *a, 5);
  restart(a, "a");
  restart(c, "c");

  must(*a, "note", {insert(0, "1", d)});
  must(*b, "note", {insert(0, "2", d)});
  must(*c, "note", {insert(0, "3", d)});
  merge();

  const std::string text = value_of(*a, "note");
  EXPECT_EQ(text.front(), '"');
  EXPECT_EQ(text.substr(1, 1) + text.substr(5, 1), "af") << text;  // between a and f
}

// C was away. Meanwhile the text was erased and folded, and the log no longer reaches back.
TEST_F(TypeCases, EditsOfWhoWasAwayFindTheirPlacesInWhatWasErasedMeanwhile) {
  must(*a, "note", {insert(0, "one two three")});
  must(*a, "tags", {add("1"), add("2")});
  must(*a, "n", {increment(5)});
  merge();
  must(*c, "note", {insert(5, "XX")});
  must(*c, "note", {erase(0, 4)});
  must(*c, "tags", {remove("2"), add("3")});
  must(*c, "n", {increment(1)});
  for (int i = 0; i < 20; ++i) must(*a, "note", {insert(0, "y"), erase(0, 1)});
  must(*a, "note", {erase(3, 5)});
  must(*a, "tags", {remove("1")});

  join(*c, *a, 500);
  join(*a, *c, 501);
  exchange(*c, *b);
  exchange(*a, *b);

  EXPECT_EQ(value_of(*c, "note"), "\"XXthree\"");
  EXPECT_EQ(value_of(*c, "tags"), "[3]");
  EXPECT_EQ(value_of(*c, "n"), "6");
  EXPECT_EQ(value_of(*a, "note"), value_of(*c, "note"));
  expect_equal(*a, *c);
}

// What an actor counted stays when its owner writes under another one, and is counted once.
TEST_F(TypeCases, WhatAFormerActorCountedIsCountedOnce) {
  must(*a, "n", {increment(5)});
  must(*a, "map", {increment(5, {"k"}, SlotType::kPnCounter)});
  exchange(*a, *b);
  const base::ActorId former = a->own_actor();
  restart(a, "a");
  must(*a, "n", {increment(1)});
  must(*a, "map", {increment(1, {"k"}, SlotType::kPnCounter)});
  ASSERT_NE(a->own_actor(), former);
  exchange(*a, *b);
  turn(*b, 5, {CloseActors{{former}}});
  join(*c, *b, 6);

  for (Replica* replica : {a.get(), b.get(), c.get()}) {
    EXPECT_EQ(value_of(*replica, "n"), "6");
    EXPECT_EQ(value_of(*replica, "map"), R"({"k":6})");
  }
}

}  // namespace
}  // namespace agent::types
