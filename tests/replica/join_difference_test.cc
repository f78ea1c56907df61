// A state join in the difference form (docs/protocol.md, "State joins"): what is sent, and that
// nothing wrong in it reaches the state. join_difference_random_test.cc has the law.

#include "tests/replica/difference_fixture.h"

namespace agent::join_difference {
namespace {

struct Difference : JoinTest {
  // Both hold the same entries, in changes of several.
  void fill(int entries) {
    std::vector<Input> inputs;
    for (int i = 0; i < entries; ++i) inputs.push_back(add("x" + std::to_string(i)));
    write(*a, std::move(inputs));
    join(*z, *a);
  }
  void one_page_each() {
    a.reset();
    a = open_replica(folder.file("a.db"), 11);
  }
};

TEST_F(Difference, OnlyWhatIsMissingIsSent) {
  fill(300);
  const auto of_entry = static_cast<std::uint64_t>(a->store().cells().total_cells()) / 300;
  one_page_each();
  write(*a, {add("new"), Write{1, patch_entry("snapshots", "x7", {{"size", "2"}})},
             remove_from("snapshots", "x8")});

  Watched joining{*z, *a};
  joining.run();

  EXPECT_TRUE(merged(joining.join.last));
  EXPECT_EQ(joining.cells, of_entry + 1) << "of the new entry, and the field";
  EXPECT_EQ(joining.named, of_entry * 299 - 1) << "not the removed entry, not the field of before";
  EXPECT_EQ(joining.wanted, 0);
  EXPECT_FALSE(joining.whole_again());
  EXPECT_EQ(shown(*z, "x8"), "absent");
  expect_equal(*a, *z);
}

TEST_F(Difference, OwnWritesAndRemovalsStayAndNeedNoWholeObject) {
  fill(40);
  write(*z, {remove_from("snapshots", "x1"), add("mine"),
             Write{1, patch_entry("snapshots", "x2", {{"size", "9"}})}});
  write(*a, {add("new"), remove_from("snapshots", "x3")});

  Watched joining{*z, *a};
  joining.run();

  EXPECT_GT(joining.wanted, 0) << "cells that we hold no longer must be asked for";
  EXPECT_FALSE(joining.whole_again());
  EXPECT_EQ(joining.last_report().counts.own_kept, 3u);
  EXPECT_EQ(shown(*z, "x1"), "absent");
  EXPECT_EQ(shown(*z, "x2"), R"({"size":9})");
  EXPECT_EQ(shown(*z, "x3"), "absent");
  EXPECT_NE(shown(*z, "mine"), "absent");
  EXPECT_NE(shown(*z, "new"), "absent");
  expect_sound(*z);
  join(*a, *z);
  expect_equal(*a, *z);
}

// More than one query can name.
TEST_F(Difference, ManyCellsThatWeHoldNoLongerAreAskedForInParts) {
  fill(1'500);
  one_page_each();
  std::vector<Input> removals;
  for (int i = 0; i < 1'400; ++i)
    removals.push_back(remove_from("snapshots", "x" + std::to_string(i)));
  write(*z, std::move(removals));
  write(*a, {add("new")});

  Watched joining{*z, *a};
  joining.run();

  EXPECT_GE(joining.wanted, 2);
  EXPECT_FALSE(joining.whole_again());
  EXPECT_EQ(shown(*z, "x3"), "absent");
  EXPECT_NE(shown(*z, "x1450"), "absent");
  EXPECT_NE(shown(*z, "new"), "absent");
  expect_sound(*z);
}

// Cells that the page names go, and cells that the snapshot has removed come, before the merge.
TEST_F(Difference, WhatArrivesBetweenTheQueryAndTheMergeIsJudgedAtTheMerge) {
  auto b = open_replica(folder.file("b.db"), 3);
  fill(20);
  join(*b, *a);
  Sealed lost = write(*b, {add("b1"), add("b2"), remove_from("snapshots", "x5")});
  turn(*a, 2, {received(lost)});
  write(*a, {remove_from("snapshots", "b1"), add("new")});
  Sealed later = write(*b, {remove_from("snapshots", "x6"), remove_from("snapshots", "b2")});

  Watched joining{*z, *a};
  joining.start();
  while (joining.join.asks() && joining.named == 0) joining.step();
  ASSERT_TRUE(joining.join.asks());
  turn(*z, 11, {received(lost)});
  turn(*z, 11, {received(later)});
  ASSERT_NE(shown(*z, "b1"), "absent");
  joining.finish();

  EXPECT_TRUE(merged(joining.join.last));
  EXPECT_FALSE(joining.whole_again());
  for (const char* gone : {"x5", "x6", "b1", "b2"}) EXPECT_EQ(shown(*z, gone), "absent") << gone;
  expect_sound(*z);
  turn(*a, 12, {received(later)});
  expect_equal(*a, *z);
}

TEST_F(Difference, AnObjectThatIsEqualNoLongerIsFetchedAsADifference) {
  auto b = open_replica(folder.file("b.db"), 3);
  fill(10);
  join(*b, *a);
  Sealed equal = write(*b, {add_to("images", "e"), add_to("images", "f")});
  Sealed added = write(*b, {add_to("images", "x")});
  Sealed removed = write(*b, {remove_from("images", "x")});
  for (Replica* both : {a.get(), z.get()}) turn(*both, 1, {received(equal)});
  turn(*a, 2, {received(added), received(removed)});
  write(*a, {add("new")});

  Watched joining{*z, *a};
  joining.start();
  do {
    joining.step();
  } while (!joining.query().run);
  ASSERT_EQ(joining.query().run->first.first, "snapshots");
  turn(*z, 11, {received(added)});
  joining.finish();

  EXPECT_EQ(joining.last_run.first.first, "images") << "it was not fetched late";
  EXPECT_TRUE(joining.last_run.missing);
  EXPECT_EQ(shown_in(*z, "images", "x"), "absent");
  EXPECT_EQ(shown_in(*z, "images", "e"), R"({"size":1})");
  expect_equal(*a, *z);
}

TEST_F(Difference, AboveItsBoundAndForAnEmptyReplicaObjectsComeWhole) {
  ReplicaOptions options = tiny_pages();
  options.join.missing_max = 1;
  auto joiner = open_replica(folder.file("j.db"), 5, options);
  auto b = open_replica(folder.file("b.db"), 3);
  fill(5);
  Watched first{*joiner, *a};
  first.run();
  EXPECT_EQ(first.named, 0u);
  turn(*a, 2, {received(write(*b, {add("b")}))});
  write(*a, {add("new")});

  Watched second{*joiner, *a};
  second.run();
  EXPECT_EQ(second.named, 0u) << "two actors are missing";
  expect_equal(*a, *joiner);
  write(*a, {add("newer")});
  Watched third{*joiner, *a};
  third.run();
  EXPECT_GT(third.named, 0u);
  expect_equal(*a, *joiner);
}

// Under one dot we hold another body than the peer. The difference cannot fit. The objects come
// whole, once, and the join ends as it did before there were differences.
TEST_F(Difference, WhatDoesNotFitIsFetchedWholeOnce) {
  fill(6);
  auto row =
      z->store().cells().load_slot({"snapshots", {"x2", "size"}, crdt::SlotType::kLwwRegister});
  ASSERT_TRUE(row.ok());
  ASSERT_EQ(row->cells.size(), 1u);
  crdt::Digest taken = crdt::cell_element(row->slot, row->cells[0]);
  row->cells[0].body = "7";
  crdt::Digest given = crdt::cell_element(row->slot, row->cells[0]);
  ASSERT_TRUE(z->store().begin().ok());
  ASSERT_TRUE(z->store().cells().save(*row).ok());
  ASSERT_TRUE(
      z->store().cells().account({"snapshots", crdt::SlotType::kMap}, 0, taken, given).ok());
  ASSERT_TRUE(z->store().commit(store::Durability::kNormal).ok());
  expect_sound(*z);
  write(*a, {add("new")});

  Watched joining{*z, *a};
  joining.run();

  EXPECT_TRUE(merged(joining.join.last));
  EXPECT_TRUE(joining.whole_again());
  EXPECT_EQ(joining.snapshots, 2);
  EXPECT_NE(shown(*z, "new"), "absent");
  EXPECT_EQ(z->vector(), a->vector());
  EXPECT_NE(z->state(), a->state()) << "rule 8 must see it";
  expect_sound(*z);
}

enum class End { kRefused, kWhole };
struct Forgery {
  const char* what;
  std::function<void(crdt::SnapshotPage&)> forge;
  End end = End::kRefused;
};

// Changes the dots of the first object that names any.
template <typename Change>
auto dots(Change change) {
  return [change](crdt::SnapshotPage& page) {
    for (crdt::SnapshotNamed& named : page.named) {
      if (!named.dots.empty()) return change(named.dots);
    }
  };
}

class ForgedDifference : public Difference, public testing::WithParamInterface<Forgery> {};

TEST_P(ForgedDifference, DoesNoHarm) {
  for (int i = 0; i < 12; ++i) write(*a, {add("x" + std::to_string(i))});
  write(*a, {remove_from("snapshots", "x11")});
  write(*a, {add_to("images", "i"), add_to("images", "j")});
  join(*z, *a);
  write(*z, {remove_from("snapshots", "x1"), add("mine")});
  write(*a, {add("new"), add_to("images", "k")});
  const crdt::StateHash before = z->state();
  auto honest = open_replica(folder.file("honest.db"), 9);
  join(*honest, *z);
  join(*honest, *a);

  Watched joining{*z, *a};
  joining.start();
  bool forged = false;
  while (joining.join.asks()) {
    const bool difference = joining.snapshots == 1 && joining.query().run;
    joining.step([&](crdt::SnapshotPage& page) {
      const crdt::SnapshotPage was = page;
      if (difference) GetParam().forge(page);
      forged |= !(page == was);
    });
  }

  EXPECT_TRUE(forged);
  expect_sound(*z);
  if (GetParam().end == End::kRefused) {
    EXPECT_TRUE(joining.join.failed());
    EXPECT_TRUE(has_notice(joining.join.last, Notice::Kind::kJoinRefused));
    EXPECT_EQ(z->state(), before);
  } else {
    EXPECT_TRUE(merged(joining.join.last));
    EXPECT_TRUE(joining.whole_again());
    EXPECT_EQ(z->state().cells, honest->state().cells);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Difference, ForgedDifference,
    testing::Values(Forgery{"a_removed_dot_is_named", dots([](crdt::DotRuns& runs) {
                              std::vector<crdt::Dot> all{{runs[0].actor, 12, 0}};
                              for (const auto& run : runs) {
                                for (std::uint32_t c = 0; c < run.changes; ++c) {
                                  for (std::uint32_t i = 0; i < run.count; ++i)
                                    all.push_back({run.actor, run.seq + c, run.index + i});
                                }
                              }
                              runs = crdt::runs_of(all);
                            }),
                            End::kWhole},
                    Forgery{"a_dot_is_left_out", dots([](crdt::DotRuns& runs) {
                              runs.back().count > 1 ? static_cast<void>(--runs.back().count)
                                                    : runs.pop_back();
                            }),
                            End::kWhole},
                    Forgery{"all_dots_are_left_out",
                            dots([](crdt::DotRuns& runs) { runs.clear(); }), End::kWhole},
                    Forgery{"a_dot_that_we_have_not_seen", dots([](crdt::DotRuns& runs) {
                              runs = {{runs[0].actor, 16, 0}};
                            })},
                    Forgery{"a_dot_that_nobody_has_seen", dots([](crdt::DotRuns& runs) {
                              runs = {{runs[0].actor, 1'000, 0}};
                            })},
                    Forgery{"a_dot_of_a_stranger", dots([](crdt::DotRuns& runs) {
                              runs[0].actor.bytes.fill(1);
                              runs.resize(1);
                            })},
                    Forgery{"very_many_dots", dots([](crdt::DotRuns& runs) {
                              runs = {{runs[0].actor, 1, 0, UINT32_MAX, 12}};
                            })},
                    Forgery{"an_object_is_not_named",
                            [](crdt::SnapshotPage& page) {
                              if (!page.slots.empty()) page.named.clear();
                            }},
                    Forgery{"another_object_is_named",
                            [](crdt::SnapshotPage& page) {
                              page.named.push_back({{"zebra", crdt::SlotType::kMap}, {}});
                            }},
                    Forgery{"a_cell_is_left_out",
                            [](crdt::SnapshotPage& page) {
                              if (!page.slots.empty()) page.slots.pop_back();
                            },
                            End::kWhole},
                    Forgery{"a_body_is_changed",
                            [](crdt::SnapshotPage& page) {
                              for (auto& slot : page.slots) slot.cells[0].body += "1";
                            },
                            End::kWhole},
                    Forgery{"it_does_not_say_where_it_ends",
                            [](crdt::SnapshotPage& page) { page.until.reset(); }},
                    Forgery{"it_goes_on_and_says_it_does_not",
                            [](crdt::SnapshotPage& page) {
                              if (page.until) page.more = false;
                            }},
                    Forgery{"it_ends_before_its_cells",
                            [](crdt::SnapshotPage& page) {
                              if (page.until && !page.slots.empty())
                                page.until->slot = {"images", {"a"}, crdt::SlotType::kMap};
                            }},
                    Forgery{"it_ends_in_another_object",
                            [](crdt::SnapshotPage& page) {
                              if (page.until) page.until->slot.object = "zebra";
                            }},
                    Forgery{"it_reaches_too_far",
                            [](crdt::SnapshotPage& page) {
                              if (page.until) page.until->slot.path = {"z"};
                            },
                            End::kWhole},
                    Forgery{"a_sum_is_wrong",
                            [](crdt::SnapshotPage& page) {
                              for (auto& object : page.objects) ++object.digest.low;
                            },
                            End::kWhole},
                    Forgery{"a_sum_counts_too_many",
                            [](crdt::SnapshotPage& page) {
                              for (auto& object : page.objects) ++object.cells;
                            },
                            End::kWhole},
                    Forgery{"a_sum_is_missing",
                            [](crdt::SnapshotPage& page) { page.objects.clear(); }, End::kWhole},
                    Forgery{"a_sum_is_of_another_object",
                            [](crdt::SnapshotPage& page) {
                              for (auto& object : page.objects) object.key.first = "zebra";
                            }},
                    Forgery{"sums_come_with_names",
                            [](crdt::SnapshotPage& page) {
                              if (!page.objects.empty()) {
                                page.named.push_back({page.objects[0].key, {}});
                              }
                            }}),
    [](const auto& tested) { return std::string(tested.param.what); });

}  // namespace
}  // namespace agent::join_difference
