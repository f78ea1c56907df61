// Stamps of clients, elements by id, and temporary ids over HTTP.

#include "tests/api/answers.h"

namespace agent {
namespace {

struct StampsOverHttp : ::testing::Test {
  Json patch(const std::string& place, const std::string& ops) {
    return json(a, "PATCH", "/v1/objects/" + place, R"({"ops":[)" + ops + "]}");
  }
  std::string value(const std::string& place) {
    return json(a, "GET", "/v1/objects/" + place)["value"].dump();
  }
  std::string refused(const std::string& place, const std::string& ops) {
    return refusal(a, "PATCH", "/v1/objects/" + place, R"({"ops":[)" + ops + "]}");
  }
  FakeHost a{"A"};
};

TEST_F(StampsOverHttp, ASupersededOperationIsCountedInTheAnswerAndOthersDoNotChangeIt) {
  const Json first = patch("doc", R"({"op":"set","path":["k"],"value":1,"stamp":200})");
  EXPECT_FALSE(first.contains("superseded"));
  EXPECT_FALSE(first.contains("dots"));

  const Json second = patch("doc", R"({"op":"set","path":["k"],"value":2,"stamp":100},
                                      {"op":"set","path":["l"],"value":3,"stamp":{"ts":100}})");
  EXPECT_EQ(second["superseded"], 1);
  EXPECT_TRUE(second["dot"].is_string());
  const Json third = patch("doc", R"({"op":"set","path":["k"],"value":2,"stamp":200})");
  EXPECT_EQ(third["superseded"], 1);
  EXPECT_TRUE(third["dot"].is_null());
  EXPECT_EQ(value("doc"), R"({"k":1,"l":3})");
}

TEST_F(StampsOverHttp, TheWriterAndTheCounterDecideAtOneTime) {
  patch("r", R"({"op":"set","value":1,"stamp":{"ts":-5,"c":1,"writer":"dev2"}})");
  for (const char* lower : {R"({"ts":-5,"c":1,"writer":"dev1"})", R"({"ts":-5,"c":0,"writer":"z"})",
                            R"({"ts":-6,"c":9,"writer":"z"})", "-5"}) {
    EXPECT_EQ(
        patch("r", R"({"op":"set","value":2,"stamp":)" + std::string(lower) + "}")["superseded"],
        1);
  }
  patch("r", R"({"op":"set","value":3,"stamp":{"ts":-5.0,"c":1,"writer":"dev3"}})");
  EXPECT_EQ(value("r"), "3");
}

TEST_F(StampsOverHttp, ARemoveWithAStampLeavesLaterAdds) {
  patch("s", R"({"op":"add","value":1,"stamp":100},{"op":"add","value":2,"stamp":300})");
  const Json done = patch("s", R"({"op":"remove","value":1,"stamp":200},
                                  {"op":"remove","value":2,"stamp":200})");
  EXPECT_EQ(done["superseded"], 1);
  EXPECT_EQ(value("s"), "[2]");
}

TEST_F(StampsOverHttp, EntriesOfACatalogTakeStampsToo) {
  patch("snapshots", R"({"op":"set","path":["s"],"value":{"a":1},"stamp":200})");
  EXPECT_EQ(
      patch("snapshots/s", R"({"op":"set","path":["a"],"value":2,"stamp":200})")["superseded"], 1);
  patch("snapshots/s", R"({"op":"set","path":["a"],"value":3,"stamp":201})");
  EXPECT_EQ(value("snapshots/s"), R"({"a":3})");
}

TEST_F(StampsOverHttp, AStampThatIsWrongIsRefusedWithTheNumberOfItsOperation) {
  const std::string code = refused("r", R"({"op":"set","value":1,"stamp":"200"})");
  for (const char* stamp :
       {R"("200")", "1.5", "[1]", "null", "{}", R"({"ts":"1"})", R"({"ts":1,"c":-1})",
        R"({"ts":1,"c":4294967296})", R"({"ts":1,"writer":7})", R"({"ts":1,"node":"x"})",
        "9223372036854775808", "9223372036854775807"}) {
    EXPECT_EQ(refused("r", R"({"op":"set","value":1,"stamp":)" + std::string(stamp) + "}"), code)
        << stamp;
  }
  EXPECT_TRUE(code.starts_with("400 ")) << code;
  for (const char* op : {R"({"op":"increment","by":1,"stamp":1})", R"({"op":"unset","stamp":1})",
                         R"({"op":"insert","at":0,"text":"x","stamp":1})"}) {
    EXPECT_TRUE(refused("r", op).starts_with("400 ")) << op;
  }
}

// --- Texts ---------------------------------------------------------------------------------------

TEST_F(StampsOverHttp, TemporaryIdsNameWhatTheSameRequestInserts) {
  const Json done = patch("note", R"({"op":"insert","at":0,"text":"ab"},
                                     {"op":"insert","after":"~0.0","text":"12"},
                                     {"op":"insert","after":"~1.1","text":"x"},
                                     {"op":"erase","ids":["~0.1","~1.0"]})");
  EXPECT_EQ(value("note"), R"("a2x")");
  ASSERT_EQ(done["dots"].size(), 4u);
  const std::string last = done["dots"][2];

  patch("note", R"({"op":"insert","after":")" + last + R"(","text":"!"})");
  patch("note", R"({"op":"erase","ids":[")" + last + R"("]})");
  EXPECT_EQ(value("note"), R"("a2!")");
}

TEST_F(StampsOverHttp, DotsOfEachOperationComeWhenTheyAreAskedFor) {
  const Json done = json(a, "PATCH", "/v1/objects/doc?return=dots",
                         R"({"ops":[{"op":"insert","path":["t"],"at":0,"text":"abc"},
                                    {"op":"unset","path":["none"]},
                                    {"op":"set","path":["k"],"value":1}]})");
  const std::string dot = done["dot"];
  const std::string change = dot.substr(0, dot.rfind(':'));
  // Three letters, the marks of the text and of the object, then the value.
  EXPECT_EQ(done["dots"], (Json{change + ":0", nullptr, change + ":5"}));
  EXPECT_TRUE(
      refusal(a, "PATCH", "/v1/objects/doc?return=all", R"({"ops":[]})").starts_with("400"));
}

TEST_F(StampsOverHttp, ATemporaryIdThatIsMalformedOrNamesNothingYetIsRefused) {
  const std::string insert = R"({"op":"insert","at":0,"text":"ab"})";
  for (const char* id :
       {"~", "~0", "~0.", "~.0", "~0.0x", "~-1.0", "~0.4294967296", "~1.0", "~2.0", "~0.2"}) {
    const std::string named(id);
    EXPECT_TRUE(refused("note", insert + R"(,{"op":"insert","after":")" + named +
                                    R"(","text":"x"},)" + insert)
                    .starts_with("400 "))
        << id;
    EXPECT_TRUE(refused("note", insert + R"(,{"op":"erase","ids":[")" + named + R"("]},)" + insert)
                    .starts_with("400 "))
        << id;
  }
  for (const char* erase : {R"({"op":"erase","ids":[]})", R"({"op":"erase","ids":"~0.0"})",
                            R"({"op":"erase","ids":[1]})", R"({"op":"erase","ids":["x"]})",
                            R"({"op":"erase","ids":["~0.0"],"at":0,"len":1})"}) {
    EXPECT_TRUE(refused("note", insert + "," + erase).starts_with("400 ")) << erase;
  }
  EXPECT_EQ(a.call("GET", "/v1/objects/note").status, 404);
}

}  // namespace
}  // namespace agent
