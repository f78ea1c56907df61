// Joins that are refused: contradictions, an echo of our own actor, forged pages (rules 5 and 6).

#include "tests/replica/join_fixture.h"

namespace agent {
namespace {

TEST_F(JoinTest, OneNumberWithTwoContentsIsRefused) {
  Sealed own = write(*a, {add("x")});
  auto opened = crdt::open_change(own[0].bytes);
  opened->change.time.nanos += 1;
  turn(*z, 1, {received({*crdt::seal(opened->change)})});
  crdt::StateHash before = z->state();
  Joining joining{*z, *a};
  joining.start();

  joining.finish();

  EXPECT_TRUE(joining.failed());
  ASSERT_TRUE(has_notice(joining.last, Notice::Kind::kJoinRefused));
  EXPECT_EQ(joining.last.notices[0].actor, a->own_actor());
  EXPECT_EQ(z->state(), before);
}

// The snapshot has a higher number of our own actor than we have. Either a copy of us writes, or we
// have lost our tail.
TEST_F(JoinTest, AnEchoIsRefusedAndTheActorLeft) {
  Sealed own = write(*z, {add("x")});
  auto opened = crdt::open_change(own[0].bytes);
  opened->change.seq = 2;
  opened->change.prev = own[0].hash;
  opened->change.node.reset();
  turn(*a, 1, {received({own[0], *crdt::seal(opened->change)})});
  base::ActorId former = z->own_actor();
  Joining joining{*z, *a};
  joining.start();

  joining.finish();

  EXPECT_TRUE(joining.failed());
  EXPECT_EQ(joining.last.facts.left, std::vector<base::ActorId>{former});
  EXPECT_TRUE(z->own_actor().is_zero());
  EXPECT_EQ(z->vector().seq_of(former), 1u);
}

struct Forgery {
  const char* what;
  std::function<void(crdt::SnapshotPage&)> forge;
};
class ForgedPage : public JoinTest, public testing::WithParamInterface<Forgery> {};

TEST_P(ForgedPage, IsRefusedWhole) {
  for (int i = 0; i < 6; ++i) write(*a, {add("x" + std::to_string(i))});
  Joining joining{*z, *a};
  joining.start();
  bool forged = false;
  while (joining.asks()) {
    take_forged(joining, [&](crdt::SnapshotPage& page) {
      crdt::SnapshotPage before = page;
      GetParam().forge(page);
      forged |= !(page == before);
    });
  }

  EXPECT_TRUE(forged);
  EXPECT_TRUE(joining.failed());
  EXPECT_TRUE(has_notice(joining.last, Notice::Kind::kJoinRefused));
  EXPECT_TRUE(z->vector().empty());
  EXPECT_EQ(z->store().cells().total_cells(), 0);
  expect_sound(*z);
}

INSTANTIATE_TEST_SUITE_P(
    Join, ForgedPage,
    testing::Values(Forgery{"actor_left_out", [](auto& page) { page.actors.clear(); }},
                    Forgery{"head_raised",
                            [](auto& page) {
                              for (auto& actor : page.actors) actor.head.seq += 1;
                            }},
                    Forgery{"object_left_out", [](auto& page) { page.objects.clear(); }},
                    Forgery{"index_count",
                            [](auto& page) {
                              for (auto& object : page.objects) object.cells += 1;
                            }},
                    Forgery{"cell_left_out",
                            [](auto& page) {
                              if (page.slots.size() > 1) page.slots.pop_back();
                            }},
                    Forgery{"body",
                            [](auto& page) {
                              for (auto& slot : page.slots) slot.cells[0].body += "1";
                            }},
                    Forgery{"uncovered",
                            [](auto& page) {
                              for (auto& slot : page.slots) slot.cells[0].dot.seq += 100;
                            }},
                    Forgery{"other_object",
                            [](auto& page) {
                              for (auto& slot : page.slots) slot.slot.object = "elsewhere";
                            }},
                    Forgery{"ended_early",
                            [](auto& page) {
                              if (!page.slots.empty()) page.more = false;
                            }},
                    Forgery{"never_ends",
                            [](auto& page) {
                              if (page.slots.empty()) return;
                              page.more = true;
                              page.slots.clear();
                            }}),
    [](const auto& tested) { return std::string(tested.param.what); });

TEST_F(JoinTest, BytesThatAreNoPageAreRefused) {
  write(*a, {add("x")});
  Joining joining{*z, *a};
  joining.start();

  joining.take({7, SnapshotRead::Outcome::kPage, "no page"});

  EXPECT_TRUE(joining.failed());
}

// A staged row is damaged before the merge. The turn has no effect at all.
TEST_F(JoinTest, AMergeThatFailsLeavesTheStateAlone) {
  for (int i = 0; i < 4; ++i) write(*a, {add("x" + std::to_string(i))});
  write(*z, {add("ours")});
  crdt::StateHash before = z->state();
  Joining joining{*z, *a};
  joining.start();
  joining.step();
  while (z->store().staged().get(StateJoin::kCells, 0)->has_value() == false) joining.step();
  ASSERT_TRUE(z->store().begin().ok());
  ASSERT_TRUE(z->store().staged().clear().ok());
  ASSERT_TRUE(z->store().staged().put(StateJoin::kHead, 0, "bad").ok());
  ASSERT_TRUE(z->store().commit(store::Durability::kNormal).ok());

  for (int i = 0; i < 100 && joining.asks(); ++i) joining.step();

  EXPECT_TRUE(joining.failed());
  EXPECT_EQ(z->state(), before);
  expect_sound(*z);
}

}  // namespace
}  // namespace agent
