// Rules 8 and 13: damaged rows, and the check when digests differ.

#include "crdt/snapshot.h"
#include "tests/replica/damage_fixture.h"
#include "tests/store/fault_vfs.h"

namespace agent {
namespace {

// As long as this object exists, the disk is full: every write fails.
class Full {
 public:
  Full() {
    store::sample::Faults& faults = store::sample::faults();
    faults = {};
    faults.full = true;
    faults.fail_until = 1 << 30;
  }
  ~Full() { end(); }
  void end() { store::sample::faults() = {}; }
};

TEST_F(Damaged, SoundRowsPassTheScrub) { EXPECT_TRUE(scrub_all().notices.empty()); }

TEST_F(Damaged, TheScrubFindsABadRowOfEveryTable) {
  const std::pair<const char*, const char*> harms[] = {
      {"UPDATE meta SET sum=sum+1 WHERE k=4", "UPDATE meta SET sum=sum-1 WHERE k=4"},
      {"UPDATE actors SET sum=sum+1", "UPDATE actors SET sum=sum-1"},
      {"UPDATE objects SET sum=sum+1", "UPDATE objects SET sum=sum-1"},
      {"UPDATE lanes SET sum=sum+1 WHERE idx=2", "UPDATE lanes SET sum=sum-1 WHERE idx=2"},
      {"UPDATE names SET sum=sum+1", "UPDATE names SET sum=sum-1"},
      {flip.c_str(), nullptr}};
  for (const auto& [harm_of, undo] : harms) {
    harm(harm_of);
    EXPECT_TRUE(says(scrub_all(), Notice::Kind::kCorruptRow)) << harm_of;
    if (undo) harm(undo);
  }
}

constexpr const char* kOtherByteInRecent = "UPDATE recent SET v=CAST(x'01'||substr(v,2) AS BLOB)";

// Cells that are not folded yet are in memory and in the table `recent`. A start has only the
// table.
TEST_F(Damaged, ABadRowOfRecentCellsAtAStartIsGivenUpAndFetchedAgain) {
  options.store.memtable_slots = 1'000;
  reopen();
  turn(*a, 8, {add("late")});
  turn(*z, 9, {received(log_of(*a))});
  harm(kOtherByteInRecent);

  reopen();
  EXPECT_TRUE(aside());
  fetch_all();

  EXPECT_EQ(shown(*a, "late"), R"({"size":1})");
  EXPECT_TRUE(a->store().verify().ok());
}

// What is in memory is right, and the fold at rest takes the place of the bad row.
TEST_F(Damaged, ABadRowOfRecentCellsWhileTheAgentRunsCostsNothing) {
  options.store.memtable_slots = 1'000;
  reopen();
  turn(*a, 8, {add("late")});
  harm(kOtherByteInRecent);

  EXPECT_TRUE(says(scrub_all(), Notice::Kind::kCorruptRow));
  EXPECT_TRUE(turn(*a, 60, {ConfirmOwn{a->own_actor(), 1}}).reopen);
  reopen();

  EXPECT_FALSE(aside());
  EXPECT_EQ(shown(*a, "late"), R"({"size":1})");
  EXPECT_TRUE(a->store().verify().ok());
}

TEST_F(Damaged, ABadRowThatNothingShownDependsOnCostsThatRow) {
  for (const char* harm_of :
       {"UPDATE log SET sum=sum+1 WHERE pos=(SELECT max(pos) FROM log)",
        "UPDATE log_index SET sum=sum+1", "INSERT INTO proofs VALUES(1, x'00', 1, 1, x'00')",
        "INSERT INTO held VALUES(1, 1, x'00', 1, 1, x'00')"}) {
    harm(harm_of);
    Outputs found = scrub_all();
    EXPECT_TRUE(says(found, Notice::Kind::kRowsDropped)) << harm_of;
    EXPECT_FALSE(says(found, Notice::Kind::kCorruptRow)) << harm_of;
    EXPECT_TRUE(scrub_all().notices.empty()) << harm_of;
    EXPECT_FALSE(turn(*a, 60, {ConfirmOwn{a->own_actor(), 1}}).reopen) << harm_of;
  }
  EXPECT_TRUE(a->store().verify().ok());
}

// The medium returns a read error instead of the bytes.
TEST_F(Damaged, APageThatTheScrubCannotReadIsGivenUpWhenAPeerIsThere) {
  reopen_on_fault_vfs();
  store::sample::faults().fail_database_read = true;

  Outputs found = scrub_all();
  store::sample::faults() = {};
  Outputs heard = turn(*a, 60, {ConfirmOwn{a->own_actor(), 1}});

  EXPECT_TRUE(says(found, Notice::Kind::kCorruptRow));
  EXPECT_TRUE(heard.reopen);
}

TEST_F(Damaged, APageThatIsReadAtTheTenthTryIsSound) {
  reopen_on_fault_vfs();
  store::sample::faults().fail_database_read = true;
  for (int i = 0; i < 9; ++i) EXPECT_FALSE(a->scrub(at(4 + i)).damaged);
  store::sample::faults() = {};

  EXPECT_TRUE(scrub_all().notices.empty());
}

// A medium that fails for a moment must not make us give up the state: acknowledged writes may
// exist only here, and the log may not reach back to all of them.
TEST_F(Damaged, AMomentOfTheMediumCostsNoState) {
  reopen_on_fault_vfs();
  turn(*a, 4, {add("here alone")});
  store::sample::faults().fail_database_read = true;
  ASSERT_TRUE(says(scrub_all(), Notice::Kind::kCorruptRow));
  store::sample::faults() = {};
  const base::NodeId node = a->node_id();
  const base::ActorId actor = a->own_actor();
  ASSERT_TRUE(turn(*a, 60, {ConfirmOwn{actor, 1}}).reopen);
  ASSERT_TRUE(a->close().ok());

  a.reset();
  a = open_replica(folder.file("a.db"), 8, options);
  Outputs out = turn(*a, 70, {add("later")});

  EXPECT_FALSE(aside());
  EXPECT_FALSE(a->fetching());
  EXPECT_EQ(a->node_id(), node);
  EXPECT_NE(a->own_actor(), actor)
      << "the check at the start may have missed an echo, so the old actor must not go on";
  EXPECT_EQ(shown(*a, "here alone"), R"({"size":1})");
  EXPECT_TRUE(out.replies.at(0).result.ok());
  EXPECT_TRUE(says(out, Notice::Kind::kRecovered));
  EXPECT_FALSE(says(out, Notice::Kind::kSetAside));
  EXPECT_FALSE(out.reopen);
}

// The check at the start may not find the damage that a reader met. If a reader meets it again, the
// state is given up.
TEST_F(Damaged, WhatIsMetAgainAfterTheCheckIsBelieved) {
  give_up("met by a reader");
  reopen();
  EXPECT_FALSE(aside());

  give_up("met by a reader");
  reopen();

  EXPECT_TRUE(aside());
  EXPECT_TRUE(a->fetching());
}

// The medium fails during the check itself: one call fails, or all calls from there on.
TEST_F(Damaged, AMediumThatDoesNotAnswerTheCheckCostsNoState) {
  give_up("met by a reader");
  a.reset();
  options.store.vfs = store::sample::kFaultVfs;
  for (int length : {1, 1 << 20}) {
    int calls = 0;
    do {
      const std::string name =
          folder.file(std::to_string(length) + "-" + std::to_string(calls) + ".db");
      std::filesystem::copy_file(folder.file("a.db"), name);
      store::sample::faults() = {};
      store::sample::faults().fail_from = calls++;
      store::sample::faults().fail_until = calls - 1 + length;
      auto opened = Replica::open(at(5), name, options, kHost, base::Random::from_number(1));
      EXPECT_FALSE(std::filesystem::exists(name + ".aside-1")) << calls << ", " << length;
      EXPECT_TRUE(!opened.ok() || shown(**opened, "x") == R"({"size":1})");
    } while (store::sample::faults().failed > 0);
    EXPECT_GT(calls, 20);
  }
  store::sample::faults() = {};
}

// One page cannot be read and the other pages can. Only in this case the state is given up and
// fetched from a peer.
TEST_F(Damaged, AnUnreadablePageIsNoReasonToStayAway) {
  give_up("a page that the medium does not give");
  a.reset();
  options.store.vfs = store::sample::kFaultVfs;
  int set_aside = 0;
  const auto pages = static_cast<int>(std::filesystem::file_size(folder.file("a.db")) / 4'096);
  for (int page = 0; page < pages; ++page) {
    const std::string name = folder.file("page" + std::to_string(page) + ".db");
    std::filesystem::copy_file(folder.file("a.db"), name);
    store::sample::faults().unreadable_page = page;
    auto opened = Replica::open(at(5), name, options, kHost, base::Random::from_number(3));
    store::sample::faults() = {};
    set_aside += opened.ok() && (*opened)->fetching() ? 1 : 0;
  }
  EXPECT_GE(set_aside, 5) << "too few unreadable pages led to a new fetch of the state";
}

TEST_F(Damaged, EveryBadRowIsToldOnce) {
  harm(store::sample::kOtherByteInCells);
  std::set<std::string> rows;

  Outputs found = scrub_all();

  for (const Notice& notice : found.notices) rows.insert(notice.text);
  EXPECT_GT(rows.size(), 1u);
  EXPECT_EQ(found.notices.size(), rows.size());
}

TEST_F(Damaged, ARowFoundByTheScrubIsGivenUpWhenAPeerIsThere) {
  harm(flip);
  ASSERT_TRUE(says(scrub_all(), Notice::Kind::kCorruptRow));
  Outputs alone = turn(*a, 5, {add("more")});
  EXPECT_TRUE(alone.damaged) << "the driver is not told to look for a peer";

  Outputs heard = turn(*a, 6, {received(turn(*z, 5, {add("more of z")}).facts.own)});
  reopen();
  fetch_all();

  EXPECT_TRUE(alone.replies.at(0).result.ok()) << "a write that needs no bad row was refused";
  EXPECT_FALSE(alone.reopen) << "the state was given up without a peer to fetch it from";
  EXPECT_TRUE(heard.reopen);
  EXPECT_TRUE(aside());
  for (const char* id : {"x", "y", "more", "of z", "more of z"}) {
    EXPECT_EQ(shown(*a, id), R"({"size":1})") << id;
  }
  EXPECT_TRUE(a->store().verify_digest().ok());
}

TEST_F(Damaged, AWriteThatNeedsABadRowIsRefusedAndOthersGoOn) {
  harm(store::sample::kOtherByteInCells);

  Outputs bad = turn(*a, 5, {Write{1, patch_entry("snapshots", "x", {{"size", "2"}})}});
  Outputs good = turn(*a, 6, {add("new")});

  EXPECT_EQ(bad.replies.at(0).result.error().code, base::Code::kUnavailable);
  EXPECT_NE(bad.replies.at(0).result.error().message.find("as soon as a peer answers"),
            std::string::npos);
  EXPECT_TRUE(says(bad, Notice::Kind::kCorruptRow));
  EXPECT_TRUE(bad.damaged) << "the driver is not told to look for a peer";
  EXPECT_TRUE(good.replies.at(0).result.ok());
}

// The request needs several changes. The first ones are already sealed when a later one meets the
// bad row.
TEST_F(Damaged, ARefusedWriteOfSeveralChangesHasNoEffect) {
  options.import_effects_max = 2;
  reopen();
  turn(*a, 4, {add("0 good"), add("1 good"), add("2 good")});
  harm(std::string(store::sample::kOtherByteInCells) + " WHERE id<(SELECT max(id) FROM cells)/2");
  ASSERT_FALSE(a->store().cells().entry("snapshots", "x").ok());
  ASSERT_EQ(shown(*a, "0 good"), R"({"size":1})");
  const crdt::VersionVector::Entries before = a->vector().to_map();
  ImportEntries import{"snapshots", {{"0 good", {}}, {"new", {}}, {"x", {}}}};

  Outputs removed = turn(*a, 5, {Write{1, remove_object("snapshots")}, add("other")});
  Outputs imported = turn(*a, 6, {Write{1, import}});

  EXPECT_EQ(removed.replies.at(0).result.error().code, base::Code::kUnavailable);
  EXPECT_EQ(imported.replies.at(0).result.error().code, base::Code::kUnavailable);
  EXPECT_EQ(shown(*a, "0 good"), R"({"size":1})");
  EXPECT_EQ(shown(*a, "new"), "absent");
  EXPECT_TRUE(removed.replies.at(1).result.ok()) << "another write of the same turn was refused";
  EXPECT_EQ(shown(*a, "other"), R"({"size":1})");
  EXPECT_EQ(a->vector().seq_of(a->own_actor()), before.at(a->own_actor()).seq + 1);
}

TEST_F(Damaged, ABadRowMetByAReaderStartsTheRepair) {
  Outputs told = turn(*a, 5, {DamageSeen{"a.db: table log, row 1"}});
  Outputs again = turn(*a, 6, {DamageSeen{"a.db: table log, row 1"}});
  Outputs heard = turn(*a, 7, {ConfirmOwn{a->own_actor(), 1}});

  EXPECT_TRUE(says(told, Notice::Kind::kCorruptRow));
  EXPECT_TRUE(told.damaged);
  EXPECT_FALSE(says(again, Notice::Kind::kCorruptRow));
  EXPECT_TRUE(heard.reopen);
}

// Without the repair, a peer that needs our state would fail at the same row every time.
TEST_F(Damaged, ABadRowMetByASnapshotStartsTheRepair) {
  harm(store::sample::kOtherByteInCells);
  Outputs asked = turn(*z, 5, {StartJoin{a->node_id()}});
  Outputs head = turn(*a, 6, {SnapshotQuery{1, z->node_id(), asked.facts.join->query}});
  ASSERT_EQ(head.pages.at(0).outcome, SnapshotRead::Outcome::kPage);
  auto query = crdt::decode_snapshot_query(asked.facts.join->query);
  query->snapshot = crdt::decode_snapshot_page(head.pages[0].body)->name.id;
  ++query->step;
  const crdt::ObjectKey snapshots{"snapshots", crdt::SlotType::kMap};
  query->run = crdt::SnapshotQuery::Run{snapshots, snapshots, std::nullopt};

  Outputs out = turn(*a, 7, {SnapshotQuery{2, z->node_id(), crdt::encode(*query)}});

  EXPECT_EQ(out.pages.at(0).outcome, SnapshotRead::Outcome::kFailed);
  EXPECT_TRUE(says(out, Notice::Kind::kCorruptRow));
  EXPECT_TRUE(out.damaged);
}

// The notice is given only once. So it must not be lost when its turn fails.
TEST_F(Damaged, ABadRowIsToldAlthoughItsTurnFails) {
  reopen_on_fault_vfs();
  Full full;

  Outputs refused = turn(*a, 6, {DamageSeen{"a bad row"}, add("new")});

  EXPECT_FALSE(refused.replies.at(0).result.ok());
  EXPECT_TRUE(says(refused, Notice::Kind::kCorruptRow));
}

// A start needs a commit. Without the ballast an agent could not start on a full disk, and then it
// could not even serve reads.
TEST_F(Damaged, AStartOnAFullDiskUsesTheBallast) {
  reopen_on_fault_vfs();
  struct Ballast : Files {
    explicit Ballast(Full& disk) : full(disk) {}
    void fill_ballast(const std::string& path) override { filled = path; }
    bool drop_ballast(const std::string&) override {
      full.end();
      return true;
    }
    Full& full;
    std::string filled;
  };
  a.reset();
  Full full;
  Ballast ballast(full);
  options.files = &ballast;

  a = open_replica(folder.file("a.db"), 7, options);

  EXPECT_EQ(shown(*a, "x"), R"({"size":1})");
  EXPECT_EQ(ballast.filled, folder.file("a.db") + "-ballast");
}

// To give up the state needs a commit. If it fails, the driver must not try again without a pause.
TEST_F(Damaged, ThePeerIsNotAskedForWhileTheDiskTakesNoWrites) {
  reopen_on_fault_vfs();
  harm(flip);
  scrub_all();
  Full full;

  Outputs refused = turn(*a, 6, {DivergenceSeen{z->node_id()}});
  full.end();
  Outputs recovered = turn(*a, 7, {});

  EXPECT_TRUE(a->fault() == std::nullopt);
  EXPECT_FALSE(refused.damaged);
  EXPECT_TRUE(recovered.damaged);
}

// The node raises one alarm for each pair of states. It raises it again only when it hears that the
// join after the alarm has failed.
TEST_F(Damaged, ADivergenceWhoseTurnFailsIsToldAsAJoinThatFailed) {
  reopen_on_fault_vfs();
  harm(flip);
  Full full;

  Outputs refused = turn(*a, 6, {DivergenceSeen{z->node_id()}});

  ASSERT_TRUE(refused.facts.join.has_value());
  EXPECT_EQ(refused.facts.join->kind, JoinStep::Kind::kFailed);
  EXPECT_EQ(refused.facts.join->peer, z->node_id());
}

TEST_F(Damaged, TheEndOfTheFetchIsNotAskedForWhileTheDiskTakesNoWrites) {
  harm(flip);
  turn(*a, 6, {DivergenceSeen{z->node_id()}});
  reopen_on_fault_vfs();
  Full full;

  Outputs refused = turn(*a, 7, {Synchronised{z->node_id()}});
  full.end();
  Outputs recovered = turn(*a, 8, {});

  EXPECT_FALSE(refused.fetching);
  EXPECT_TRUE(recovered.fetching);
}

TEST_F(Damaged, AReceivedChangeThatMeetsABadRowStartsTheRepair) {
  harm(store::sample::kOtherByteInCells);
  auto kill = turn(*z, 5, {Write{1, remove_entry("snapshots", "x")}}).facts.own;

  turn(*a, 6, {received(kill)});
  Outputs out = turn(*a, 7, {received(kill)});
  reopen();
  fetch_all();

  EXPECT_TRUE(out.reopen);
  EXPECT_EQ(shown(*a, "x"), "absent");
  EXPECT_EQ(shown(*a, "y"), R"({"size":1})");
}

TEST_F(Damaged, ADivergenceWithABadRowOfOursSetsUsAside) {
  harm(flip);
  base::ActorId actor = a->own_actor();
  auto unconfirmed = turn(*a, 5, {add("only here")}).facts.own;

  Outputs out = turn(*a, 6, {DivergenceSeen{z->node_id()}});
  reopen();
  fetch_all();
  turn(*a, 30, {add("after")});

  EXPECT_TRUE(says(out, Notice::Kind::kDivergence));
  EXPECT_TRUE(out.reopen);
  EXPECT_TRUE(out.facts.durable);
  EXPECT_EQ(shown(*a, "only here"), R"({"size":1})")
      << "an own change that nobody had confirmed was lost";
  EXPECT_EQ(a->vector().seq_of(actor), 3u)
      << "the own changes did not come back under their old numbers";
  EXPECT_NE(a->own_actor(), actor);
  turn(*z, 31, {received(log_of(*a))});
  EXPECT_EQ(z->state(), a->state());
}

// A missing row has no checksum that could be wrong. The recount finds it.
TEST_F(Damaged, ADivergenceWithALostRowSetsUsAside) {
  harm("DELETE FROM cells WHERE id=(SELECT min(id) FROM cells)");

  EXPECT_TRUE(turn(*a, 6, {DivergenceSeen{z->node_id()}}).reopen);
}

// All changes have been fetched, but meanwhile one more row was lost. Our state is then never equal
// to that of a peer, and equal states would end the fetch.
TEST_F(Damaged, ADivergenceWhileTheStateIsFetchedIsChecked) {
  harm(flip);
  turn(*a, 6, {DivergenceSeen{z->node_id()}});
  reopen();
  turn(*a, 20, {received(log_of(*z))});
  harm("DELETE FROM cells WHERE id=(SELECT min(id) FROM cells)");
  ASSERT_TRUE(a->fetching());

  EXPECT_TRUE(turn(*a, 21, {DivergenceSeen{z->node_id()}}).reopen);
  reopen();
  fetch_all();

  EXPECT_EQ(shown(*a, "x"), R"({"size":1})");
  EXPECT_FALSE(a->fetching());
  turn(*z, 31, {received(log_of(*a))});
  EXPECT_EQ(z->state(), a->state());
}

TEST_F(Damaged, ADivergenceWithSoundRowsIsReportedAndNothingIsGivenUp) {
  Outputs out = turn(*a, 6, {DivergenceSeen{z->node_id()}});

  EXPECT_TRUE(says(out, Notice::Kind::kDivergence));
  EXPECT_FALSE(out.reopen);
}

// One held row is bad, and one held change needs a bad row. The agent must start in spite of that.
TEST_F(Damaged, ABadRowMetAtTheStartIsRepairedLater) {
  auto kill = turn(*z, 5, {Write{1, remove_entry("snapshots", "x")}}).facts.own;
  ASSERT_TRUE(a->store().begin().ok());
  ASSERT_TRUE(a->store().held().keep_unknown(kill[0]).ok());
  ASSERT_TRUE(
      a->store().held().keep(store::HeldKind::kUnknown, kill[0].actor, 9, kill[0].bytes).ok());
  ASSERT_TRUE(a->store().commit(store::Durability::kFull).ok());
  harm(store::sample::kOtherByteInCells);
  harm("UPDATE held SET sum=sum+1 WHERE seq=9");

  reopen();
  Outputs out = turn(*a, 6, {received(log_of(*z))});
  EXPECT_TRUE(says(out, Notice::Kind::kCorruptRow));
  EXPECT_TRUE(out.reopen);
  reopen();
  fetch_all();

  EXPECT_EQ(shown(*a, "x"), "absent");
  EXPECT_EQ(shown(*a, "y"), R"({"size":1})");
}

}  // namespace
}  // namespace agent
