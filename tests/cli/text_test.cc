// The parts of the command line that need no agent: JSON as text, URLs, fields, event streams.

#include <gtest/gtest.h>

#include <cerrno>

#include "crdt/base/json_string.h"
#include "tools/cli/descriptors.h"
#include "tools/cli/element_cutter.h"
#include "tools/cli/entry_line.h"
#include "tools/cli/event_stream.h"
#include "tools/cli/json_text.h"
#include "tools/cli/metadata.h"
#include "tools/cli/names.h"
#include "tools/cli/text_width.h"
#include "tools/cli/url.h"

namespace cli {
namespace {

using Views = std::vector<std::string_view>;

TEST(JsonText, ElementsComeOutAsTheyWentIn) {
  auto found = elements(" [ 1.50 ,\t{\"b\":1, \"a\":[2,3]},\"x,]\\\"\", 1e400,[],null ] ");

  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(*found,
            (Views{"1.50", "{\"b\":1, \"a\":[2,3]}", "\"x,]\\\"\"", "1e400", "[]", "null"}));
  EXPECT_EQ(elements("[]"), Views{});
}

TEST(JsonText, WhatIsNoJsonIsRefused) {
  for (const char* bad :
       {"",       " ",   "[",    "[1,]",        "[1 2]",   "{\"a\"}", "{\"a\":1,}",
        "{a:1}",  "01",  "1.",   ".5",          "1e",      "-",       "+1",
        "NaN",    "nul", "True", "'a'",         "\"a",     "\"\\x\"", "\"\\u12g4\"",
        "\"\n\"", "1 2", "[1]]", "{\"a\":1}{}", "\"\xFF\""}) {
    EXPECT_FALSE(is_json(bad)) << bad;
  }
  EXPECT_EQ(elements("{}"), std::nullopt);
  EXPECT_EQ(elements("[1] x"), std::nullopt);
  EXPECT_FALSE(members("[]").has_value());
  EXPECT_FALSE(members("{\"a\":1").has_value());
}

TEST(JsonText, WhatIsJsonIsTaken) {
  for (const char* good : {"0", "-0", "10", "1.5e+10", "1E-2", "true", "false", "null", "[]", "{}",
                           " {\"a\" : [ 1 , \"\\u00e9\\n\" ] } ", "\"\"",
                           "123456789012345678901234567890.000000000000000000001"}) {
    EXPECT_TRUE(is_json(good)) << good;
  }
}

TEST(JsonText, DepthIsBounded) {
  std::string deep(kJsonDepthMax, '[');
  std::string end(kJsonDepthMax, ']');

  EXPECT_TRUE(is_json(deep + end));
  EXPECT_FALSE(is_json("[[" + deep + end + "]]"));
  EXPECT_FALSE(is_json(std::string(1'000'000, '[')));
}

TEST(JsonText, StringsAreDecodedWithPairsAndWithoutLoneHalves) {
  EXPECT_EQ(unquote(R"("a\"\\\/\b\f\n\r\t")"), "a\"\\/\b\f\n\r\t");
  EXPECT_EQ(unquote(R"("\u00e9\u20ac\ud83d\ude00\u0000z")"),
            std::string("\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\0z", 11));
  EXPECT_EQ(unquote(R"("\ud83dx\ude00")"), "\xEF\xBF\xBDx\xEF\xBF\xBD");
  EXPECT_EQ(unquote(R"("\ud83d\u0041")"),
            "\xEF\xBF\xBD"
            "A");
  EXPECT_EQ(unquote("12.0"), "12.0");
}

TEST(JsonText, QuotingIsUndoneByUnquoting) {
  std::string every;
  for (int i = 0; i < 128; ++i) every.push_back(static_cast<char>(i));
  every += "\xF0\x9F\x98\x80";

  EXPECT_TRUE(is_json(base::json_quote(every)));
  EXPECT_EQ(unquote(base::json_quote(every)), every);
}

TEST(JsonText, AFieldIsFoundByItsDecodedNameAtTheTopOnly) {
  EXPECT_EQ(field(R"({"x":{"a":1},"\u0061":2.0})", "a"), "2.0");
  EXPECT_EQ(field(R"({"x":1})", "a"), "");
  EXPECT_EQ(field("not json", "a"), "");
}

TEST(JsonText, OneLineDropsOnlyBreaksBetweenTokens) {
  EXPECT_EQ(one_line("{\r\n \"a\\n\": 1.0\n}"), "{ \"a\\n\": 1.0}");
}

TEST(Url, EveryByteOfASegmentButTheUnreservedIsEncoded) {
  EXPECT_EQ(percent_encode("a:b/c%d e+f?g#h"), "a%3Ab%2Fc%25d%20e%2Bf%3Fg%23h");
  EXPECT_EQ(percent_encode("\xC3\xA9-._~AZ09"), "%C3%A9-._~AZ09");
  EXPECT_EQ(percent_encode(".."), "..");
}

TEST(Url, ClientsReachAnyAddressesByLoopback) {
  EXPECT_EQ(*base_url("0.0.0.0:7780"), "http://127.0.0.1:7780");
  EXPECT_EQ(*base_url("[::]:7780"), "http://[::1]:7780");
  EXPECT_EQ(*base_url("[0:0::0]:1"), "http://[::1]:1");
  EXPECT_EQ(*base_url("http://edge-7:7780/"), "http://edge-7:7780");
  EXPECT_EQ(*base_url("https://edge-7:7780/"), "https://edge-7:7780");
  EXPECT_EQ(*base_url(" https://0.0.0.0:1 "), "https://127.0.0.1:1");
  EXPECT_EQ(*base_url("unix:/run/hearsay/http.sock"), "unix:/run/hearsay/http.sock");
  EXPECT_FALSE(base_url("unix:").ok());
  EXPECT_FALSE(base_url("unix:" + std::string(108, 'x')).ok());
  for (const char* bad : {"", "host", "host:0", "ftp://a:1", "http://a:1/x", "https://a:1/x",
                          "https://a", "http://u@a:1"}) {
    EXPECT_FALSE(base_url(bad).ok()) << bad;
  }
}

TEST(Url, TheNextPageStaysOnThisHost) {
  EXPECT_EQ(next_path("</catalog/query?after=a%2Fb&limit=2>; rel=\"next\""),
            "/catalog/query?after=a%2Fb&limit=2");
  EXPECT_EQ(next_path("</x>; rel=\"prev\""), "");
  EXPECT_EQ(next_path("<http://elsewhere/x>; rel=\"next\""), "");
  EXPECT_EQ(next_path("<//elsewhere/x>; rel=\"next\""), "");
  EXPECT_EQ(next_path("> <"), "");
  EXPECT_EQ(next_path(""), "");
}

std::string pair_json(const std::string& text) {
  auto pair = parse_pair(text);
  EXPECT_TRUE(pair.ok()) << text;
  return pair.ok() ? pair->second : "";
}

TEST(Metadata, AValueIsJsonWhereItIsOneAndNoString) {
  EXPECT_EQ(pair_json("k=1.50"), "1.50");
  EXPECT_EQ(pair_json("k=-5"), "-5");
  EXPECT_EQ(pair_json("k=1e400"), "1e400");
  EXPECT_EQ(pair_json("k=true"), "true");
  EXPECT_EQ(pair_json("k=null"), "null");
  EXPECT_EQ(pair_json("k=[1, \"a\"]"), "[1, \"a\"]");
  EXPECT_EQ(pair_json("k={\"b\":1,\"a\":2}"), "{\"b\":1,\"a\":2}");
  EXPECT_EQ(pair_json("k=a=b"), "\"a=b\"");
  EXPECT_EQ(pair_json("k="), "\"\"");
  EXPECT_EQ(pair_json("k=007"), "\"007\"");
  EXPECT_EQ(pair_json("k=\"quoted\""), R"("\"quoted\"")");
  EXPECT_EQ(pair_json("k= \"quoted\""), R"(" \"quoted\"")");
  EXPECT_EQ(pair_json("k={bad"), "\"{bad\"");
  EXPECT_FALSE(parse_pair("novalue").ok());
  EXPECT_FALSE(parse_pair("=5").ok());
  EXPECT_FALSE(parse_pair("k=\xFF").ok());
}

TEST(Metadata, LaterFieldsReplaceEarlierOnesInTheirPlace) {
  Metadata fields;

  ASSERT_TRUE(fields.set_all(R"( {"z":1.0, "a":"x", "q\"":[1, 2]} )").ok());
  fields.set("z", "2");
  fields.set("new", "true");

  EXPECT_EQ(fields.json(), R"({"z":2,"a":"x","q\"":[1,2],"new":true})");
  EXPECT_FALSE(fields.set_all("[1]").ok());
  EXPECT_FALSE(fields.set_all("{\"a\":\"\xFF\"}").ok());
  EXPECT_EQ(Metadata().json(), "{}");
}

struct Recorder {
  EventStream stream;
  std::vector<std::string> events;
  bool feed(std::string_view piece) {
    return stream.feed(piece,
                       [this](const StreamEvent& e) { events.push_back(e.name + "|" + e.data); });
  }
};

constexpr std::string_view kStream =
    ": hello\n\nevent: change\nid: 7\ndata: {\"a\":1}\n\nid: 8\r\nevent:change\r\n"
    "data:one\r\ndata: two\r\n\r\nevent: reset\n\ndata: x\rid\r\r";

TEST(EventStream, EventsAreTheSameWhereverThePiecesEnd) {
  Recorder whole;
  ASSERT_TRUE(whole.feed(kStream));
  ASSERT_EQ(whole.events, (std::vector<std::string>{"change|{\"a\":1}", "change|one\ntwo", "reset|",
                                                    "message|x"}));
  for (std::size_t cut = 0; cut <= kStream.size(); ++cut) {
    Recorder halves;
    halves.feed(kStream.substr(0, cut));
    halves.feed(kStream.substr(cut));
    EXPECT_EQ(halves.events, whole.events) << cut;
  }
}

TEST(EventStream, AnIdCountsOnceItsEventIsComplete) {
  Recorder recorder;

  recorder.feed("id: 1\ndata: a\n\nid: 2\ndata: b\n");
  EXPECT_EQ(recorder.stream.last_id(), "1");
  recorder.stream.reconnected();
  recorder.feed("data: c\n\n");

  EXPECT_EQ(recorder.stream.last_id(), "1");
  EXPECT_EQ(recorder.events, (std::vector<std::string>{"message|a", "message|c"}));
}

TEST(EventStream, AnEndlessEventIsGivenUp) {
  Recorder recorder;
  std::string piece(1u << 20, 'x');
  bool sound = true;

  for (int i = 0; i < 65 && sound; ++i) sound = recorder.feed(piece);

  EXPECT_FALSE(sound);
}

TEST(TextWidth, IsThatOfATerminal) {
  EXPECT_EQ(columns_of("caf\xC3\xA9"), 4u);
  EXPECT_EQ(columns_of("\xE6\xBC\xA2\xE5\xAD\x97"), 4u);  // two of East Asia
  EXPECT_EQ(columns_of("e\xCC\x81"), 1u);                 // e and an accent that joins it
  EXPECT_EQ(columns_of("\xF0\x9F\x98\x80"), 2u);
  EXPECT_EQ(cut_to("abc", 3), "abc");
  EXPECT_EQ(cut_to("abcd", 3), "ab\xE2\x80\xA6");
  EXPECT_EQ(cut_to("\xE6\xBC\xA2\xE5\xAD\x97", 3), "\xE6\xBC\xA2\xE2\x80\xA6");
  EXPECT_EQ(cut_to("\xE6\xBC\xA2\xE5\xAD\x97", 2), "\xE2\x80\xA6");
  EXPECT_EQ(cut_to("abc", 0), "");
}

TEST(Names, IdsAreShortAndStampsAreTimes) {
  EXPECT_EQ(short_id("00112233445566778899aabbccddeeff"), "00112233");
  EXPECT_EQ(short_id("phone-of-the-night-watch-is-long"), "phone-of-the-night-watch-is-long");
  EXPECT_EQ(short_dot("00112233445566778899aabbccddeeff:7:0"), "00112233:7:0");
  EXPECT_EQ(readable_stamp("1769860800123000000.4"), "2026-01-31T12:00:00.123Z");
  EXPECT_EQ(readable_stamp("9223372036854775807.0"), "2262-04-11T23:47:16.854Z");
  EXPECT_EQ(readable_stamp("99999999999999999999.0"), "99999999999999999999.0");
  EXPECT_EQ(readable_stamp("-1.0"), "-1.0");
  EXPECT_EQ(readable_stamp(""), "");
}

TEST(EntryLine, IsFlatWhereThatIsReadBackAsItWas) {
  EXPECT_EQ(entry_line(R"({"id":"a","metadata":{"z":1.0,"\u0061":{}}})"),
            R"({"id":"a","z":1.0,"\u0061":{}})");
  EXPECT_EQ(entry_line(R"({"id":"a","metadata":{}})"), R"({"id":"a"})");
  for (const char* whole :
       {R"({"id":"a","metadata":{"id":1}})", R"({"id":"a","metadata":{"i\u0064":1}})",
        R"({"id":"a","metadata":{"metadata":{}}})"}) {
    EXPECT_EQ(entry_line(whole), whole);
  }
  EXPECT_EQ(entry_line(R"({"id":"a","metadata":{"metadata":1}})"), R"({"id":"a","metadata":1})");
}

TEST(ElementCutter, FindsTheSameElementsInAnyPieces) {
  const std::string text =
      " [ 1 , \"a,]\\\"\\\\\" ,{\"k\":[1,{}],\"t\":\"}\"},\n[ [] , 2 ] , null ]\n";
  auto expected = *elements(text);

  for (std::size_t step = 1; step <= text.size(); ++step) {
    ElementCutter cutter;
    std::vector<std::string> found;
    for (std::size_t end = step; end < text.size() + step; end += step) {
      for (auto element : cutter.more(std::string_view(text).substr(0, end))) {
        found.emplace_back(element);
      }
    }
    EXPECT_EQ(found, std::vector<std::string>(expected.begin(), expected.end())) << step;
  }
  EXPECT_TRUE(ElementCutter().more(" [ ] ").empty());
}

// Exit code 6, for every command that opens a file.
TEST(FileError, WhatThisUserMayNotDoIsForbidden) {
  errno = EACCES;
  const base::Error closed = file_error("open", "a");
  errno = EPERM;
  const base::Error refused = file_error("write", "b");
  errno = ENOENT;
  const base::Error missing = file_error("open", "c");

  EXPECT_EQ(closed.code, base::Code::kForbidden);
  EXPECT_EQ(closed.message, "open a: Permission denied");
  EXPECT_EQ(refused.code, base::Code::kForbidden);
  EXPECT_EQ(missing.code, base::Code::kInvalid);
  EXPECT_EQ(base::code_info(closed.code).exit_code, 6);
}

}  // namespace
}  // namespace cli
