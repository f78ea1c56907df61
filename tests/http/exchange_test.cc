// The order of requests and answers on one connection.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "tests/http/client.h"
#include "tests/http/every_channel.h"
#include "tests/http/recorder.h"
#include "tests/http/running_server.h"
#include "tests/support/eventually.h"

namespace http::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

// The order of requests and answers does not depend on what carries the bytes.
class Exchanges : public ::testing::TestWithParam<ChannelKind> {
 protected:
  void start(Options options = {}) {
    auto fill = [this](Router& router, uv_loop_t*) {
      recorder_.fill(router);
      recorder_.add(router, Verb::kGet, "/later",
                    [this](const std::shared_ptr<Exchange>& exchange) {
                      held_.push_back(exchange);
                      exchange->on_gone([this] { ++gone_; });
                    });
      recorder_.add(router, Verb::kGet, "/dropped", [](const std::shared_ptr<Exchange>&) {});
      recorder_.add(router, Verb::kGet, "/big", [](const std::shared_ptr<Exchange>& exchange) {
        exchange->respond(json_response(std::string(kBig, 'b')));
      });
      recorder_.add(router, Verb::kPost, "/none", [](const std::shared_ptr<Exchange>& exchange) {
        Response response;
        response.status = 204;
        response.headers = {{"x-split", "a\r\nx-injected: b"}, {"x-good", "c"}};
        exchange->respond(std::move(response));
      });
    };
    channel_ = std::make_unique<ChannelServer>(GetParam(), fill, options);
    server_ = &channel_->server();
    host_ = "Host: localhost:" + std::to_string(server_->port()) + "\r\n";
  }

  std::string get(const std::string& path) { return "GET " + path + " HTTP/1.1\r\n" + host_; }
  std::string post(const std::string& path) { return "POST " + path + " HTTP/1.1\r\n" + host_; }

