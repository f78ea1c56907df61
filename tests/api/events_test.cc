#include "agent/api/limits.h"
#include "agent/feed/limits.h"
#include "tests/api/answers.h"
#include "tests/api/event_blocks.h"
#include "tools/simulator/requests.h"

namespace agent {
namespace {

TEST(Events, TellOwnWritesAfterTheirCommit) {
  FakeHost a("A");
  auto stream = open(a);
  a.run();
  ASSERT_TRUE(stream->streams());

  add(a, "s", R"({"n":1.0})");
  a.start_turn();
  EXPECT_TRUE(changes(*stream).empty());
  a.run();
  body(a, "PATCH", "/snapshots/metadata/s", R"({"b":2})");
  body(a, "DELETE", "/snapshots/remove/s");

  auto found = changes(*stream);
  ASSERT_EQ(found.size(), 3u);
  Json first = found[0].data;
  EXPECT_EQ(first.size(), 9u);
  EXPECT_EQ(first["object"], "snapshots");
  EXPECT_EQ(first["path"], Json::array({"s"}));
  EXPECT_EQ(first["type"], "crdt_map");
  EXPECT_EQ(first["op"], "put");
  EXPECT_EQ(first["value"].dump(), R"({"n":1.0})");
  EXPECT_EQ(first["actor"], a.replica().own_actor().hex());
  EXPECT_EQ(first["seq"], 1);
  EXPECT_TRUE(first["stamp"].is_string());
  EXPECT_EQ(first["node"], a.facts().node_id.hex());
  EXPECT_EQ(found[1].data["value"].dump(), R"({"b":2,"n":1.0})");
  EXPECT_EQ(found[2].data["op"], "remove");
  EXPECT_EQ(found[2].data["value"], nullptr);
}

// A client takes the value of a put for the whole value. So a change that makes a container and
// fills it does not say that the container is empty.
TEST(Events, TheFirstWriteIntoAContainerHasNoEventOfItsMarker) {
  FakeHost a("A");
  auto stream = open(a);
  a.run();
  const auto told = [&] {
    std::vector<std::string> lines;
    for (const Heard& one : changes(*stream)) {
      lines.push_back(one.data["path"].dump() + " " + one.data["type"].dump() + " " +
                      one.data["op"].get<std::string>() + " " + one.data["value"].dump());
    }
    return lines;
  };
  body(a, "PATCH", "/v1/objects/tags", R"({"ops":[{"op":"add","value":"b"}]})");
  body(a, "PATCH", "/v1/objects/note", R"({"ops":[{"op":"insert","at":0,"text":"x"}]})");
  body(a, "PUT", "/v1/objects/map", R"({"type":"crdt_map","value":{"k":1}})");
  body(a, "PATCH", "/v1/objects/map/s", R"({"ops":[{"op":"add","value":1}]})");
  body(a, "PUT", "/v1/objects/none", R"({"type":"orset","value":[]})");
  body(a, "PATCH", "/v1/objects/tags", R"({"ops":[{"op":"remove","value":"b"}]})");
  body(a, "DELETE", "/v1/objects/map/k");

  EXPECT_EQ(told(),
            (std::vector<std::string>{R"([] "orset" put "b")", R"([] "seq" insert "x")",
                                      R"(["k"] "lww_register" put 1)", R"(["s"] "orset" put 1)",
                                      R"([] "orset" put [])", R"([] "orset" remove "b")",
                                      R"(["k"] null remove null)"}));
}

TEST(Events, TellWhatOthersWrote) {
  FakeHost a("A");
  FakeHost z("Z");
  auto stream = open(a);
  a.run();
  body(z, "POST", "/images/add/i", "{}");

  a.learn_from(z);

  ASSERT_EQ(changes(*stream).size(), 1u);
  EXPECT_EQ(changes(*stream)[0].data["node"], z.facts().node_id.hex());
  EXPECT_EQ(changes(*stream)[0].data["object"], "images");
}

TEST(Events, OfOneObjectOnly) {
  FakeHost a("A");
  auto stream = open(a, "", "?object=images");
  a.run();
  body(a, "POST", "/images/add/i", "{}");
  body(a, "POST", "/snapshots/add/s", "{}");

  EXPECT_EQ(ids(*stream), (std::vector<std::string>{"i"}));
  EXPECT_EQ(refusal(a, "GET", "/v1/events?object="), "400 invalid");
}

TEST(Events, OfAnObjectThatIsStillEmptyAreHeardWhenItComesToBe) {
  FakeHost a("A");
  auto stream = open(a, "", "?object=images");
  a.run();

  body(a, "POST", "/images/add/first", "{}");

  EXPECT_EQ(ids(*stream), (std::vector<std::string>{"first"}));
}

TEST(Events, AStreamIsOpenedOnlyWhenNothingCanBeMissed) {
  FakeHost a("A");
  add(a, "before");
  ASSERT_TRUE(a.start_turn());  // nobody watches yet
  auto stream = open(a);
  while (a.read_step() || a.loop_step()) {
  }
  EXPECT_FALSE(stream->streams()) << "the turn tells nothing, and has not committed";

  a.run();
  add(a, "after");
  a.run();

  EXPECT_TRUE(stream->streams());
  EXPECT_EQ(ids(*stream), (std::vector<std::string>{"after"}));
}

TEST(Events, OpeningAStreamWritesNothing) {
  FakeHost a("A");
  add(a, "before");
  a.run();
  std::uint64_t turns = a.turns();

  auto stream = open(a);
  a.run();

  EXPECT_TRUE(stream->streams());
  EXPECT_EQ(a.writes_waiting(), 0u);
  EXPECT_EQ(a.turns(), turns);
}

TEST(Events, ResumeAfterTheLastOneReceived) {
  FakeHost a("A");
  auto first = open(a);
  a.run();
  for (const char* id : {"1", "2", "3"}) add(a, id), a.run();
  std::string last = changes(*first)[0].id;
  first->leave();
  a.run();
  for (const char* id : {"4", "5"}) add(a, id), a.run();

  auto second = open(a, last);
  a.run();
  add(a, "6");
  a.run();

  EXPECT_EQ(ids(*second), (std::vector<std::string>{"2", "3", "4", "5", "6"}));
  EXPECT_EQ(resets(*second), 0u);
}

TEST(Events, AStreamThatHeardNothingCanResumeToo) {
  FakeHost a("A");
  add(a, "0");
  auto first = open(a);
  a.run();
  std::string start = heard(*first).at(0).id;
  first->leave();
  add(a, "1");
  a.run();

  auto second = open(a, start);
  a.run();

  EXPECT_EQ(ids(*second), (std::vector<std::string>{"1"}));
}

TEST(Events, InsideAChangeTheWholeOfItComesAgain) {
  FakeHost a("A");
  auto first = open(a);
  a.run();
  body(a, "POST", "/v1/import?type=snapshots", "{\"id\":\"1\"}\n{\"id\":\"2\"}\n{\"id\":\"3\"}");
  auto found = changes(*first);
  ASSERT_EQ(found.size(), 3u);

  auto inside = open(a, found[1].id);
  auto after = open(a, found[2].id);
  a.run();

  EXPECT_EQ(ids(*inside), (std::vector<std::string>{"1", "2", "3"}));
  EXPECT_TRUE(ids(*after).empty());
}

TEST(Events, ResumeOverARestart) {
  for (bool clean : {true, false}) {
    FakeHost a("A");
    auto first = open(a);
    a.run();
    for (const char* id : {"1", "2"}) add(a, id), a.run();
    std::string last = changes(*first)[0].id;
    first->leave();
    a.run();

    a.restart(clean);
    add(a, "3");
    a.run();
    auto second = open(a, last);
    a.run();

    EXPECT_EQ(ids(*second), (std::vector<std::string>{"2", "3"})) << clean;
    EXPECT_EQ(resets(*second), 0u);
  }
}

TEST(Events, NobodyWatchesWhenNobodyListens) {
  FakeHost a("A");
  auto one = open(a);
  auto two = open(a);
  a.run();
  EXPECT_EQ(a.watchers(), 1u);

  one->leave();
  a.run();
  EXPECT_EQ(a.watchers(), 1u);
  two->leave();
  a.run();
  EXPECT_EQ(a.watchers(), 0u);
  EXPECT_EQ(one.use_count(), 1);
  auto three = open(a);
  a.run();
  add(a, "s");
  a.run();

  EXPECT_EQ(ids(*three), (std::vector<std::string>{"s"}));
}

TEST(Events, ACommentKeepsAQuietStreamAlive) {
  FakeHost a("A");
  auto stream = open(a);
  a.run();

  for (int i = 0; i < 3; ++i) a.advance(kKeepAliveMillis);

  std::string_view text = stream->streamed();
  std::size_t comments = 0;
  for (std::size_t at = 0; (at = text.find(": keep-alive\n\n", at)) != text.npos; ++at) ++comments;
  EXPECT_EQ(comments, 3u);
  stream->leave();
  a.advance(kKeepAliveMillis);
}

TEST(Events, FullQueuesDelayAStreamButDoNotEndIt) {
  FakeHost a("A");
  a.refuse_reads_ = 2;
  auto stream = open(a);

  for (int i = 0; i < 6; ++i) a.advance(10);
  add(a, "s");
  a.run();

  EXPECT_EQ(ids(*stream), (std::vector<std::string>{"s"}));
}

TEST(Events, ALongLogIsReadInSlices) {
  FakeHost a("A");
  auto first = open(a);
  a.run();
  std::string start = heard(*first).at(0).id;
  std::size_t count = kCatchUpChanges * 2 + 10;
  for (std::size_t i = 0; i < count; ++i) add(a, std::to_string(i)), a.run();
  std::size_t before = a.reads();

  auto second = open(a, start);
  a.run();

  EXPECT_EQ(ids(*second), ids(*first));
  EXPECT_EQ(ids(*second).size(), count);
  EXPECT_EQ(a.reads() - before, 3u);
}

// If the agent sent them all at once, it would close the stream for unread bytes at the same place
// after each reconnect.
TEST(Events, AChangeLargerThanAStreamHoldsComesFromTheLogAsItsClientReads) {
  FakeHost a("A");
  auto first = open(a);
  a.run();
  std::string start = heard(*first).at(0).id;
  std::string value = "\"" + std::string(200'000, 'x') + "\"";
  WriteObject write{"snapshots", {}};
  for (int i = 0; i < 80; ++i) {
    write.ops.push_back(
        simulation::op({std::to_string(100 + i)}, crdt::Verb::kSet, crdt::Members{{"v", value}}));
  }
  a.write(write, [](const base::Result<Written>&) {});
  a.run();

  auto slow = open(a, start);
  slow->read_slowly();
  for (int i = 0; i < 1'000; ++i) a.advance(kCatchUpPauseMillis), slow->take();
  add(a, "live");
  a.run();

  EXPECT_FALSE(slow->gone());
  EXPECT_EQ(ids(*slow), ids(*first));
  EXPECT_EQ(ids(*slow).size(), 81u);
}

TEST(Events, AnEntryLargerThanAStreamHoldsIsStillAnEvent) {
  FakeHost a("A");
  auto first = open(a);
  a.run();
  std::string start = heard(*first).at(0).id;
  std::string value = "\"" + std::string(900'000, 'x') + "\"";
  add(a, "s");
  for (char field : std::string("abcdef")) {
    a.write(simulation::patch_entry("snapshots", "s", {{std::string(1, field), value}}),
            [](const base::Result<Written>&) {});
  }
  a.run();
  ASSERT_GT(changes(*first).back().data.dump().size(), http::Options{}.stream_bytes_max);

  auto slow = open(a, start);
  slow->read_slowly();
  for (int i = 0; i < 100; ++i) a.advance(kCatchUpPauseMillis), slow->take();
  add(a, "live");
  a.run();

  EXPECT_FALSE(slow->gone());
  EXPECT_EQ(ids(*slow).back(), "live");
}

TEST(Events, SmallChangesOfALargeEntryAreReadInSlicesToo) {
  FakeHost a("A");
  auto first = open(a);
  a.run();
  std::string start = heard(*first).at(0).id;
  add(a, "s", R"({"v":")" + std::string(300'000, 'x') + "\"}");
  for (int i = 0; i < 20; ++i) {
    a.write(simulation::patch_entry("snapshots", "s", {{"n", std::to_string(i)}}),
            [](const base::Result<Written>&) {});
  }
  a.run();
  std::size_t before = a.reads();

  auto second = open(a, start);
  a.run();

  EXPECT_EQ(ids(*second).size(), 21u);
  EXPECT_GE(a.reads() - before, 10u);
}

TEST(Events, WhatOverflowsWhileTheLogIsReadComesFromTheLog) {
  FakeHost a("A");
  auto stream = open(a);
  while (a.start_turn() || a.finish_turn() || a.loop_step()) {
  }
  ASSERT_TRUE(a.start_read()) << "its snapshot is taken, its answer waits";
  int batches = static_cast<int>(kHeldEventsMax / 1'000) + 1;
  for (int batch = 0; batch < batches; ++batch) {
    WriteObject write{"snapshots", {}};
    for (int i = 0; i < 1'000; ++i) {
      write.ops.push_back(
          simulation::op({std::to_string(batch * 1'000 + i)}, crdt::Verb::kSet, crdt::Members{}));
    }
    a.write(write, [](const base::Result<Written>&) {});
    while (a.start_turn() || a.finish_turn() || a.loop_step()) {
    }
  }
  ASSERT_FALSE(stream->streams());
  a.run();
  add(a, "live");
  a.run();

  std::vector<std::string> expected;
  for (int i = 0; i < batches * 1'000; ++i) expected.push_back(std::to_string(i));
  expected.emplace_back("live");
  EXPECT_EQ(ids(*stream), expected);
}

// Streams begin, end and resume while writes go on, in a random order. Each stream, with its
// resumptions, must have got every change after its start exactly once, in order.
class Listener {
 public:
  explicit Listener(FakeHost& host) : host_(host) {}

  void connect() {
    if (!stream_) stream_ = open(host_, last_id_);
  }
  void disconnect() {
    if (!stream_) return;
    gather();
    stream_->leave();
    stream_.reset();
  }
  void gather() {
    if (!stream_) return;
    auto all = heard(*stream_);
    for (; read_ < all.size(); ++read_) {
      EXPECT_NE(all[read_].event, "reset");
      if (!all[read_].id.empty()) last_id_ = all[read_].id;
      if (all[read_].event != "change") continue;
      seen_.push_back(all[read_].data["path"][0].get<std::string>());
    }
  }
  void reconnected() { read_ = 0; }
  bool connected() const { return stream_ != nullptr; }
  bool started() const { return !last_id_.empty(); }
  const std::vector<std::string>& seen() const { return seen_; }

 private:
  FakeHost& host_;
  std::shared_ptr<FakeExchange> stream_;
  std::size_t read_ = 0;
  std::string last_id_;
  std::vector<std::string> seen_;
};

TEST(Events, NoGapAndNoRepeatUnderConcurrentWrites) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    base::Random random = base::Random::from_number(seed);
    FakeHost a("A");
    std::vector<Listener> listeners(3, Listener(a));
    int written = 0;
    for (int step = 0; step < 400; ++step) {
      auto move = random.below(16);
      auto& listener = random.pick(listeners);
      if (move == 0) {
        if (!listener.connected()) listener.reconnected();
        listener.connect();
      } else if (move == 1) {
        listener.disconnect();
      } else if (move < 4) {
        add(a, std::to_string(1'000 + written++));
      } else if (move < 6) {
        a.start_turn();
      } else if (move < 8) {
        a.commit_turn();
      } else if (move < 10) {
        a.loop_step();
      } else if (move < 12) {
        a.start_read();
      } else if (move < 14) {
        a.finish_read();
      } else {
        a.tell_turn();
      }
    }
    a.run_by_chance(random);
    for (Listener& listener : listeners) {
      if (!listener.connected()) listener.reconnected();
      listener.connect();
      a.run_by_chance(random);
    }
    add(a, std::to_string(1'000 + written++));
    a.run_by_chance(random);

    for (Listener& listener : listeners) {
      listener.gather();
      const auto& seen = listener.seen();
      ASSERT_FALSE(seen.empty()) << seed;
      int first = std::stoi(seen.front());
      ASSERT_EQ(seen.size(), static_cast<std::size_t>(1'000 + written - first)) << seed;
      for (std::size_t i = 0; i < seen.size(); ++i) {
        ASSERT_EQ(seen[i], std::to_string(first + static_cast<int>(i))) << seed;
      }
    }
  }
}

}  // namespace
}  // namespace agent
