// Answers in chunks: a handler that is slow, clients that stop reading or go away.

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <thread>

#include "tests/http/client.h"
#include "tests/http/running_server.h"

namespace http::testing {
namespace {

constexpr std::size_t kPartRoom = 1u << 20;

class Chunks : public ::testing::Test {
 protected:
  void start(Options options = {}) {
    auto fill = [this](Router& router, uv_loop_t*) {
      auto slow = [this](const std::shared_ptr<Exchange>& exchange) {
        if (!exchange->can_chunk()) return exchange->respond(json_response("[whole]"));
        exchange->on_gone([this] { ++gone_; });
        Response head = json_response("");
        head.headers.emplace_back("Link", "</next>");
        exchange->start_chunks(std::move(head), kPartRoom);
        exchange_ = exchange;
      };
      auto small = [](const std::shared_ptr<Exchange>& exchange) {
        exchange->respond(json_response("{}"));
      };
      // Writes parts while its client takes them.
      auto endless = [this](const std::shared_ptr<Exchange>& exchange) {
        exchange->on_gone([this] { ++gone_; });
        exchange->start_chunks(json_response(""), kPartRoom);
        more(exchange);
      };
      router.add({Verb::kGet, "/slow", slow, "", {}});
      router.add({Verb::kGet, "/small", small, "", {}});
      router.add({Verb::kGet, "/endless", endless, "", {}});
    };
    server_ = std::make_unique<RunningServer>(fill, options);
    client_ = std::make_unique<Client>(server_->port());
  }
  ~Chunks() override {
    if (server_) server_->on_loop([this] { exchange_.reset(); });
  }

  void more(const std::shared_ptr<Exchange>& exchange) {
    parts_ += exchange->write(std::string(kPartRoom / 4, 'x')) ? 1 : 0;
    exchange->when_taken([this, exchange] { more(exchange); });
  }
  std::string ask(const std::string& path, const std::string& verb = "GET",
                  const std::string& version = "1.1") const {
    return verb + " " + path + " HTTP/" + version +
           "\r\nHost: localhost:" + std::to_string(server_->port()) + "\r\n\r\n";
  }
  void write(std::string_view text) {
    server_->on_loop([&] { exchange_->write(text); });
  }
  template <typename Holds>
  bool eventually(Holds holds) {
    for (int i = 0; i < 2'000 && !holds(); ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return holds();
  }

  std::atomic<int> gone_ = 0;
  std::atomic<int> parts_ = 0;
  std::shared_ptr<Exchange> exchange_;
  std::unique_ptr<RunningServer> server_;
  std::unique_ptr<Client> client_;
};

TEST_F(Chunks, EachPartLeavesWhenItIsWritten) {
  start();

  client_->send(ask("/slow"));
  std::string head = client_->read_until("\r\n\r\n");
  write("[1");
  std::string first = client_->read_until("[1\r\n");
  write(",2");
  std::string second = client_->read_until(",2\r\n");

  EXPECT_NE(head.find("200 OK"), std::string::npos) << head;
  EXPECT_NE(head.find("Transfer-Encoding: chunked"), std::string::npos) << head;
  EXPECT_EQ(head.find("Content-Length"), std::string::npos) << head;
  EXPECT_EQ(first, "2\r\n[1\r\n");
  EXPECT_EQ(second, "2\r\n,2\r\n");
}

TEST_F(Chunks, TheConnectionIsUsedAgainAfterTheEnd) {
  start();

  client_->send(ask("/slow") + ask("/small"));
  ASSERT_TRUE(eventually([&] { return server_->stats().requests_total == 1; }));
  write("[1");
  server_->on_loop([&] {
    exchange_->write(",2]");
    exchange_->end_stream();
  });
  auto chunked = client_->read_answer();
  auto next = client_->read_answer();

  ASSERT_TRUE(chunked);
  EXPECT_EQ(chunked->body, "[1,2]");
  EXPECT_EQ(chunked->header("link"), "</next>");
  ASSERT_TRUE(next) << "the second request waited for the end of the first answer";
  EXPECT_EQ(next->body, "{}");
}

TEST_F(Chunks, AnAnswerThatIsBrokenOffHasNoEnd) {
  for (bool dropped : {false, true}) {
    start();

    client_->send(ask("/slow"));
    client_->read_until("\r\n\r\n");
    write("[1");
    server_->on_loop([&] { dropped ? exchange_.reset() : exchange_->break_off(); });
    std::string rest = client_->read_to_end();

    EXPECT_EQ(rest, "2\r\n[1\r\n") << "the last chunk is missing";
    EXPECT_EQ(server_->stats().answers_broken, 1u);
    EXPECT_EQ(gone_, 0) << "the handler knows";
    server_->on_loop([this] { exchange_.reset(); });
  }
}

TEST_F(Chunks, ClientsWithoutChunksAndHeadAreToldBeforehand) {
  start();

  client_->send(ask("/slow", "GET", "1.0"));
  auto old = client_->read_answer();
  Client other(server_->port());
  other.send(ask("/slow", "HEAD"));
  auto head = other.read_answer(true);

  ASSERT_TRUE(old);
  EXPECT_EQ(old->body, "[whole]");
  ASSERT_TRUE(head);
  EXPECT_EQ(head->header("content-length"), "7");
}

TEST_F(Chunks, AClientThatStopsReadingCostsOnePart) {
  start();
  client_->set_receive_buffer(4'096);

  client_->send(ask("/endless"));
  int before = -1;
  // The socket buffers take some parts. After that the handler must make no more.
  EXPECT_TRUE(eventually([&] {
    int now = parts_;
    bool stands = now == std::exchange(before, now);
    if (!stands) std::this_thread::sleep_for(std::chrono::milliseconds(200));
    return stands;
  }));
  std::uint64_t held = server_->stats().answer_bytes;
  Client other(server_->port());
  other.send(ask("/small"));

  EXPECT_GE(held, kPartRoom) << "what the next part may need is counted";
  EXPECT_LE(held, kPartRoom + kPartRoom / 4 + 64 * 1024);
  EXPECT_TRUE(other.read_answer());
  client_->reset();
  EXPECT_TRUE(eventually([&] { return gone_ == 1; }));
  EXPECT_TRUE(eventually([&] { return server_->stats().answer_bytes == 0; }));
}

TEST_F(Chunks, AClientThatGoesIsNoticed) {
  start();

  client_->send(ask("/slow"));
  client_->read_until("\r\n\r\n");
  client_->reset();

  EXPECT_TRUE(eventually([&] { return gone_ == 1; }));
  server_->on_loop([&] {
    EXPECT_TRUE(exchange_->gone());
    EXPECT_FALSE(exchange_->write("x"));
    exchange_->end_stream();
  });
}

TEST_F(Chunks, AClientThatClosedItsSendingSideGetsItsAnswer) {
  start();

  client_->send(ask("/slow"));
  client_->shut_down_writing();
  client_->read_until("\r\n\r\n");
  write("[1]");
  server_->on_loop([&] { exchange_->end_stream(); });

  EXPECT_EQ(client_->read_to_end(), "3\r\n[1]\r\n0\r\n\r\n");
}

TEST_F(Chunks, AServerThatClosesCutsWhatIsNotCompleteInItsTime) {
  start();

  client_->send(ask("/slow"));
  client_->read_until("\r\n\r\n");
  write("[1");
  server_->stop(100);

  EXPECT_EQ(client_->read_to_end(), "2\r\n[1\r\n");
  EXPECT_TRUE(exchange_->gone());
  exchange_.reset();
  server_.reset();
}

}  // namespace
}  // namespace http::testing
