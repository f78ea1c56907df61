// Faults that the driver and the judge of the simulator once had, each with one small history.

#include "crdt/catalog/entry.h"
#include "tests/crdt/members_of.h"
#include "tests/simulation/scenario.h"
#include "tools/simulator/requests.h"
#include "tools/simulator/run.h"

namespace simulation::testing {
namespace {

using crdt::samples::members_of;

// A paused process wakes. What came during its sleep must be handled before what comes at the
// moment of waking: here "leave" before "come back".
TEST(Driver, APausedProcessTakesWhatCameInItsOrder) {
  Scenario mesh(2);
  mesh.begin();
  Process& process = mesh.process(1);
  mesh.cluster().schedule().after(base::millis(100), [&] { process.rejoin(); });
  process.pause(base::millis(100));
  mesh.run(base::millis(50));
  process.leave();
  ASSERT_TRUE(process.paused());
  mesh.run(base::millis(100));

  ASSERT_FALSE(process.paused());
  EXPECT_FALSE(process.node_machine().has_left());
  EXPECT_TRUE(mesh.meets(base::seconds(20)));
}

// A mesh in which a turn can be cut short, so that nobody knows whether its write exists.
class InDoubt : public Scenario {
 public:
  InDoubt() : Scenario(3) { settings().enabled.insert(Fault::kPowerInTurn); }

  void begin_counted() {
    begin();
    write_counted("old");
    cluster().stop_cleanly(0);  // so what was written is in the database file, not in its log
    cluster().start(0);
    ASSERT_TRUE(meets(base::seconds(20)));
    for (const char* id : {"first", "again"}) write_counted(id);
    ASSERT_TRUE(converges(base::seconds(20)));
  }
  // The power goes off at the sync of the commit that adds `id`. What was not synced is lost.
  // Returns everything that had been written, as a backup of this moment has it.
  Cluster::Backup lose_power_in_commit_of(const std::string& id) {
    Cluster::Backup written;
    std::uint64_t calls = 0;
    host(0).disk.watch([&] {
      if (++calls != calls_) return;
      written = cluster().back_up(0);
      cluster().schedule().after({}, [this] { cluster().power_cut(0, PowerCut::kAll); });
    });
    host(0).disk.lose_power_at(calls_);
    cluster().request(0, add_entry("snapshots", id, members_of(kText)));
    run(base::millis(20));
    host(0).disk.watch({});
    host(0).disk.lose_power_at(0);
    EXPECT_EQ(cluster().process(0), nullptr) << "the power must have gone off in the turn";
    EXPECT_FALSE(written.files.empty());
    return written;
  }
  bool shows(std::size_t index, const std::string& id) {
    auto entry = process(index).replica().store().cells().entry("snapshots", id);
    return entry.ok() && crdt::exists(*entry);
  }

  const std::string kText = R"({"text":"a text that is found in the file"})";

