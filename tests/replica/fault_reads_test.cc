// Rule 13: a disk that takes no writes stops neither the pages that peers fetch nor an export.

#include "tests/replica/join_fixture.h"
#include "tests/store/fault_vfs.h"

namespace agent {
namespace {

using base::Code;
using store::sample::faults;
using Outcome = SnapshotRead::Outcome;

struct FaultReads : testing::Test {
  Folder folder;
  ReplicaOptions options = tiny_pages();
  std::unique_ptr<Replica> a;
  std::unique_ptr<Replica> z = open_replica(folder.file("z.db"), 2);
  std::unique_ptr<Replica> other = open_replica(folder.file("other.db"), 3);

  void SetUp() override {
    faults() = {};  // this also registers the VFS
    options.store.vfs = store::sample::kFaultVfs;
    a = open_replica(folder.file("a.db"), 1, options);
    turn(*a, 1, {add("x"), add("y"), add("of a")});
  }
  void TearDown() override { faults() = {}; }

  // From now on every write fails. The replica has met that when this returns.
  void fill() {
    faults() = {};
    faults().full = true;
    faults().fail_until = 1 << 30;
    EXPECT_EQ(refusal(turn(*a, 2, {add("refused")})), Code::kDiskFull);
  }
  void break_writes() {
    faults() = {};
    faults().fail_wal_write = true;
    EXPECT_EQ(refusal(turn(*a, 2, {add("refused")})), Code::kIndeterminate);
  }
  static Code refusal(const Outputs& out) {
    EXPECT_FALSE(out.replies.at(0).result.ok());
    return out.replies.at(0).result.ok() ? Code::kInternal : out.replies[0].result.error().code;
  }
  base::Result<Maintained> ask(decltype(Maintain::what) what, std::int64_t millis = 10) {
    Outputs out = turn(*a, millis, {Maintain{7, std::move(what)}});
    EXPECT_EQ(out.maintained.size(), 1u);
    return std::move(out.maintained.at(0).result);
  }
  // All pages of an export; `next` may be the second one.
  base::Result<int> export_rest(ExportState next = {}) {
    for (int pages = 1;; ++pages) {
      ASSIGN_OR_RETURN(const Maintained done, ask(next));
      const auto& page = std::get<StatePage>(done);
      EXPECT_EQ(page.state, a->state());
      if (!page.more) return pages;
      next.snapshot = page.snapshot;
    }
  }
  Outcome first_page(Replica& joiner, std::int64_t millis = 10) {
    Joining joining{joiner, *a, millis};
    joining.start();
    return joining.ask().outcome;
  }
  void expect_fetched_by(Replica& joiner) {
    join(joiner, *a);
    EXPECT_TRUE(a->fault().has_value()) << "the disk took a write in between";
    EXPECT_EQ(joiner.state(), a->state());
    EXPECT_EQ(shown(joiner, "of a"), R"({"size":1})");
    EXPECT_EQ(shown(joiner, "refused"), "absent");
  }
};

TEST_F(FaultReads, AFullDiskStopsNeitherAJoinNorAnExport) {
  fill();

  expect_fetched_by(*z);
  auto pages = export_rest();

  ASSERT_TRUE(pages.ok()) << pages.error().message;
  EXPECT_GT(*pages, 3);
}

TEST_F(FaultReads, ADiskThatFailsStopsNeitherAJoinNorAnExport) {
  break_writes();

  expect_fetched_by(*z);
  auto pages = export_rest();

  ASSERT_TRUE(pages.ok()) << pages.error().message;
  EXPECT_GT(*pages, 3);
}

// Each try to open the database again fails too, once a second.
TEST_F(FaultReads, ADiskThatFailsForLongStopsNeitherAJoinNorAnExport) {
  break_writes();
  for (int second = 1; second < 5; ++second) turn(*a, second * 2'000, {});
  ASSERT_TRUE(a->fault().has_value());

  join(*z, *a, 10'000);
  EXPECT_TRUE(a->fault().has_value());
  EXPECT_EQ(z->state(), a->state());
  EXPECT_TRUE(ask(ExportState{}, 10'000).ok());
}

TEST_F(FaultReads, WhatMustWriteIsRefusedBesideAPage) {
  Joining joining{*z, *a};
  joining.start();
  fill();
  const crdt::StateHash before = a->state();

  Outputs out = turn(*a, 3,
                     {add("new"), Maintain{2, Compact{}}, Maintain{3, SetCompaction{false, {}}},
                      Maintain{4, ImportState{}}, Maintain{5, ExportState{}},
                      SnapshotQuery{9, z->node_id(), joining.last.facts.join->query}, StartJoin{}});

  EXPECT_EQ(refusal(out), Code::kDiskFull);
  ASSERT_EQ(out.maintained.size(), 4u);
  for (const MaintenanceReply& reply : out.maintained) {
    if (reply.ticket == 5) {
      ASSERT_TRUE(reply.result.ok()) << reply.result.error().message;
      EXPECT_EQ(std::get<StatePage>(*reply.result).state, before);
    } else {
      ASSERT_FALSE(reply.result.ok()) << reply.ticket;
      EXPECT_EQ(reply.result.error().code, Code::kDiskFull) << reply.ticket;
    }
  }
  ASSERT_EQ(out.pages.size(), 1u);
  ASSERT_EQ(out.pages[0].outcome, Outcome::kPage);
  EXPECT_EQ(crdt::decode_snapshot_page(out.pages[0].body)->name.state, before);
  ASSERT_TRUE(out.facts.join.has_value());
  EXPECT_EQ(out.facts.join->kind, JoinStep::Kind::kFailed);
  EXPECT_TRUE(out.facts.own.empty());
  EXPECT_EQ(out.facts.state, before);
}

TEST_F(FaultReads, ATurnThatReadsNoticesThatTheDiskTakesWritesAgain) {
  fill();
  ASSERT_EQ(first_page(*z), Outcome::kPage);
  faults() = {};

  Outputs out = turn(*a, 20, {Maintain{1, ExportState{}}});

  EXPECT_TRUE(says(out, Notice::Kind::kRecovered));
  EXPECT_FALSE(a->fault().has_value());
  EXPECT_TRUE(turn(*a, 21, {add("later")}).replies.at(0).result.ok());
}

// Otherwise the next export would be refused until the lease has been idle for 30 s.
TEST_F(FaultReads, AnExportThatIsStoppedOnAFullDiskMakesRoomForTheNext) {
  fill();
  auto first = ask(ExportState{});
  ASSERT_TRUE(first.ok());

  ASSERT_TRUE(ask(ExportState{std::get<StatePage>(*first).snapshot, true}).ok());

  EXPECT_TRUE(ask(ExportState{}).ok());
}

// Rule 3: the changes of others were committed without a flush. A full disk still flushes.
TEST_F(FaultReads, APageOfAFullDiskIsOfAStateThatIsOnTheMedium) {
  turn(*a, 1, {received(turn(*other, 1, {add("of other")}).facts.own)});
  fill();
  ASSERT_TRUE(a->unsynced());
  const int before = faults().wal_syncs;

  Outputs out = turn(*a, 3, {Maintain{1, ExportState{}}});

  EXPECT_TRUE(out.maintained.at(0).result.ok());
  EXPECT_EQ(faults().wal_syncs, before + 1);
  EXPECT_TRUE(out.facts.durable) << "the node is not told of the flush";
  EXPECT_FALSE(a->unsynced());
}

// A connection that must be opened again cannot flush. A lease that is there already is of a state
// that was flushed.
TEST_F(FaultReads, ABrokenDiskGivesNoStateThatMayNotBeOnTheMedium) {
  auto begun = ask(ExportState{}, 1);
  ASSERT_TRUE(begun.ok());
  const auto& page = std::get<StatePage>(*begun);
  turn(*a, 1, {received(turn(*other, 1, {add("of other")}).facts.own)});
  ASSERT_TRUE(a->unsynced());
  break_writes();

  EXPECT_EQ(first_page(*z), Outcome::kFailed);
  EXPECT_TRUE(ask(ExportState{page.snapshot}).ok());
  ASSERT_TRUE(ask(ExportState{page.snapshot, true}).ok());
  auto refused = ask(ExportState{});
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::kReadOnly);
  EXPECT_NE(refused.error().message.find("may not be on the medium"), std::string::npos);

  faults() = {};
  EXPECT_EQ(first_page(*z, 5'000), Outcome::kPage);
}

// A commit whose outcome is unknown may be played back, so a reader may see more than what was told
// to be on the medium. Here another connection commits more.
TEST_F(FaultReads, ACommitOfUnknownOutcomeIsNotGivenOut) {
  break_writes();
  ASSERT_EQ(first_page(*z, 3), Outcome::kPage);
  {
    auto played_back = open_replica(folder.file("a.db"), 5);
    ASSERT_TRUE(turn(*played_back, 4, {add("unknown")}).replies.at(0).result.ok());
  }

  EXPECT_EQ(first_page(*other, 5), Outcome::kFailed);
  auto refused = ask(ExportState{}, 6);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::kReadOnly);
}

// The path may name the files of another agent.
TEST_F(FaultReads, FilesThatAreNotAtTheirPathAreReadOnlyByLeasesThatAreOpen) {
  struct Displaced : Files {
    base::Status in_place() override {
      if (gone) return base::Error{Code::kReadOnly, "the directory is gone"};
      return {};
    }
    bool gone = false;
  } files;
  options.files = &files;
  a.reset();
  a = open_replica(folder.file("a.db"), 1, options);
  auto begun = ask(ExportState{});
  ASSERT_TRUE(begun.ok());
  files.gone = true;

  EXPECT_EQ(first_page(*z), Outcome::kFailed);
  auto pages = export_rest({std::get<StatePage>(*begun).snapshot});
  ASSERT_TRUE(pages.ok()) << pages.error().message;
  EXPECT_GT(*pages, 2);
  auto refused = ask(ExportState{});
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().message, "the directory is gone");
}

// The commit that would set the state aside fails. Peers must not get this state all the same.
TEST_F(FaultReads, AStateThatIsToBeSetAsideIsNotGivenOut) {
  fill();
  ASSERT_EQ(first_page(*z), Outcome::kPage);

  Outputs out = turn(*a, 11,
                     {EchoSeen{z->node_id(), a->own_actor(), {3, 99}},
                      SnapshotQuery{1, z->node_id(), "not read"}});

  EXPECT_EQ(out.pages.at(0).outcome, Outcome::kFailed);
  EXPECT_EQ(first_page(*other, 12), Outcome::kFailed);
  auto refused = ask(ExportState{}, 13);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::kUnavailable);
  EXPECT_EQ(shown(*a, "x"), R"({"size":1})");
}

}  // namespace
}  // namespace agent
