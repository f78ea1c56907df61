// Whole daemons inside the test process. Tests what cannot be seen from outside a process.

#include "agent/daemon.h"

#include <gtest/gtest.h>

#include <future>

#include "agent/clock.h"
#include "agent/host_port.h"
#include "crdt/catalog/entry.h"
#include "tests/agent/running_daemon.h"
#include "tests/agent/slow_vfs.h"
#include "tests/store/changed_rows.h"
#include "tests/support/agent_process.h"
#include "tests/support/scoped_directory.h"

namespace agent {
namespace {

// Why a daemon with these options does not start, and what it logs; nothing listens afterwards.
std::string refusal_of(const DaemonOptions& options, std::string& log_text) {
  const Log::Outside outside{[] { return std::int64_t{0}; }, [] { return std::int64_t{0}; },
                             [&](std::string_view line) { log_text += line; }};
  Log log({LogLevel::kInfo}, outside);
  Daemon daemon(options, log);
  const auto started = daemon.start();
  EXPECT_FALSE(started.ok());
  return started.ok() ? "" : started.error().message;
}

// Two ports can be in use. The message says which one it is and how to choose another.
TEST(Start, AnHttpPortInUseIsNamedWithItsFlag) {
  support::ScopedDirectory folder;
  make_key(folder);
  RunningDaemon a(options_in(folder, "a"));
  DaemonOptions second = options_in(folder, "z");
  second.http_port = HostPort::parse(a.http())->port;

  std::string log;
  const std::string refused = refusal_of(second, log);

  EXPECT_EQ(refused, "open the HTTP port (--http): bind " + a.http() + ": Address already in use");
}

// An agent with an address to join needs the key of that mesh. A key that it makes has no use.
TEST(Start, TheHintAboutANewKeyFitsWhetherThereIsAMeshToJoin) {
  support::ScopedDirectory folder;
  make_key(folder);
  RunningDaemon a(options_in(folder, "a"));
  DaemonOptions first = options_in(folder, "y");
  first.key_file.clear();
  first.http_port = HostPort::parse(a.http())->port;  // so that it ends at once
  DaemonOptions later = first;
  later.data_dir = folder / "z";
  later.join = {a.bind()};

  std::string log_of_first;
  std::string log_of_later;
  refusal_of(first, log_of_first);
  refusal_of(later, log_of_later);

  EXPECT_NE(log_of_first.find("copy this file to the other hosts"), std::string::npos)
      << log_of_first;
  EXPECT_EQ(log_of_later.find("copy this file"), std::string::npos) << log_of_later;
  EXPECT_NE(log_of_later.find("copy the key of their mesh to this file"), std::string::npos)
      << log_of_later;
}

// Rule 1: a change is durable before it leaves its origin. With a sync of 300 ms no answer to the
// client and no event, here or on another agent, comes earlier.
TEST(Durability, NothingLeavesBeforeTheSyncOfItsCommit) {
  support::ScopedDirectory folder;
  make_key(folder);
  register_slow_vfs("slow");
  DaemonOptions writer = options_in(folder, "a");
  writer.replica.store.vfs = "slow";
  RunningDaemon a(writer);
  DaemonOptions reader = options_in(folder, "z");
  reader.join = {a.bind()};
  RunningDaemon z(reader);
  probe::HttpClient at_a = a.client();
  probe::HttpClient at_z = z.client();
  ASSERT_TRUE(support::eventually(support::Millis{10'000}, [&] {
    auto status = at_z.get("/v1/status");
    return status.ok() && status->body.find("\"alive\":2") != std::string::npos;
  }));
  ASSERT_EQ(at_a.post("/snapshots/add/warm", "{}")->status, 200);
  auto events_a = at_a.events("/v1/events");
  auto events_z = at_z.events("/v1/events");
  ASSERT_TRUE(events_a.ok());
  ASSERT_TRUE(events_z.ok());

  set_sync_delay(std::chrono::milliseconds(300));
  auto start = std::chrono::steady_clock::now();
  auto since_start = [&] {
    return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() -
                                                                 start)
        .count();
  };
  // On a busy host the event of the entry before may still be on its way.
  auto seen = [&](probe::EventStream& events) {
    for (;;) {
      const auto event = events.next(support::Millis{5'000});
      EXPECT_TRUE(event.has_value());
      if (!event || event->data.find("slow") != std::string::npos) return since_start();
    }
  };
  auto event_at_z = std::async(std::launch::async, [&] { return seen(*events_z); });
  auto event_at_a = std::async(std::launch::async, [&] { return seen(*events_a); });
  auto answer = at_a.post("/snapshots/add/slow", "{}");
  auto answered = since_start();
  long long first_seen = std::min({answered, event_at_a.get(), event_at_z.get()});
  set_sync_delay(std::chrono::milliseconds(0));

  EXPECT_EQ(answer->status, 200);
  EXPECT_GE(first_seen, 300);
}

// Rule 13: if a reader meets a bad row, the agent takes it for damage. It is not only the failure
// of this request.
TEST(Damage, ARowThatAReaderFindsIsNotedAtOnce) {
  support::ScopedDirectory folder;
  make_key(folder);
  DaemonOptions options = options_in(folder, "a");
  options.pump.scrub_every = base::seconds(3'600);
  options.replica.store.memtable_slots = 0;  // the row that is changed stands in `cells` at once
  RunningDaemon a(options);
  probe::HttpClient client = a.client();
  ASSERT_EQ(client.post("/snapshots/add/x", R"({"n":1})")->status, 200);
  store::sample::change_rows(folder / "a/hearsay.db", store::sample::kOtherByteInCells);

  EXPECT_EQ(client.get("/v1/objects/snapshots/x")->status, 500);
  EXPECT_TRUE(support::eventually(support::Millis{5'000}, [&] {
    auto metrics = client.get("/metrics");
    return metrics->body.find("kind=\"corrupt_row\"} 1") != std::string::npos;
  }));
}

// The daemon starts in the middle of a repair. The store thread seals the tail under a new actor
// while the loop is still opening its sockets. If the loop reads the replica then, the thread
// sanitizer reports it.
TEST(Threads, AStartThatReplaysMintsItsActorBesideTheLoop) {
  support::ScopedDirectory folder;
  make_key(folder);
  DaemonOptions options = options_in(folder, "a");
  crdt::Change tail;
  tail.actor.bytes[0] = 7;
  tail.seq = 1;
  tail.time = {1, 0};
  tail.node = base::NodeId();
  crdt::Entry entry;
  entry.object = "snapshots";
  entry.id = "x";
  tail.effects = crdt::plan_add(entry, {}, tail.time);
  const auto sealed = crdt::seal(tail);
  ASSERT_TRUE(sealed.ok()) << sealed.error().message;
  { RunningDaemon first(options); }
  {
    auto store = store::Store::open(folder / "a/hearsay.db", {});
    ASSERT_TRUE(store.ok());
    ASSERT_TRUE((*store)->begin().ok());
    ASSERT_TRUE((*store)->held().keep(store::HeldKind::kTail, tail.actor, 1, sealed->bytes).ok());
    (*store)->meta().repair.stage = store::Repair::Stage::kReplaying;
    ASSERT_TRUE((*store)->commit(store::Durability::kFull).ok());
  }

  RunningDaemon a(options);

  EXPECT_TRUE(support::eventually(support::Millis{10'000}, [&] {
    auto status = a.client().get("/v1/status");
    return status.ok() && status->body.find(R"("actor_id":null)") == std::string::npos;
  }));
}

// Rule 11: the bound of the queue for the disk counts the bytes of the writes in it.
TEST(Durability, LargeWritesThatWaitAreFew) {
  support::ScopedDirectory folder;
  make_key(folder);
  register_slow_vfs("slow");
  DaemonOptions options = options_in(folder, "a");
  options.replica.store.vfs = "slow";
  options.pump.bytes_max = 150'000;
  RunningDaemon a(options);
  set_sync_delay(std::chrono::milliseconds(500));
  std::vector<std::future<int>> writes;
  for (int i = 0; i < 8; ++i) {
    writes.push_back(std::async(std::launch::async, [&, i] {
      std::string body = R"({"v":")" + std::string(100'000, 'x') + "\"}";
      return a.client().post("/snapshots/add/s" + std::to_string(i), body)->status;
    }));
  }

  std::multiset<int> statuses;
  for (auto& write : writes) statuses.insert(write.get());
  set_sync_delay(std::chrono::milliseconds(0));

  EXPECT_GE(statuses.count(200), 1u);
  EXPECT_GE(statuses.count(503), 3u);
  EXPECT_EQ(statuses.count(200) + statuses.count(503), writes.size());
}

// The agent gets no address to join. It has kept the addresses of its mesh in its data directory.
TEST(Members, AnAgentStartedWithoutSeedsFindsItsMeshAgain) {
  support::ScopedDirectory folder;
  make_key(folder);
  RunningDaemon a(options_in(folder, "a"));
  auto meets = [](const RunningDaemon& daemon) {
    return support::eventually(support::Millis{10'000}, [&] {
      auto status = daemon.client().get("/v1/status");
      return status.ok() && status->body.find("\"alive\":2") != std::string::npos;
    });
  };
  {
    DaemonOptions first = options_in(folder, "z");
    first.join = {a.bind()};
    RunningDaemon z(first);
    ASSERT_TRUE(meets(z));
  }

  RunningDaemon again(options_in(folder, "z"));

  EXPECT_TRUE(meets(again));
}

// An agent that has left still has its old list of members. Only a message that comes from now on
// counts as an answer.
TEST(Members, AJoinAfterLeavingIsNotAnsweredByOneThatIsGone) {
  support::ScopedDirectory folder;
  make_key(folder);
  auto a = std::make_unique<RunningDaemon>(options_in(folder, "a"));
  std::string address = a->bind();
  DaemonOptions options = options_in(folder, "z");
  options.join = {address};
  RunningDaemon z(options);
  auto join = [&] {
    return z.client().post("/v1/join", R"({"address":")" + address + "\"}")->body;
  };
  ASSERT_NE(join().find("\"joined\":true"), std::string::npos);
  ASSERT_EQ(z.client().post("/v1/leave", "{}")->status, 200);
  ASSERT_NE(join().find("\"joined\":true"), std::string::npos);
  ASSERT_EQ(z.client().post("/v1/leave", "{}")->status, 200);
  a.reset();

  std::string answer = join();

  EXPECT_NE(answer.find("\"joined\":false"), std::string::npos) << answer;
}

TEST(Members, AJoinOfOurselvesOrOfNoAddressIsNone) {
  support::ScopedDirectory folder;
  make_key(folder);
  RunningDaemon a(options_in(folder, "a"));
  auto join = [&](const std::string& address) {
    return *a.client().post("/v1/join", R"({"address":")" + address + "\"}");
  };

