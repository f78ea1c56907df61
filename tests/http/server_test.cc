// Event streams, the bounds of the server, and its end.

#include "agent/http/server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/times.h>
#include <unistd.h>

#include <chrono>
#include <thread>

#include "tests/http/client.h"
#include "tests/http/recorder.h"
#include "tests/http/running_server.h"

namespace http::testing {
namespace {

using ::testing::HasSubstr;
using Clock = std::chrono::steady_clock;

class Servers : public ::testing::Test {
 protected:
  void start(Options options = {}) {
    auto fill = [this](Router& router, uv_loop_t*) {
      recorder_.fill(router);
      recorder_.add(router, Verb::kGet, "/events",
                    [this](const std::shared_ptr<Exchange>& exchange) {
                      exchange->start_stream();
                      exchange->on_gone([this] { ++gone_; });
                      watchers_.push_back(exchange);
                    });
      recorder_.add(router, Verb::kGet, "/later",
                    [this](const std::shared_ptr<Exchange>& exchange) {
                      watchers_.push_back(exchange);
                      exchange->on_gone([this] { ++gone_; });
                    });
    };
    server_ = std::make_unique<RunningServer>(fill, options);
    host_ = "Host: localhost:" + std::to_string(server_->port()) + "\r\n\r\n";
  }

  std::string get(const std::string& path) { return "GET " + path + " HTTP/1.1\r\n" + host_; }

