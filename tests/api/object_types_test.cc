// Objects of every type over HTTP.

#include "tests/api/answers.h"

namespace agent {
namespace {

struct ObjectTypes : ::testing::Test {
  Json write(const std::string& verb, const std::string& place, const std::string& sent) {
    return json(a, verb, "/v1/objects/" + place, sent);
  }
  Json patch(const std::string& place, const std::string& sent) {
    return write("PATCH", place, sent);
  }
  std::string value(const std::string& place) {
    return json(a, "GET", "/v1/objects/" + place)["value"].dump();
  }
  std::string refused(const std::string& verb, const std::string& place, const std::string& sent) {
    return refusal(a, verb, "/v1/objects/" + place, sent);
  }
  FakeHost a{"A"};
};

TEST_F(ObjectTypes, EveryOperationOfTheInterfaceWorks) {
  patch("hits",
        R"({"type":"pncounter","ops":[{"op":"increment","by":5},{"op":"decrement","by":7}]})");
  patch("visits", R"({"type":"gcounter","ops":[{"op":"increment","by":3}]})");
  patch("tags", R"({"type":"orset","ops":[{"op":"add","value":"b"},{"op":"add","value":1.50},
                    {"op":"remove","value":"b"},{"op":"add","value":"a"}]})");
  patch("state", R"({"type":"lww_register","ops":[{"op":"set","value":{"z":1,"a":[2.0]}}]})");
  patch("votes", R"({"type":"mv_register","ops":[{"op":"set","value":"x"}]})");
  patch("note", R"({"type":"seq","ops":[{"op":"insert","at":0,"text":"hello"},
                    {"op":"insert","at":5,"text":" wörld"},{"op":"erase","at":0,"len":1}]})");

  EXPECT_EQ(value("hits"), "-2");
  EXPECT_EQ(value("visits"), "3");
  EXPECT_EQ(value("tags"), R"(["a",1.5])");
  EXPECT_EQ(
      body(a, "GET", "/v1/objects/state").find(R"("value":{"z":1,"a":[2.0]})") != std::string::npos,
      true);
  EXPECT_EQ(value("votes"), R"(["x"])");
  EXPECT_EQ(value("note"), R"("ello wörld")");
  for (const auto& [name, type] : std::map<std::string, std::string>{
           {"hits", "pncounter"}, {"tags", "orset"}, {"note", "seq"}, {"votes", "mv_register"}}) {
    EXPECT_EQ(json(a, "GET", "/v1/objects/" + name)["type"], type);
  }
  EXPECT_EQ(json(a, "GET", "/v1/objects")["objects"].size(), 6u);
}

TEST_F(ObjectTypes, MapsNestWithEveryTypeInside) {
  patch("doc", R"({"type":"crdt_map","ops":[
      {"op":"set","path":["title"],"value":"T"},
      {"op":"insert","path":["body","text"],"at":0,"text":"abc"},
      {"op":"add","path":["body","tags"],"value":1},
      {"op":"increment","path":["body","hits"],"by":2}]})");

  EXPECT_EQ(value("doc"), R"({"body":{"hits":2,"tags":[1],"text":"abc"},"title":"T"})");
  EXPECT_EQ(value("doc/body/text"), R"("abc")");
  write("DELETE", "doc/body", "");
  EXPECT_EQ(value("doc"), R"({"title":"T"})");
  EXPECT_EQ(refusal(a, "GET", "/v1/objects/doc/body"), "404 not_found");
}

TEST_F(ObjectTypes, AWriteAnswersItsDotAndTheValueOnlyWhenAskedFor) {
  Json answer = patch("note", R"({"type":"seq","ops":[{"op":"insert","at":0,"text":"abc"}]})");
  const std::string actor = a.replica().own_actor().hex();
  EXPECT_EQ(answer,
            Json::parse(R"({"id":"note","path":[],"type":"seq","dot":")" + actor + R"(:1:0"})"));

  answer = json(a, "PATCH", "/v1/objects/note?return=value",
                R"({"ops":[{"op":"insert","after":")" + actor + R"(:1:1","text":"X"}]})");
  EXPECT_EQ(answer["value"], "abXc");
  EXPECT_EQ(refusal(a, "PATCH", "/v1/objects/note?return=all", R"({"ops":[]})"), "400 invalid");
}