  EXPECT_NE(join(a.bind()).body.find("\"joined\":false"), std::string::npos);
  for (const char* address : {"127.0.0.1:99999", "127.0.0.1:0", "0.0.0.0:7700", "a b:1", "a"}) {
    EXPECT_EQ(join(address).status, 400) << address;
  }
}

TEST(Members, SeedsOfAReloadOutliveAnAgentThatStartsAgain) {
  support::ScopedDirectory folder;
  make_key(folder);
  DaemonOptions options = options_in(folder, "a");
  options.join = {"127.0.0.1:1"};
  Log log({LogLevel::kError});
  Daemon daemon(options, log);
  ASSERT_TRUE(daemon.start().ok());

  daemon.set_seeds({"127.0.0.1:2"});

  EXPECT_EQ(daemon.again_options().join, (std::vector<std::string>{"127.0.0.1:2"}));
}

// The stages of a repair as clients see them: writes are refused with a reason, reads and events go
// on, an old cursor is that of another agent, and at the end all data is there.
TEST(Repair, AnAgentWhoseDatabaseIsSetAsideSaysSoUntilItIsWhole) {
  support::ScopedDirectory folder;
  make_key(folder);
  DaemonOptions options = options_in(folder, "a");
  options.lonely_after = base::seconds(3);
  std::string cursor;
  {
    RunningDaemon before(options);
    auto events = before.client().events("/v1/events");
    ASSERT_TRUE(events.ok());
    ASSERT_EQ(before.client().post("/snapshots/add/s", "{}")->status, 200);
    cursor = events->next(support::Millis{5'000})->id;
    ASSERT_EQ(before.client().get("/readyz")->status, 200);
  }
  {
    auto store = store::Store::open(options.data_dir + "/hearsay.db", {});
    ASSERT_TRUE(store.ok());
    ASSERT_TRUE((*store)->begin().ok());
    (*store)->meta().repair.stage = store::Repair::Stage::kDamage;
    ASSERT_TRUE((*store)->commit(store::Durability::kFull).ok());
  }

  RunningDaemon again(options);
  probe::HttpClient client = again.client();
  auto ready = client.get("/readyz");
  auto status = client.get("/v1/status");
  auto written = client.post("/snapshots/add/t", "{}");
  auto read = client.get("/catalog/query?type=snapshots");

  EXPECT_EQ(ready->status, 503);
  EXPECT_NE(ready->body.find("\"status\":\"syncing\""), std::string::npos) << ready->body;
  EXPECT_NE(ready->body.find("writes wait"), std::string::npos) << ready->body;
  EXPECT_NE(status->body.find("\"state\":\"syncing\""), std::string::npos) << status->body;
  EXPECT_EQ(client.get("/healthz")->status, 200);
  EXPECT_EQ(written->status, 503);
  EXPECT_NE(written->body.find("\"unavailable\""), std::string::npos) << written->body;
  EXPECT_EQ(read->status, 200);
  ASSERT_TRUE(support::eventually(support::Millis{20'000},
                                  [&] { return client.get("/readyz")->status == 200; }));
  EXPECT_NE(client.get("/catalog/query?type=snapshots")->body.find("\"s\""), std::string::npos);
  EXPECT_EQ(client.post("/snapshots/add/t", "{}")->status, 200);
  auto resumed = client.events("/v1/events", {{"Last-Event-ID", cursor}});
  ASSERT_TRUE(resumed.ok());
  EXPECT_EQ(resumed->next(support::Millis{5'000})->event, "reset");
}

// Peers fetch through a reader of their own. Reads of clients, however many, do not delay them.
TEST(Readers, APeerIsServedWhileClientsOccupyTheirReaders) {
  support::ScopedDirectory folder;
  make_key(folder);
  RunningDaemon a(options_in(folder, "a"));
  std::string body = R"({"v":")" + std::string(100'000, 'x') + "\"}";
  for (int i = 0; i < 3; ++i) {
    ASSERT_EQ(a.client().post("/snapshots/add/s" + std::to_string(i), body)->status, 200);
  }
  std::promise<void> end;
  auto ended = end.get_future().share();
  std::promise<void> occupied;
  auto occupy = [&] {
    for (int i = 0; i < 100; ++i) {
      a.daemon().read([ended](store::Reader&) {
        ended.wait();
        return std::function<void()>();
      });
    }
    occupied.set_value();
  };
  a.on_loop(occupy);
  occupied.get_future().wait();

  DaemonOptions options = options_in(folder, "z");
  options.join = {a.bind()};
  RunningDaemon z(options);
  bool equal = support::eventually(support::Millis{20'000}, [&] {
    auto page = z.client().get("/catalog/query?type=snapshots");
    return page.ok() && page->body.find("\"s2\"") != std::string::npos;
  });
  end.set_value();

  EXPECT_TRUE(equal);
}

TEST(Members, TimesThatCannotWorkStopTheStart) {
  support::ScopedDirectory folder;
  make_key(folder);
  DaemonOptions options = options_in(folder, "a");
  options.mesh.node.profile.ping_timeout = options.mesh.node.profile.ping_interval / 2;
  Log log({LogLevel::kError});
  Daemon daemon(options, log);

  auto started = daemon.start();

  ASSERT_FALSE(started.ok());
  EXPECT_NE(started.error().message.find("ping timeout"), std::string::npos);
}

}  // namespace
}  // namespace agent
