// WebSockets on connections: the upgrade, the life of a socket, slow and silent clients.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>

#include "agent/http/upgrade.h"
#include "tests/http/every_channel.h"
#include "tests/http/frames.h"
#include "tests/support/eventually.h"

namespace http::testing {
namespace {

using ::testing::HasSubstr;

class Upgrades : public ::testing::TestWithParam<ChannelKind> {
 protected:
  void start(const Options& options = {}) {
    auto fill = [this](Router& router, uv_loop_t*) {
      Route echo;
      echo.pattern = "/echo";
      echo.websocket = true;
      echo.message_max = 200'000;
      echo.handler = [this](const std::shared_ptr<Exchange>& exchange) { accept(exchange); };
      router.add(std::move(echo));
      Route later = {};
      later.pattern = "/later";
      later.websocket = true;
      later.handler = [this](const std::shared_ptr<Exchange>& exchange) { held_ = exchange; };
      router.add(std::move(later));
      Route small;
      small.pattern = "/plain";
      small.handler = [](const std::shared_ptr<Exchange>& exchange) {
        exchange->respond(json_response("{}"));
      };
      router.add(std::move(small));
    };
    channel_ = std::make_unique<ChannelServer>(GetParam(), fill, options);
    host_ = "Host: localhost:" + std::to_string(channel_->server().port()) + "\r\n";
  }
  ~Upgrades() override {
    if (channel_) {
      channel_->server().on_loop([this] {
        held_.reset();
        socket_.reset();
      });
    }
  }

