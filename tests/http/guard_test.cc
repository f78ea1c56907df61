#include "agent/http/guard.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace http {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

constexpr auto kAccepted = static_cast<base::Code>(-1);

Request request_with(Headers headers, const std::string& authority = "") {
  Request request;
  request.headers = std::move(headers);
  request.target.authority = authority;
  return request;
}

Doors make_doors() {
  return {{"127.0.0.1:7780", "localhost:7780", "[::1]:7780", "box.lan"}, {"https://app.example"}};
}

base::Code judge(Headers headers, const std::string& authority = "") {
  auto status = check_doors(request_with(std::move(headers), authority), make_doors());
  return status.ok() ? kAccepted : status.error().code;
}

TEST(CheckHead, TakesWhatClientsSend) {
  EXPECT_TRUE(check_head("GET / HTTP/1.1\r\n").ok());
  EXPECT_TRUE(check_head("GET /\xC3\xA9 HTTP/1.0\r\nHost: a\r\n").ok());
  EXPECT_TRUE(check_head("M-SEARCH * HTTP/1.1\r\nHost:a\r\nX:\r\nY: \t z\t \r\n").ok());
  EXPECT_TRUE(check_head("PUT /a HTTP/1.1\r\ncontent-LENGTH: 007\r\n").ok());
  EXPECT_TRUE(check_head("PUT /a HTTP/1.1\r\nTRANSFER-encoding:  Chunked \r\n").ok());
}

TEST(CheckHead, CountsHeaderLines) {
  std::string head = "GET / HTTP/1.1\r\n";
  for (std::size_t i = 0; i < kHeaderLinesMax; ++i) head += "a: b\r\n";

  auto most = check_head(head);
  auto more = check_head(head + "a: b\r\n");

  EXPECT_TRUE(most.ok());
  ASSERT_FALSE(more.ok());
  EXPECT_EQ(more.error().code, base::Code::kTooLarge);
}

TEST(CheckHead, RefusesEveryControlCharacterInAValue) {
  for (int c = 0; c < 256; ++c) {
    std::string head = "GET / HTTP/1.1\r\nA: x" + std::string(1, static_cast<char>(c)) + "y\r\n";
    bool control = (c < 0x20 && c != '\t') || c == 0x7F;

    EXPECT_EQ(check_head(head).ok(), !control) << c;
  }
}

TEST(CheckHead, TakesOnlyTokensAsNamesAndMethods) {
  for (int c = 0; c < 256; ++c) {
    if (c == ':' || c == ' ') continue;
    std::string text = "a" + std::string(1, static_cast<char>(c)) + "b";
    bool token = is_token_char(static_cast<char>(c));

    EXPECT_EQ(check_head("GET / HTTP/1.1\r\n" + text + ": v\r\n").ok(), token) << c;
    EXPECT_EQ(check_head(text + " / HTTP/1.1\r\n").ok(), token) << c;
  }
}

TEST(CheckHead, RefusesPartsOfAHead) {
  for (std::string_view bad : {"", "\r\n", "GET", "GET / HTTP/1.1", "GET / HTTP/1.1\r", "GET /\r\n",
                               "GET / HTTP/1.1\r\nA: b", "GET / HTTP/1.1\r\n\r\nA: b\r\n"}) {
    EXPECT_FALSE(check_head(bad).ok()) << bad;
  }
}

TEST(CheckDoors, HostIsOneOfOurs) {
  for (std::string_view own : {"127.0.0.1:7780", "localhost:7780", "LocalHost:7780", "[::1]:7780",
                               "box.lan", "BOX.lan:80"}) {
    EXPECT_EQ(judge({{"host", std::string(own)}}), kAccepted) << own;
  }
  for (std::string_view foreign : {"evil.example",
                                   "evil.example:7780",
                                   "localhost",
                                   "localhost:80",
                                   "localhost:7781",
                                   "localhost:77800",
                                   "localhost.:7780",
                                   "127.0.0.1",
                                   "127.0.0.2:7780",
                                   "127.1:7780",
                                   "2130706433:7780",
                                   "0.0.0.0:7780",
                                   "[::]:7780",
                                   "[::ffff:127.0.0.1]:7780",
                                   "::1:7780",
                                   "user@localhost:7780",
                                   "localhost:7780@evil",
                                   "localhost:7780,evil",
                                   "xlocalhost:7780",
                                   "box.lan:443",
                                   "",
                                   ":80",
                                   "localhost:7780:80"}) {
    EXPECT_EQ(judge({{"host", std::string(foreign)}}), base::Code::kMisdirected) << foreign;
  }
}

