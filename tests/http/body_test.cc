// Bodies of requests: their bounds, how a server asks for them, and how they stream. Also slow
// clients.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "tests/http/client.h"
#include "tests/http/recorder.h"
#include "tests/http/running_server.h"

namespace http::testing {
namespace {

using ::testing::IsEmpty;
using ::testing::StartsWith;
using Clock = std::chrono::steady_clock;

class Bodies : public ::testing::Test {
 protected:
  void start(Options options = {}) {
    auto fill = [this](Router& router, uv_loop_t*) {
      recorder_.fill(router);
      add_streaming(router, "/paused", [this](const std::shared_ptr<Exchange>& exchange) {
        held_ = exchange;
        exchange->on_body([this](std::string_view piece) {
          taken_ += piece.size();
          ended_ = piece.empty();
          return false;
        });
      });
      add_streaming(router, "/later", [this](const std::shared_ptr<Exchange>& exchange) {
        held_ = exchange;
        exchange->on_gone([this] { gone_ = true; });
      });
      add_streaming(router, "/refusing", [](const std::shared_ptr<Exchange>& exchange) {
        exchange->on_body([exchange](std::string_view) {
          exchange->fail(base::invalid("line 1"));
          return true;
        });
      });
      add_streaming(router, "/unread", [](const std::shared_ptr<Exchange>& exchange) {
        exchange->fail({base::Code::kBusy, "not now"});
      });
      add_plain(router);
    };
    server_ = std::make_unique<RunningServer>(fill, options);
    host_ = "Host: localhost:" + std::to_string(server_->port()) + "\r\n";
  }

  static void add_streaming(Router& router, const std::string& pattern, Handler handler) {
    Route route;
    route.verb = Verb::kPost;
    route.pattern = pattern;
    route.streams_body = true;
    route.body_max = 10;  // not a bound for a streamed body as a whole
    route.handler = std::move(handler);
    router.add(std::move(route));
  }

  static void add_plain(Router& router) {
    Route route;
    route.verb = Verb::kPost;
    route.pattern = "/plain";
    route.body_max = 10;
    route.refused = [](int status, const base::Error&) {
      Response response;
      response.status = status;
      response.body = "plain " + std::to_string(status);
      return response;
    };
    route.handler = [](const std::shared_ptr<Exchange>& exchange) {
      exchange->respond(json_response("{}"));
    };
    router.add(std::move(route));
  }

  std::string post(const std::string& path, const std::string& headers) {
    return "POST " + path + " HTTP/1.1\r\n" + host_ + headers + "\r\n";
  }

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

  Recorder recorder_;
  std::shared_ptr<Exchange> held_;
  std::size_t taken_ = 0;
  bool ended_ = false;
  bool gone_ = false;
  std::string host_;
  std::unique_ptr<RunningServer> server_;
};

TEST_F(Bodies, UpToTheBoundAreTaken) {
  start();
  Client client(server_->port());
  std::string most(Recorder::kBodyMax, 'a');

  client.send(post("/echo", "Content-Length: 1024\r\n") + most);
  auto plain = client.read_answer();
  client.send(post("/echo", "Transfer-Encoding: chunked\r\n") + "400\r\n" + most + "\r\n0\r\n\r\n");
  auto chunked = client.read_answer();

  ASSERT_TRUE(plain && chunked);
  EXPECT_EQ(plain->body, most);
  EXPECT_EQ(chunked->body, most);
}

TEST_F(Bodies, AreAskedForOnce) {
  start();
  Client client(server_->port());

  client.send(post("/echo", "Content-Length: 5\r\nExpect: 100-Continue\r\n"));
  auto go_on = client.read_answer();
  client.send("ab");
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  client.send("cde");
  auto answer = client.read_answer();

  ASSERT_TRUE(go_on && answer);
  EXPECT_EQ(go_on->status, 100);
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(answer->body, "abcde");
}

TEST_F(Bodies, AlreadySentAreNotAskedFor) {
  start();
  Client client(server_->port());

  client.send(post("/echo", "Content-Length: 5\r\nExpect: 100-continue\r\n") + "abcde");

  EXPECT_EQ(client.read_answer()->status, 200);
}

TEST_F(Bodies, TooLargeAreRefusedInsteadOfAskedFor) {
  start();
  Client client(server_->port());

  client.send(post("/echo", "Content-Length: 1025\r\nExpect: 100-continue\r\n"));

  EXPECT_EQ(client.read_answer()->status, 413);
  EXPECT_TRUE(client.at_end());
}

TEST_F(Bodies, AreRefusedInTheFormOfTheirRoute) {
  start();
  for (const char* headers : {"Content-Length: 11\r\n", "Transfer-Encoding: chunked\r\n"}) {
    Client client(server_->port());
    client.send(post("/plain", headers) + "b\r\nabcdefghijk\r\n");

    auto answer = client.read_answer();

    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->body, "plain 413") << headers;
  }
}

TEST_F(Bodies, OfARouteWithItsOwnFormDoNotChangeTheNextRefusal) {
  start();
  Client client(server_->port());

  client.send(post("/plain", "Content-Length: 2\r\n") + "ab");
  EXPECT_EQ(client.read_answer()->body, "{}");
  client.send("GET / HTTP/1.1\r\nno line of a head\r\n\r\n");
  auto answer = client.read_answer();

  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 400);
  EXPECT_THAT(answer->body, StartsWith(R"({"error":{"code":"invalid")"));
}

