#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tools/bench/floor_message.h"
#include "tools/bench/http_parser.h"
#include "tools/bench/report.h"
#include "tools/bench/summary.h"

namespace bench {
namespace {

TEST(Summary, MedianAndWorstAreValuesThatWereMeasured) {
  Summary summary = summarise({9, 1, 5, 3});

  EXPECT_EQ(summary.count, 4u);
  EXPECT_EQ(summary.median, 3);
  EXPECT_EQ(summary.p99, 9);
  EXPECT_EQ(summary.worst, 9);
}

TEST(Summary, P99LeavesOutTheWorstHundredth) {
  std::vector<double> values;
  for (int i = 1; i <= 1'000; ++i) values.push_back(i);

  EXPECT_EQ(summarise(values).p99, 990);
  EXPECT_EQ(summarise(values).worst, 1'000);
  EXPECT_EQ(summarise({7}).median, 7);
  EXPECT_EQ(summarise({}).count, 0u);
}

TEST(Report, SaysTheSameAsATableAndAsJson) {
  Report report("floor", {"processes", "median_ms"});
  report.add({10, 1.25});
  report.note("a note");

  auto json = nlohmann::json::parse(report.json());

  EXPECT_EQ(json["benchmark"], "floor");
  EXPECT_GE(json["cores"], 1);
  EXPECT_EQ(json["rows"][0]["median_ms"], 1.25);
  EXPECT_EQ(json["notes"][0], "a note");
  EXPECT_NE(report.table().find("processes  median_ms\n       10       1.25\na note\n"),
            std::string::npos);
}

TEST(FloorMessage, IsItsOwnInverseAndRefusesTheRest) {
  FloorMessage message{FloorMessage::Kind::kChange, 7, {-1, 5}, "payload"};

  auto back = decode_floor_message(encode(message));

  ASSERT_TRUE(back);
  EXPECT_EQ(back->kind, message.kind);
  EXPECT_EQ(back->number, 7u);
  EXPECT_EQ(back->values, message.values);
  EXPECT_EQ(back->payload, "payload");
  std::string bytes = encode(message);
  for (std::size_t size = 0; size < 13 + 2 * 8; ++size) {
    EXPECT_FALSE(decode_floor_message(bytes.substr(0, size)));
  }
  EXPECT_FALSE(decode_floor_message("x" + bytes.substr(1)));
}

// Feeds the bytes in pieces of every size. The result must not depend on the size.
template <typename Check>
void in_pieces(const std::string& bytes, Check check) {
  for (std::size_t piece = 1; piece <= bytes.size(); ++piece) {
    HttpParser parser;
    bool complete = false;
    for (std::size_t at = 0; at < bytes.size(); at += piece) {
      std::size_t count = std::min(piece, bytes.size() - at);
      parser.feed(bytes.data() + at, count);
      complete = parser.advance();
    }
    check(parser, complete);
  }
}

TEST(HttpParser, ReadsABodyOfKnownLengthHoweverItArrives) {
  in_pieces("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello",
            [](HttpParser& parser, bool complete) {
              EXPECT_TRUE(complete);
              EXPECT_EQ(parser.status(), 200);
              EXPECT_EQ(parser.body(), "hello");
            });
}

TEST(HttpParser, ReadsChunksHoweverTheyArrive) {
  in_pieces(
      "HTTP/1.1 404 No\r\nTransfer-Encoding: "
      "chunked\r\n\r\n3\r\nabc\r\nA\r\n0123456789\r\n0\r\n\r\n",
      [](HttpParser& parser, bool complete) {
        EXPECT_TRUE(complete);
        EXPECT_EQ(parser.status(), 404);
        EXPECT_EQ(parser.body(), "abc0123456789");
      });
}

TEST(HttpParser, GivesTheBodyOfAStreamAsItComes) {
  in_pieces("HTTP/1.1 200 OK\r\n\r\ndata: x\n\n", [](HttpParser& parser, bool complete) {
    EXPECT_FALSE(complete);
    EXPECT_TRUE(parser.has_head());
    EXPECT_EQ(parser.body(), "data: x\n\n");
  });
}

TEST(HttpParser, TheNextAnswerFollowsTheLast) {
  std::string answer = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n";
  std::string bytes = answer + "a" + answer + "b";
  HttpParser parser;
  parser.feed(bytes.data(), bytes.size());

  ASSERT_TRUE(parser.advance());
  EXPECT_EQ(parser.body(), "a");
  parser.next();
  ASSERT_TRUE(parser.advance());
  EXPECT_EQ(parser.body(), "b");
}

TEST(HttpParser, WhatIsNotHttpFails) {
  HttpParser parser;
  std::string bytes = "SSH-2.0-OpenSSH\r\n\r\n";
  parser.feed(bytes.data(), bytes.size());

  EXPECT_FALSE(parser.advance());
  EXPECT_TRUE(parser.failed());
}

}  // namespace
}  // namespace bench
