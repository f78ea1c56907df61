// Rule 13: a fixed history runs again and again, and each time another call of the disk fails.
// Reads go on, writes are refused with the right codes, and everything that peers and clients were
// told stays true.

#include "tests/replica/join_fixture.h"
#include "tests/store/fault_vfs.h"

namespace agent {
namespace {

using store::sample::faults;

// A replica on a disk that fails, a peer on a sound disk, and a record of what clients and the peer
// were told.
class History {
 public:
  History() {
    faults() = {};
    options_.store.vfs = store::sample::kFaultVfs;
    options_.store.wal_pages = 12;
    options_.store.log_bytes_max = 2'000;
    options_.store.cache_kib = 40;
    a_ = open_replica(folder_.file("a.db"), 1, options_);
    z_ = open_replica(folder_.file("z.db"), 2);
    faults().calls = 0;
  }
  ~History() { faults() = {}; }

  void run() {
    for (int step = 0; step < 24; ++step) {
      now_ += 200;
      if (step % 4 == 1) {
        std::vector<Input> inputs{add("z" + std::to_string(step))};
        take(turn(*z_, now_, inputs).facts.own);
      } else if (step % 6 == 5) {
        hear(a_->flush(at(now_)));
      } else {
        write("a" + std::to_string(step));
      }
    }
  }
  // The disk works again. Writes must succeed again without help from outside.
  void heal() {
    faults().fail_until = faults().again_until = 0;
    for (int i = 0; i < 5 && (a_->fault() || i == 0); ++i) {
      now_ += 1'000;
      hear(turn(*a_, now_, {}));
    }
    EXPECT_FALSE(a_->fault().has_value()) << a_->fault()->message;
    write("after");
    EXPECT_TRUE(acknowledged_.count("after") > 0);
  }
  void check() {
    EXPECT_TRUE(a_->store().verify_digest().ok());
    // The node fetches the changes again that a failed turn has forgotten.
    hear(turn(*a_, now_ + 1, {received(log_of(*z_))}));
    for (const std::string& id : acknowledged_) {
      EXPECT_EQ(shown(*a_, id), R"({"size":1})") << id << " was acknowledged";
    }
    for (const std::string& id : refused_) {
      EXPECT_EQ(shown(*a_, id), "absent") << id << " was refused";
    }
    // If a dot were used twice, the peer would find a contradiction to what it was told before.
    Outputs merged = turn(*z_, now_ + 2, {received(told_)});
    EXPECT_FALSE(says(merged, Notice::Kind::kPrevMismatch));
    std::map<std::pair<base::ActorId, std::uint64_t>, std::uint64_t> contents;
    for (const auto& change : told_) {
      auto [place, fresh] = contents.emplace(std::pair(change.actor, change.seq), change.hash);
      EXPECT_EQ(place->second, change.hash) << "the peer was told two contents of one number";
    }
    for (const auto& [actor, seq] : claimed_) {
      EXPECT_GE(a_->vector().seq_of(actor), seq)
          << "the replica has lost a change that it had called durable";
    }
    // A write with an unknown outcome may have been committed. No peer has it yet; now the peer
    // gets it.
    take_all_of_a();
    EXPECT_EQ(z_->state(), a_->state());
  }
  int indeterminate() const { return indeterminate_; }
  const std::set<std::string>& refused() const { return refused_; }

 private:
  void write(const std::string& id) {
    Outputs out = turn(*a_, now_, {add(id)});
    ASSERT_EQ(out.replies.size(), 1u);
    if (out.replies[0].result.ok()) {
      acknowledged_.insert(id);
      EXPECT_TRUE(out.facts.durable);
    } else {
      const base::Code code = out.replies[0].result.error().code;
      EXPECT_TRUE(code == base::Code::kReadOnly || code == base::Code::kDiskFull ||
                  code == base::Code::kIndeterminate)
          << out.replies[0].result.error().message;
      EXPECT_TRUE(out.facts.own.empty());
      EXPECT_TRUE(out.facts.advanced.empty());
      (code == base::Code::kIndeterminate ? indeterminate_ : not_done_) += 1;
      if (code != base::Code::kIndeterminate) refused_.insert(id);
    }
    hear(out);
  }
  void take(const std::vector<crdt::SealedChange>& changes) {
    Outputs out = turn(*a_, now_, {received(changes)});
    const bool applied = !out.facts.advanced.empty();
    EXPECT_TRUE(applied || !out.facts.forgotten.empty() || changes[0].seq > 1);
    hear(out);
  }
  void take_all_of_a() {
    crdt::VersionVector have = z_->vector();
    std::vector<crdt::SealedChange> lacking;
    auto visited =
        a_->store().log().range(a_->store().actors(), have, {}, [&](const store::LogEntry& entry) {
          lacking.push_back(
              {base::Bytes(entry.sealed), crdt::head_hash(entry.sealed), entry.actor, entry.seq});
        });
    ASSERT_TRUE(visited.ok()) << visited.error().message;
    turn(*z_, now_ + 3, {received(lacking)});
  }
  void hear(const Outputs& out) {
    told_.insert(told_.end(), out.facts.own.begin(), out.facts.own.end());
    for (const auto& [actor, head] : out.facts.advanced) unclaimed_[actor] = head.seq;
    if (!out.facts.durable) return;
    for (const auto& [actor, seq] : unclaimed_) claimed_[actor] = seq;
    unclaimed_.clear();
  }