TEST_F(Bodies, OfUnknownRoutesAreNotAskedFor) {
  start();
  Client client(server_->port());

  client.send(post("/nowhere", "Content-Length: 5\r\nExpect: 100-continue\r\n"));

  EXPECT_EQ(client.read_answer()->status, 404);
  EXPECT_TRUE(client.at_end());
}

TEST_F(Bodies, StreamedAreAskedForWhenTheHandlerWantsThem) {
  start();
  Client client(server_->port());

  client.send(post("/later", "Content-Length: 3\r\nExpect: 100-continue\r\n"));
  ASSERT_TRUE(eventually([&] { return held_ != nullptr; }));

  EXPECT_TRUE(client.is_quiet(30));
  server_->on_loop([&] {
    held_->on_body([this](std::string_view piece) {
      taken_ += piece.size();
      if (piece.empty()) held_->respond(json_response(std::to_string(taken_)));
      return true;
    });
  });
  EXPECT_EQ(client.read_answer()->status, 100);
  client.send("abc");
  EXPECT_EQ(client.read_answer()->body, "3");
  server_->on_loop([&] { held_.reset(); });
}

TEST_F(Bodies, StreamedAreAnyLength) {
  start();
  Client client(server_->port());
  std::string piece(1u << 20, 'a');

  client.send(post("/stream", "Content-Length: 67108864\r\n"));
  for (int i = 0; i < 64; ++i) client.send(piece);
  auto plain = client.read_answer();
  client.send(post("/stream", "Transfer-Encoding: chunked\r\n"));
  for (int i = 0; i < 16; ++i) client.send("100000\r\n" + piece + "\r\n");
  client.send("0\r\n\r\n");
  auto chunked = client.read_answer();

  ASSERT_TRUE(plain && chunked);
  EXPECT_EQ(plain->body, "67108864");
  EXPECT_EQ(chunked->body, "16777216");
}

TEST_F(Bodies, StreamedWithoutOneEndAtOnce) {
  start();
  Client client(server_->port());

  client.send(post("/stream", "Content-Length: 0\r\n") + post("/stream", ""));

  EXPECT_EQ(client.read_answer()->body, "0");
  EXPECT_EQ(client.read_answer()->body, "0");
}