TEST_F(ObjectTypes, AWriteAnswersTheTypeOfThePlaceThatTheUrlNames) {
  const auto patched = [&](const char* place, const char* op) {
    const std::string ops = std::string(R"({"ops":[)") + op + "]}";
    return json(a, "PATCH", std::string("/v1/objects/") + place, ops)["type"];
  };
  EXPECT_EQ(patched("m", R"({"op":"set","path":["k"],"value":1})"), "crdt_map");
  EXPECT_EQ(patched("m/k", R"({"op":"set","value":2})"), "lww_register");
  EXPECT_EQ(patched("m/n", R"({"op":"decrement","by":1})"), "pncounter");
  EXPECT_EQ(patched("m", R"({"op":"unset","path":["nothing"]})"), nullptr);
  const auto put = [&](const char* place, const char* sent) {
    return json(a, "PUT", std::string("/v1/objects/") + place, sent)["type"];
  };
  EXPECT_EQ(put("m", R"({"type":"crdt_map","value":{"k":3}})"), "crdt_map");
  EXPECT_EQ(put("m/k", R"({"type":"orset","value":[1,2]})"), "orset");
  EXPECT_EQ(put("m/k", R"({"type":"seq","value":"abc"})"), "seq");
  // Of every type that was there.
  EXPECT_EQ(json(a, "DELETE", "/v1/objects/m/k", "")["type"], nullptr);
  EXPECT_EQ(json(a, "DELETE", "/v1/objects/m/k", "")["dot"], nullptr);
}

TEST_F(ObjectTypes, ABrowserEditsATextByUnitsOfUtf16) {
  patch("note", R"({"type":"seq","ops":[{"op":"insert","at":0,"text":"a😀z"},
                    {"op":"insert","at":3,"text":"-","unit":"utf16"}]})");
  EXPECT_EQ(value("note"), R"("a😀-z")");
  patch("note", R"({"ops":[{"op":"erase","at":1,"len":2,"unit":"utf16"}]})");
  EXPECT_EQ(value("note"), R"("a-z")");

  patch("note", R"({"ops":[{"op":"insert","at":1,"text":"😀","unit":"code_point"}]})");
  EXPECT_EQ(
      refused("PATCH", "note", R"({"ops":[{"op":"insert","at":2,"text":"x","unit":"utf16"}]})"),
      "422 unprocessable");
  EXPECT_EQ(refused("PATCH", "note", R"({"ops":[{"op":"erase","at":0,"len":1,"unit":"byte"}]})"),
            "400 invalid");
  EXPECT_EQ(value("note"), R"("a😀-z")");
}

TEST_F(ObjectTypes, ACursorIsTakenAtAPositionAndFoundAgain) {
  patch("doc", R"({"type":"crdt_map","ops":[
      {"op":"insert","path":["text"],"at":0,"text":"a😀bc"}]})");
  const std::string place = "/v1/objects/doc/text?";

  Json taken = json(a, "GET", place + "cursor_at=3&unit=utf16");
  const std::string actor = a.replica().own_actor().hex();
  EXPECT_EQ(taken, Json::parse(R"({"id":"doc","path":["text"],"type":"seq","cursor":")" + actor +
                               R"(:1:1","at":3,"size":5,"unit":"utf16"})"));

  const std::string cursor = "cursor=" + taken["cursor"].get<std::string>();
  patch("doc/text", R"({"ops":[{"op":"insert","at":0,"text":"xy"}]})");
  EXPECT_EQ(json(a, "GET", place + cursor + "&unit=utf16")["at"], 5);
  EXPECT_EQ(json(a, "GET", place + cursor)["at"], 4);
  patch("doc/text", R"({"ops":[{"op":"erase","at":2,"len":3}]})");
  EXPECT_EQ(value("doc/text"), R"("xyc")");
  EXPECT_EQ(json(a, "GET", place + cursor)["at"], 2);
  patch("doc/text", R"({"ops":[{"op":"insert","after":")" + taken["cursor"].get<std::string>() +
                        R"(","text":"!"},{"op":"insert","after":"start","text":">"}]})");
  EXPECT_EQ(value("doc/text"), R"(">xy!c")");
  EXPECT_EQ(json(a, "GET", place + "cursor_at=0")["cursor"], "start");
  EXPECT_EQ(json(a, "GET", place + "cursor=start")["at"], 0);
}

TEST_F(ObjectTypes, CursorsThatMakeNoSenseAreRefused) {
  patch("note", R"({"type":"seq","ops":[{"op":"insert","at":0,"text":"😀"}]})");
  patch("n", R"({"type":"gcounter","ops":[{"op":"increment","by":1}]})");
  const auto asked = [&](const std::string& place) {
    return refusal(a, "GET", "/v1/objects/" + place);
  };

  EXPECT_EQ(asked("note?cursor_at=2"), "422 unprocessable");
  EXPECT_EQ(asked("note?cursor_at=1&unit=utf16"), "422 unprocessable");
  EXPECT_EQ(asked("note?cursor=00000000000000000000000000000000:1:0"), "422 unprocessable");
  EXPECT_EQ(asked("note?cursor=end"), "400 invalid");
  EXPECT_EQ(asked("note?cursor_at=-1"), "400 invalid");
  EXPECT_EQ(asked("note?cursor_at=0&cursor=start"), "400 invalid");
  EXPECT_EQ(asked("note?unit=utf16"), "400 invalid");
  EXPECT_EQ(asked("note?cursor_at=0&unit=byte"), "400 invalid");
  EXPECT_EQ(asked("n?cursor_at=0"), "404 not_found");
  EXPECT_EQ(asked("nothing?cursor=start"), "404 not_found");
  EXPECT_EQ(asked("snapshots?cursor=start"), "404 not_found");
}

