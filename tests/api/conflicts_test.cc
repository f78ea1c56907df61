// GET /v1/conflicts for objects of all types. objects_test.cc has those of the catalogs.

#include "agent/api/limits.h"
#include "tests/api/answers.h"

namespace agent {
namespace {

struct ConflictsOfTypes : ::testing::Test {
  static void patch(FakeHost& host, const std::string& place, const std::string& sent) {
    json(host, "PATCH", "/v1/objects/" + place, sent);
  }
  static std::string set(const std::string& path, const std::string& value) {
    return R"({"op":"set","type":"lww_register","path":)" + path + R"(,"value":)" + value + "}";
  }
  // Both set the same places, and neither has seen the other.
  void set_both(const std::string& object, const std::vector<std::string>& paths) {
    for (FakeHost* host : {&a, &z}) {
      std::string ops;
      for (const std::string& path : paths) {
        if (!ops.empty()) ops += ',';
        ops += set(path, '"' + host->facts().name + '"');
      }
      patch(*host, object, R"({"ops":[)" + ops + "]}");
      z.advance(1'000);
    }
  }
  void meet() {
    z.learn_from(a);
    a.learn_from(z);
  }
  Json conflicts() { return json(a, "GET", "/v1/conflicts"); }
  // "object/path" of each row.
  static std::vector<std::string> places(const Json& rows) {
    std::vector<std::string> places;
    for (const Json& row : rows) {
      std::string place = row["object"];
      for (const std::string component : row["path"]) place += "/" + component;
      places.push_back(place);
    }
    return places;
  }
  std::vector<Json> pages(const std::string& limit) {
    std::vector<Json> pages;
    for (std::string target = "/v1/conflicts?limit=" + limit; !target.empty();) {
      http::Response response = a.call("GET", target);
      pages.push_back(parsed(response));
      target = next_of(response);
      if (pages.size() > 1'000) {  // a key that does not go on
        ADD_FAILURE() << "the pages do not end: " << target;
        break;
      }
    }
    return pages;
  }

  FakeHost a{"A"};
  FakeHost z{"Z"};
};

TEST_F(ConflictsOfTypes, ARegisterIsListedWithItsWritersAtEveryDepth) {
  set_both("doc", {R"(["title"])", R"(["deep","er"])"});
  set_both("flag", {"[]"});
  meet();

  for (FakeHost* host : {&a, &z}) {
    const Json rows = json(*host, "GET", "/v1/conflicts");
    ASSERT_EQ(places(rows), (std::vector<std::string>{"doc/deep/er", "doc/title", "flag"}));
    for (const Json& row : rows) {
      EXPECT_EQ(row["type"], "lww_register");
      EXPECT_EQ(row["rule"], "stamp");
      EXPECT_EQ(row["winner"]["value"], "Z");
      EXPECT_EQ(row["winner"]["writer"], z.facts().node_id.hex());
      ASSERT_EQ(row["losers"].size(), 1u);
      EXPECT_EQ(row["losers"][0]["value"], "A");
      EXPECT_EQ(row["losers"][0]["writer"], a.facts().node_id.hex());
      EXPECT_TRUE(row["losers"][0]["stamp"].is_string() && row["losers"][0]["dot"].is_string());
    }
  }
  patch(a, "flag", R"({"ops":[{"op":"set","value":"settled"}]})");
  EXPECT_EQ(places(conflicts()), (std::vector<std::string>{"doc/deep/er", "doc/title"}));
}

TEST_F(ConflictsOfTypes, SeveralTypesAtOnePlaceAreListedWithWhatEachHas) {
  patch(a, "doc", R"({"ops":[{"op":"increment","path":["k"],"by":7}]})");
  patch(z, "doc", R"({"ops":[{"op":"add","path":["k"],"value":"e"}]})");
  patch(a, "both", R"({"type":"gcounter","ops":[{"op":"increment","by":3}]})");
  patch(z, "both", R"({"type":"seq","ops":[{"op":"insert","at":0,"text":"abc"}]})");
  patch(a, "map", R"({"ops":[{"op":"set","path":["k"],"value":1}]})");
  patch(z, "map", R"({"type":"mv_register","ops":[{"op":"set","value":"x"}]})");
  meet();

  const Json rows = conflicts();

  ASSERT_EQ(places(rows), (std::vector<std::string>{"both", "doc/k", "map"}));
  const std::vector<std::vector<std::string>> expected{
      {"seq", "gcounter", "3"}, {"orset", "gcounter", "7"}, {"crdt_map", "mv_register", "\"x\""}};
  for (std::size_t i = 0; i < rows.size(); ++i) {
    EXPECT_EQ(rows[i]["rule"], "type");
    EXPECT_EQ(rows[i]["type"], expected[i][0]);
    EXPECT_EQ(rows[i]["winner"]["type"], expected[i][0]);
    EXPECT_EQ(rows[i]["winner"]["value"], nullptr) << "read it by its path";
    ASSERT_EQ(rows[i]["losers"].size(), 1u);
    EXPECT_EQ(rows[i]["losers"][0]["type"], expected[i][1]);
    EXPECT_EQ(rows[i]["losers"][0]["value"].dump(), expected[i][2]);
  }
}

TEST_F(ConflictsOfTypes, WhatIsShownWholeIsNone) {
  for (FakeHost* host : {&a, &z}) {
    const std::string name = host->facts().name;
    patch(*host, "doc",
          R"({"ops":[
        {"op":"set","type":"mv_register","path":["m"],"value":")" +
              name + R"("},
        {"op":"increment","path":["n"],"by":1},{"op":"add","path":["s"],"value":")" +
              name + R"("},
        {"op":"insert","path":["t"],"at":0,"text":")" +
              name + R"("}]})");
    patch(*host, "votes",
          R"({"type":"mv_register","ops":[{"op":"set","value":")" + name + R"("}]})");
  }
  meet();