 private:
  void write_counted(const std::string& id) {
    calls_ = 0;
    host(0).disk.watch([this] { ++calls_; });
    cluster().request(0, add_entry("snapshots", id, members_of(kText)));
    run(base::millis(5));
    host(0).disk.watch({});
  }
  std::uint64_t calls_ = 0;  // writing calls of the disk in one commit; the last is the sync
};

// The write is not in the recovered file. It is in a backup that was taken before the recovery and
// is put back later.
TEST(Judge, AWriteInDoubtMayComeBackWithABackup) {
  InDoubt mesh;
  mesh.begin_counted();
  Cluster::Backup backup = mesh.lose_power_in_commit_of("doubt");
  mesh.cluster().start(0);
  ASSERT_TRUE(mesh.converges(base::seconds(20)));
  ASSERT_FALSE(mesh.shows(0, "doubt"));

  mesh.cluster().kill(0);
  mesh.cluster().restore(0, backup);
  mesh.cluster().start(0);
  ASSERT_TRUE(mesh.shows(0, "doubt"));

  EXPECT_TRUE(mesh.converges(base::seconds(60))) << mesh.story();
  EXPECT_TRUE(mesh.shows(1, "doubt"));
  mesh.judge();
}

// The log is smaller than the change, so the commit of the change has pruned it from the log.
TEST(Judge, AWriteInDoubtMayBeInNoLog) {
  InDoubt mesh;
  mesh.settings().replica.store.log_bytes_max = 1;
  mesh.begin_counted();
  Cluster::Backup backup = mesh.lose_power_in_commit_of("doubt");
  mesh.cluster().restore(0, backup);
  mesh.cluster().start(0);
  ASSERT_TRUE(mesh.shows(0, "doubt"));
  ASSERT_EQ(mesh.process(0).replica().store().log().changes(), 0);

  EXPECT_TRUE(mesh.converges(base::seconds(60))) << mesh.story();
  mesh.judge();
}

// Other rows of the database are damaged. The judge must find the one change without reading them.
TEST(Judge, AWriteInDoubtOnARottenMediumIsJudged) {
  InDoubt mesh;
  mesh.begin_counted();
  Cluster::Backup backup = mesh.lose_power_in_commit_of("doubt");
  base::Bytes& file = backup.files.at(kDatabase);
  std::size_t flipped = 0;
  for (auto at = file.find("a text that"); at != base::Bytes::npos; at = file.find("a text that")) {
    file[at] = 'b';
    ++flipped;
  }
  backup.rotten = true;
  mesh.cluster().restore(0, backup);
  mesh.cluster().start(0);

  EXPECT_GT(flipped, 1u) << "rows of the log and of the state";
  EXPECT_TRUE(mesh.report().passed()) << text_of(mesh.report());
  EXPECT_TRUE(mesh.converges(base::seconds(60))) << mesh.story();
  EXPECT_TRUE(mesh.shows(1, "doubt"));
  mesh.judge();
}

// A backup of a damaged database is damaged too. What it shows is not counted as a fault of the
// agent.
TEST(Judge, ABackupOfARottenMediumIsRotten) {
  Scenario mesh(3);
  mesh.begin();
  mesh.cluster().request(
      1, add_entry("snapshots", "one", members_of(R"({"text":"found in the file"})")));
  ASSERT_TRUE(mesh.converges(base::seconds(20)));
  mesh.cluster().stop_cleanly(1);
  mesh.flip_text_of_stopped(1, "found in");
  Cluster::Backup backup = mesh.cluster().back_up(1);
  mesh.host(1).disk.restore({});  // the medium is replaced by an empty one
  mesh.host(1).rotten = false;
  mesh.cluster().start(1);
  ASSERT_TRUE(mesh.converges(base::seconds(20)));

  mesh.cluster().stop_cleanly(1);
  mesh.cluster().restore(1, backup);
  EXPECT_TRUE(mesh.host(1).rotten);
  mesh.cluster().start(1);

  EXPECT_TRUE(mesh.report().passed()) << text_of(mesh.report());
}

// A scrub finds a flipped bit after healing, during the quiet time. Its repair may be sent; nothing
// else may.
TEST(Judge, WhatAScrubFindsAfterHealingMayTravel) {
  Scenario mesh(3);
  // It reads 64 rows each time, so it reaches the last rows only after healing.
  mesh.settings().pump.scrub_every = base::seconds(6);
  mesh.settings().quiet = base::seconds(120);
  mesh.begin();
  mesh.cluster().request(
      1, add_entry("snapshots", "z", members_of(R"({"text":"found in the file"})")));
  for (int i = 0; i < 150; ++i) {
    mesh.cluster().request(0, add_entry("snapshots", "e" + std::to_string(i), {}));
    mesh.run(base::millis(2));
  }
  ASSERT_TRUE(mesh.converges(base::seconds(20)));
  mesh.cluster().stop_cleanly(1);
  mesh.flip_text_of_stopped(1, "found in");
  mesh.cluster().start(1);
  ASSERT_EQ(mesh.report().events["states set aside"], 0u);

  heal(mesh.settings(), mesh.cluster(), mesh.report());

  EXPECT_TRUE(mesh.report().passed()) << text_of(mesh.report());
  EXPECT_GT(mesh.report().events["states set aside"], 0u) << "the scrub must have found the bit";
}

}  // namespace
}  // namespace simulation::testing