  void accept(const std::shared_ptr<Exchange>& exchange) {
    SocketEvents events;
    events.on_message = [this](bool binary, std::string message) {
      ++messages_;
      if (message == "pause") return socket_->pause();
      if (message == "close") return socket_->close(4'001, "as asked");
      binary ? socket_->send_binary(message) : socket_->send_text(message);
    };
    events.on_closed = [this] { ++closed_; };
    socket_ = exchange->upgrade(std::move(events));
    if (socket_ == nullptr) ++refused_;
  }

  Client open() {
    Client client = channel_->connect();
    EXPECT_TRUE(open_socket(client, "/echo", host_));
    return client;
  }
  std::optional<Answer> ask(const std::string& request) {
    Client client = channel_->connect();
    client.send(request);
    return client.read_answer();
  }
  template <typename Task>
  void on_loop(Task task) {
    channel_->server().on_loop(task);
  }
  Stats stats() { return channel_->server().stats(); }
  bool eventually(const std::function<bool()>& holds) {
    return support::eventually(support::Millis(10'000), holds);
  }

  std::atomic<int> messages_ = 0;
  std::atomic<int> closed_ = 0;
  std::atomic<int> refused_ = 0;
  std::shared_ptr<Exchange> held_;
  std::shared_ptr<Socket> socket_;
  std::string host_;
  std::unique_ptr<ChannelServer> channel_;
};

std::string text_of(const std::optional<Frame>& frame) {
  return frame ? (frame->opcode == kText ? "text:" : "other:") + frame->payload : "nothing";
}

TEST_P(Upgrades, MessagesGoBothWaysAndACloseIsAnswered) {
  start();
  Client client = open();

  client.send(text_frame("hello"));
  EXPECT_EQ(text_of(read_frame(client)), "text:hello");
  Frame binary;
  binary.opcode = kBinary;
  binary.payload = std::string(150'000, '\xFF');
  client.send(encode(binary));
  auto large = read_frame(client);
  ASSERT_TRUE(large);
  EXPECT_EQ(large->payload, binary.payload);
  EXPECT_EQ(stats().websockets, 1u);
  client.send(close_frame(1000));
  auto close = read_frame(client);

  ASSERT_TRUE(close);
  EXPECT_EQ(close->opcode, kClose);
  EXPECT_EQ(close_code(*close), 1000);
  EXPECT_TRUE(client.at_end());
  EXPECT_TRUE(eventually([&] { return closed_ == 1; }));
  on_loop([&] {
    EXPECT_TRUE(socket_->gone());
    EXPECT_FALSE(socket_->send_text("late"));
    socket_->close(1000, "");
    socket_->pause();
    socket_->resume();
  });
  EXPECT_TRUE(eventually([&] { return stats().connections == 0; }));
  EXPECT_EQ(stats().websockets, 0u);
  EXPECT_EQ(closed_, 1);
}

TEST_P(Upgrades, BytesRightBehindTheUpgradeAreNotLost) {
  start();
  Client client = channel_->connect();

  client.send("GET /plain HTTP/1.1\r\n" + host_ + "\r\n" + opening("/echo", host_) +
              text_frame("first") + text_frame("second"));

  EXPECT_EQ(client.read_answer()->body, "{}");
  EXPECT_THAT(client.read_until("\r\n\r\n"), HasSubstr(std::string(kSampleAccept)));
  EXPECT_EQ(text_of(read_frame(client)), "text:first");
  EXPECT_EQ(text_of(read_frame(client)), "text:second");
}

TEST_P(Upgrades, AHandlerMayDecideLater) {
  start();
  Client client = channel_->connect();
  client.send(opening("/later", host_) + text_frame("early"));
  ASSERT_TRUE(eventually([&] {
    bool held = false;
    on_loop([&] { held = held_ != nullptr; });
    return held;
  }));
  EXPECT_TRUE(client.is_quiet(50));

  on_loop([&] { accept(held_); });

  EXPECT_THAT(client.read_until("\r\n\r\n"), HasSubstr("101"));
  EXPECT_EQ(text_of(read_frame(client)), "text:early");
}

TEST_P(Upgrades, AnOrdinaryRequestIsToldWhatIsMissing) {
  start();
  auto plain = ask("GET /echo HTTP/1.1\r\n" + host_ + "\r\n");
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->status, 426);
  EXPECT_EQ(plain->header("upgrade"), "websocket");
  EXPECT_EQ(plain->header("sec-websocket-version"), "13");

  auto change = [&](const std::string& from, const std::string& to) {
    std::string request = opening("/echo", host_);
    request.replace(request.find(from), from.size(), to);
    auto answer = ask(request);
    return answer ? answer->status : 0;
  };
  EXPECT_EQ(change("Version: 13", "Version: 8"), 426);
  EXPECT_EQ(change("Version: 13", "Version: 13\r\nSec-WebSocket-Version: 8"), 426);
  EXPECT_EQ(change("Sec-WebSocket-Version: 13\r\n", ""), 426);
  EXPECT_EQ(change("keep-alive, Upgrade", "keep-alive"), 426);
  EXPECT_EQ(change("Upgrade: websocket", "Upgrade: h2c"), 426);
  EXPECT_EQ(change("HTTP/1.1", "HTTP/1.0"), 426);
  EXPECT_EQ(change("dGhlIHNhbXBsZSBub25jZQ==", "short"), 400);
  EXPECT_EQ(change("dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZSBub25jZR=="), 400);
  EXPECT_EQ(change("dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZSBub25jZ!=="), 400);
  EXPECT_EQ(change("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n", ""), 400);
  EXPECT_EQ(change("Sec-WebSocket-Version: 13", "Content-Length: 1\r\nSec-WebSocket-Version: 13"),
            400);
  EXPECT_EQ(change("GET", "POST"), 405);
  EXPECT_EQ(change("localhost", "evil.example"), 421);
  EXPECT_EQ(change("Upgrade: websocket", "Origin: https://evil.example\r\nUpgrade: websocket"),
            403);
  EXPECT_EQ(messages_, 0);
  EXPECT_EQ(stats().websockets, 0u);
}

TEST_P(Upgrades, AFaultOfTheClientEndsTheSocketWithItsCode) {
  start();
  Frame unmasked;
  unmasked.masked = false;
  unmasked.payload = "x";
  const std::vector<std::pair<std::string, int>> cases{
      {encode(unmasked), 1002},
      {text_frame("\xFF"), 1007},
      {text_frame(std::string(200'001, 'x')), 1009}};
  int ended = 0;
  for (const auto& [bytes, code] : cases) {
    Client client = open();
    client.send(bytes);
    auto frame = read_frame(client);
    ASSERT_TRUE(frame);
    EXPECT_EQ(close_code(*frame), code);
    EXPECT_TRUE(client.at_end());
    ++ended;
    EXPECT_TRUE(eventually([&] { return closed_ == ended; }));
  }
  EXPECT_EQ(messages_, 0);
}

TEST_P(Upgrades, TheHandlerMayCloseAndTheClientAnswers) {
  start();
  Client client = open();

  client.send(text_frame("close") + text_frame("after"));
  auto frame = read_frame(client);

  ASSERT_TRUE(frame);
  EXPECT_EQ(close_code(*frame), 4'001);
  EXPECT_EQ(frame->payload.substr(2), "as asked");
  EXPECT_EQ(closed_, 0) << "the client has not answered";
  client.send(close_frame(4'001));
  EXPECT_TRUE(client.at_end());
  EXPECT_TRUE(eventually([&] { return closed_ == 1; }));
  EXPECT_EQ(messages_, 1);
}

TEST_P(Upgrades, ACloseThatIsNotAnsweredHasATimeLimit) {
  Options options;
  options.close_wait_millis = 100;
  start(options);
  Client client = open();

  client.send(text_frame("close"));

  ASSERT_TRUE(read_frame(client));
  EXPECT_TRUE(client.at_end());
  EXPECT_TRUE(eventually([&] { return closed_ == 1; }));
}

TEST_P(Upgrades, AClientThatIsGoneInTheMiddleOfAMessageIsNoticed) {
  start();
  Client client = open();
  std::string frame = text_frame("never complete");

  client.send(frame.substr(0, 8));
  client.shut_down_writing();

  EXPECT_TRUE(eventually([&] { return closed_ == 1; }));
  EXPECT_EQ(messages_, 0);
  EXPECT_TRUE(eventually([&] { return stats().connections == 0; }));
}

TEST_P(Upgrades, ASilentClientIsPingedAndEndedWithoutAnAnswer) {
  Options options;
  options.ping_every_millis = 50;
  options.pong_wait_millis = 300;
  start(options);
  Client client = open();
  Frame pong;
  pong.opcode = kPong;

  for (int i = 0; i < 3; ++i) {
    auto ping = read_frame(client);
    ASSERT_TRUE(ping);
    EXPECT_EQ(ping->opcode, kPing);
    client.send(encode(pong));
  }
  ASSERT_TRUE(read_frame(client));

  EXPECT_TRUE(client.at_end()) << "this ping was not answered";
  EXPECT_TRUE(eventually([&] { return closed_ == 1; }));
}

TEST_P(Upgrades, AClientThatDoesNotReadIsCutOffAndOthersGoOn) {
  Options options;
  options.stream_bytes_max = 256 * 1024;
  start(options);
  Client client = open();
  client.set_receive_buffer(4'096);
  client.send(text_frame("hello"));
  ASSERT_TRUE(read_frame(client));

  bool cut = false;
  for (int i = 0; i < 1'000 && !cut; ++i) {
    on_loop([&] { cut = !socket_->send_binary(std::string(64 * 1024, 'x')); });
  }

  EXPECT_TRUE(cut);
  EXPECT_EQ(stats().streams_cut, 1u);
  EXPECT_EQ(stats().websockets, 0u);
  EXPECT_TRUE(eventually([&] { return closed_ == 1; }));
  EXPECT_TRUE(eventually([&] { return stats().answer_bytes == 0; }));
  Client other = open();
  other.send(text_frame("still here"));
  EXPECT_EQ(text_of(read_frame(other)), "text:still here");
}

TEST_P(Upgrades, PingsOfAClientThatDoesNotReadHaveABound) {
  Options options;
  options.stream_bytes_max = 128 * 1024;
  start(options);
  Client client = open();
  client.set_receive_buffer(4'096);
  Frame ping;
  ping.opcode = kPing;
  ping.payload = std::string(125, 'p');
  std::string many;
  for (int i = 0; i < 1'000; ++i) many += encode(ping);

  int rounds = 0;
  while (rounds < 1'000 && client.send(many)) ++rounds;

  EXPECT_LT(rounds, 1'000);
  EXPECT_TRUE(eventually([&] { return stats().streams_cut == 1 && closed_ == 1; }));
}

TEST_P(Upgrades, APausedHandlerHoldsItsClientBack) {
  start();
  Client client = open();
  client.send(text_frame("pause"));
  ASSERT_TRUE(eventually([&] { return messages_ == 1; }));

  client.send(text_frame("1") + text_frame("2"));
  EXPECT_TRUE(client.is_quiet(100));
  EXPECT_EQ(messages_, 1);
  on_loop([&] { socket_->resume(); });

  EXPECT_EQ(text_of(read_frame(client)), "text:1");
  EXPECT_EQ(text_of(read_frame(client)), "text:2");
}

TEST_P(Upgrades, MessagesThatAreNotCompleteHaveABoundTogetherAndTheOneThatStandsStillGoes) {
  Options options;
  options.collected_bytes_max = 150'000;
  options.answer_stall_millis = 50;
  start(options);
  Client still = open();
  Client sends = open();
  Frame half;
  half.fin = false;
  half.payload = std::string(100'000, 'h');

  still.send(encode(half));
  EXPECT_TRUE(still.is_quiet(100)) << "alone it has room";
  sends.send(encode(half));
  auto closed = read_frame(still);
  half.fin = true;
  half.opcode = kContinuation;
  half.payload = std::string(10'000, 'h');
  sends.send(encode(half));

  ASSERT_TRUE(closed);
  EXPECT_EQ(close_code(*closed), 1013);
  auto echo = read_frame(sends);
  ASSERT_TRUE(echo);
  EXPECT_EQ(echo->payload.size(), 110'000u);
  EXPECT_TRUE(eventually([&] { return closed_ == 1; }));
}

TEST_P(Upgrades, WhereNobodyStandsStillTheMessageThatGrowsIsRefused) {
  Options options;
  options.collected_bytes_max = 150'000;
  options.answer_stall_millis = 60'000;
  start(options);
  Client second = open();
  Client first = open();  // the echo goes to the client that came last
  Frame half;
  half.fin = false;
  half.payload = std::string(100'000, 'h');

  first.send(encode(half));
  EXPECT_TRUE(first.is_quiet(50));
  second.send(encode(half));
  auto closed = read_frame(second);
  half.fin = true;
  half.opcode = kContinuation;
  half.payload = "!";
  first.send(encode(half));

  ASSERT_TRUE(closed);
  EXPECT_EQ(close_code(*closed), 1013);
  auto echo = read_frame(first);
  ASSERT_TRUE(echo);
  EXPECT_EQ(echo->payload.size(), 100'001u);
}

TEST_P(Upgrades, StreamsMaxIsForSocketsToo) {
  Options options;
  options.streams_max = 2;
  start(options);
  Client first = open();
  Client second = open();

  auto answer = ask(opening("/echo", host_));

  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 503);
  EXPECT_EQ(refused_, 1);
  first.send(close_frame(1000));
  EXPECT_TRUE(eventually([&] { return stats().websockets == 1; }));
  Client third = open();
}

TEST_P(Upgrades, AServerThatClosesSaysSo) {
  start();
  Client client = open();

  channel_->server().stop();
  auto frame = read_frame(client);

  ASSERT_TRUE(frame);
  EXPECT_EQ(close_code(*frame), 1001);
  EXPECT_TRUE(client.at_end());
  EXPECT_EQ(closed_, 1);
  socket_.reset();
  channel_.reset();
}

INSTANTIATE_TEST_SUITE_P(Channels, Upgrades,
                         ::testing::Values(ChannelKind::kTcp, ChannelKind::kUnix,
                                           ChannelKind::kTls),
                         [](const auto& test) { return channel_name(test.param); });

TEST(AcceptKeys, AreThoseOfTheRfcAndOfOtherImplementations) {
  EXPECT_EQ(accept_key("dGhlIHNhbXBsZSBub25jZQ=="), kSampleAccept);
  EXPECT_EQ(accept_key("x3JJHMbDL1EzLkh9GBhXDw=="), "HSmrc0sMlYUkAGmm5OPpG2HaGWk=");
}

}  // namespace
}  // namespace http::testing