  // Waits until the handler of /later holds `count` exchanges.
  bool hold(std::size_t count) {
    for (int i = 0; i < 2'000; ++i) {
      std::size_t held = 0;
      server_->on_loop([&] { held = held_.size(); });
      if (held >= count) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return false;
  }

  static constexpr std::size_t kBig = 4u << 20;

  Recorder recorder_;
  std::vector<std::shared_ptr<Exchange>> held_;
  int gone_ = 0;
  std::string host_;
  std::unique_ptr<ChannelServer> channel_;
  RunningServer* server_ = nullptr;
};

TEST_P(Exchanges, ThousandPipelinedInOneWriteAreAnsweredInOrder) {
  start();
  Client client = channel_->connect();
  std::string all;
  for (int i = 0; i < 1'000; ++i) {
    all += i % 3 == 0 ? post("/echo") + "Content-Length: 4\r\n\r\n" + std::to_string(1'000 + i)
                      : get("/v1/objects/" + std::to_string(1'000 + i)) + "\r\n";
  }

  std::thread sender([&] { client.send(all); });
  std::vector<std::string> bodies;
  for (int i = 0; i < 1'000; ++i) {
    auto answer = client.read_answer();
    if (!answer) break;
    bodies.push_back(answer->body);
  }
  sender.join();

  ASSERT_EQ(bodies.size(), 1'000U);
  for (int i = 0; i < 1'000; ++i) {
    EXPECT_EQ(bodies[static_cast<std::size_t>(i)], std::to_string(1'000 + i));
  }
}

TEST_P(Exchanges, ByteByByteIsTheSame) {
  start();
  Client client = channel_->connect();
  std::string all =
      get("/v1/objects/a%2Fb/c?d=e") + "\r\n" + post("/echo") +
      "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nT: r\r\n\r\n" +
      post("/echo") + "Content-Length: 2\r\n\r\nfg" + post("/stream") +
      "Content-Length: 3\r\n\r\nhij" + get("/after") + "\r\n";

  for (char c : all) client.send({&c, 1});

  for (const char* body : {"a/b|c", "abcde", "fg", "3", "{}"}) {
    auto answer = client.read_answer();
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, 200);
    EXPECT_EQ(answer->body, body);
  }
}

TEST_P(Exchanges, NextRequestIsHandledOnlyAfterTheFormerIsAnswered) {
  start();
  Client client = channel_->connect();

  client.send(get("/later") + "\r\n" + get("/later") + "\r\n" + get("/after") + "\r\n");
  ASSERT_TRUE(hold(1));

  EXPECT_TRUE(client.is_quiet(50));
  EXPECT_THAT(recorder_.seen(), IsEmpty());
  server_->on_loop([&] { held_[0]->respond(json_response("1")); });
  ASSERT_TRUE(hold(2));
  EXPECT_EQ(client.read_answer()->body, "1");
  server_->on_loop([&] { held_[1]->respond(json_response("2")); });
  EXPECT_EQ(client.read_answer()->body, "2");
  EXPECT_EQ(client.read_answer()->body, "{}");
}

TEST_P(Exchanges, LongPipelineBehindASlowAnswerStopsReading) {
  start();
  Client client = channel_->connect();
  std::string request = get("/v1/objects/" + std::string(4'000, 'a')) + "\r\n";
  constexpr int kMany = 10'000;  // 40 MB: more than sockets hold

  client.send(get("/later") + "\r\n");
  ASSERT_TRUE(hold(1));
  std::atomic<int> sent = 0;
  std::thread sender([&] {
    for (; sent < kMany; ++sent) client.send(request);
  });
  int stuck = -1;
  while (stuck != sent) {
    stuck = sent;
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
  }

  EXPECT_LT(stuck, kMany);
  server_->on_loop([&] { held_[0]->respond(json_response("1")); });
  int answers = 0;
  for (; answers < kMany + 1; ++answers) {
    if (!client.read_answer()) break;
  }
  EXPECT_EQ(answers, kMany + 1);
  sender.join();
}

TEST_P(Exchanges, ClientThatReadsNothingStopsItsOwnRequests) {
  start();
  Client client = channel_->connect();
  client.set_receive_buffer(16 * 1024);
  std::string all;
  for (int i = 0; i < 20; ++i) all += get("/big") + "\r\n";

  client.send(all);
  std::this_thread::sleep_for(std::chrono::milliseconds(200));

  auto stats = server_->stats();
  EXPECT_LT(stats.requests_total, 5U);
  for (int i = 0; i < 20; ++i) {
    auto answer = client.read_answer();
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->body.size(), kBig);
  }
}

TEST_P(Exchanges, HeadHasTheHeadersOfGetAndNoBody) {
  start();
  Client client = channel_->connect();

  client.send(get("/big") + "\r\n");
  auto full = client.read_answer();
  client.send("HEAD /big HTTP/1.1\r\n" + host_ + "\r\n" + get("/after") + "\r\n");
  auto head = client.read_answer(true);
  auto after = client.read_answer();

  ASSERT_TRUE(full && head && after);
  EXPECT_EQ(head->status, full->status);
  EXPECT_EQ(head->headers, full->headers);
  EXPECT_EQ(after->body, "{}");
}

TEST_P(Exchanges, HeadOfAnErrorHasNoBodyEither) {
  start();
  Client client = channel_->connect();

  client.send("HEAD /nowhere HTTP/1.1\r\n" + host_ + "\r\n" + get("/after") + "\r\n");

  EXPECT_EQ(client.read_answer(true)->status, 404);
  EXPECT_EQ(client.read_answer()->body, "{}");
}

TEST_P(Exchanges, NoContentHasNoLengthAndHeadersCannotBeSplit) {
  start();
  Client client = channel_->connect();

  client.send(post("/none") + "Content-Length: 0\r\n\r\n" + get("/after") + "\r\n");
  auto answer = client.read_answer();

  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 204);
  EXPECT_FALSE(answer->has_header("content-length"));
  EXPECT_FALSE(answer->has_header("x-injected"));
  EXPECT_EQ(answer->header("x-good"), "c");
  EXPECT_EQ(client.read_answer()->body, "{}");
}

TEST_P(Exchanges, DroppedOneIsAnsweredWith500) {
  start();
  Client client = channel_->connect();

  client.send(get("/dropped") + "\r\n" + get("/later") + "\r\n");
  auto first = client.read_answer();
  ASSERT_TRUE(hold(1));
  server_->on_loop([&] { held_.clear(); });
  auto second = client.read_answer();
  client.send(get("/after") + "\r\n");

  ASSERT_TRUE(first && second);
  EXPECT_EQ(first->status, 500);
  EXPECT_THAT(first->body, HasSubstr("\"code\":\"internal\""));
  EXPECT_EQ(second->status, 500);
  EXPECT_EQ(client.read_answer()->body, "{}");
}

TEST_P(Exchanges, SecondAnswerIsIgnored) {
  start();
  Client client = channel_->connect();

  client.send(get("/later") + "\r\n" + get("/after") + "\r\n");
  ASSERT_TRUE(hold(1));
  server_->on_loop([&] {
    held_[0]->respond(json_response("1"));
    held_[0]->respond(json_response("2"));
    held_[0]->start_stream();
    EXPECT_FALSE(held_[0]->write("x"));
    held_.clear();
  });

  EXPECT_EQ(client.read_answer()->body, "1");
  EXPECT_EQ(client.read_answer()->body, "{}");
}

TEST_P(Exchanges, ClientThatVanishesIsToldToTheHandler) {
  if (GetParam() == ChannelKind::kUnix) GTEST_SKIP() << "a Unix socket has no reset";
  start();
  Client client = channel_->connect();

  client.send(get("/later") + "\r\n");
  ASSERT_TRUE(hold(1));
  client.reset();

  int gone = 0;
  for (int i = 0; i < 2'000 && gone == 0; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    server_->on_loop([&] { gone = gone_; });
  }
  EXPECT_EQ(gone, 1);
  server_->on_loop([&] {
    EXPECT_TRUE(held_[0]->gone());
    held_[0]->respond(json_response("ignored"));
    held_[0]->resume();
    bool told = false;
    held_[0]->on_gone([&] { told = true; });
    EXPECT_TRUE(told);
    held_.clear();
  });
  EXPECT_EQ(server_->stats().connections, 0U);
  EXPECT_EQ(gone_, 1);
}

TEST_P(Exchanges, HalfClosedClientStillGetsItsAnswer) {
  start();
  Client client = channel_->connect();

  client.send(get("/later") + "\r\n" + get("/after") + "\r\n");
  client.shut_down_writing();
  ASSERT_TRUE(hold(1));
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  server_->on_loop([&] { held_[0]->respond(json_response("1")); });

  EXPECT_EQ(client.read_answer()->body, "1");
  EXPECT_EQ(client.read_answer()->body, "{}");
  EXPECT_TRUE(client.at_end());
}

// The write fails with EPIPE, and the kernel also sends SIGPIPE.
TEST_P(Exchanges, HalfClosedClientThatResetsDoesNotEndTheProgram) {
  start();
  Client client = channel_->connect();

  client.send(get("/later") + "\r\n");
  client.shut_down_writing();
  ASSERT_TRUE(hold(1));
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  client.reset();
  server_->on_loop([&] { held_[0]->respond(json_response("1")); });

  EXPECT_TRUE(support::eventually(support::Millis(5'000),
                                  [&] { return server_->stats().connections == 0; }));
}

TEST_P(Exchanges, CloseIsRespectedAndTheRestIgnored) {
  start();
  Client client = channel_->connect();

  client.send(get("/v1/status") + "Connection: close\r\n\r\n" + get("/leak") + "\r\n");

  EXPECT_EQ(client.read_answer()->header("connection"), "close");
  EXPECT_TRUE(client.at_end());
  EXPECT_EQ(recorder_.seen().size(), 1U);
}

TEST_P(Exchanges, OldClientIsToldThatItIsKept) {
  start();
  Client client = channel_->connect();

  client.send("GET /v1/status HTTP/1.0\r\n" + host_ + "Connection: Keep-Alive\r\n\r\n");

  EXPECT_EQ(client.read_answer()->header("connection"), "keep-alive");
}

TEST_P(Exchanges, WrongVerbNamesTheRightOnes) {
  start();
  Client client = channel_->connect();

  client.send("DELETE /v1/status HTTP/1.1\r\n" + host_ + "\r\nOPTIONS /echo HTTP/1.1\r\n" + host_ +
              "\r\nOPTIONS /nowhere HTTP/1.1\r\n" + host_ + "\r\n");
  auto wrong = client.read_answer();
  auto options = client.read_answer();
  auto nowhere = client.read_answer();

  ASSERT_TRUE(wrong && options && nowhere);
  EXPECT_EQ(wrong->status, 405);
  EXPECT_EQ(wrong->header("allow"), "GET, HEAD, OPTIONS");
  EXPECT_EQ(options->status, 204);
  EXPECT_EQ(options->header("allow"), "POST, OPTIONS");
  EXPECT_EQ(nowhere->status, 404);
}

TEST_P(Exchanges, AllowedOriginGetsItsHeadersOnErrorsToo) {
  Options options;
  options.origins = {"https://app.example"};
  start(options);
  Client client = channel_->connect();
  std::string origin = "Origin: https://app.example\r\n";

  client.send("OPTIONS /echo HTTP/1.1\r\n" + host_ + origin +
              "Access-Control-Request-Method: POST\r\n"
              "Access-Control-Request-Headers: content-type\r\n\r\n" +
              get("/nowhere") + origin + "\r\n" + get("/after") + "\r\n");
  auto preflight = client.read_answer();
  auto error = client.read_answer();
  auto plain = client.read_answer();

  ASSERT_TRUE(preflight && error && plain);
  EXPECT_EQ(preflight->status, 204);
  EXPECT_EQ(preflight->header("access-control-allow-origin"), "https://app.example");
  EXPECT_THAT(preflight->header("access-control-allow-methods"), HasSubstr("POST"));
  EXPECT_EQ(preflight->header("access-control-allow-headers"), "content-type");
  EXPECT_EQ(error->status, 404);
  EXPECT_EQ(error->header("access-control-allow-origin"), "https://app.example");
  EXPECT_EQ(plain->header("access-control-allow-origin"), "");
}

TEST_P(Exchanges, JsonIsNeitherCachedNorGuessed) {
  start();
  Client client = channel_->connect();

  client.send(get("/v1/status") + "\r\n");
  auto answer = client.read_answer();

  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->header("content-type"), "application/json");
  EXPECT_EQ(answer->header("cache-control"), "no-store");
  EXPECT_EQ(answer->header("x-content-type-options"), "nosniff");
}

TEST_P(Exchanges, AreCountedByStatus) {
  start();
  Client client = channel_->connect();

  client.send(get("/after") + "\r\n" + get("/after") + "\r\n" + get("/nowhere") + "\r\n");
  for (int i = 0; i < 3; ++i) client.read_answer();
  auto stats = server_->stats();

  EXPECT_EQ(stats.requests_total, 3U);
  EXPECT_EQ(stats.connections, 1U);
  EXPECT_EQ(stats.connections_total, 1U);
  EXPECT_THAT(stats.responses,
              ::testing::UnorderedElementsAre(::testing::Pair(200, 2U), ::testing::Pair(404, 1U)));
}

INSTANTIATE_TEST_SUITE_P(Channels, Exchanges,
                         ::testing::Values(ChannelKind::kTcp, ChannelKind::kUnix,
                                           ChannelKind::kTls),
                         [](const auto& test) { return channel_name(test.param); });

}  // namespace
}  // namespace http::testing
