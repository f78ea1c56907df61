// Clients that do not read their answers: how much the server keeps for them, and which connections
// it closes.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <thread>
#include <vector>

#include "tests/http/client.h"
#include "tests/http/running_server.h"

namespace http::testing {
namespace {

constexpr std::size_t kPage = 4u << 20;
constexpr std::size_t kRoom = 16u << 20;

class AnswerRooms : public ::testing::Test {
 protected:
  void start(Options options) {
    options.answer_bytes_max = kRoom;
    auto fill = [this](Router& router, uv_loop_t*) {
      auto page = [](const std::shared_ptr<Exchange>& exchange) {
        exchange->respond(json_response(std::string(kPage, 'p')));
      };
      auto polite = [this, page](const std::shared_ptr<Exchange>& exchange) {
        exchange->when_room(kPage, [this, exchange, page] {
          ++pages_made_;
          page(exchange);
        });
      };
      auto small = [](const std::shared_ptr<Exchange>& exchange) {
        exchange->respond(json_response("{}"));
      };
      auto stream = [this](const std::shared_ptr<Exchange>& exchange) {
        exchange->start_stream();
        exchange->write(std::string(8u << 20, 's'));
        streams_.push_back(exchange);
      };
      router.add({Verb::kGet, "/page", page, "", {}});
      router.add({Verb::kGet, "/polite", polite, "", {}});
      router.add({Verb::kGet, "/small", small, "", {}});
      router.add({Verb::kGet, "/stream", stream, "", {}});
    };
    server_ = std::make_unique<RunningServer>(fill, options);
  }
  ~AnswerRooms() override {
    if (server_) server_->on_loop([this] { streams_.clear(); });
  }

  std::unique_ptr<Client> ask(const std::string& path) {
    auto client = std::make_unique<Client>(server_->port());
    client->set_receive_buffer(4096);
    EXPECT_TRUE(client->send(request(path)));
    return client;
  }
  std::string request(const std::string& path) const {
    return "GET " + path + " HTTP/1.1\r\nHost: localhost:" + std::to_string(server_->port()) +
           "\r\n\r\n";
  }
  // The largest number of bytes held until `done` returns true.
  template <typename Done>
  std::uint64_t watch(Done done) {
    std::uint64_t most = 0;
    for (int i = 0; i < 2'000; ++i) {
      Stats stats = server_->stats();
      most = std::max(most, stats.answer_bytes);
      if (done(stats)) return most;
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    ADD_FAILURE() << "it did not come to that";
    return most;
  }

  std::atomic<int> pages_made_ = 0;
  std::vector<std::shared_ptr<Exchange>> streams_;
  std::unique_ptr<RunningServer> server_;
};

TEST_F(AnswerRooms, FortyClientsThatDoNotReadCostOneRoom) {
  Options options;
  options.answer_stall_millis = 20;
  start(options);
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 40; ++i) clients.push_back(ask("/polite"));

  std::uint64_t most = watch([&](const Stats&) { return pages_made_ == 40; });

  EXPECT_LE(most, kRoom);
  EXPECT_GE(server_->stats().answers_cut, 30U);
}

TEST_F(AnswerRooms, AnswersThatDidNotAskForRoomAreBoundToo) {
  start({});
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 20; ++i) clients.push_back(ask("/page"));

  std::uint64_t most = watch([](const Stats& stats) { return stats.answers_cut >= 16; });

  EXPECT_LE(most, kRoom + kPage);
}

TEST_F(AnswerRooms, StreamsThatDoNotReadAreBoundToo) {
  start({});
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 20; ++i) clients.push_back(ask("/stream"));

  std::uint64_t most = watch([](const Stats& stats) { return stats.streams_cut > 0; });

  EXPECT_LE(most, kRoom + (8u << 20));
}

TEST_F(AnswerRooms, WhoReadsIsNotCutOffForThoseWhoDoNot) {
  Options options;
  options.answer_stall_millis = 300;
  start(options);
  Client honest(server_->port());
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 12; ++i) clients.push_back(ask("/polite"));

  int whole = 0;
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(honest.send(request("/polite")));
    auto answer = honest.read_answer();
    ASSERT_TRUE(answer.has_value());
    if (answer->body.size() == kPage) ++whole;
  }

  EXPECT_EQ(whole, 5);
}

TEST_F(AnswerRooms, WhoFindsNoRoomInTimeIsToldToTryAgain) {
  Options options;
  options.answer_stall_millis = 60'000;
  options.answer_wait_millis = 100;
  start(options);
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 3; ++i) clients.push_back(ask("/polite"));
  watch([&](const Stats&) { return pages_made_ == 3; });

  auto answer = ask("/polite")->read_answer();
  auto small = ask("/small")->read_answer();

  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->status, 503);
  EXPECT_THAT(answer->body, ::testing::HasSubstr("\"busy\""));
  EXPECT_EQ(server_->stats().answers_refused, 1U);
  ASSERT_TRUE(small.has_value());
  EXPECT_EQ(small->status, 200);
}

TEST_F(AnswerRooms, RoomThatWasTakenIsGivenBack) {
  start({});
  for (int i = 0; i < 20; ++i) {
    Client client(server_->port());
    ASSERT_TRUE(client.send(request("/polite")));
    if (i % 2 == 1) continue;
    EXPECT_EQ(client.read_answer()->body.size(), kPage);
  }

  watch([](const Stats& stats) { return stats.answer_bytes == 0 && stats.connections == 0; });
}

}  // namespace
}  // namespace http::testing
