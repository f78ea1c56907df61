// GET /v1/events with several objects, with prefixes, and with the values first.

#include "agent/api/limits.h"
#include "agent/feed/limits.h"
#include "tests/api/event_blocks.h"

namespace agent {
namespace {

// The names of the blocks, and of a value or change its place.
std::vector<std::string> told(const FakeExchange& stream) {
  std::vector<std::string> lines;
  for (const Heard& one : heard(stream)) {
    std::string line = one.event.empty() ? "position" : one.event;
    if (one.data.contains("object")) {
      line += " " + one.data["object"].get<std::string>() + one.data["path"].dump() + " " +
              one.data["value"].dump();
    }
    lines.push_back(line);
  }
  return lines;
}

void put(FakeHost& host, const std::string& id, const std::string& value) {
  body(host, "PUT", "/v1/objects/" + id, R"({"type":"lww_register","value":)" + value + "}");
}

TEST(EventFilters, TakeObjectsAndPrefixes) {
  FakeHost a("A");
  auto stream = open(a, "", "?object=b&prefix=user%2F&object=images&prefix=t");
  a.run();
  for (const char* id : {"a", "b", "bb", "user", "user%2F1", "user%2F2", "s", "t", "tt"}) {
    put(a, id, "1");
  }
  body(a, "POST", "/images/add/i", "{}");
  body(a, "POST", "/snapshots/add/s", "{}");

  std::vector<std::string> objects;
  for (const Heard& one : changes(*stream)) objects.push_back(one.data["object"]);
  EXPECT_EQ(objects, (std::vector<std::string>{"b", "user/1", "user/2", "t", "tt", "images"}));
}

TEST(EventFilters, HaveSixtyFourNamesOfEachKindAtMost) {
  FakeHost a("A");
  for (const char* kind : {"object", "prefix"}) {
    std::string query = "?values=0";
    for (int i = 0; i < 64; ++i) query += "&" + std::string(kind) + "=x" + std::to_string(i);
    auto stream = open(a, "", query);
    a.run();
    put(a, "x63", crdt::json_quote(kind));
    a.run();
    EXPECT_EQ(changes(*stream).size(), 1u);

    const http::Response refused = a.call("GET", "/v1/events" + query + "&" + kind + "=one");
    EXPECT_EQ(refused.status, 400);
    EXPECT_NE(refused.body.find("65 times; at most 64"), std::string::npos) << refused.body;
  }
}

TEST(EventFilters, AreChecked) {
  FakeHost a("A");
  const std::string longest(512, 'x');
  for (const std::string& query :
       {std::string("?object="), std::string("?prefix="), "?object=" + longest + "x",
        "?object=a&prefix=" + longest + "x", std::string("?values=2"), std::string("?values=")}) {
    EXPECT_EQ(a.call("GET", "/v1/events" + query).status, 400) << query;
  }
  auto stream = open(a, "", "?object=" + longest + "&prefix=" + longest);
  a.run();
  EXPECT_TRUE(stream->streams());
}

TEST(EventValues, ComeBeforeTheChangesInOrderOfNames) {
  FakeHost a("A");
  put(a, "zeta", R"({"k":[1,2.0]})");
  put(a, "alpha", "1");
  body(a, "PATCH", "/v1/objects/note", R"({"ops":[{"op":"insert","at":0,"text":"x"}]})");
  body(a, "POST", "/snapshots/add/s2", R"({"n":2})");
  body(a, "POST", "/snapshots/add/s1", R"({"n":1})");
  body(a, "POST", "/snapshots/add/gone", "{}");
  body(a, "DELETE", "/snapshots/remove/gone");
  put(a, "removed", "1");
  body(a, "DELETE", "/v1/objects/removed");

  auto stream = open(a, "", "?values=1");
  a.run();
  put(a, "alpha", "2");

  EXPECT_EQ(told(*stream),
            (std::vector<std::string>{
                "value alpha[] 1", R"(value note[] "x")", R"(value snapshots["s1"] {"n":1})",
                R"(value snapshots["s2"] {"n":2})", R"(value zeta[] {"k":[1,2.0]})", "position",
                "up-to-date", "change alpha[] 2"}));
  for (const Heard& one : heard(*stream)) EXPECT_EQ(one.id.empty(), one.event == "value");
  const Json first = heard(*stream).at(0).data;
  EXPECT_EQ(first.size(), 4u);
  EXPECT_EQ(first["type"], "lww_register");
}

TEST(EventValues, OfOneFilter) {
  FakeHost a("A");
  for (const char* id : {"a", "ab", "b", "c", "ca", "d"}) put(a, id, "1");
  auto stream = open(a, "", "?values=1&prefix=c&object=ab&object=none");
  a.run();

  EXPECT_EQ(told(*stream), (std::vector<std::string>{"value ab[] 1", "value c[] 1", "value ca[] 1",
                                                     "position", "up-to-date"}));
}

TEST(EventValues, AStreamFromNowIsUpToDateAtOnceAndAResumedOneAfterTheLog) {
  FakeHost a("A");
  auto first = open(a);
  a.run();
  EXPECT_EQ(told(*first), (std::vector<std::string>{"up-to-date"}));
  const std::string start = heard(*first).at(0).id;
  put(a, "a", "1");

  auto resumed = open(a, start);
  auto with_values = open(a, start, "?values=1");  // the client has the values already
  a.run();
  put(a, "b", "2");

  const std::vector<std::string> expected{"position", "change a[] 1", "up-to-date", "change b[] 2"};
  EXPECT_EQ(told(*resumed), expected);
  EXPECT_EQ(told(*with_values), expected);
}

TEST(EventValues, ComeAgainAfterAReset) {
  FakeHost a("A");
  put(a, "a", "1");
  auto stream = open(a, "nonsense", "?values=1");
  a.run();

  EXPECT_EQ(told(*stream),
            (std::vector<std::string>{"reset", "value a[] 1", "position", "up-to-date"}));
  EXPECT_TRUE(heard(*stream).at(0).id.empty()) << "the client does not have the values yet";
}

TEST(EventValues, OfASlowClientAreReadNoFasterThanItReads) {
  FakeHost a("A");
  const std::string large = "\"" + std::string(300'000, 'x') + "\"";
  for (int i = 0; i < 40; ++i) put(a, "o" + std::to_string(100 + i), large);
  const std::size_t before = a.reads();

  auto stream = open(a, "", "?values=1");
  stream->read_slowly();
  a.run();
  for (int i = 0; i < 50; ++i) a.advance(kCatchUpPauseMillis);
  EXPECT_LE(a.reads() - before, 2u);
  EXPECT_LE(stream->unsent(), 2 * kStreamRoomBytes);
  for (int i = 0; i < 200; ++i) a.advance(kCatchUpPauseMillis), stream->take();

  EXPECT_FALSE(stream->gone());
  EXPECT_EQ(told(*stream).size(), 42u);
}

TEST(EventValues, ALargeOneIsNamedOnly) {
  FakeHost a("A");
  const std::string piece = std::string(900'000, 'x');
  for (int i = 0; i < 10; ++i) {
    body(a, "PATCH", "/v1/objects/note",
         R"({"ops":[{"op":"insert","at":0,"text":")" + piece + "\"}]}");
  }
  put(a, "small", "1");
  auto stream = open(a, "", "?values=1");
  a.run();

  const std::vector<Heard> found = heard(*stream);
  ASSERT_GE(found.size(), 2u);
  EXPECT_EQ(found[0].data.dump(),
            R"({"large":true,"object":"note","path":[],"type":"seq","value":null})");
  EXPECT_EQ(found[1].data["object"], "small");
}

TEST(EventValues, OpeningWritesNothing) {
  FakeHost a("A");
  put(a, "a", "1");
  const std::uint64_t turns = a.turns();

  auto stream = open(a, "", "?values=1");
  a.run();

  EXPECT_EQ(told(*stream).back(), "up-to-date");
  EXPECT_EQ(a.turns(), turns);
}

TEST(EventValues, ADamagedRowEndsTheStream) {
  FakeHost a("A");
  put(a, "a", "1");
  a.spoil_cells();
  auto stream = open(a, "", "?values=1");
  a.run();

  ASSERT_TRUE(stream->answered());
  EXPECT_GE(stream->response().status, 500);
}

}  // namespace
}  // namespace agent