  EXPECT_EQ(json(a, "GET", "/v1/objects/votes")["value"].size(), 2u);
  EXPECT_EQ(conflicts(), Json::array());
}

// The text has no marker any more: only its element survived the removal.
TEST_F(ConflictsOfTypes, ATextWithoutACellBesideARegisterIsListed) {
  patch(a, "doc", R"({"ops":[{"op":"insert","path":["k"],"at":0,"text":"a"}]})");
  meet();
  patch(z, "doc", R"({"ops":[{"op":"insert","path":["k"],"at":1,"text":"z"}]})");
  patch(a, "doc/k", R"({"ops":[{"op":"unset"}]})");
  patch(a, "doc", R"({"ops":[)" + set(R"(["k"])", "1") + "]}");
  meet();

  const Json rows = conflicts();

  ASSERT_EQ(places(rows), std::vector<std::string>{"doc/k"});
  EXPECT_EQ(rows[0]["type"], "seq");
  EXPECT_EQ(rows[0]["losers"][0]["value"], 1);
}

TEST_F(ConflictsOfTypes, PagesToTheEndAreTheWhole) {
  const std::vector<std::string> members{R"([""])",         R"(["m/1"])", R"(["m\u0001"])",
                                         R"(["m\u0001x"])", R"(["\""])",  R"(["n"])"};
  for (const char* object : {"a%2Fb", "%C3%A4", "%5Bx", "zz"}) set_both(object, members);
  set_both("one", {"[]"});
  for (FakeHost* host : {&a, &z}) {
    body(*host, "POST", "/images/add/i%2F1", R"({"f":")" + host->facts().name + "\"}");
  }
  meet();
  const Json whole = conflicts();
  ASSERT_EQ(whole.size(), 4 * 6 + 1 + 1u);

  for (const char* limit : {"1", "2", "5", "25", "26"}) {
    Json paged = Json::array();
    for (const Json& page : pages(limit)) {
      EXPECT_LE(page.size(), std::stoul(limit));
      for (const Json& row : page) paged.push_back(row);
    }
    EXPECT_EQ(paged, whole) << limit;
  }
}

TEST_F(ConflictsOfTypes, APageEndsBetweenMembersAndAMemberIsWhole) {
  set_both("doc", {R"(["k","1"])", R"(["k","2"])", R"(["k","3"])", R"(["l","1"])", R"(["l","2"])"});
  meet();

  const std::vector<Json> all = pages("2");

  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(places(all[0]), (std::vector<std::string>{"doc/k/1", "doc/k/2", "doc/k/3"}));
  EXPECT_EQ(places(all[1]), (std::vector<std::string>{"doc/l/1", "doc/l/2"}));
}

TEST_F(ConflictsOfTypes, ALargeMapAndManyObjectsAreReadInSlices) {
  std::string ops;
  for (std::size_t i = 0; i < 3 * kSliceEntries; ++i) {
    if (i > 0) ops += ',';
    ops += set(R"(["m)" + std::to_string(10'000 + i) + R"("])", "0");
  }
  patch(a, "doc", R"({"ops":[)" + ops + "]}");
  for (std::size_t i = 0; i < kSliceEntries; ++i) {
    patch(a, "o" + std::to_string(i), R"({"type":"gcounter","ops":[{"op":"increment","by":1}]})");
  }
  meet();
  set_both("doc", {R"(["m10001"])", R"(["m11499"])"});
  set_both("zz", {"[]"});
  meet();
  const std::size_t before = a.reads();

  const Json rows = conflicts();

  EXPECT_EQ(places(rows), (std::vector<std::string>{"doc/m10001", "doc/m11499", "zz"}));
  EXPECT_EQ(a.reads() - before, 5u);
}

TEST_F(ConflictsOfTypes, AKeyThatIsNoneIsRefused) {
  for (const char* after : {"nonsense", "[", "[]", "[1]", "[%22a%22,%22b%22,%22c%22]", "{}", "7"}) {
    EXPECT_EQ(refusal(a, "GET", "/v1/conflicts?after=" + std::string(after)), "400 invalid")
        << after;
  }
  EXPECT_EQ(body(a, "GET", "/v1/conflicts?after=[%22a%22]"), "[]");
}

}  // namespace
}  // namespace agent