  template <typename Condition>
  bool eventually(Condition condition) {
    for (int i = 0; i < 3'000; ++i) {
      bool holds = false;
      server_->on_loop([&] { holds = condition(); });
      if (holds) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return false;
  }
  bool watched(std::size_t count) {
    return eventually([&] { return watchers_.size() == count; });
  }

  Recorder recorder_;
  std::vector<std::shared_ptr<Exchange>> watchers_;
  int gone_ = 0;
  std::string host_;
  std::unique_ptr<RunningServer> server_;
};

TEST_F(Servers, EventStreamSendsTextAsItIs) {
  start();
  Client client(server_->port());

  client.send(get("/events"));
  auto head = client.read_answer(true);
  ASSERT_TRUE(watched(1));
  server_->on_loop([&] {
    EXPECT_TRUE(watchers_[0]->write(": hello\n\n"));
    EXPECT_TRUE(watchers_[0]->write("id: 1\ndata: {}\n\n"));
  });
  std::string text = client.read_until("{}\n\n");
  EXPECT_EQ(server_->stats().streams, 1U);
  server_->on_loop([&] { watchers_[0]->end_stream(); });

  ASSERT_TRUE(head);
  EXPECT_EQ(head->header("content-type"), "text/event-stream");
  EXPECT_EQ(head->header("cache-control"), "no-store");
  EXPECT_EQ(head->header("x-content-type-options"), "nosniff");
  EXPECT_FALSE(head->has_header("content-length"));
  EXPECT_EQ(text, ": hello\n\nid: 1\ndata: {}\n\n");
  EXPECT_TRUE(client.at_end());
  EXPECT_EQ(server_->stats().streams, 0U);
  EXPECT_EQ(gone_, 0);
}

TEST_F(Servers, DroppedStreamEnds) {
  start();
  Client client(server_->port());

  client.send(get("/events"));
  ASSERT_TRUE(watched(1));
  server_->on_loop([&] {
    watchers_[0]->write("data: 1\n\n");
    watchers_.clear();
  });

  EXPECT_THAT(client.read_to_end(), HasSubstr("data: 1\n\n"));
  EXPECT_EQ(server_->stats().streams, 0U);
}

TEST_F(Servers, RequestsBehindAStreamAreIgnored) {
  start();
  Client client(server_->port());

  client.send(get("/events") + get("/leak"));
  ASSERT_TRUE(watched(1));
  client.send(get("/leak"));
  server_->on_loop([&] { watchers_[0]->end_stream(); });

  EXPECT_EQ(client.read_to_end().find("HTTP/1.1", 1), std::string::npos);
  EXPECT_THAT(recorder_.seen(), ::testing::IsEmpty());
}

TEST_F(Servers, StreamWhoseClientLeavesIsTold) {
  start();
  {
    Client client(server_->port());
    client.send(get("/events"));
    ASSERT_TRUE(watched(1));
  }

  EXPECT_TRUE(eventually([&] { return gone_ == 1; }));
  server_->on_loop([&] {
    EXPECT_TRUE(watchers_[0]->gone());
    EXPECT_FALSE(watchers_[0]->write("data: 1\n\n"));
  });
  auto stats = server_->stats();
  EXPECT_EQ(stats.streams, 0U);
  EXPECT_EQ(stats.streams_cut, 0U);
}

TEST_F(Servers, HeadOfAStreamEndsIt) {
  start();
  Client client(server_->port());

  client.send("HEAD /events HTTP/1.1\r\n" + host_);
  auto head = client.read_answer(true);

  ASSERT_TRUE(head);
  EXPECT_EQ(head->header("content-type"), "text/event-stream");
  EXPECT_TRUE(client.at_end());
  ASSERT_TRUE(watched(1));
  server_->on_loop([&] { EXPECT_FALSE(watchers_[0]->write("data: 1\n\n")); });
}

TEST_F(Servers, ReaderThatNeverReadsIsCutAndBounded) {
  Options options;
  options.stream_bytes_max = 256 * 1024;
  start(options);
  Client slow(server_->port());
  Client good(server_->port());
  slow.set_receive_buffer(16 * 1024);
  std::string event = "data: " + std::string(10'000, 'x') + "\n\n";

  slow.send(get("/events"));
  ASSERT_TRUE(watched(1));
  std::size_t accepted = 0;
  bool cut = eventually([&] {
    for (int i = 0; i < 10 && watchers_[0]->write(event); ++i) accepted += event.size();
    return watchers_[0]->gone();
  });

  EXPECT_TRUE(cut);
  // The bytes that were accepted are within our bound or in the buffers of the two sockets.
  EXPECT_LT(accepted, 16u << 20);
  EXPECT_TRUE(eventually([&] { return gone_ == 1; }));
  auto stats = server_->stats();
  EXPECT_EQ(stats.streams_cut, 1U);
  EXPECT_EQ(stats.streams, 0U);
  good.send(get("/after"));
  EXPECT_EQ(good.read_answer()->status, 200);
}

TEST_F(Servers, BurstLargerThanTheSocketIsNotCutBelowTheBound) {
  start();
  Client client(server_->port());
  std::string event = "data: " + std::string(10'000, 'x') + "\n\n";

  client.send(get("/events"));
  ASSERT_TRUE(watched(1));
  server_->on_loop([&] {
    for (int i = 0; i < 400; ++i) EXPECT_TRUE(watchers_[0]->write(event));
    watchers_[0]->end_stream();
  });
  std::string all = client.read_to_end();

  EXPECT_EQ(all.size() - (all.find("\r\n\r\n") + 4), 400 * event.size());
}

TEST_F(Servers, ATextLargerThanTheBoundGoesWhenNothingWaits) {
  Options options;
  options.stream_bytes_max = 50'000;
  start(options);
  Client client(server_->port());
  std::string event = "data: " + std::string(400'000, 'x') + "\n\n";

  client.send(get("/events"));
  ASSERT_TRUE(watched(1));
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(eventually([&] { return watchers_[0]->unsent() == 0; }));
    server_->on_loop([&] { EXPECT_TRUE(watchers_[0]->write(event)); });
  }
  server_->on_loop([&] { watchers_[0]->end_stream(); });
  std::string all = client.read_to_end();

  EXPECT_EQ(all.size() - (all.find("\r\n\r\n") + 4), 3 * event.size());
}

TEST_F(Servers, StreamsAboveTheBoundAreRefused) {
  Options options;
  options.streams_max = 1;
  start(options);
  Client first(server_->port());
  Client second(server_->port());

  first.send(get("/events"));
  ASSERT_TRUE(watched(1));
  second.send(get("/events"));
  auto answer = second.read_answer();
  ASSERT_TRUE(watched(2));

  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 503);
  EXPECT_TRUE(second.at_end());
  server_->on_loop([&] {
    EXPECT_TRUE(watchers_[0]->write("data: 1\n\n"));
    EXPECT_FALSE(watchers_[1]->write("data: 1\n\n"));
  });
  EXPECT_EQ(server_->stats().streams, 1U);
}

TEST_F(Servers, StalledReaderOfAnAnswerIsDropped) {
  Options options;
  options.idle_timeout_millis = 100;
  start(options);
  Client client(server_->port());
  client.set_receive_buffer(16 * 1024);

  client.send(get("/later"));
  ASSERT_TRUE(watched(1));
  server_->on_loop([&] { watchers_[0]->respond(json_response(std::string(32u << 20, 'a'))); });

  for (int i = 0; i < 300 && server_->stats().connections > 0; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  EXPECT_EQ(server_->stats().connections, 0U);
}

TEST_F(Servers, ConnectionsAboveTheBoundAreClosedAtOnce) {
  Options options;
  options.connections_max = 2;
  options.crowded_idle_millis = 600'000;
  start(options);
  auto first = std::make_unique<Client>(server_->port());
  Client second(server_->port());
  first->send(get("/after"));
  second.send(get("/after"));
  EXPECT_TRUE(first->read_answer());
  EXPECT_TRUE(second.read_answer());

  Client third(server_->port());

  EXPECT_TRUE(third.at_end());
  EXPECT_EQ(server_->stats().connections_refused, 1U);
  first.reset();
  for (int i = 0; i < 300 && server_->stats().connections > 1; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  Client fourth(server_->port());
  fourth.send(get("/after"));
  EXPECT_TRUE(fourth.read_answer());
}

TEST_F(Servers, IdleOnesMakeRoomForANewOneTheLongestIdleFirst) {
  Options options;
  options.connections_max = 3;
  options.crowded_idle_millis = 20;
  start(options);
  Client stream(server_->port());
  Client half(server_->port());
  Client idle(server_->port());
  stream.send(get("/events"));
  ASSERT_TRUE(watched(1));
  half.send("GET /after HTTP/1.1\r\nHost: ");
  EXPECT_TRUE(half.is_quiet(50));
  idle.send(get("/after"));
  EXPECT_TRUE(idle.read_answer());
  EXPECT_TRUE(idle.is_quiet(50));

  Client first(server_->port());
  first.send(get("/after"));
  EXPECT_TRUE(first.read_answer()) << "in place of the head that does not end";
  EXPECT_TRUE(half.at_end());
  Client second(server_->port());
  second.send(get("/after"));
  EXPECT_TRUE(second.read_answer());
  EXPECT_TRUE(idle.at_end());

  EXPECT_EQ(server_->stats().streams, 1U) << "who is being served stays";
}

TEST_F(Servers, RunningOutOfDescriptorsNeitherSpinsNorLosesConnections) {
  start();
  Client client(server_->port());
  client.send(get("/after"));
  ASSERT_TRUE(client.read_answer());
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  std::vector<std::unique_ptr<Client>> waiting;

  // The socket of the client takes the last descriptor, so the server finds none.
  int next = ::dup(0);
  ::close(next);
  rlimit tight{static_cast<rlim_t>(next) + 1, before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &tight), 0);
  waiting.push_back(std::make_unique<Client>(server_->port()));
  waiting[0]->send(get("/after"));
  tms start_times{};
  tms end_times{};
  ::times(&start_times);
  bool quiet = waiting[0]->is_quiet(500);
  ::times(&end_times);
  client.send(get("/after"));
  auto other = client.read_answer();
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);

  EXPECT_TRUE(quiet);
  EXPECT_TRUE(other);
  auto ticks =
      end_times.tms_utime + end_times.tms_stime - start_times.tms_utime - start_times.tms_stime;
  EXPECT_LT(ticks, sysconf(_SC_CLK_TCK) / 5);  // a fifth of a second of work in half a second
  EXPECT_TRUE(waiting[0]->read_answer());
}

TEST_F(Servers, StopEndsStreamsIdleOnesAndUnfinishedHeads) {
  start();
  Client stream(server_->port());
  Client idle(server_->port());
  Client half(server_->port());
  stream.send(get("/events"));
  idle.send(get("/after"));
  half.send("GET /aft");
  ASSERT_TRUE(watched(1));
  ASSERT_TRUE(idle.read_answer());
  server_->on_loop([&] { watchers_[0]->write("data: last\n\n"); });
  auto began = Clock::now();

  server_->stop(5'000);

  EXPECT_LT(Clock::now() - began, std::chrono::seconds(1));
  EXPECT_THAT(stream.read_to_end(), HasSubstr("data: last\n\n"));
  EXPECT_TRUE(idle.at_end());
  EXPECT_TRUE(half.at_end());
  EXPECT_EQ(gone_, 1);
  EXPECT_TRUE(watchers_[0]->gone());
  EXPECT_FALSE(watchers_[0]->write("x"));
}

TEST_F(Servers, StopLetsAnAnswerFinish) {
  start();
  Client client(server_->port());
  client.send(get("/later") + get("/leak"));
  ASSERT_TRUE(watched(1));

  std::thread stopper([&] { server_->stop(5'000); });
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  server_->on_loop([&] { watchers_[0]->respond(json_response("late")); });
  stopper.join();
  auto answer = client.read_answer();

  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->body, "late");
  EXPECT_EQ(answer->header("connection"), "close");
  EXPECT_TRUE(client.at_end());
  EXPECT_THAT(recorder_.seen(), ::testing::IsEmpty());
  EXPECT_EQ(gone_, 0);
}

TEST_F(Servers, StopWaitsNoLongerThanItsGrace) {
  start();
  Client client(server_->port());
  client.send(get("/later"));
  ASSERT_TRUE(watched(1));
  auto began = Clock::now();

  server_->stop(100);

  EXPECT_GE(Clock::now() - began, std::chrono::milliseconds(90));
  EXPECT_LT(Clock::now() - began, std::chrono::seconds(2));
  EXPECT_EQ(gone_, 1);
  EXPECT_TRUE(client.at_end());
  watchers_[0]->respond(json_response("too late"));
  watchers_.clear();
}

TEST_F(Servers, ConfiguredHostsAndTheBoundOneAreServed) {
  Options options;
  options.hosts = {"box.lan", "proxy.lan:8443"};
  RunningServer server([&](Router& router, uv_loop_t*) { recorder_.fill(router); }, options,
                       "127.0.0.3");
  std::string port = std::to_string(server.port());
  Client client(server.port(), "127.0.0.3");

  for (const auto& [host, status] :
       std::vector<std::pair<std::string, int>>{{"127.0.0.3:" + port, 200},
                                                {"box.lan:" + port, 200},
                                                {"box.lan", 200},
                                                {"box.lan:80", 200},
                                                {"proxy.lan:8443", 200},
                                                {"proxy.lan", 421},
                                                {"proxy.lan:" + port, 421},
                                                {"box.lan:1", 421},
                                                {"127.0.0.2:" + port, 421}}) {
    client.send("GET /after HTTP/1.1\r\nHost: " + host + "\r\n\r\n");
    auto answer = client.read_answer();
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, status) << host;
  }
}

TEST(ServerOpen, SaysWhatIsWrongAndLeavesNothing) {
  uv_loop_t loop;
  ASSERT_EQ(uv_loop_init(&loop), 0);
  Router router;
  auto first = Server::open(&loop, "127.0.0.1", 0, {}, router);
  ASSERT_TRUE(first.ok());

  auto taken = Server::open(&loop, "127.0.0.1", first.value()->port(), {}, router);
  auto named = Server::open(&loop, "localhost", 0, {}, router);
  auto foreign = Server::open(&loop, "192.0.2.1", 0, {}, router);
  bool closed = false;
  first.value()->close(0, [&] { closed = true; });
  uv_run(&loop, UV_RUN_DEFAULT);

  ASSERT_FALSE(taken.ok());
  EXPECT_EQ(taken.error().code, base::Code::kConflict);
  ASSERT_FALSE(named.ok());
  EXPECT_EQ(named.error().code, base::Code::kInvalid);
  EXPECT_FALSE(foreign.ok());
  EXPECT_TRUE(closed);
  EXPECT_EQ(uv_loop_close(&loop), 0);
}

TEST(ServerOpen, AddressIsWhatAClientTypes) {
  uv_loop_t loop;
  ASSERT_EQ(uv_loop_init(&loop), 0);
  Router router;
  auto server = Server::open(&loop, "127.0.0.1", 0, {}, router);
  ASSERT_TRUE(server.ok());

  EXPECT_EQ(server.value()->address(), "127.0.0.1:" + std::to_string(server.value()->port()));

  server.value()->close(0, nullptr);
  uv_run(&loop, UV_RUN_DEFAULT);
  EXPECT_EQ(uv_loop_close(&loop), 0);
}

}  // namespace
}  // namespace http::testing
