#include "tools/probe/answer_parser.h"

#include <gtest/gtest.h>

#include <functional>

namespace probe {
namespace {

using Expected = AnswerParser::Expected;
const std::string kOk = "HTTP/1.1 200 OK\r\n";

// Gives the bytes in pieces of every size: the answer must not depend on how they arrive.
void in_pieces(const std::string& bytes, Expected expected,
               const std::function<void(AnswerParser&)>& check) {
  for (std::size_t piece = 1; piece <= bytes.size(); ++piece) {
    AnswerParser parser;
    parser.expect(expected);
    std::string input;
    for (std::size_t at = 0; at < bytes.size(); at += piece) {
      input += bytes.substr(at, piece);
      parser.advance(input);
    }
    check(parser);
  }
}

TEST(AnswerParser, ReadsABodyOfKnownLengthHoweverItArrives) {
  in_pieces("HTTP/1.1 201 Created\r\ncontent-length: 5\r\nX-A: \t b\r\nX-Empty:\r\n\r\nhello", {},
            [](AnswerParser& parser) {
              EXPECT_TRUE(parser.is_complete());
              EXPECT_EQ(parser.answer().status, 201);
              EXPECT_EQ(parser.answer().body, "hello");
              EXPECT_EQ(parser.answer().header("x-a"), "b");
              EXPECT_EQ(parser.answer().header("x-empty"), "");
              EXPECT_TRUE(parser.answer().has_header("X-EMPTY"));
              EXPECT_FALSE(parser.answer().has_header("X"));
            });
}

TEST(AnswerParser, ReadsChunksHoweverTheyArrive) {
  in_pieces(
      "HTTP/1.1 404 No\r\nTransfer-Encoding: "
      "chunked\r\n\r\n3\r\nabc\r\nA\r\n0123456789\r\n0\r\n\r\n",
      {}, [](AnswerParser& parser) {
        EXPECT_TRUE(parser.is_complete());
        EXPECT_EQ(parser.answer().status, 404);
        EXPECT_EQ(parser.answer().body, "abc0123456789");
      });
}

TEST(AnswerParser, ABodyWithoutALengthComesAsItArrivesAndEndsWithTheConnection) {
  in_pieces(kOk + "\r\ndata: x\n\n", {}, [](AnswerParser& parser) {
    EXPECT_FALSE(parser.is_complete());
    EXPECT_TRUE(parser.has_head());
    EXPECT_EQ(parser.answer().body, "data: x\n\n");
    EXPECT_TRUE(parser.end());
  });
}

TEST(AnswerParser, AnAnswerThatIsCutShortIsNeverComplete) {
  for (const std::string& rest :
       {std::string("Content-Length: 5\r\n\r\nhell"), std::string("Content-Len"),
        std::string("Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")}) {
    in_pieces(kOk + rest, {}, [](AnswerParser& parser) { EXPECT_FALSE(parser.end()); });
  }
}

TEST(AnswerParser, TheNextAnswerFollowsTheLast) {
  std::string answer = kOk + "Content-Length: 1\r\n\r\n";
  std::string input = answer + "a" + answer + "b";
  AnswerParser parser;

  ASSERT_TRUE(parser.advance(input));
  EXPECT_EQ(parser.answer().body, "a");
  parser.next();
  ASSERT_TRUE(parser.advance(input));
  EXPECT_EQ(parser.answer().body, "b");
  EXPECT_EQ(input, "");
}

TEST(AnswerParser, SomeAnswersHaveNoBody) {
  const std::string with_length = kOk + "Content-Length: 9\r\n\r\n";

  in_pieces(with_length, Expected{.body = false}, [](AnswerParser& parser) {
    EXPECT_TRUE(parser.is_complete());
    EXPECT_EQ(parser.answer().header("Content-Length"), "9");
  });
  for (const char* status : {"204 No Content", "304 Not Modified"}) {
    in_pieces(std::string("HTTP/1.1 ") + status + "\r\n\r\n", {},
              [](AnswerParser& parser) { EXPECT_TRUE(parser.is_complete()); });
  }
}

TEST(AnswerParser, InterimAnswersArePassedOverUnlessTheyAreAskedFor) {
  const std::string bytes = "HTTP/1.1 100 Continue\r\n\r\n" + kOk + "Content-Length: 2\r\n\r\nok";

  in_pieces(bytes, {}, [](AnswerParser& parser) { EXPECT_EQ(parser.answer().body, "ok"); });
  in_pieces(bytes, Expected{.interim = true}, [](AnswerParser& parser) {
    EXPECT_TRUE(parser.is_complete());
    EXPECT_EQ(parser.answer().status, 100);
  });
}

TEST(AnswerParser, WhatIsNotHttpFailsAndTheMessageShowsIt) {
  const std::string chunked = kOk + "Transfer-Encoding: chunked\r\n\r\n";
  const std::pair<std::string, std::string> cases[] = {
      {"SSH-2.0-OpenSSH\r\n\r\n", "SSH-2.0-OpenSSH"},
      {"HTTP/1.1 abc OK\r\n\r\n", "abc"},
      {"HTTP/1.1 99\r\n\r\n", "99"},
      {kOk + "no colon\r\n\r\n", "no colon"},
      {kOk + "Content-Length: 5x\r\n\r\nhello", "5x"},
      {chunked + "zz\r\n", "zz"},
      {chunked + "3\r\nabcd\r\n", "end of a chunk"},
  };
  for (const auto& [bytes, shown] : cases) {
    AnswerParser parser;
    std::string input = bytes;

    EXPECT_FALSE(parser.advance(input)) << bytes;
    EXPECT_TRUE(parser.failed()) << bytes;
    EXPECT_NE(parser.failure().find(shown), std::string::npos) << parser.failure();
    EXPECT_FALSE(parser.end());
  }
}

}  // namespace
}  // namespace probe