TEST_F(ObjectTypes, PutReplacesAndEmptyContainersAreThere) {
  write("PUT", "s", R"({"type":"orset","value":[]})");
  EXPECT_EQ(value("s"), "[]");
  write("PUT", "s", R"({"type":"orset","value":[3,1]})");
  write("PUT", "s", R"({"type":"orset","value":[1,2]})");
  EXPECT_EQ(value("s"), "[1,2]");
  write("PUT", "t", R"({"type":"seq","value":"first"})");
  write("PUT", "t", R"({"type":"seq","value":"second"})");
  EXPECT_EQ(value("t"), R"("second")");
  write("PUT", "m", R"({"type":"crdt_map","value":{"a":{"deep":1},"b":2}})");
  EXPECT_EQ(value("m"), R"({"a":{"deep":1},"b":2})");
}

TEST_F(ObjectTypes, BadInputIsRefusedAndTheObjectStaysUsable) {
  patch("note", R"({"type":"seq","ops":[{"op":"insert","at":0,"text":"abc"}]})");
  patch("n", R"({"type":"gcounter","ops":[{"op":"increment","by":18446744073709551615}]})");
  const auto refused_ops = [&](const std::string& place, const std::string& ops) {
    return refused("PATCH", place, R"({"ops":[)" + ops + "]}");
  };

  EXPECT_EQ(refused_ops("note", R"({"op":"insert","at":4,"text":"x"})"), "422 unprocessable");
  EXPECT_EQ(refused_ops("note", R"({"op":"erase","at":1,"len":3})"), "422 unprocessable");
  EXPECT_EQ(
      refused_ops("note",
                  R"({"op":"insert","after":"00000000000000000000000000000000:1:0","text":"x"})"),
      "422 unprocessable");
  EXPECT_EQ(refused_ops("note", R"({"op":"insert","after":"no id","text":"x"})"), "400 invalid");
  EXPECT_EQ(refused_ops("note", R"({"op":"insert","at":-1,"text":"x"})"), "400 invalid");
  EXPECT_EQ(refused_ops("note", R"({"op":"insert","at":0,"after":"x","text":"x"})"), "400 invalid");
  EXPECT_EQ(refused_ops("note", R"({"op":"insert","text":"x"})"), "400 invalid");
  EXPECT_EQ(refused_ops("note", R"({"op":"dance"})"), "400 invalid");
  EXPECT_EQ(refused_ops("note", R"({"op":"increment","by":1})"), "409 conflict");
  EXPECT_EQ(refused_ops("n", R"({"op":"increment","by":1})"), "422 unprocessable");
  EXPECT_EQ(refused_ops("n", R"({"op":"increment","by":18446744073709551616})"), "400 invalid");
  EXPECT_EQ(refused("PUT", "x", R"({"type":"dance","value":1})"), "422 unprocessable");
  EXPECT_EQ(refused("PUT", "x", R"({"type":"orset","value":1})"), "400 invalid");
  EXPECT_EQ(refused("PUT", "x", R"({"type":"reset","value":1})"), "422 unprocessable");
  std::string deep = "d";
  for (int i = 0; i < 17; ++i) deep += "/k";
  EXPECT_EQ(refused("PUT", deep, R"({"type":"lww_register","value":1})"), "413 too_large");
  EXPECT_EQ(refused_ops("s", R"({"op":"add","value":")" + std::string(2'000, 'e') + "\"}"),
            "413 too_large");

  EXPECT_EQ(value("note"), R"("abc")");
  EXPECT_EQ(value("n"), "18446744073709551615");
}

TEST_F(ObjectTypes, InspectShowsEveryDotAndWhyItIsShown) {
  FakeHost z("Z");
  patch("state", R"({"type":"lww_register","ops":[{"op":"set","value":1}]})");
  body(z, "PATCH", "/v1/objects/state",
       R"({"type":"lww_register","ops":[{"op":"set","value":2}]})");
  a.learn_from(z);

  const Json dots = json(a, "GET", "/v1/objects/state?inspect=1")["dots"];

  ASSERT_EQ(dots.size(), 2u);
  int shown = 0;
  for (const Json& dot : dots) {
    shown += dot["shown"].get<bool>() ? 1 : 0;
    EXPECT_TRUE(dot["rule"] == "stamp" || dot["rule"] == "dot") << dot.dump();
    EXPECT_NE(dot["writer"], "");
  }
  EXPECT_EQ(shown, 1);
}

}  // namespace
}  // namespace agent