TEST(CheckDoors, HostIsThereOnce) {
  EXPECT_EQ(judge({}), base::Code::kInvalid);
  EXPECT_EQ(judge({{"host", "box.lan"}, {"host", "box.lan"}}), base::Code::kInvalid);
}

TEST(CheckDoors, AbsoluteTargetIsJudgedToo) {
  EXPECT_EQ(judge({{"host", "box.lan"}}, "localhost:7780"), kAccepted);
  EXPECT_EQ(judge({{"host", "box.lan"}}, "evil.example"), base::Code::kMisdirected);
  EXPECT_EQ(judge({{"host", "evil.example"}}, "localhost:7780"), base::Code::kMisdirected);
  EXPECT_EQ(judge({{"host", "box.lan"}}, "a@localhost:7780"), base::Code::kMisdirected);
}

TEST(CheckDoors, OriginIsOursOrAllowed) {
  for (std::string_view good : {"http://localhost:7780", "http://127.0.0.1:7780", "http://box.lan",
                                "https://app.example", "http://[::1]:7780"}) {
    EXPECT_EQ(judge({{"host", "box.lan"}, {"origin", std::string(good)}}), kAccepted) << good;
  }
  for (std::string_view bad :
       {"", "null", "*", "http://evil.example", "http://localhost", "http://localhost:3000",
        "https://localhost:7780", "http://app.example", "https://app.example.evil",
        "https://app.example:444", "https://evil/https://app.example", "file://",
        "http://localhost:7780/", "localhost:7780"}) {
    EXPECT_EQ(judge({{"host", "box.lan"}, {"origin", std::string(bad)}}), base::Code::kForbidden)
        << bad;
  }
}

TEST(CheckDoors, WhatAPageOfAnotherSiteMakesABrowserGetIsRefused) {
  const auto asked = [](const char* site, const char* mode, const char* dest) {
    return judge({{"host", "box.lan"},
                  {"sec-fetch-site", site},
                  {"sec-fetch-mode", mode},
                  {"sec-fetch-dest", dest}});
  };

  for (const char* site : {"cross-site", "same-site"}) {
    EXPECT_EQ(asked(site, "no-cors", "image"), base::Code::kForbidden) << site;
    EXPECT_EQ(asked(site, "no-cors", "script"), base::Code::kForbidden) << site;
    EXPECT_EQ(asked(site, "navigate", "iframe"), base::Code::kForbidden) << site;
    EXPECT_EQ(asked(site, "navigate", "document"), kAccepted) << "a link that a person follows";
  }
  EXPECT_EQ(asked("same-origin", "no-cors", "image"), kAccepted);
  EXPECT_EQ(asked("none", "navigate", "document"), kAccepted) << "typed by a person";
}

TEST(CheckDoors, OriginComesOnce) {
  EXPECT_EQ(judge({{"host", "box.lan"},
                   {"origin", "https://app.example"},
                   {"origin", "https://app.example"}}),
            base::Code::kInvalid);
}

TEST(CheckDoors, StarIsNeverAnOrigin) {
  Doors doors = make_doors();
  doors.origins.emplace_back("*");

  Request request = request_with({{"host", "box.lan"}, {"origin", "*"}});

  EXPECT_FALSE(check_doors(request, doors).ok());
  EXPECT_THAT(cors_headers(request, doors), IsEmpty());
}

TEST(CorsHeaders, NameTheOriginThatAsked) {
  auto headers = cors_headers(request_with({{"origin", "https://app.example"}}), make_doors());

  EXPECT_THAT(headers, Contains(Pair("access-control-allow-origin", "https://app.example")));
  EXPECT_THAT(headers, Contains(Pair("vary", "Origin")));
  EXPECT_THAT(headers, Contains(Pair("access-control-expose-headers", HasSubstr("X-CRDT-Nonce"))));
}

TEST(CorsHeaders, NothingWithoutAnAllowedOrigin) {
  EXPECT_THAT(cors_headers(request_with({}), make_doors()), IsEmpty());
  EXPECT_THAT(cors_headers(request_with({{"origin", "http://evil"}}), make_doors()), IsEmpty());
}

TEST(CorsHeaders, PreflightAllowsWhatWasAskedButNeverAStar) {
  Request request = request_with({{"origin", "https://app.example"},
                                  {"access-control-request-method", "PUT"},
                                  {"access-control-request-headers", "content-type, x-a"}});
  request.verb = Verb::kOptions;

  auto plain = cors_headers(request, make_doors());
  request.headers[2].second = "*";
  auto star = cors_headers(request, make_doors());

  EXPECT_THAT(plain, Contains(Pair("access-control-allow-headers", "content-type, x-a")));
  for (const auto& [name, value] : star) EXPECT_EQ(value.find('*'), std::string::npos) << name;
}

}  // namespace
}  // namespace http
