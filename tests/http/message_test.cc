#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/http/message.h"

namespace http {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

std::vector<std::string> segments_of(std::string_view target) {
  auto parsed = parse_target(target);
  return parsed.ok() ? parsed->segments : std::vector<std::string>{"<refused>"};
}

TEST(Target, SegmentsAreSplitBeforeTheyAreDecoded) {
  EXPECT_THAT(segments_of("/a/b%2Fc"), ElementsAre("a", "b/c"));
  EXPECT_THAT(segments_of("/v1/objects/sensor%3a7/x"),
              ElementsAre("v1", "objects", "sensor:7", "x"));
  EXPECT_THAT(segments_of("/%252F"), ElementsAre("%2F"));
}

TEST(Target, NothingIsNormalised) {
  EXPECT_THAT(segments_of("/a/../b/./c"), ElementsAre("a", "..", "b", ".", "c"));
  EXPECT_THAT(segments_of("/a//b/"), ElementsAre("a", "", "b", ""));
  EXPECT_THAT(segments_of("/a+b"), ElementsAre("a+b"));
  EXPECT_THAT(segments_of("/%2e%2E"), ElementsAre(".."));
}

TEST(Target, RootHasNoSegments) {
  EXPECT_THAT(segments_of("/"), IsEmpty());
  EXPECT_THAT(segments_of("/?a=b"), IsEmpty());
  EXPECT_THAT(segments_of("//"), ElementsAre("", ""));
}

TEST(Target, QueryKeepsOrderAndRepeats) {
  auto target = parse_target("/x?b=2&a=%26%3d+&&b=3&flag&=v&e=");

  ASSERT_TRUE(target.ok());
  EXPECT_EQ(target->path, "/x");
  EXPECT_THAT(target->query, ElementsAre(Pair("b", "2"), Pair("a", "&=+"), Pair("b", "3"),
                                         Pair("flag", ""), Pair("", "v"), Pair("e", "")));
  EXPECT_EQ(target->query_value("b"), "2");
  EXPECT_EQ(target->query_value("flag"), "");
  EXPECT_EQ(target->query_value("none"), std::nullopt);
}

TEST(Target, QueryMayHoldQuestionMarksAndSlashes) {
  auto target = parse_target("/x?a=/b?c=d");

  ASSERT_TRUE(target.ok());
  EXPECT_THAT(target->query, ElementsAre(Pair("a", "/b?c=d")));
}

TEST(Target, AbsoluteFormGivesItsAuthority) {
  auto target = parse_target("http://localhost:7780/a?b=c");
  auto bare = parse_target("http://localhost");
  auto asked = parse_target("http://localhost?x");

  ASSERT_TRUE(target.ok());
  EXPECT_EQ(target->authority, "localhost:7780");
  EXPECT_THAT(target->segments, ElementsAre("a"));
  EXPECT_THAT(target->query, ElementsAre(Pair("b", "c")));
  ASSERT_TRUE(bare.ok());
  EXPECT_EQ(bare->path, "/");
  ASSERT_TRUE(asked.ok());
  EXPECT_EQ(asked->authority, "localhost");
}

TEST(Target, BadOnesAreRefused) {
  for (std::string_view bad : {"",
                               "*",
                               "a",
                               "?a",
                               "/%",
                               "/%4",
                               "/%zz",
                               "/%g0",
                               "/a%",
                               "/%00",
                               "/x?a=%00",
                               "/x?a=%f",
                               "/%ff",
                               "/%c0%af",
                               "/%ed%a0%80",
                               "/x?%fe=1",
                               "/a#b",
                               "/a?b#c",
                               "http://",
                               "http:///a",
                               "https://localhost/",
                               "localhost:80",
                               "ftp://x/"}) {
    EXPECT_FALSE(parse_target(bad).ok()) << bad;
  }
  EXPECT_FALSE(parse_target(std::string_view("/a\0b", 4)).ok());
}

TEST(Target, EncodingIsUndoneByDecoding) {
  std::string every;
  for (int c = 1; c < 128; ++c) every.push_back(static_cast<char>(c));
  every += "Zürich/☃";

  auto segments = segments_of("/" + percent_encode(every));

  EXPECT_THAT(segments, ElementsAre(every));
  EXPECT_EQ(percent_encode("a-._~Z9/ é"), "a-._~Z9%2F%20%C3%A9");
}

TEST(ErrorResponse, HasStatusAndEscapedMessage) {
  auto response = error_response({base::Code::kNotFound, "no \"x\\y\"\n\x01\x7f é"});

  EXPECT_EQ(response.status, 404);
  EXPECT_EQ(response.content_type, "application/json");
  EXPECT_EQ(response.body, R"({"error":{"code":"not_found","message":"no \"x\\y\"\n\u0001)"
                           "\x7f"
                           R"( é"}})");
}

TEST(ErrorResponse, StaysUtf8WhateverTheMessage) {
  auto response = error_response(base::invalid("\xff\xfe"));

  EXPECT_EQ(response.body, R"({"error":{"code":"invalid","message":"message is not UTF-8"}})");
}

TEST(Request, HeaderIsFoundByLowerCaseName) {
  Request request;
  request.headers = {{"accept", "a"}, {"x-one", "1"}, {"x-one", "2"}};

  EXPECT_EQ(request.header("x-one"), "1");
  EXPECT_EQ(request.header("absent"), "");
}

}  // namespace
}  // namespace http
