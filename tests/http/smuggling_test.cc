// Requests that must be refused. After each case comes a request for /leak, as if the first one had
// ended where the attacker wants. No handler may see that request on a connection that was refused.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/http/client.h"
#include "tests/http/recorder.h"
#include "tests/http/running_server.h"

namespace http::testing {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

// In the texts H stands for "Host: 127.0.0.1:<port>\r\n" and <port> for the port.
std::string fill_in(std::string text, std::uint16_t port) {
  auto replace = [&text](const std::string& what, const std::string& with) {
    for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += with.size()) {
      text.replace(at, what.size(), with);
    }
  };
  replace("<H>", "Host: 127.0.0.1:<port>\r\n");
  replace("<port>", std::to_string(port));
  return text;
}

struct Case {
  const char* name;
  std::string bytes;
  int status;
};

std::ostream& operator<<(std::ostream& out, const Case& that) { return out << that.name; }

const std::string kLeak = "GET /leak HTTP/1.1\r\n<H>\r\n";
const std::string kGet = "GET /v1/status HTTP/1.1\r\n";
const std::string kPost = "POST /echo HTTP/1.1\r\n<H>";

std::size_t count(const std::string& text, const std::string& what) {
  std::size_t found = 0;
  for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; ++at) ++found;
  return found;
}

class Refused : public ::testing::TestWithParam<Case> {};

TEST_P(Refused, AndTheConnectionEnds) {
  Recorder recorder;
  RunningServer server([&](Router& router, uv_loop_t*) { recorder.fill(router); });
  Client client(server.port());

  client.send(fill_in(GetParam().bytes + kLeak, server.port()));
  client.shut_down_writing();
  std::string all = client.read_to_end();

  EXPECT_THAT(all, ::testing::StartsWith("HTTP/1.1 " + std::to_string(GetParam().status) + " "));
  EXPECT_EQ(count(all, "HTTP/1.1 "), 1U);
  EXPECT_THAT(all, HasSubstr("Connection: close\r\n"));
  EXPECT_THAT(all, HasSubstr("X-Content-Type-Options: nosniff\r\n"));
  EXPECT_THAT(all, HasSubstr("{\"error\":{\"code\":\""));
  EXPECT_THAT(recorder.seen(), IsEmpty());
}

