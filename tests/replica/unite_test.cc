// Rule 8: the rows of both sides are sound and their vectors are equal, but one side has lost a
// dot.

#include "tests/replica/join_fixture.h"

namespace agent {
namespace {

void lose(Replica& replica, const std::string& id) {
  store::Store& store = replica.store();
  ASSERT_TRUE(store.begin().ok());
  auto row = store.cells().load_slot(crdt::presence_slot("snapshots", id));
  ASSERT_EQ(row->cells.size(), 1u);
  crdt::Digest lost = crdt::cell_element(row->slot, row->cells[0]);
  row->cells.clear();
  ASSERT_TRUE(store.cells().save(*row).ok());
  ASSERT_TRUE(store.cells().account(row->slot, -1, lost, {}).ok());
  ASSERT_TRUE(store.commit(store::Durability::kFull).ok());
}

TEST_F(JoinTest, OnEqualVectorsAnOrdinaryJoinDropsNothing) {
  turn(*z, 1, {received(write(*a, {add("x"), add("y")}))});
  lose(*z, "x");

  join(*a, *z);

  EXPECT_EQ(shown(*a, "x"), R"({"size":1})");
}

TEST_F(JoinTest, UnitingTakesWhatWasLostAndDropsNothing) {
  turn(*z, 1, {received(write(*a, {add("x"), add("y")}))});
  lose(*z, "x");
  lose(*a, "y");

  Outputs united = join(*z, *a, 10, true);
  join(*a, *z, 10, true);

  EXPECT_FALSE(united.facts.durable);
  EXPECT_TRUE(united.facts.advanced.empty());
  EXPECT_EQ(shown(*z, "x"), R"({"size":1})");
  EXPECT_EQ(shown(*a, "y"), R"({"size":1})");
  expect_equal(*a, *z);
}

TEST_F(JoinTest, UnitingDoesNotBringBackWhatALogEntryKills) {
  Sealed own = write(*a, {add("x")});
  Folder other;
  auto m = open_replica(other.file(), 3);
  turn(*m, 1, {received(own)});
  Sealed removed = write(*a, {remove_from("snapshots", "x"), add("y")});
  turn(*z, 1, {received(own), received(removed)});
  // `m` holds x although its vector covers the removal.
  ASSERT_TRUE(m->store().begin().ok());
  m->store().actors().advance(a->own_actor(), a->vector().head_of(a->own_actor()));
  ASSERT_TRUE(m->store().commit(store::Durability::kFull).ok());

  join(*z, *m, 10, true);

  EXPECT_EQ(shown(*z, "x"), "absent");
  expect_equal(*a, *z);
}

TEST_F(JoinTest, UnitingTakesNothingThatOurVectorDoesNotCover) {
  turn(*z, 1, {received(write(*a, {add("x")}))});
  lose(*z, "x");
  write(*a, {add("later")});

  join(*z, *a, 10, true);

  EXPECT_EQ(shown(*z, "x"), R"({"size":1})");
  EXPECT_EQ(shown(*z, "later"), "absent");
  EXPECT_EQ(z->vector().seq_of(a->own_actor()), 1u);
}

TEST_F(JoinTest, UnitingTakesNoLetterThatOurVectorDoesNotCover) {
  const auto edit = [](std::uint32_t at, const std::string& letters) {
    crdt::Op op{
        {}, crdt::Verb::kInsert, crdt::TextInsert{at, {}, letters}, crdt::SlotType::kSeq, {}};
    return Input(Write{1, WriteObject{"note", {op}}});
  };
  const crdt::Slot note{"note", {}, crdt::SlotType::kSeq};
  turn(*z, 1, {received(write(*a, {edit(0, "abc")}))});
  Sealed later = write(*a, {edit(3, "def")});

  join(*z, *a, 10, true);
  EXPECT_EQ(*z->store().cells().texts().shown(note), "abc");
  turn(*z, 20, {received(later)});

  EXPECT_EQ(*z->store().cells().texts().shown(note), "abcdef");
  EXPECT_TRUE(z->store().verify_digest().ok());
  expect_equal(*a, *z);
}

}  // namespace
}  // namespace agent
