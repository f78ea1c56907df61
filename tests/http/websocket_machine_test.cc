// The WebSocket protocol without a network: what each sequence of frames means, and that it does
// not matter how its bytes are cut. The frames are written and read by tests/http/frames.h.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "agent/http/websocket.h"
#include "tests/http/frames.h"

namespace http::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr std::size_t kMessageMax = 100'000;

struct Outcome {
  std::vector<std::string> messages;  // "text:…" or "binary:…"
  std::vector<Frame> sent;
  bool done = false;

  int code() const {
    return sent.empty() || sent.back().opcode != kClose ? 0 : close_code(sent.back());
  }
};

Outcome feed(const std::string& bytes, std::size_t step, std::size_t message_max = kMessageMax) {
  Outcome outcome;
  std::string out;
  WebSocket socket(message_max, out, [&](bool binary, std::string message) {
    outcome.messages.push_back((binary ? "binary:" : "text:") + message);
  });
  for (std::size_t at = 0; at < bytes.size() && !socket.is_done(); at += step) {
    std::string_view piece = std::string_view(bytes).substr(at, step);
    std::size_t taken = socket.receive(piece);
    EXPECT_TRUE(taken == piece.size() || socket.is_done());
  }
  outcome.done = socket.is_done();
  while (auto frame = take_frame(out)) {
    EXPECT_TRUE(frame->fin && !frame->masked && frame->reserved == 0);
    outcome.sent.push_back(std::move(*frame));
  }
  EXPECT_EQ(out, "") << "every frame is whole";
  return outcome;
}