TEST_F(Bodies, PausedHandlerHoldsTheClientBack) {
  Options options;
  options.body_pause_bytes = 256 * 1024;
  start(options);
  Client client(server_->port());
  constexpr std::size_t kWhole = 64u << 20;
  std::string piece(64 * 1024, 'a');
  std::atomic<std::size_t> sent = 0;

  client.send(post("/paused", "Content-Length: 67108864\r\n"));
  std::thread sender([&] {
    for (; sent < kWhole; sent += piece.size()) client.send(piece);
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  std::size_t stuck = sent;
  std::size_t taken = 0;
  server_->on_loop([&] { taken = taken_; });

  EXPECT_LT(stuck, kWhole / 2);
  EXPECT_LE(taken, piece.size());
  EXPECT_TRUE(eventually([&] {
    held_->resume();
    return ended_;
  }));
  sender.join();
  server_->on_loop([&] {
    EXPECT_EQ(taken_, kWhole);
    held_->respond(json_response("{}"));
    held_.reset();
  });
  EXPECT_EQ(client.read_answer()->status, 200);
}

TEST_F(Bodies, AnswerBeforeTheEndClosesAndIsSeen) {
  start();
  for (const char* path : {"/refusing", "/unread"}) {
    Client client(server_->port());
    std::string body(8u << 20, 'a');

    bool taken = client.send(post(path, "Content-Length: 8388608\r\n") + body);
    auto answer = client.read_answer();

    ASSERT_TRUE(answer) << path;
    EXPECT_TRUE(taken);  // else the server resets, which can destroy the answer
    EXPECT_GE(answer->status, 400);
    EXPECT_EQ(answer->header("connection"), "close");
    EXPECT_TRUE(client.at_end());
  }
}

TEST_F(Bodies, HugeLengthIsRefusedAtOnceAndTheAnswerIsSeen) {
  start();
  Client client(server_->port());
  std::string body(4u << 20, 'a');

  EXPECT_TRUE(client.send(post("/echo", "Content-Length: 4194304\r\n") + body));

  EXPECT_EQ(client.read_answer()->status, 413);
  EXPECT_TRUE(client.at_end());
  EXPECT_THAT(recorder_.seen(), IsEmpty());
}

TEST_F(Bodies, TogetherAreBounded) {
  Options options;
  options.collected_bytes_max = 1'500;
  options.answer_stall_millis = 600'000;
  start(options);
  Client first(server_->port());
  Client second(server_->port());

  first.send(post("/echo", "Content-Length: 1000\r\n") + std::string(999, 'a'));
  first.is_quiet(50);
  second.send(post("/echo", "Content-Length: 1000\r\n") + std::string(999, 'a'));
  auto refused = second.read_answer();
  first.send("a");
  auto taken = first.read_answer();
  first.send(post("/echo", "Content-Length: 1000\r\n") + std::string(1'000, 'a'));
  auto again = first.read_answer();

  ASSERT_TRUE(refused && taken && again);
  EXPECT_EQ(refused->status, 503);
  EXPECT_TRUE(second.at_end());
  EXPECT_EQ(taken->status, 200);
  EXPECT_EQ(again->status, 200);
}

TEST_F(Bodies, OneThatStandsStillIsRefusedForOneThatComes) {
  Options options;
  options.collected_bytes_max = 1'500;
  options.answer_stall_millis = 50;
  start(options);
  Client still(server_->port());
  Client second(server_->port());

  still.send(post("/echo", "Content-Length: 1000\r\n") + std::string(999, 'a'));
  EXPECT_TRUE(still.is_quiet(100)) << "alone it has room";
  second.send(post("/echo", "Content-Length: 1000\r\n") + std::string(1'000, 'a'));
  auto refused = still.read_answer();
  auto taken = second.read_answer();

  ASSERT_TRUE(refused && taken);
  EXPECT_EQ(refused->status, 503);
  EXPECT_TRUE(still.at_end());
  EXPECT_EQ(taken->status, 200);
}

TEST_F(Bodies, ManyTinyChunksWithExtensionsAreRefused) {
  start();
  Client client(server_->port());
  std::string chunks;
  for (int i = 0; i < 100; ++i) chunks += "1;a=" + std::string(100, 'b') + "\r\nx\r\n";

  client.send(post("/stream", "Transfer-Encoding: chunked\r\n") + chunks + "0\r\n\r\n");

  EXPECT_EQ(client.read_answer()->status, 400);
  EXPECT_TRUE(client.at_end());
}

TEST_F(Bodies, ChunkLineWithoutEndIsRefused) {
  start();
  Client client(server_->port());

  client.send(post("/stream", "Transfer-Encoding: chunked\r\n") + "1;a=" + std::string(9'000, 'b'));

  EXPECT_EQ(client.read_answer()->status, 400);
}

TEST_F(Bodies, ClientThatVanishesInTheMiddleIsTold) {
  start();
  Client client(server_->port());

  client.send(post("/later", "Content-Length: 100\r\n") + "abc");
  ASSERT_TRUE(eventually([&] { return held_ != nullptr; }));
  server_->on_loop([&] {
    held_->on_body([this](std::string_view piece) {
      taken_ += piece.size();
      return true;
    });
  });
  client.shut_down_writing();

  EXPECT_TRUE(eventually([&] { return gone_; }));
  server_->on_loop([&] {
    EXPECT_TRUE(held_->gone());
    held_.reset();
  });
  EXPECT_EQ(taken_, 3U);
}

TEST_F(Bodies, EndOfAPausedBodyIsNotLostWithTheClient) {
  start();
  Client client(server_->port());

  client.send(post("/paused", "Content-Length: 5\r\n") + "abcde");
  client.shut_down_writing();
  ASSERT_TRUE(eventually([&] { return taken_ == 5; }));
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  server_->on_loop([&] { held_->resume(); });

  EXPECT_TRUE(eventually([&] { return ended_; }));
  server_->on_loop([&] {
    held_->respond(json_response("5"));
    held_.reset();
  });
  EXPECT_EQ(client.read_answer()->body, "5");
}

TEST_F(Bodies, SlowHeadTimesOutHoweverItDrips) {
  Options options;
  options.head_timeout_millis = 150;
  start(options);
  Client client(server_->port());
  auto began = Clock::now();

  std::string head = "GET /v1/status HTTP/1.1\r\nX: ";
  client.send(head);
  for (int i = 0; i < 300 && client.is_quiet(10); ++i) client.send("a");
  auto answer = client.read_answer();

  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 408);
  EXPECT_TRUE(client.at_end());
  EXPECT_LT(Clock::now() - began, std::chrono::milliseconds(2'500));
  EXPECT_GE(Clock::now() - began, std::chrono::milliseconds(140));
}

TEST_F(Bodies, SlowSecondHeadTimesOutToo) {
  Options options;
  options.head_timeout_millis = 150;
  start(options);
  Client client(server_->port());

  client.send("GET /v1/status HTTP/1.1\r\n" + host_ + "\r\n");
  EXPECT_EQ(client.read_answer()->status, 200);
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  client.send("GET");

  EXPECT_TRUE(client.is_quiet(75));
  EXPECT_EQ(client.read_answer()->status, 408);
}

TEST_F(Bodies, SilentConnectionIsClosedWithoutAnAnswer) {
  Options options;
  options.head_timeout_millis = 50;
  options.idle_timeout_millis = 100;
  start(options);
  Client fresh(server_->port());
  Client kept(server_->port());

  kept.send("GET /v1/status HTTP/1.1\r\n" + host_ + "\r\n");

  EXPECT_EQ(kept.read_answer()->status, 200);
  EXPECT_TRUE(fresh.at_end());
  EXPECT_TRUE(kept.at_end());
}

TEST_F(Bodies, StalledBodyTimesOut) {
  Options options;
  options.body_stall_millis = 100;
  start(options);
  Client whole(server_->port());
  Client streamed(server_->port());

  whole.send(post("/echo", "Content-Length: 5\r\n") + "ab");
  streamed.send(post("/stream", "Content-Length: 5\r\n") + "ab");

  EXPECT_EQ(whole.read_answer()->status, 408);
  EXPECT_EQ(streamed.read_answer()->status, 408);
  EXPECT_TRUE(whole.at_end());
  EXPECT_TRUE(streamed.at_end());
  EXPECT_THAT(recorder_.seen(), IsEmpty());
}

TEST_F(Bodies, SteadyDripOfABodyDoesNotTimeOut) {
  Options options;
  options.body_stall_millis = 500;
  start(options);
  Client client(server_->port());

  client.send(post("/echo", "Content-Length: 10\r\n"));
  for (int i = 0; i < 10; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(80));
    client.send("a");
  }

  EXPECT_EQ(client.read_answer()->status, 200);
}

TEST_F(Bodies, PauseOfTheHandlerIsNotTheClientsStall) {
  Options options;
  options.body_stall_millis = 50;
  start(options);
  Client client(server_->port());

  client.send(post("/paused", "Content-Length: 5\r\n") + "ab");

  EXPECT_TRUE(client.is_quiet(200));
  server_->on_loop([&] { held_->resume(); });
  EXPECT_EQ(client.read_answer()->status, 408);
  server_->on_loop([&] {
    EXPECT_TRUE(held_->gone());
    held_.reset();
  });
}

}  // namespace
}  // namespace http::testing