std::vector<Case> bad_framing() {
  return {
      {"LengthAndChunked",
       kPost + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
      {"ChunkedAndLength",
       kPost + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", 400},
      {"TwoLengthsDiffer", kPost + "Content-Length: 0\r\nContent-Length: 5\r\n\r\nabcde", 400},
      {"TwoLengthsEqual", kPost + "Content-Length: 5\r\nContent-Length: 5\r\n\r\nabcde", 400},
      {"LengthList", kPost + "Content-Length: 5, 5\r\n\r\nabcde", 400},
      {"LengthPlus", kPost + "Content-Length: +5\r\n\r\nabcde", 400},
      {"LengthMinus", kPost + "Content-Length: -1\r\n\r\n", 400},
      {"LengthHex", kPost + "Content-Length: 0x5\r\n\r\nabcde", 400},
      {"LengthEmpty", kPost + "Content-Length: \r\n\r\n", 400},
      {"LengthSpaced", kPost + "Content-Length: 1 2\r\n\r\n", 400},
      {"LengthOverflow", kPost + "Content-Length: 18446744073709551616\r\n\r\n", 400},
      {"LengthOnTwentyDigits", kPost + "Content-Length: 00000000000000000005\r\n\r\nabcde", 400},
      {"LengthInLowerCaseTwice", kPost + "content-length: 5\r\nContent-Length: 0\r\n\r\nabcde",
       400},
      {"CodingIdentity", kPost + "Transfer-Encoding: identity\r\n\r\n", 400},
      {"CodingGzipChunked", kPost + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 400},
      {"CodingChunkedGzip", kPost + "Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n", 400},
      {"CodingChunkedChunked", kPost + "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", 400},
      {"CodingTwice",
       kPost + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
      {"CodingTwiceOneBad",
       kPost + "Transfer-Encoding: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
      {"CodingXchunked", kPost + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 400},
      {"CodingQuoted", kPost + "Transfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n", 400},
      {"CodingWithParameter", kPost + "Transfer-Encoding: chunked;a=b\r\n\r\n0\r\n\r\n", 400},
      {"CodingEmpty", kPost + "Transfer-Encoding:\r\n\r\n0\r\n\r\n", 400},
      {"CodingWithVerticalTab",
       kPost + "Transfer-Encoding: \x0b"
               "chunked\r\n\r\n0\r\n\r\n",
       400},
      {"CodingAfterBareCarriageReturn", kPost + "X: y\rTransfer-Encoding: chunked\r\n\r\n", 400},
      {"CodingAfterBareLineFeed", kPost + "X: y\nTransfer-Encoding: chunked\r\n\r\n", 400},
      {"CodingSpaceBeforeColon", kPost + "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n", 400},
      {"CodingTabBeforeColon", kPost + "Transfer-Encoding\t: chunked\r\n\r\n0\r\n\r\n", 400},
      {"CodingFolded", kPost + "Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n", 400},
      {"CodingFoldedInto", kPost + "X: y\r\n Transfer-Encoding: chunked\r\n\r\n", 400},
      {"ChunkedOnOld", "POST /echo HTTP/1.0\r\n<H>Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
       400},
  };
}

std::vector<Case> bad_chunks() {
  const std::string chunked = kPost + "Transfer-Encoding: chunked\r\n\r\n";
  return {
      {"SizeNotHex", chunked + "g\r\n\r\n", 400},
      {"SizeEmpty", chunked + "\r\n\r\n", 400},
      {"SizeMinus", chunked + "-1\r\n\r\n", 400},
      {"SizePrefixed", chunked + "0x3\r\nabc\r\n0\r\n\r\n", 400},
      {"SizeOverflow", chunked + "10000000000000000\r\n", 400},
      {"SizeHuge", chunked + "ffffffffffffffff\r\n", 413},
      {"SizeLeadingSpace", chunked + " 3\r\nabc\r\n0\r\n\r\n", 400},
      {"SizeBareLineFeed", chunked + "3\nabc\n0\n\n", 400},
      {"SizeBareCarriageReturn", chunked + "3\rabc\r0\r\r", 400},
      {"DataTooLong", chunked + "3\r\nabcd\r\n0\r\n\r\n", 400},
      {"DataWithoutEnd", chunked + "3\r\nabc0\r\n\r\n", 400},
      {"ExtensionWithLineFeed", chunked + "3;a\nb\r\nabc\r\n0\r\n\r\n", 400},
      {"ExtensionOfNothing", chunked + "3;\r\nabc\r\n0\r\n\r\n", 400},
      {"ExtensionTooLong", chunked + "3;a=" + std::string(5000, 'b') + "\r\nabc\r\n0\r\n\r\n", 400},
      {"TrailerWithoutColon", chunked + "0\r\nabc\r\n\r\n", 400},
      {"TrailerLength", chunked + "0\r\nContent-Length: 3\r\n\r\n", 400},
      {"TrailerCoding", chunked + "0\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
      {"TrailerTooLong", chunked + "0\r\na: " + std::string(5000, 'b') + "\r\n\r\n", 400},
  };
}

std::vector<Case> bad_heads() {
  return {
      {"NoHost", kGet + "\r\n", 400},
      {"NoHostOnOld", "GET /v1/status HTTP/1.0\r\n\r\n", 400},
      {"TwoHosts", kGet + "<H><H>\r\n", 400},
      {"TwoHostsOneForeign", kGet + "<H>Host: evil.example\r\n\r\n", 400},
      {"TwoOrigins",
       kGet + "<H>Origin: http://localhost:<port>\r\nOrigin: http://evil.example\r\n\r\n", 400},
      {"HostSpaceBeforeColon", kGet + "Host : 127.0.0.1:<port>\r\n\r\n", 400},
      {"HostFolded", kGet + "Host:\r\n 127.0.0.1:<port>\r\n\r\n", 400},
      {"FirstLineFolded", kGet + " X: y\r\n<H>\r\n", 400},
      {"BareLineFeeds", "GET /v1/status HTTP/1.1\nHost: 127.0.0.1:<port>\n\n", 400},
      {"BareLineFeedAtEnd", kGet + "<H>\n", 400},
      {"NulInValue", kGet + "<H>X: a" + std::string(1, '\0') + "b\r\n\r\n", 400},
      {"NulInTarget", "GET /a" + std::string(1, '\0') + " HTTP/1.1\r\n<H>\r\n", 400},
      {"NameWithSpace", kGet + "<H>X Y: a\r\n\r\n", 400},
      {"NameEmpty", kGet + "<H>: a\r\n\r\n", 400},
      {"NoColon", kGet + "<H>nothing\r\n\r\n", 400},
      {"MethodWithColon", "GE:T /v1/status HTTP/1.1\r\n<H>\r\n", 400},
      {"MethodMissing", " /v1/status HTTP/1.1\r\n<H>\r\n", 400},
      {"MethodWithBrace", "{GET} /v1/status HTTP/1.1\r\n<H>\r\n", 400},
      {"TwoSpaces", "GET  /v1/status HTTP/1.1\r\n<H>\r\n", 400},
      {"SpaceInTarget", "GET /v1/sta tus HTTP/1.1\r\n<H>\r\n", 400},
      {"TabInTarget", "GET /v1/sta\ttus HTTP/1.1\r\n<H>\r\n", 400},
      {"SpaceAfterVersion", "GET /v1/status HTTP/1.1 \r\n<H>\r\n", 400},
      {"NoVersion", "GET /v1/status\r\n<H>\r\n", 400},
      {"VersionTwo", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400},
      {"VersionOneTwo", "GET /v1/status HTTP/1.2\r\n<H>\r\n", 400},
      {"VersionLowerCase", "GET /v1/status http/1.1\r\n<H>\r\n", 400},
      {"Tls", "\x16\x03\x01\x02", 400},
      {"TargetStar", "OPTIONS * HTTP/1.1\r\n<H>\r\n", 400},
      {"TargetAuthority", "CONNECT 127.0.0.1:<port> HTTP/1.1\r\n<H>\r\n", 400},
      {"TargetOtherScheme", "GET https://127.0.0.1:<port>/v1/status HTTP/1.1\r\n<H>\r\n", 400},
      {"TargetBadEscape", "GET /v1/%zz HTTP/1.1\r\n<H>\r\n", 400},
      {"TargetNulEscape", "GET /v1/%00 HTTP/1.1\r\n<H>\r\n", 400},
      {"TargetNotUtf8", "GET /v1/%ff HTTP/1.1\r\n<H>\r\n", 400},
      {"TargetFragment", "GET /v1/status#a HTTP/1.1\r\n<H>\r\n", 400},
      {"HeadTooLarge", kGet + "<H>X: " + std::string(20'000, 'a') + "\r\n\r\n", 431},
      {"TargetTooLarge", "GET /" + std::string(20'000, 'a') + " HTTP/1.1\r\n<H>\r\n", 431},
      {"HeadWithoutEnd", std::string(17'000, 'a'), 431},
      {"BodyTooLarge", kPost + "Content-Length: 1025\r\n\r\n" + std::string(1025, 'a'), 413},
      {"ChunksTooLarge",
       kPost + "Transfer-Encoding: chunked\r\n\r\n200\r\n" + std::string(512, 'a') + "\r\n201\r\n",
       413},
      {"OtherExpectation", kPost + "Expect: 200-ok\r\nContent-Length: 0\r\n\r\n", 417},
      {"ForeignHostWithBody",
       "POST /echo HTTP/1.1\r\nHost: evil.example\r\nContent-Length: 46\r\n\r\n", 421},
      {"UnknownRouteWithBody", "POST /none HTTP/1.1\r\n<H>Content-Length: 46\r\n\r\n", 404},
      {"WrongVerbWithBody", "PUT /echo HTTP/1.1\r\n<H>Content-Length: 46\r\n\r\n", 405},
  };
}

std::string name_of(const ::testing::TestParamInfo<Case>& info) { return info.param.name; }

INSTANTIATE_TEST_SUITE_P(Framing, Refused, ::testing::ValuesIn(bad_framing()), name_of);
INSTANTIATE_TEST_SUITE_P(Chunks, Refused, ::testing::ValuesIn(bad_chunks()), name_of);
INSTANTIATE_TEST_SUITE_P(Heads, Refused, ::testing::ValuesIn(bad_heads()), name_of);

// These requests get an error, but their end is known. So the connection goes on with the next
// request.
class Answered : public ::testing::TestWithParam<Case> {};

TEST_P(Answered, AndTheNextRequestIsTheNext) {
  Recorder recorder;
  RunningServer server([&](Router& router, uv_loop_t*) { recorder.fill(router); });
  Client client(server.port());

  client.send(fill_in(GetParam().bytes + "GET /after HTTP/1.1\r\n<H>\r\n", server.port()));
  auto first = client.read_answer();
  auto second = client.read_answer();

  ASSERT_TRUE(first);
  EXPECT_EQ(first->status, GetParam().status);
  ASSERT_TRUE(second);
  EXPECT_EQ(second->status, 200);
  EXPECT_EQ(recorder.seen().back(), "GET /after 0");
  EXPECT_EQ(recorder.seen().size(), GetParam().status == 200 ? 2U : 1U);
  EXPECT_THAT(recorder.seen(), Not(Contains("GET /leak 0")));
}

std::vector<Case> judged() {
  const std::string inner = fill_in("GET /leak HTTP/1.1\r\n\r\n", 0);  // 22 bytes
  return {
      {"ForeignHost", kGet + "Host: evil.example\r\n\r\n", 421},
      {"ForeignHostOurPort", kGet + "Host: evil.example:<port>\r\n\r\n", 421},
      {"ForeignPort", kGet + "Host: 127.0.0.1:1\r\n\r\n", 421},
      {"NoPort", kGet + "Host: 127.0.0.1\r\n\r\n", 421},
      {"EmptyHost", kGet + "Host:\r\n\r\n", 421},
      {"UserInHost", kGet + "Host: a@127.0.0.1:<port>\r\n\r\n", 421},
      {"ForeignAuthority", "GET http://evil.example/v1/status HTTP/1.1\r\n<H>\r\n", 421},
      {"ForeignHostBesideOwnAuthority",
       "GET http://127.0.0.1:<port>/v1/status HTTP/1.1\r\nHost: evil.example\r\n\r\n", 421},
      {"ForeignOrigin", kGet + "<H>Origin: http://evil.example\r\n\r\n", 403},
      {"ForeignOriginOurName", kGet + "<H>Origin: http://localhost:1\r\n\r\n", 403},
      {"NullOrigin", kGet + "<H>Origin: null\r\n\r\n", 403},
      {"StarOrigin", kGet + "<H>Origin: *\r\n\r\n", 403},
      {"ForeignPreflight",
       "OPTIONS /v1/status HTTP/1.1\r\n<H>Origin: http://evil.example\r\n"
       "Access-Control-Request-Method: GET\r\n\r\n",
       403},
      {"UnknownRoute", "GET /none HTTP/1.1\r\n<H>\r\n", 404},
      {"WrongVerb", "DELETE /v1/status HTTP/1.1\r\n<H>\r\n", 405},
      {"UnknownVerb", "BREW /v1/status HTTP/1.1\r\n<H>\r\n", 405},
      {"Trace", "TRACE /v1/status HTTP/1.1\r\n<H>\r\n", 405},
      {"Localhost", kGet + "Host: LOCALHOST:<port>\r\n\r\n", 200},
      {"LoopbackSix", kGet + "Host: [::1]:<port>\r\n\r\n", 200},
      {"OwnAuthority", "GET http://localhost:<port>/v1/status HTTP/1.1\r\n<H>\r\n", 200},
      {"OwnOrigin", kGet + "<H>Origin: http://localhost:<port>\r\n\r\n", 200},
      {"EmptyLineBefore", "\r\n" + kGet + "<H>\r\n", 200},
      {"BodyOfAGet", kGet + "<H>Content-Length: 22\r\n\r\n" + inner, 200},
      {"BodyLooksLikeARequest", kPost + "Content-Length: 22\r\n\r\n" + inner, 200},
      {"ChunkLooksLikeARequest",
       kPost + "Transfer-Encoding: chunked\r\n\r\n16;a=\"b\"\r\n" + inner +
           "\r\n00\r\nT: x\r\n\r\n",
       200},
      {"StreamLooksLikeARequest", "POST /stream HTTP/1.1\r\n<H>Content-Length: 22\r\n\r\n" + inner,
       200},
      {"OldKeptAlive", "GET /v1/status HTTP/1.0\r\n<H>Connection: keep-alive\r\n\r\n", 200},
  };
}

INSTANTIATE_TEST_SUITE_P(Judged, Answered, ::testing::ValuesIn(judged()), name_of);

TEST(Answered, OldOneClosesUnlessKept) {
  Recorder recorder;
  RunningServer server([&](Router& router, uv_loop_t*) { recorder.fill(router); });
  Client client(server.port());

  client.send(fill_in("GET /v1/status HTTP/1.0\r\n<H>\r\n" + kLeak, server.port()));
  auto answer = client.read_answer();

  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(answer->header("connection"), "close");
  EXPECT_TRUE(client.at_end());
  EXPECT_THAT(recorder.seen(), ElementsAre("GET /v1/status 0"));
}

// For our parser this head never ends. The client must get the error at once, not after a timeout.
TEST(Refused, BareLineFeedsWithoutWaitingForMore) {
  Recorder recorder;
  RunningServer server([&](Router& router, uv_loop_t*) { recorder.fill(router); });
  Client client(server.port());

  client.send("GET /v1/status HTTP/1.1\nHost: localhost\n\n");

  EXPECT_EQ(client.read_answer()->status, 400);
}

// Sends the same bytes one by one. What is refused must not depend on how the bytes were cut.
TEST(Refused, ByteByByteToo) {
  Recorder recorder;
  RunningServer server([&](Router& router, uv_loop_t*) { recorder.fill(router); });
  auto cases = bad_framing();
  for (const auto& group : {bad_chunks(), bad_heads()}) {
    cases.insert(cases.end(), group.begin(), group.end());
  }
  for (const Case& bad : cases) {
    if (bad.bytes.size() > 8'000) continue;
    Client client(server.port());

    std::string bytes = fill_in(bad.bytes + kLeak, server.port());
    for (char c : bytes) {
      if (!client.send({&c, 1})) break;
    }
    client.shut_down_writing();
    std::string all = client.read_to_end();

    EXPECT_THAT(all, ::testing::StartsWith("HTTP/1.1 " + std::to_string(bad.status))) << bad.name;
    EXPECT_EQ(count(all, "HTTP/1.1 "), 1U) << bad.name;
  }
  EXPECT_THAT(recorder.seen(), IsEmpty());
}

}  // namespace
}  // namespace http::testing
