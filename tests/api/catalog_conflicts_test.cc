// Concurrent values of entries: what /v1/conflicts and ?inspect=1 show of them.

#include "agent/api/limits.h"
#include "tests/api/answers.h"

namespace agent {
namespace {

struct Pair {
  FakeHost a{"A"};
  FakeHost z{"Z"};
  void meet() {
    z.learn_from(a);
    a.learn_from(z);
  }
};

TEST(Conflicts, ConcurrentFieldsAreListedWithTheirWriters) {
  Pair pair;
  body(pair.a, "POST", "/snapshots/add/s", "{}");
  pair.meet();
  body(pair.a, "PATCH", "/snapshots/metadata/s", R"({"state":"completed"})");
  pair.z.advance(1'000);
  body(pair.z, "PATCH", "/snapshots/metadata/s", R"({"state":"failed"})");
  pair.meet();

  for (FakeHost* host : {&pair.a, &pair.z}) {
    Json conflicts = json(*host, "GET", "/v1/conflicts");
    ASSERT_EQ(conflicts.size(), 1u);
    EXPECT_EQ(conflicts[0]["object"], "snapshots");
    EXPECT_EQ(conflicts[0]["path"], Json::array({"s", "state"}));
    EXPECT_EQ(conflicts[0]["winner"]["value"], "failed");
    EXPECT_EQ(conflicts[0]["winner"]["writer"], pair.z.facts().node_id.hex());
    EXPECT_EQ(conflicts[0]["losers"][0]["value"], "completed");
    EXPECT_EQ(conflicts[0]["losers"][0]["writer"], pair.a.facts().node_id.hex());
    EXPECT_TRUE(conflicts[0]["losers"][0]["stamp"].is_string());
    EXPECT_EQ(conflicts[0]["rule"], "stamp");
  }
  body(pair.a, "PATCH", "/snapshots/metadata/s", R"({"state":"settled"})");
  EXPECT_EQ(body(pair.a, "GET", "/v1/conflicts"), "[]");
}

// A page has all conflicts of a catalog with many entries, unless it is full. page_scan_test.cc
// tests how it is sent while it is read.
TEST(Conflicts, OfALargeCatalogAreOnePage) {
  Pair pair;
  std::string ops;
  for (std::size_t i = 0; i + 1 < 3 * kSliceEntries; ++i) {
    if (i > 0) ops += ',';
    ops += R"({"op":"set","path":["s)" + std::to_string(10'000 + i) + R"("],"value":{}})";
  }
  body(pair.a, "PATCH", "/v1/objects/snapshots", R"({"ops":[)" + ops + "]}");
  pair.meet();
  for (const char* id : {"s10001", "s11498"}) {
    std::string target = std::string("/snapshots/metadata/") + id;
    body(pair.a, "PATCH", target, R"({"v":1})");
    body(pair.z, "PATCH", target, R"({"v":2})");
  }
  pair.meet();

  Json all = json(pair.a, "GET", "/v1/conflicts");
  http::Response first = pair.a.call("GET", "/v1/conflicts?limit=1");
  http::Response second = pair.a.call("GET", next_of(first));

  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0]["path"][0], "s10001");
  EXPECT_EQ(all[1]["path"][0], "s11498");
  EXPECT_EQ(parsed(first).size(), 1u);
  EXPECT_EQ(parsed(second), Json::array({all[1]}));
  EXPECT_EQ(next_of(second), "");
}

TEST(Conflicts, InspectShowsEveryDotAndItsRule) {
  Pair pair;
  body(pair.a, "POST", "/snapshots/add/s", R"({"f":0})");
  pair.meet();
  body(pair.a, "PATCH", "/snapshots/metadata/s", R"({"f":1})");
  pair.z.advance(1'000);
  body(pair.z, "PATCH", "/snapshots/metadata/s", R"({"f":2})");
  pair.meet();

  Json field = json(pair.a, "GET", "/v1/objects/snapshots/s/f?inspect=1");
  ASSERT_EQ(field["dots"].size(), 2u);
  EXPECT_EQ(field["vector"].size(), 2u);
  for (const Json& dot : field["dots"]) {
    EXPECT_EQ(dot["shown"], dot["value"] == 2);
    EXPECT_EQ(dot["live"], true);
    EXPECT_EQ(dot["rule"], "stamp");
    EXPECT_TRUE(dot["dot"].is_string() && dot["stamp"].is_string() && dot["writer"].is_string());
  }
  Json entry = json(pair.a, "GET", "/v1/objects/snapshots/s?inspect=1");
  EXPECT_EQ(entry["dots"].size(), 4u) << "presence, reset, and two of the field";
  Json object = json(pair.a, "GET", "/v1/objects/snapshots?inspect=1");
  EXPECT_EQ(object["dots"], entry["dots"]);
  EXPECT_FALSE(json(pair.a, "GET", "/v1/objects/snapshots/s").contains("dots"));
}

TEST(Conflicts, AFieldHiddenByALaterObjectIsListed) {
  Pair pair;
  body(pair.a, "POST", "/snapshots/add/s", "{}");
  pair.meet();
  body(pair.a, "PATCH", "/snapshots/metadata/s", R"({"f":1})");
  pair.z.advance(1'000);
  body(pair.z, "PUT", "/snapshots/metadata/s", R"({"g":2})");
  pair.meet();

  Json conflicts = json(pair.a, "GET", "/v1/conflicts");
  ASSERT_EQ(conflicts.size(), 1u);
  EXPECT_EQ(conflicts[0]["rule"], "reset");
  EXPECT_EQ(conflicts[0]["winner"]["value"], nullptr);
  EXPECT_EQ(conflicts[0]["losers"][0]["value"], 1);
  EXPECT_EQ(json(pair.a, "GET", "/v1/objects/snapshots/s")["value"].dump(), R"({"g":2})");
  EXPECT_EQ(refusal(pair.a, "GET", "/v1/objects/snapshots/s/f"), "404 not_found");
  Json inspected = json(pair.a, "GET", "/v1/objects/snapshots/s?inspect=1");
  for (const Json& dot : inspected["dots"]) {
    if (dot["path"] == Json::array({"s", "f"})) {
      EXPECT_EQ(dot["rule"], "reset");
      EXPECT_EQ(dot["shown"], false);
    }
  }
  EXPECT_EQ(body(pair.a, "GET", "/v1/objects/snapshots/s?inspect=1"),
            body(pair.z, "GET", "/v1/objects/snapshots/s?inspect=1"));
}

TEST(Conflicts, InspectShowsWhatAnAbsentEntryKeeps) {
  FakeHost a("A");
  body(a, "POST", "/snapshots/add/here", "{}");
  body(a, "PATCH", "/snapshots/metadata/gone", R"({"f":null})");

  Json inspected = json(a, "GET", "/v1/objects/snapshots?inspect=1");

  EXPECT_EQ(inspected["value"].dump(), R"({"here":{}})");
  ASSERT_EQ(inspected["dots"].size(), 3u);
  Json kept = inspected["dots"][0];
  EXPECT_EQ(kept["path"], Json::array({"gone", "f"}));
  EXPECT_EQ(kept["rule"], "absent");
  EXPECT_EQ(kept["shown"], false);
  EXPECT_EQ(inspected["dots"][1]["rule"], "add_wins");
  EXPECT_EQ(inspected["dots"][2]["rule"], "only");
}

TEST(Conflicts, OfARemovedEntryAreNotListed) {
  Pair pair;
  body(pair.a, "PUT", "/snapshots/metadata/s", R"({"f":1})");
  body(pair.z, "PUT", "/snapshots/metadata/s", R"({"f":2})");
  pair.meet();

  EXPECT_EQ(body(pair.a, "GET", "/v1/conflicts"), "[]");
}

TEST(Conflicts, PagesToTheEndAreTheWhole) {
  Pair pair;
  for (const char* object : {"snapshots", "images"}) {
    for (int i = 0; i < 7; ++i) {
      std::string path = "/" + std::string(object) + "/metadata/e%2F" + std::to_string(i);
      body(pair.a, "POST", "/" + std::string(object) + "/add/e%2F" + std::to_string(i), "{}");
      pair.z.learn_from(pair.a);
      body(pair.a, "PATCH", path, R"({"f":1,"g":1})");
      body(pair.z, "PATCH", path, R"({"f":2,"g":2})");
    }
  }
  pair.meet();
  Json whole = json(pair.a, "GET", "/v1/conflicts");
  ASSERT_EQ(whole.size(), 28u);

  for (const char* limit : {"1", "3", "13", "14", "28"}) {
    Json paged = Json::array();
    for (std::string target = "/v1/conflicts?limit=" + std::string(limit); !target.empty();) {
      http::Response response = pair.a.call("GET", target);
      for (const Json& conflict : parsed(response)) paged.push_back(conflict);
      target = next_of(response);
    }
    EXPECT_EQ(paged, whole) << limit;
  }
  EXPECT_EQ(refusal(pair.a, "GET", "/v1/conflicts?after=nonsense"), "400 invalid");
  EXPECT_EQ(refusal(pair.a, "GET", "/v1/conflicts?limit=x"), "400 invalid");
}

}  // namespace
}  // namespace agent
