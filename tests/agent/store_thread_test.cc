#include "agent/store_thread.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "agent/clock.h"
#include "tests/agent/slow_vfs.h"
#include "tests/agent/test_loop.h"
#include "tests/store/changed_rows.h"
#include "tests/store/fault_vfs.h"
#include "tests/support/scoped_directory.h"
#include "tools/simulator/requests.h"

namespace agent {
namespace {

Input add(std::uint64_t ticket) {
  return Write{ticket, simulation::add_entry("snapshots", "x" + std::to_string(ticket), {})};
}

// A replica in a folder of its own, for a store thread to run.
struct StoreThreads : testing::Test {
  support::ScopedDirectory folder;
  std::unique_ptr<Replica> replica;
  TestLoop loop;  // the test runs it; it must be empty in the end

  ~StoreThreads() override { set_sync_delay(std::chrono::milliseconds(0)); }
  void open(const std::string& vfs = "") {
    ReplicaOptions options;
    options.store.vfs = vfs;
    options.store.memtable_slots = 0;  // a test harms the rows of cells
    auto opened = Replica::open(read_clock(), file(), options, "h", base::Random::from_number(1));
    ASSERT_TRUE(opened.ok()) << opened.error().message;
    replica = std::move(*opened);
  }
  std::string file() const { return folder / "a.db"; }
};

// Rule 11: the queue has a bound. Who is refused keeps what it wanted to hand over, so that it can
// be answered or fetched again; what was taken is answered.
TEST_F(StoreThreads, AFullQueueRefusesAndLeavesTheInputAlone) {
  register_slow_vfs("slow");
  open("slow");
  std::vector<std::uint64_t> answered;
  PumpOptions small;
  small.inputs_max = 1;
  StoreThread thread(&loop, std::move(replica), small, [&](std::vector<Outputs> outputs) {
    for (Outputs& output : outputs) {
      for (Reply& reply : output.replies) answered.push_back(reply.ticket);
    }
  });
  set_sync_delay(std::chrono::milliseconds(300));

  EXPECT_TRUE(thread.submit(add(1)));
  while (thread.waiting() > 0) std::this_thread::yield();  // it is being committed now
  EXPECT_TRUE(thread.submit(add(2)));
  Input third = add(3);
  EXPECT_FALSE(thread.submit(std::move(third)));
  bool stopped = false;
  thread.stop([&] { stopped = true; });
  uv_run(&loop, UV_RUN_DEFAULT);

  EXPECT_EQ(std::get<WriteObject>(std::get<Write>(third).request).ops[0].path, crdt::Path{"x3"});
  EXPECT_EQ(answered, (std::vector<std::uint64_t>{1, 2}));
  EXPECT_TRUE(stopped);
}

// A turn that already runs makes no events. So a state that is read when `ready` comes includes
// what that turn has written.
TEST_F(StoreThreads, WatchingIsReadyWhenTheTurnThatRunsHasToldItsOutputs) {
  register_slow_vfs("slow");
  open("slow");
  std::vector<std::string> order;
  StoreThread thread(&loop, std::move(replica), {}, [&](std::vector<Outputs> outputs) {
    for (Outputs& output : outputs) {
      for (Reply& reply : output.replies) {
        bool events = !output.events.empty();
        order.push_back(std::to_string(reply.ticket) + (events ? " with events" : " without"));
      }
    }
  });

  thread.watch([&] { order.push_back("ready at once"); });
  thread.unwatch();
  set_sync_delay(std::chrono::milliseconds(200));
  EXPECT_TRUE(thread.submit(add(1)));
  while (thread.waiting() > 0) std::this_thread::yield();  // it is being committed now
  thread.watch([&] { order.push_back("ready"); });
  EXPECT_TRUE(thread.submit(add(2)));
  thread.stop([] {});
  uv_run(&loop, UV_RUN_DEFAULT);

  ASSERT_EQ(order.size(), 4u);
  EXPECT_EQ(order[0], "ready at once");
  EXPECT_EQ(order[1], "1 without");
  EXPECT_NE(std::find(order.begin(), order.end(), "2 with events"), order.end());
  EXPECT_GT(thread.wal_bytes_max(), 0);
}

// Rule 13: bad rows are looked for while nobody asks for anything.
TEST_F(StoreThreads, ScrubsWhenItIsIdle) {
  open();
  std::vector<Input> inputs{add(1)};
  replica->turn(read_clock(), inputs, false);
  store::sample::change_rows(file(), "UPDATE log SET sum=sum+1");
  PumpOptions often;
  often.scrub_every = base::millis(1);
  int found = 0;
  StoreThread* running = nullptr;
  StoreThread thread(&loop, std::move(replica), often, [&](std::vector<Outputs> outputs) {
    for (const Outputs& output : outputs) {
      for (const Notice& notice : output.notices) {
        if (notice.kind == Notice::Kind::kRowsDropped && ++found == 1) running->stop([] {});
      }
    }
  });
  running = &thread;

  uv_run(&loop, UV_RUN_DEFAULT);

  EXPECT_EQ(found, 1) << "said once";
}

// Counts the turns that a thread runs by itself for some time, in the middle of a rebuild.
int turns_of_a_rebuild(uv_loop_t& loop, std::unique_ptr<Replica>& replica) {
  int turns = 0;
  StoreThread thread(&loop, std::move(replica), {}, [&](std::vector<Outputs> outputs) {
    turns += static_cast<int>(outputs.size());
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  thread.stop([] {});
  uv_run(&loop, UV_RUN_DEFAULT);
  replica = thread.take_back();
  return turns;
}

// In the middle of a rebuild turns follow each other without a pause, unless they fail.
struct Rebuild : StoreThreads {
  ~Rebuild() override { store::sample::faults() = {}; }
  void SetUp() override {
    store::sample::faults() = {};  // and the VFS is there
    open(store::sample::kFaultVfs);
  }
  void begin_replay() {
    ASSERT_TRUE(replica->store().begin().ok());
    replica->store().meta().repair.stage = store::Repair::Stage::kReplaying;
    ASSERT_TRUE(replica->store().commit(store::Durability::kFull).ok());
  }
};

TEST_F(Rebuild, AFullDiskIsTriedNowAndThen) {
  begin_replay();
  store::sample::Faults& faults = store::sample::faults();
  faults.full = true;
  faults.fail_from = faults.calls;
  faults.fail_until = 1 << 30;

  EXPECT_LT(turns_of_a_rebuild(loop, replica), 5);

  EXPECT_TRUE(replica->replaying());
  faults = {};
  replica->turn(read_clock(), {}, false);
  EXPECT_FALSE(replica->replaying());
}

TEST_F(Rebuild, ABadRowInTheWayIsTriedNowAndThen) {
  std::vector<Input> inputs{add(1)};
  const auto own = replica->turn(read_clock(), inputs, false).facts.own.at(0);
  crdt::Change other = crdt::open_change(own.bytes)->change;
  other.actor.bytes[0] ^= 1;
  ASSERT_TRUE(replica->store().begin().ok());
  ASSERT_TRUE(replica->store()
                  .held()
                  .keep(store::HeldKind::kOldLog, other.actor, 1, crdt::seal(other)->bytes)
                  .ok());
  ASSERT_TRUE(replica->store().commit(store::Durability::kFull).ok());
  begin_replay();
  store::sample::change_rows(file(), store::sample::kOtherByteInCells);

  EXPECT_LT(turns_of_a_rebuild(loop, replica), 5);
}

}  // namespace
}  // namespace agent
