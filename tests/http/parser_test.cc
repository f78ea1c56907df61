// Tests the parser alone; the test decides how the bytes are cut.

#include "agent/http/parser.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace http {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

const std::string kChunkedHead =
    "POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";

// Feeds `body` in steps of `step` bytes. Returns "!" for an error, and the body so far followed by
// "?" if it does not end.
std::string read_in_steps(Parser& parser, const std::string& body, std::size_t step) {
  std::string out;
  std::size_t taken = 0;
  for (std::size_t end = std::min(step, body.size());; end = std::min(end + step, body.size())) {
    while (!parser.done() && taken < end) {
      auto read = parser.read_body(std::string_view(body).substr(taken, end - taken));
      if (!read.ok()) return "!";
      if (read->consumed == 0) break;
      taken += read->consumed;
      out += read->piece;
    }
    if (parser.done()) return taken == body.size() ? out : out + "+";
    if (end == body.size()) return out + "?";
  }
}

std::string read_chunked(const std::string& body, std::size_t step) {
  Parser parser;
  Request request;
  EXPECT_TRUE(parser.read_head(kChunkedHead, request).ok());
  return read_in_steps(parser, body, step);
}

TEST(Parser, HeadBecomesARequest) {
  Parser parser;
  Request request;

  auto status = parser.read_head(
      "PATCH /a%20b?c=d HTTP/1.1\r\nHost: h\r\nX-Some: \t a b \r\nContent-Length: 3\r\n\r\n",
      request);

  ASSERT_TRUE(status.ok());
  EXPECT_EQ(request.verb, Verb::kPatch);
  EXPECT_EQ(request.method, "PATCH");
  EXPECT_THAT(request.target.segments, ElementsAre("a b"));
  EXPECT_THAT(request.headers,
              ElementsAre(Pair("host", "h"), Pair("x-some", "a b"), Pair("content-length", "3")));
  EXPECT_TRUE(parser.keep_alive());
  EXPECT_FALSE(parser.is_http_1_0());
  EXPECT_EQ(parser.content_length(), 3U);
  EXPECT_FALSE(parser.done());
}

TEST(Parser, TakesEveryVerb) {
  for (auto verb : {Verb::kGet, Verb::kHead, Verb::kPost, Verb::kPut, Verb::kPatch, Verb::kDelete,
                    Verb::kOptions, Verb::kOther}) {
    Parser parser;
    Request request;
    std::string name(verb == Verb::kOther ? "get" : verb_name(verb));

    EXPECT_TRUE(parser.read_head(name + " / HTTP/1.1\r\n\r\n", request).ok());
    EXPECT_EQ(request.verb, verb);
    EXPECT_EQ(request.method, name);
    EXPECT_TRUE(parser.done());
  }
}

TEST(Parser, HugeLengthIsNotRefusedByItsOwnLimit) {
  Parser parser;
  Request request;

  auto status =
      parser.read_head("POST / HTTP/1.1\r\nContent-Length: 9223372036854775807\r\n\r\n", request);

  EXPECT_TRUE(status.ok());
  EXPECT_EQ(parser.content_length(), 9223372036854775807U);
}

TEST(Parser, CutsDoNotMatter) {
  const std::vector<std::pair<std::string, std::string>> bodies = {
      {"0\r\n\r\n", ""},
      {"00\r\n\r\n", ""},
      {"0;a=b\r\n\r\n", ""},
      {"0\r\nA: b\r\nC: d\r\n\r\n", ""},
      {"1\r\nx\r\n0\r\n\r\n", "x"},
      {"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", "abcde"},
      {"A\r\n0123456789\r\n0;x\r\nT: r\r\n\r\n", "0123456789"},
      {"5\r\n\r\n0\r\n\r\n0\r\n\r\n", "\r\n0\r\n"},
      {"3\r\nabc\r\n0\r\n\r\nGET", "abc+"},
      {"3\r\nabcd\r\n0\r\n\r\n", "!"},
      {"x\r\nabcd\r\n0\r\n\r\n", "!"},
      {"3\nabc\n0\n\n\r\n", "!"},
      {"0\r\nA\r\n\r\n", "!"},
      {"0\r\n\n\n\n\n", "?"},
      {"0\r\nA: b\r\n", "?"},
      {"3\r\nab", "ab?"},
  };
  for (const auto& [body, expected] : bodies) {
    for (std::size_t step = 1; step <= body.size(); ++step) {
      EXPECT_EQ(read_chunked(body, step), expected) << body << " by " << step;
    }
  }
}

TEST(Parser, ExtensionsAndTrailersAreBounded) {
  std::string few(Parser::kFramingBytesMax - 100, 'a');
  std::string many(Parser::kFramingBytesMax + 100, 'a');
  for (std::size_t step : {std::size_t{1}, std::size_t{1'000}, std::size_t{100'000}}) {
    EXPECT_EQ(read_chunked("1;" + few + "\r\nx\r\n0\r\n\r\n", step), "x");
    EXPECT_EQ(read_chunked("1;" + many + "\r\nx\r\n0\r\n\r\n", step), "!");
    EXPECT_EQ(read_chunked("0\r\nT: " + few + "\r\n\r\n", step), "");
    EXPECT_EQ(read_chunked("0\r\nT: " + many + "\r\n\r\n", step), "!");
    EXPECT_EQ(read_chunked("1;" + few + many + many, step), "!");
  }
}

TEST(Parser, ChunksAboveTheLimitAreTooLarge) {
  Parser parser;
  Request request;
  ASSERT_TRUE(parser.read_head(kChunkedHead, request).ok());
  parser.limit_body(4);

  std::string_view body = "3\r\nabc\r\n2\r\nde\r\n";
  auto header = parser.read_body(body);
  ASSERT_TRUE(header.ok());
  auto piece = parser.read_body(body.substr(3));
  auto second = parser.read_body(body.substr(6));

  ASSERT_TRUE(piece.ok());
  EXPECT_EQ(piece->piece, "abc");
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code, base::Code::kTooLarge);
}

TEST(Parser, IsUsedAgain) {
  Parser parser;
  for (int i = 0; i < 3; ++i) {
    Request request;
    ASSERT_TRUE(parser.read_head(kChunkedHead, request).ok());
    EXPECT_EQ(read_in_steps(parser, "3\r\nabc\r\n0\r\n\r\n", 1), "abc");
    Request next;
    ASSERT_TRUE(parser.read_head("GET / HTTP/1.0\r\n\r\n", next).ok());
    EXPECT_TRUE(parser.done());
    EXPECT_TRUE(parser.is_http_1_0());
    EXPECT_FALSE(parser.keep_alive());
  }
}

}  // namespace
}  // namespace http