  Folder folder_;
  ReplicaOptions options_;
  std::unique_ptr<Replica> a_;
  std::unique_ptr<Replica> z_;
  std::int64_t now_ = 0;
  std::set<std::string> acknowledged_;
  std::set<std::string> refused_;
  int indeterminate_ = 0;
  int not_done_ = 0;
  std::vector<crdt::SealedChange> told_;
  std::map<base::ActorId, std::uint64_t> unclaimed_;
  std::map<base::ActorId, std::uint64_t> claimed_;
};

// Rule 1. The tail that a repair writes again is our own too, so it is flushed in the same way.
TEST(DiskFaults, AnOwnWriteIsOnTheMediumBeforeItIsAnswered) {
  faults() = {};
  Folder folder;
  ReplicaOptions options;
  options.store.vfs = store::sample::kFaultVfs;
  auto a = open_replica(folder.file("a.db"), 1, options);
  auto z = open_replica(folder.file("z.db"), 2);
  auto remote = turn(*z, 1, {add("z")}).facts.own;

  const int before = faults().wal_syncs;
  Outputs merged = turn(*a, 2, {received(remote)});
  const int after_merge = faults().wal_syncs;
  Outputs written = turn(*a, 3, {add("x")});
  const int after_write = faults().wal_syncs;

  EXPECT_EQ(after_merge, before);
  EXPECT_FALSE(merged.facts.durable);
  EXPECT_EQ(after_write, after_merge + 1);
  EXPECT_TRUE(written.facts.durable);
}

// Rule 3. The facts of this turn say `durable` in any case, so the test counts the syncs of the
// disk.
TEST(DiskFaults, ASnapshotIsOfAStateThatIsOnTheMedium) {
  faults() = {};
  Folder folder;
  ReplicaOptions options;
  options.store.vfs = store::sample::kFaultVfs;
  auto a = open_replica(folder.file("a.db"), 1, options);
  auto z = open_replica(folder.file("z.db"), 2);
  turn(*a, 2, {received(turn(*z, 1, {add("z")}).facts.own)});
  ASSERT_TRUE(a->unsynced());
  const int before = faults().wal_syncs;
  const Outputs started = turn(*z, 3, {StartJoin{a->node_id(), false}});

  Outputs out = turn(*a, 4, {SnapshotQuery{1, z->node_id(), started.facts.join->query}});

  EXPECT_EQ(out.pages.at(0).outcome, SnapshotRead::Outcome::kPage);
  EXPECT_EQ(faults().wal_syncs, before + 1);
}

int calls_of_a_history() {
  History history;
  history.run();
  return faults().calls;
}

TEST(DiskFaults, EveryCallThatFailsOnceIsRecoveredFrom) {
  const int calls = calls_of_a_history();
  ASSERT_GT(calls, 100);
  int indeterminate = 0;
  for (int n = 0; n < calls; ++n) {
    SCOPED_TRACE("call " + std::to_string(n));
    History history;
    faults().fail_from = n;
    faults().fail_until = n + 1;

    history.run();
    history.heal();

    history.check();
    indeterminate += history.indeterminate();
    if (testing::Test::HasFailure()) return;
  }
  EXPECT_GT(indeterminate, 10);
}

TEST(DiskFaults, ADiskThatStaysBrokenForAWhileIsRecoveredFrom) {
  const int calls = calls_of_a_history();
  for (int n = 0; n < calls; n += 3) {
    SCOPED_TRACE("from call " + std::to_string(n));
    History history;
    faults().fail_from = n;
    faults().fail_until = 1 << 30;

    history.run();
    history.heal();

    history.check();
    if (testing::Test::HasFailure()) return;
  }
}

// Rule 13: after a failed commit we do not know what is on the medium. A read does not show it
// either.
TEST(DiskFaults, WhoRecoversFromAFaultWritesUnderANewActor) {
  Folder folder;
  faults() = {};
  ReplicaOptions options;
  options.store.vfs = store::sample::kFaultVfs;
  auto a = open_replica(folder.file("a.db"), 1, options);
  turn(*a, 1, {add("x")});
  const base::ActorId before = a->own_actor();
  faults().fail_from = faults().calls;
  faults().fail_until = 1 << 30;
  turn(*a, 10, {add("y")});
  ASSERT_TRUE(a->fault().has_value());
  faults() = {};

  Outputs after = turn(*a, 10'000, {add("z")});

  ASSERT_EQ(after.facts.own.size(), 1u);
  EXPECT_NE(after.facts.own[0].actor, before);
  EXPECT_EQ(after.facts.own[0].seq, 1u);
  EXPECT_EQ(a->left(), std::vector{before});
}

// A fault is logged once even if it lasts long, and every client gets the same message.
TEST(DiskFaults, ALongFaultIsToldOnceAndItsReasonStaysAsItWas) {
  Folder folder;
  faults() = {};
  ReplicaOptions options;
  options.store.vfs = store::sample::kFaultVfs;
  auto a = open_replica(folder.file("a.db"), 1, options);
  turn(*a, 1, {add("x")});
  faults().fail_from = faults().calls;
  faults().fail_until = 1 << 30;

  std::set<std::string> told;
  std::size_t notices = 0;
  for (int i = 0; i < 20; ++i) {
    Outputs out = turn(*a, 10 + i * 300, {add("y")});
    if (i > 0) told.insert(out.replies.at(0).result.error().message);
    notices += out.notices.size();
  }
  faults() = {};

  EXPECT_EQ(told.size(), 1u) << *told.rbegin();
  EXPECT_EQ(notices, 1u);
}

// A second fault happens during the recovery from the first.
TEST(DiskFaults, AFaultDuringTheRecoveryIsRecoveredFrom) {
  const int calls = calls_of_a_history();
  for (int n = 5; n < calls; n += 11) {
    for (int gap : {1, 2, 4, 7, 12, 20}) {
      SCOPED_TRACE("call " + std::to_string(n) + ", then " + std::to_string(gap) + " later");
      History history;
      faults().fail_from = n;
      faults().fail_until = n + 1;
      faults().again_from = n + gap;
      faults().again_until = n + gap + 2;

      history.run();
      history.heal();

      history.check();
      if (testing::Test::HasFailure()) return;
    }
  }
}

TEST(DiskFaults, AFullDiskRefusesWritesAndRecoversWithoutANewConnection) {
  const int calls = calls_of_a_history();
  std::size_t refused = 0;
  for (int n = 0; n < calls; n += 2) {
    SCOPED_TRACE("from call " + std::to_string(n));
    History history;
    faults().full = true;
    faults().fail_from = n;
    faults().fail_until = n + 40;

    history.run();
    history.heal();

    history.check();
    EXPECT_EQ(history.indeterminate(), 0);
    refused += history.refused().size();
    if (testing::Test::HasFailure()) return;
  }
  EXPECT_GT(refused, 100u);
}

// Found by the simulator, seed 452: the disk was full in the turn that merged the last page. The
// join was rolled back with the turn, but the node was not told and waited for it.
TEST(DiskFaults, AJoinWhoseTurnFailsEndsAndIsTold) {
  Folder folder;
  faults() = {};
  auto z = open_replica(folder.file("z.db"), 2);
  turn(*z, 1, {add("one"), add("two")});
  ReplicaOptions options;
  options.store.vfs = store::sample::kFaultVfs;
  for (int n = 0; n < 12; ++n) {
    SCOPED_TRACE("call " + std::to_string(n));
    faults() = {};
    auto a = open_replica(folder.file("a" + std::to_string(n) + ".db"), 1, options);
    Joining joining{*a, *z};
    joining.start();
    faults().full = true;
    faults().calls = 0;
    faults().fail_from = n;
    faults().fail_until = n + 40;

    for (int steps = 0; joining.asks() && steps < 10; ++steps) joining.step();

    EXPECT_TRUE(joining.done() || joining.failed());
    EXPECT_EQ(joining.failed(), a->fault().has_value());
  }
  faults() = {};
}

// Found by the simulator, seed 33: COMMIT failed on a full disk, and then an I/O error stopped the
// reload of the state from the file. Memory kept a change that is not in the file.
TEST(DiskFaults, AReloadThatFailsTellsNothingOfTheTurn) {
  Folder folder;
  faults() = {};
  ReplicaOptions options;
  options.store.vfs = store::sample::kFaultVfs;
  auto a = open_replica(folder.file("a.db"), 1, options);
  turn(*a, 1, {add("one")});
  const crdt::StateHash before = a->state();
  faults().fill_wal_write = true;
  faults().fail_database_read = faults().fail_wal_read = true;

  Outputs refused = turn(*a, 2, {add("two")});

  EXPECT_FALSE(refused.replies.at(0).result.ok());
  EXPECT_EQ(refused.facts.state, before);
  faults() = {};
  turn(*a, 2'000, {});
  EXPECT_FALSE(a->fault().has_value());
  EXPECT_EQ(shown(*a, "one"), R"({"size":1})");
  EXPECT_EQ(shown(*a, "two"), "absent");
}

// Found by the simulator, seed 7000928: a checkpoint failed while the agent was idle, and the next
// write of a client was refused because of it.
TEST(DiskFaults, ACheckpointThatFailsIsToldAtOnceAndNotToTheNextClient) {
  for (bool at_rest : {true, false}) {
    Folder folder;
    faults() = {};
    ReplicaOptions options;
    options.store.vfs = store::sample::kFaultVfs;
    options.store.wal_rest_bytes = 0;
    if (!at_rest) options.store.wal_pages = 4;
    auto a = open_replica(folder.file("a.db"), 1, options);
    faults().fail_database_sync = true;

    Outputs told = turn(*a, 100, {add("one")});
    EXPECT_TRUE(told.replies.at(0).result.ok());
    for (int i = 0; at_rest && i < 3 && !a->fault(); ++i) told = a->scrub(at(200 + i));

    EXPECT_TRUE(a->fault().has_value()) << at_rest;
    EXPECT_TRUE(says(told, Notice::Kind::kDiskFault)) << at_rest;
    faults() = {};
    Outputs recovered = turn(*a, 2'000, {});
    EXPECT_TRUE(says(recovered, Notice::Kind::kRecovered)) << at_rest;
    EXPECT_TRUE(turn(*a, 2'100, {add("two")}).replies.at(0).result.ok()) << at_rest;
    EXPECT_EQ(shown(*a, "one"), R"({"size":1})");
  }
}

// Found by the simulator, seed 1634: each refused turn delayed the next try to recover. Turns came
// more often than tries, so the replica never recovered.
TEST(DiskFaults, TurnsThatAreRefusedDoNotPutTheRecoveryOff) {
  Folder folder;
  faults() = {};
  ReplicaOptions options;
  options.store.vfs = store::sample::kFaultVfs;
  auto a = open_replica(folder.file("a.db"), 1, options);
  faults().fail_wal_write = true;
  turn(*a, 100, {add("one")});
  ASSERT_TRUE(a->fault().has_value());
  faults() = {};

  for (std::int64_t millis = 200; millis < 2'000; millis += 100) turn(*a, millis, {add("more")});

  EXPECT_FALSE(a->fault().has_value());
}

// Found by the simulator, seed 1064791: a join brought a parked change, so the change was removed
// from the parked ones. Then the commit failed on a full disk, the vector went back, and nobody
// fetched this change again.
TEST(DiskFaults, WhatAJoinMadeSeenIsForgottenWhenItsTurnFails) {
  Folder folder;
  faults() = {};
  auto z = open_replica(folder.file("z.db"), 2);
  Sealed log = turn(*z, 1, {add("one"), add("two"), add("three")}).facts.own;
  ReplicaOptions options;
  options.store.vfs = store::sample::kFaultVfs;
  int failed = 0;
  for (int n = 0; n < 24; ++n) {
    SCOPED_TRACE("call " + std::to_string(n));
    faults() = {};
    auto a = open_replica(folder.file("a" + std::to_string(n) + ".db"), 1, options);
    auto waiting = turn(*a, 2, {received({log[1]})}).facts.parked;
    ASSERT_EQ(waiting.size(), 1u);
    Joining joining{*a, *z};
    joining.start();
    faults().full = true;
    faults().calls = 0;
    faults().fail_from = n;
    faults().fail_until = n + 40;
    for (int steps = 0; joining.asks() && steps < 10; ++steps) joining.step();
    if (!joining.failed()) continue;
    ++failed;
    faults() = {};
    turn(*a, 5'000, {});

    // The node does not fetch parked changes, except those that the replica has reported as
    // forgotten.
    for (const auto& name : joining.last.facts.forgotten) std::erase(waiting, name);
    Sealed fetched;
    for (const crdt::SealedChange& change : log) {
      bool waits =
          std::count(waiting.begin(), waiting.end(), std::pair(change.actor, change.seq)) > 0;
      if (!waits) fetched.push_back(change);
    }
    turn(*a, 5'001, {received(fetched)});

    EXPECT_EQ(a->state(), z->state());
  }
  EXPECT_GT(failed, 5);
}

}  // namespace
}  // namespace agent
