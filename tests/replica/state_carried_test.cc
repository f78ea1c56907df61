// A state that is carried as pages of a file: exactly a state join (rule 6), at any later moment.

#include "agent/replica/snapshot_walk.h"
#include "tests/replica/join_fixture.h"

namespace agent {
namespace {

using FileStep = ImportState::Step;

struct Carried {
  std::vector<base::Bytes> pages;
  crdt::StateHash state;
};

base::Result<Maintained> pass_state(Replica& replica, decltype(Maintain::what) what,
                                    Outputs* last = nullptr, std::int64_t millis = 1) {
  Outputs out = turn(replica, millis, {Maintain{7, std::move(what)}}, true);
  EXPECT_FALSE(out.facts.join) << "the node knows nothing of a file";
  EXPECT_EQ(out.maintained.size(), 1u);
  auto result = out.maintained.empty() ? base::Result<Maintained>(base::invalid("no reply"))
                                       : std::move(out.maintained[0].result);
  if (last) *last = std::move(out);
  return result;
}

Carried carry(Replica& from) {
  Carried file;
  ExportState next;
  for (bool more = true; more;) {
    auto done = pass_state(from, next);
    EXPECT_TRUE(done.ok()) << done.error().message;
    if (!done.ok()) return file;
    auto& page = std::get<StatePage>(*done);
    file.pages.push_back(std::move(page.body));
    file.state = page.state;
    next.snapshot = page.snapshot;
    more = page.more;
    if (file.pages.size() % 2 == 0) from.read_ahead();
  }
  return file;
}

std::uint64_t begin_import(Replica& to, std::int64_t millis = 1) {
  auto begun = pass_state(to, ImportState{}, nullptr, millis);
  EXPECT_TRUE(begun.ok()) << begun.error().message;
  return begun.ok() ? std::get<Imported>(*begun).import : 0;
}

base::Result<Maintained> give(Replica& to, std::uint64_t import, const base::Bytes& page) {
  return pass_state(to, ImportState{FileStep::kPage, import, page, {}, {}});
}

base::Result<Imported> import(Replica& to, const Carried& file, Outputs* last = nullptr) {
  const std::uint64_t number = begin_import(to);
  for (const base::Bytes& page : file.pages) {
    auto taken = give(to, number, page);
    if (!taken.ok()) return taken.error();
  }
  auto done = pass_state(to, ImportState{FileStep::kEnd, number, {}, file.state, {}}, last);
  if (!done.ok()) return done.error();
  return std::get<Imported>(*done);
}

std::int64_t staged(Replica& replica) {
  std::int64_t pages = 0;
  for (std::int64_t part = 0; part < 3; ++part) {
    while (*replica.store().staged().get(part, pages)) ++pages;
  }
  return pages;
}

struct StateCarried : JoinTest {
  Input text(std::string words) {
    crdt::TextInsert insert{0, std::nullopt, std::move(words)};
    return Write{1, WriteObject{"notes", {{{"n"}, crdt::Verb::kInsert, insert, {}, {}}}}};
  }
  Input tag(const std::string& value) {
    return Write{1, WriteObject{"tags", {{{}, crdt::Verb::kAdd, value, {}, {}}}}};
  }
  void fill(Replica& replica) {
    for (int i = 0; i < 12; ++i) write(replica, {add("x" + std::to_string(i))});
    write(replica, {text("some words of a text"), tag("1"), tag("2")});
  }
};

TEST_F(StateCarried, AFileBringsEveryTypeAndItsReportCounts) {
  fill(*a);
  const Carried file = carry(*a);
  EXPECT_GT(file.pages.size(), 5u);
  Outputs last;

  auto done = import(*z, file, &last);

  ASSERT_TRUE(done.ok()) << done.error().message;
  expect_equal(*a, *z);
  EXPECT_EQ(done->counts.cells_added, static_cast<std::uint64_t>(a->store().cells().total_cells()));
  EXPECT_EQ(done->counts.cells_removed, 0u);
  EXPECT_EQ(done->counts.texts_changed, 1u);
  EXPECT_EQ(done->counts.objects_new, 3u);
  EXPECT_EQ(last.events.size(), 12u) << "watchers hear of it as of a join";
  EXPECT_TRUE(last.events_cut) << "of what has no events in a join they read all again";
  EXPECT_EQ(last.facts.advanced.size(), 1u);
  ASSERT_EQ(last.joins.size(), 1u);
  EXPECT_EQ(last.joins[0].outcome, JoinReport::Outcome::kMerged);
  EXPECT_FALSE(last.joins[0].peer) << "it came from a file";
  EXPECT_EQ(last.joins[0].pages, file.pages.size());
  EXPECT_EQ(last.joins[0].counts.cells_added, done->counts.cells_added);
  EXPECT_EQ(staged(*z), 0);
  auto again = import(*z, file);
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again->counts.cells_added + again->counts.cells_removed, 0u);
}

TEST_F(StateCarried, OwnWritesSurviveAndNothingDeletedComesBack) {
  fill(*a);
  join(*z, *a);
  const Carried old = carry(*a);
  write(*z, {add("own")});
  write(*z, {remove_from("snapshots", "x3")});
  write(*a, {remove_from("snapshots", "x4")});
  write(*a, {text("more ")});
  const Carried fresh = carry(*a);

  ASSERT_TRUE(import(*z, old).ok());
  EXPECT_EQ(shown(*z, "x3"), "absent");
  EXPECT_EQ(shown(*z, "own"), R"({"size":1})");
  auto done = import(*z, fresh);

  ASSERT_TRUE(done.ok());
  EXPECT_GT(done->counts.cells_removed, 0u);
  EXPECT_EQ(done->counts.own_kept, 2u);
  EXPECT_EQ(shown(*z, "own"), R"({"size":1})");
  EXPECT_EQ(shown(*z, "x3"), "absent");
  EXPECT_EQ(shown(*z, "x4"), "absent");
  ASSERT_TRUE(import(*z, old).ok());
  EXPECT_EQ(shown(*z, "x4"), "absent") << "an older file brings nothing back";
  expect_sound(*z);
  ASSERT_TRUE(import(*a, carry(*z)).ok());
  expect_equal(*a, *z);
}

// The pages are staged; what is written before the end counts (rule 6).
TEST_F(StateCarried, TheMergeIsJudgedByTheVectorAtItsMoment) {
  fill(*a);
  const Carried file = carry(*a);
  const std::uint64_t number = begin_import(*z);
  for (const base::Bytes& page : file.pages) ASSERT_TRUE(give(*z, number, page).ok());
  EXPECT_EQ(z->store().cells().total_cells(), 0) << "nothing is merged before the end";
  for (const auto& change : log_of(*a)) turn(*z, 2, {received({change})});
  write(*z, {remove_from("snapshots", "x1")});

  ASSERT_TRUE(pass_state(*z, ImportState{FileStep::kEnd, number, {}, file.state, {}}).ok());

  EXPECT_EQ(shown(*z, "x1"), "absent");
  expect_sound(*z);
}

TEST_F(StateCarried, AFileThatIsNotWholeOrChangedChangesNothing) {
  fill(*a);
  const Carried file = carry(*a);
  const auto before = z->state();
  const auto refused = [&](const Carried& bad, const std::string& why) {
    auto done = import(*z, bad);
    ASSERT_FALSE(done.ok()) << why;
    EXPECT_EQ(done.error().code, base::Code::kInvalid);
    EXPECT_NE(done.error().message.find(why), std::string::npos) << done.error().message;
    EXPECT_EQ(z->state(), before);
    EXPECT_EQ(z->store().cells().total_cells(), 0);
    EXPECT_EQ(staged(*z), 0);
  };
  for (std::size_t pages = 0; pages < file.pages.size(); ++pages) {
    Carried cut = file;
    cut.pages.resize(pages);
    refused(cut, "its end is missing");
  }
  Carried more = file;
  more.pages.push_back(file.pages.back());
  refused(more, "pages after the last one");
  Carried other = file;
  ++other.state.cells;
  refused(other, "another state");
  Carried twice = file;
  twice.pages[2] = twice.pages[1];
  refused(twice, "not in order");
  write(*a, {add("y")});
  Carried mixed = file;
  mixed.pages.back() = carry(*a).pages.at(file.pages.size() - 1);
  refused(mixed, "two snapshots");
  Carried forged = file;
  auto page = crdt::decode_snapshot_page(forged.pages.back());
  ASSERT_TRUE(page.ok());
  page->slots.pop_back();
  forged.pages.back() = crdt::encode(*page);
  refused(forged, "missing");
  ASSERT_TRUE(import(*z, file).ok()) << "after all that a whole file is taken";
}

TEST_F(StateCarried, AFileWithAnotherContentForOurChangeIsRefusedAndThatIsAll) {
  Sealed own = write(*a, {add("x")});
  turn(*z, 1, {received({changed(own[0], [](auto& change) { change.time.nanos += 1; })})});

  auto done = import(*z, carry(*a));

  ASSERT_FALSE(done.ok());
  EXPECT_NE(done.error().message.find("another content"), std::string::npos);
  EXPECT_FALSE(z->store().meta().repair.sets_aside());
}

TEST_F(StateCarried, OneImportRunsAtATimeAndAJoinFromAPeerTakesItsPlace) {
  fill(*a);
  const Carried file = carry(*a);
  const std::uint64_t number = begin_import(*z);
  ASSERT_TRUE(give(*z, number, file.pages[0]).ok());
  EXPECT_EQ(pass_state(*z, ImportState{}).error().code, base::Code::kBusy);
  EXPECT_TRUE(give(*z, number, file.pages[1]).ok()) << "the first goes on";

  Joining joining{*z, *a};
  joining.start();
  EXPECT_TRUE(joining.asks());
  EXPECT_EQ(give(*z, number, file.pages[2]).error().code, base::Code::kUnavailable);
  EXPECT_EQ(pass_state(*z, ImportState{}).error().code, base::Code::kBusy);
  joining.finish();
  EXPECT_TRUE(joining.done());
  expect_equal(*a, *z);

  // An import whose client never came back gives way after some time.
  begin_import(*z, 1'000);
  EXPECT_NE(begin_import(*z, 100'000), 0u);
  // One that was ended at once does so at once.
  const std::uint64_t third = begin_import(*z, 300'000);
  ASSERT_TRUE(pass_state(*z, ImportState{FileStep::kStop, third, {}, {}, {}}).ok());
  EXPECT_NE(begin_import(*z, 300'001), 0u);
}

TEST_F(StateCarried, OneExportRunsAtATimeAndItShowsOneState) {
  fill(*a);
  const auto state = a->state();
  auto first = pass_state(*a, ExportState{});
  ASSERT_TRUE(first.ok());
  const StatePage page = std::get<StatePage>(*first);
  EXPECT_EQ(page.state, state);
  EXPECT_EQ(pass_state(*a, ExportState{}).error().code, base::Code::kBusy);
  write(*a, {remove_from("snapshots", "x1"), add("later")});

  Carried file{{page.body}, page.state};
  for (bool more = page.more; more;) {
    auto next = pass_state(*a, ExportState{page.snapshot});
    ASSERT_TRUE(next.ok());
    file.pages.push_back(std::get<StatePage>(*next).body);
    more = std::get<StatePage>(*next).more;
  }
  ASSERT_TRUE(import(*z, file).ok());
  EXPECT_EQ(z->state(), state);
  EXPECT_EQ(shown(*z, "later"), "absent");

  // The client is gone, or takes nothing for too long: the snapshot ends.
  auto second = pass_state(*a, ExportState{});
  ASSERT_TRUE(pass_state(*a, ExportState{std::get<StatePage>(*second).snapshot, true}).ok());
  auto third = pass_state(*a, ExportState{}, nullptr, 10'000);
  ASSERT_TRUE(third.ok());
  const std::uint64_t slow = std::get<StatePage>(*third).snapshot;
  EXPECT_EQ(pass_state(*a, ExportState{slow}, nullptr, 60'000).error().code,
            base::Code::kUnavailable);
}

TEST_F(StateCarried, AnEmptyStateIsAFileToo) {
  auto done = import(*z, carry(*a));
  ASSERT_TRUE(done.ok()) << done.error().message;
  EXPECT_EQ(done->counts.cells_added, 0u);
}

}  // namespace
}  // namespace agent