// The outcome is the same for every size of the pieces.
Outcome feed_every_way(const std::string& bytes, std::size_t message_max = kMessageMax) {
  Outcome whole = feed(bytes, bytes.size() + 1, message_max);
  for (std::size_t step : {1u, 2u, 3u, 5u, 13u, 127u, 4'096u}) {
    Outcome cut = feed(bytes, step, message_max);
    EXPECT_EQ(cut.messages, whole.messages) << step;
    EXPECT_EQ(cut.code(), whole.code()) << step;
    EXPECT_EQ(cut.sent.size(), whole.sent.size()) << step;
    EXPECT_EQ(cut.done, whole.done) << step;
  }
  return whole;
}

std::string part(std::uint8_t opcode, const std::string& payload, bool fin) {
  Frame frame;
  frame.opcode = opcode;
  frame.payload = payload;
  frame.fin = fin;
  return encode(frame);
}

TEST(WebSockets, MessagesOfEveryLengthFormArrive) {
  for (std::size_t size : {0u, 1u, 125u, 126u, 127u, 65'535u, 65'536u, 99'999u}) {
    std::string text(size, 'x');
    Outcome outcome = feed_every_way(part(kText, text, true) + part(kBinary, text, true));

    EXPECT_THAT(outcome.messages, ElementsAre("text:" + text, "binary:" + text));
    EXPECT_THAT(outcome.sent, IsEmpty());
    EXPECT_FALSE(outcome.done);
  }
}

TEST(WebSockets, FragmentsWithControlFramesBetweenThemAreOneMessage) {
  Outcome outcome = feed_every_way(part(kText, "a", false) + part(kPing, "1", true) +
                                   part(kContinuation, "", false) + part(kPong, "?", true) +
                                   part(kContinuation, "b", false) + part(kPing, "", true) +
                                   part(kContinuation, "c", true) + part(kBinary, "d", true));

  EXPECT_THAT(outcome.messages, ElementsAre("text:abc", "binary:d"));
  ASSERT_EQ(outcome.sent.size(), 2u);
  EXPECT_EQ(outcome.sent[0].opcode, kPong);
  EXPECT_EQ(outcome.sent[0].payload, "1");
  EXPECT_EQ(outcome.sent[1].payload, "");
}

TEST(WebSockets, EveryByteOfAPingComesBack) {
  std::string payload(125, '\0');
  for (std::size_t i = 0; i < payload.size(); ++i) payload[i] = static_cast<char>(i * 2);

  Outcome outcome = feed_every_way(part(kPing, payload, true));

  ASSERT_EQ(outcome.sent.size(), 1u);
  EXPECT_EQ(outcome.sent[0].opcode, kPong);
  EXPECT_EQ(outcome.sent[0].payload, payload);
}

TEST(WebSockets, WhatTheProtocolForbidsIsRefused) {
  Frame unmasked;
  unmasked.masked = false;
  unmasked.payload = "x";
  Frame empty_unmasked;
  empty_unmasked.masked = false;
  Frame long_form;
  long_form.payload = "short";
  long_form.length_bytes = 2;
  Frame longer_form;
  longer_form.payload = std::string(126, 'x');
  longer_form.length_bytes = 8;
  Frame top_bit;
  top_bit.length_bytes = 8;
  top_bit.claimed = 1ull << 63;
  top_bit.payload = "x";
  Frame large_control;
  large_control.opcode = kPing;
  large_control.payload = std::string(126, 'x');
  std::vector<std::pair<std::string, std::string>> cases{
      {"unmasked", encode(unmasked)},
      {"unmasked and empty", encode(empty_unmasked)},
      {"2 bytes for a short length", encode(long_form)},
      {"8 bytes for a middle length", encode(longer_form)},
      {"a negative length", encode(top_bit)},
      {"a long ping", encode(large_control)},
      {"a fragmented ping", part(kPing, "x", false)},
      {"a fragmented close", part(kClose, "", false)},
      {"a continuation of nothing", part(kContinuation, "x", true)},
      {"a continuation after the end",
       part(kText, "a", false) + part(kContinuation, "b", true) + part(kContinuation, "c", true)},
      {"a message inside another", part(kText, "a", false) + part(kText, "b", true)},
      {"binary inside text", part(kText, "", false) + part(kBinary, "b", true)},
      {"half of a close code", part(kClose, "\x03", true)},
  };
  for (int bits : {1, 2, 3, 4, 7}) {
    Frame reserved;
    reserved.reserved = static_cast<std::uint8_t>(bits);
    cases.emplace_back("reserved bits " + std::to_string(bits), encode(reserved));
    reserved.opcode = kPing;
    cases.emplace_back("reserved bits of a ping " + std::to_string(bits), encode(reserved));
  }
  for (int opcode : {3, 4, 5, 6, 7, 11, 12, 13, 14, 15}) {
    cases.emplace_back("opcode " + std::to_string(opcode),
                       part(static_cast<std::uint8_t>(opcode), "", true));
  }

  for (const auto& [name, bytes] : cases) {
    Outcome outcome = feed_every_way(part(kText, "before", true) + bytes + text_frame("after"));
    EXPECT_TRUE(outcome.done) << name;
    EXPECT_EQ(outcome.code(), 1002) << name;
    ASSERT_FALSE(outcome.messages.empty()) << name;
    EXPECT_EQ(outcome.messages.front(), "text:before") << name;
    EXPECT_EQ(std::count(outcome.messages.begin(), outcome.messages.end(), "text:after"), 0)
        << name;
  }
}

TEST(WebSockets, TextIsUtf8AcrossFragmentsAndInCloseReasons) {
  std::string snowman = "\xE2\x98\x83";
  for (std::size_t at = 0; at <= snowman.size(); ++at) {
    Outcome good =
        feed_every_way(part(kText, snowman.substr(0, at), false) + part(kPing, "", true) +
                       part(kContinuation, snowman.substr(at), true));
    EXPECT_THAT(good.messages, ElementsAre("text:" + snowman));
    Outcome close = feed_every_way(close_frame(1000, snowman));
    EXPECT_EQ(close.code(), 1000) << "a reason that comes in pieces";
  }
  for (const std::string& bad :
       {std::string("\xE2\x98"), std::string("\xC0\x80"), std::string("\xED\xA0\x80"),
        std::string("\xF4\x90\x80\x80"), std::string("a\xFF"), std::string("\x80")}) {
    EXPECT_EQ(feed_every_way(part(kText, bad, true)).code(), 1007);
    EXPECT_EQ(feed_every_way(part(kText, "a", false) + part(kContinuation, bad, true)).code(),
              1007);
    EXPECT_EQ(feed_every_way(close_frame(1000, bad)).code(), 1007);
    EXPECT_THAT(feed_every_way(part(kBinary, bad, true)).messages, ElementsAre("binary:" + bad));
  }
}

TEST(WebSockets, ACloseIsAnsweredWithItsCodeAndNothingIsTakenAfterIt) {
  for (int code : {1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000,
                   3999, 4000, 4999}) {
    Outcome outcome = feed_every_way(close_frame(code, "why") + text_frame("after"));
    EXPECT_EQ(outcome.code(), code);
    EXPECT_TRUE(outcome.done);
    EXPECT_EQ(outcome.sent.size(), 1u);
    EXPECT_THAT(outcome.messages, IsEmpty());
  }
  for (int code : {0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65'535}) {
    EXPECT_EQ(feed_every_way(close_frame(code)).code(), 1002) << code;
  }
  EXPECT_EQ(feed_every_way(close_frame(-1)).code(), 1000);
  EXPECT_EQ(feed_every_way(close_frame(1000, std::string(123, 'x'))).code(), 1000);
}

TEST(WebSockets, TheLimitIsForTheWholeMessage) {
  EXPECT_THAT(feed_every_way(text_frame("12345678"), 8).messages, ElementsAre("text:12345678"));
  EXPECT_EQ(feed_every_way(text_frame("123456789"), 8).code(), 1009);
  Outcome parts =
      feed_every_way(part(kText, "1234", false) + part(kContinuation, "5678", false) +
                         part(kContinuation, "", false) + part(kContinuation, "9", true),
                     8);
  EXPECT_EQ(parts.code(), 1009);
  EXPECT_THAT(parts.messages, IsEmpty());
  // A length that is only claimed is refused before its bytes come.
  Frame claimed;
  claimed.claimed = (1ull << 62);
  claimed.length_bytes = 8;
  claimed.payload = "x";
  EXPECT_EQ(feed_every_way(encode(claimed), 8).code(), 1009);
}

TEST(WebSockets, AfterOurCloseOnlyTheAnswerOfTheClientCounts) {
  std::string out;
  int messages = 0;
  WebSocket socket(100, out, [&](bool, const std::string&) { ++messages; });

  socket.close(1001, std::string(200, 'x'));
  auto sent = take_frame(out);
  EXPECT_FALSE(socket.send(false, "late"));
  socket.close(1000, "again");
  socket.ping();
  socket.receive(text_frame("a") + part(kPing, "b", true));

  ASSERT_TRUE(sent);
  EXPECT_EQ(close_code(*sent), 1001);
  EXPECT_EQ(sent->payload.size(), 125u) << "the reason is cut";
  EXPECT_EQ(out, "");
  EXPECT_EQ(messages, 0);
  EXPECT_TRUE(socket.is_closing());
  socket.receive(close_frame(1001));
  EXPECT_TRUE(socket.is_done());
  EXPECT_EQ(out, "");
}

TEST(WebSockets, AReasonIsCutBetweenCharacters) {
  std::string out;
  WebSocket socket(100, out, [](bool, const std::string&) {});
  std::string reason(122, 'x');

  socket.close(1000, reason + "\xE2\x98\x83");

  auto sent = take_frame(out);
  ASSERT_TRUE(sent);
  EXPECT_EQ(sent->payload.substr(2), reason);
}

TEST(WebSockets, APausedOneTakesNothingAndGoesOnWhereItStopped) {
  std::string out;
  std::vector<std::string> messages;
  WebSocket* raw = nullptr;
  WebSocket socket(100, out, [&](bool, std::string message) {
    messages.push_back(std::move(message));
    raw->pause();
  });
  raw = &socket;
  std::string bytes;
  for (int i = 0; i < 50; ++i) bytes += text_frame(std::to_string(i));
  std::string_view rest = bytes;

  for (int i = 0; i < 50; ++i) {
    rest.remove_prefix(socket.receive(rest));
    ASSERT_EQ(messages.size(), static_cast<std::size_t>(i) + 1);
    EXPECT_EQ(messages.back(), std::to_string(i));
    EXPECT_EQ(socket.receive("x"), 0u);
    socket.resume();
  }
  EXPECT_EQ(rest, "");
}

TEST(WebSockets, AHandlerMayCloseInsideAMessage) {
  std::string out;
  int messages = 0;
  WebSocket* raw = nullptr;
  WebSocket socket(100, out, [&](bool, const std::string&) {
    ++messages;
    raw->end();
  });
  raw = &socket;

  socket.receive(text_frame("a") + text_frame("b"));

  EXPECT_EQ(messages, 1);
  EXPECT_TRUE(socket.is_done());
}

// Random messages in random fragments with pings between them, cut at random places.
TEST(WebSockets, RandomSequencesArriveWhateverTheirFrames) {
  std::mt19937 chance(7);
  auto below = [&](std::size_t limit) {
    return std::uniform_int_distribution<std::size_t>(0, limit - 1)(chance);
  };
  for (int round = 0; round < 200; ++round) {
    std::string bytes;
    std::vector<std::string> expected;
    std::size_t pings = 0;
    for (std::size_t count = below(8); count > 0; --count) {
      bool binary = below(2) == 0;
      std::string message(below(3) == 0 ? below(70'000) : below(300), 'm');
      for (char& c : message) c = static_cast<char>(binary ? below(256) : 'a' + below(26));
      expected.push_back((binary ? "binary:" : "text:") + message);
      std::uint8_t opcode = binary ? kBinary : kText;
      std::size_t at = 0;
      do {
        std::size_t size = below(4) == 0 ? message.size() - at : below(message.size() - at + 1);
        bytes += part(opcode, message.substr(at, size), at + size == message.size());
        at += size;
        opcode = kContinuation;
        if (at < message.size() && below(3) == 0) {
          bytes += part(kPing, "p", true);
          ++pings;
        }
      } while (at < message.size());
    }

    Outcome outcome = feed(bytes, 1 + below(5'000));

    EXPECT_EQ(outcome.messages, expected);
    EXPECT_EQ(outcome.sent.size(), pings);
  }
}

}  // namespace
}  // namespace http::testing
