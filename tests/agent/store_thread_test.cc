#include "agent/store_thread.h"

#include <gtest/gtest.h>
#include <sqlite3.h>

#include "agent/clock.h"
#include "tests/agent/slow_vfs.h"
#include "tests/support/scoped_directory.h"

namespace agent {
namespace {

Input add(std::uint64_t ticket) {
  return Write{ticket, AddEntry{"snapshots", "x" + std::to_string(ticket), "{}"}};
}

// Rule 11: the queue has a bound. Who is refused keeps what it wanted to hand over, so that it can
// be answered or fetched again; what was taken is answered.
TEST(StoreThread, AFullQueueRefusesAndLeavesTheInputAlone) {
  support::ScopedDirectory folder;
  register_slow_vfs("slow");
  ReplicaOptions options;
  options.store.vfs = "slow";
  Outside outside;
  outside.tokens = {base::RunToken{}};
  auto replica =
      Replica::open(read_clock(), folder / "a.db", options, outside, base::Random::from_number(1));
  ASSERT_TRUE(replica.ok()) << replica.error().message;
  uv_loop_t loop;
  uv_loop_init(&loop);
  std::vector<std::uint64_t> answered;
  StoreThreadOptions small;
  small.inputs_max = 1;
  StoreThread thread(&loop, **replica, small, [&](std::vector<Outputs> outputs) {
    for (Outputs& output : outputs) {
      for (Reply& reply : output.replies) answered.push_back(reply.ticket);
    }
  });
  set_sync_delay(std::chrono::milliseconds(300));

  EXPECT_TRUE(thread.submit(add(1), 1));
  while (thread.waiting() > 0) std::this_thread::yield();  // it is being committed now
  EXPECT_TRUE(thread.submit(add(2), 1));
  Input third = add(3);
  EXPECT_FALSE(thread.submit(std::move(third), 1));
  bool stopped = false;
  thread.stop([&] { stopped = true; });
  uv_run(&loop, UV_RUN_DEFAULT);
  set_sync_delay(std::chrono::milliseconds(0));

  EXPECT_EQ(std::get<AddEntry>(std::get<Write>(third).request).id, "x3");
  EXPECT_EQ(answered, (std::vector<std::uint64_t>{1, 2}));
  EXPECT_TRUE(stopped);
  EXPECT_EQ(uv_loop_close(&loop), 0);
}

// Rule 13: while nobody asks for anything, bad rows are looked for.
TEST(StoreThread, ScrubsWhenItIsIdle) {
  support::ScopedDirectory folder;
  Outside outside;
  outside.tokens = {base::RunToken{}};
  auto replica =
      Replica::open(read_clock(), folder / "a.db", {}, outside, base::Random::from_number(1));
  ASSERT_TRUE(replica.ok()) << replica.error().message;
  std::vector<Input> inputs{add(1)};
  (*replica)->turn(read_clock(), inputs, false);
  sqlite3* handle = nullptr;
  sqlite3_open((folder / "a.db").c_str(), &handle);
  sqlite3_exec(handle, "UPDATE log SET sum=sum+1", nullptr, nullptr, nullptr);
  sqlite3_close(handle);
  uv_loop_t loop;
  uv_loop_init(&loop);
  StoreThreadOptions often;
  often.scrub_every = base::millis(1);
  int found = 0;
  StoreThread* running = nullptr;
  StoreThread thread(&loop, **replica, often, [&](std::vector<Outputs> outputs) {
    for (const Outputs& output : outputs) {
      for (const Notice& notice : output.notices) {
        if (notice.kind == Notice::Kind::kCorruptRow && ++found == 1) running->stop([] {});
      }
    }
  });
  running = &thread;

  uv_run(&loop, UV_RUN_DEFAULT);

  EXPECT_EQ(found, 1) << "said once";
  EXPECT_EQ(uv_loop_close(&loop), 0);
}

}  // namespace
}  // namespace agent
