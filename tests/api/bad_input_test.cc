// Bad input at the door of objects (docs/testing.md, "Bad input"): each request gets a clear error,
// and the object can be read and written afterwards.

#include "tests/api/answers.h"

namespace agent {
namespace {

struct BadInput : ::testing::Test {
  BadInput() {
    patch("note", R"({"type":"seq","ops":[{"op":"insert","at":0,"text":"abc"}]})");
    patch("tags", R"({"type":"orset","ops":[{"op":"add","value":"x"}]})");
    patch("n", R"({"type":"pncounter","ops":[{"op":"increment","by":5}]})");
    patch("map", R"({"type":"crdt_map","ops":[{"op":"set","path":["k"],"value":1}]})");
  }
  ~BadInput() override {
    EXPECT_EQ(value("note"), R"("abc")");
    EXPECT_EQ(value("tags"), R"(["x"])");
    EXPECT_EQ(value("n"), "5");
    EXPECT_EQ(value("map"), R"({"k":1})");
    patch("note", R"({"ops":[{"op":"insert","at":3,"text":"d"}]})");
    patch("map", R"({"ops":[{"op":"set","path":["k"],"value":2}]})");
    EXPECT_EQ(value("note"), R"("abcd")");
    EXPECT_EQ(value("map"), R"({"k":2})");
  }
  Json patch(const std::string& place, const std::string& sent) {
    return json(a, "PATCH", "/v1/objects/" + place, sent);
  }
  std::string value(const std::string& place) {
    return json(a, "GET", "/v1/objects/" + place)["value"].dump();
  }
  // What the client is told, and that the message says what was wrong.
  std::string refused(const std::string& place, const std::string& op, const std::string& says) {
    const std::string sent = R"({"ops":[)" + op + "]}";
    const std::string message = a.call("PATCH", "/v1/objects/" + place, sent).body;
    EXPECT_NE(message.find(says), std::string::npos) << message;
    return refusal(a, "PATCH", "/v1/objects/" + place, sent);
  }
  FakeHost a{"A"};
};

TEST_F(BadInput, AnOperationOfAnotherTypeIsAConflictThatNamesWhatIsThere) {
  EXPECT_EQ(refused("note", R"({"op":"add","value":1})", "seq"), "409 conflict");
  EXPECT_EQ(refused("tags", R"({"op":"insert","at":0,"text":"x"})", "orset"), "409 conflict");
  EXPECT_EQ(refused("n", R"({"op":"set","value":1})", "pncounter"), "409 conflict");
  EXPECT_EQ(refused("map", R"({"op":"increment","path":["k"],"by":1})", "lww_register"),
            "409 conflict");
  EXPECT_EQ(refused("n", R"({"op":"add","type":"pncounter","value":1})", "this type takes"),
            "422 unprocessable");
  EXPECT_EQ(refused("n", R"({"op":"set","path":["k"],"value":1})", "leave out the path"),
            "422 unprocessable");
}

// A field that is ignored would write something else than its sender means.
TEST_F(BadInput, UnknownFieldsAreRefusedByTheirName) {
  const auto refused_body = [&](const std::string& verb, const std::string& sent,
                                const std::string& says) {
    const std::string message = a.call(verb, "/v1/objects/note", sent).body;
    EXPECT_NE(message.find(says), std::string::npos) << message;
    return refusal(a, verb, "/v1/objects/note", sent);
  };
  EXPECT_EQ(refused_body("PATCH", R"({"ops":[{"op":"insert","at":3,"text":"?"}],"unit":"utf16"})",
                         R"(unknown field \"unit\" in the body)"),
            "400 invalid");
  EXPECT_EQ(refused_body("PUT", R"({"type":"seq","value":"","unit":"utf16"})", "unit"),
            "400 invalid");
  EXPECT_EQ(refused("note", R"({"op":"insert","at":3,"text":"?","foo":1})", "foo"), "400 invalid");
  EXPECT_EQ(refused("note", R"({"op":"insert","at":3,"text":"?","len":1})", "len"), "400 invalid");
  EXPECT_EQ(refused("n", R"({"op":"increment","by":1,"value":1})", "value"), "400 invalid");
  EXPECT_EQ(refused("map", R"({"op":"unset","path":["k"],"value":1})", "value"), "400 invalid");
}

TEST_F(BadInput, UnknownValuesOfParametersAreRefused) {
  EXPECT_EQ(refusal(a, "GET", "/v1/objects/note?inspect=2"), "400 invalid");
  EXPECT_EQ(refusal(a, "GET", "/v1/status?closed=yes"), "400 invalid");
  EXPECT_EQ(refusal(a, "DELETE", "/v1/objects/note?return=all"), "400 invalid");
  EXPECT_EQ(refusal(a, "POST", "/v1/state?mesh=none"), "400 invalid");
  EXPECT_FALSE(json(a, "GET", "/v1/objects/note?inspect=0").contains("dots"));
  EXPECT_TRUE(json(a, "GET", "/v1/objects/note?inspect=1&other=1").contains("dots"));
}

TEST_F(BadInput, AValueThatDoesNotFitItsTypeIsInvalidInAPutAndInAnOp) {
  for (const char* sent : {R"({"type":"crdt_map","value":1})", R"({"type":"orset","value":{}})",
                           R"({"type":"seq","value":[]})", R"({"type":"gcounter","value":-1})",
                           R"({"type":"pncounter","value":"x"})"}) {
    EXPECT_EQ(refusal(a, "PUT", "/v1/objects/new", sent), "400 invalid") << sent;
  }
  EXPECT_EQ(refused("n", R"({"op":"increment","by":"x"})", "whole number"), "400 invalid");
  EXPECT_EQ(refused("note", R"({"op":"insert","at":0,"text":1})", "text"), "400 invalid");
}

TEST_F(BadInput, AWriteThatWouldNotBeShownIsAConflict) {
  patch("clash", R"({"ops":[{"op":"set","path":["z","y"],"value":3}]})");
  EXPECT_EQ(refused("clash", R"({"op":"set","path":["z","y","x"],"value":3})", "would hide"),
            "409 conflict");

  EXPECT_EQ(refused("clash", R"({"op":"set","type":"lww_register","path":["z"],"value":4})",
                    "would not be shown"),
            "409 conflict");
  EXPECT_EQ(value("clash"), R"({"z":{"y":3}})");
  json(a, "PUT", "/v1/objects/clash/z", R"({"type":"lww_register","value":4})");
  EXPECT_EQ(value("clash"), R"({"z":4})");
  EXPECT_EQ(body(a, "GET", "/v1/conflicts"), "[]");
}

TEST_F(BadInput, ASetOfTooManyElementsIsToldWhatItsElementsCost) {
  std::string elements = "0";
  for (int i = 1; i <= 65'536; ++i) elements += "," + std::to_string(i);

  const http::Response refused =
      a.call("PUT", "/v1/objects/large", R"({"type":"orset","value":[)" + elements + "]}");

  EXPECT_EQ(refused.status, 413);
  EXPECT_NE(refused.body.find("each element of a set"), std::string::npos) << refused.body;
  EXPECT_EQ(refused.body.find("entry"), std::string::npos) << refused.body;
}

TEST_F(BadInput, PathsThatAreTooDeepOrTooLongAreRefusedWithTheBound) {
  std::string deep = R"("k")";
  for (int i = 0; i < 16; ++i) deep += R"(,"k")";
  const auto at = [](const std::string& path) {
    return R"({"op":"set","path":[)" + path + R"(],"value":1})";
  };
  EXPECT_EQ(refused("map", at(deep), "at most 16"), "413 too_large");
  EXPECT_EQ(refused("map", at('"' + std::string(1'025, 'p') + '"'), "1024"), "413 too_large");
  EXPECT_EQ(refusal(a, "PUT", "/v1/objects/map/" + std::string(1'025, 'p'),
                    R"({"type":"lww_register","value":1})"),
            "413 too_large");
  EXPECT_EQ(refusal(a, "PUT", "/v1/objects/" + std::string(513, 'o'),
                    R"({"type":"lww_register","value":1})"),
            "400 invalid");
}

TEST_F(BadInput, PositionsAndElementsThatDoNotExistAreRefusedWithTheSize) {
  EXPECT_EQ(refused("note", R"({"op":"insert","at":4,"text":"x"})", "3 code points"),
            "422 unprocessable");
  EXPECT_EQ(refused("note", R"({"op":"erase","at":0,"len":4})", "3 code points"),
            "422 unprocessable");
  EXPECT_EQ(refused("note", R"({"op":"insert","at":4294967296,"text":"x"})", "at"), "400 invalid");
  EXPECT_EQ(refused("note",
                    R"({"op":"insert","after":"00000000000000000000000000000000:1:0","text":"x"})",
                    "no element"),
            "422 unprocessable");
}

TEST_F(BadInput, CountersThatOverflowAreRefusedWithTheRange) {
  EXPECT_EQ(refused("n", R"({"op":"increment","by":9223372036854775807})", "would become"),
            "422 unprocessable");
  EXPECT_EQ(refused("n", R"({"op":"decrement","by":18446744073709551615})", "would become"),
            "422 unprocessable");
  EXPECT_EQ(refused("n", R"({"op":"increment","by":18446744073709551616})", "by"), "400 invalid");
  EXPECT_EQ(refused("n", R"({"op":"increment","by":-1})", "by"), "400 invalid");
  EXPECT_EQ(refused("n", R"({"op":"increment","by":1.5})", "by"), "400 invalid");
  EXPECT_EQ(refused("n", R"({"op":"increment","by":"1"})", "by"), "400 invalid");
}

TEST_F(BadInput, AnAmountMayBeSpelledAsAnyNumberMay) {
  patch("n", R"({"ops":[{"op":"increment","by":1e1},{"op":"decrement","by":10.0}]})");
}

TEST_F(BadInput, TextThatIsNoUtf8IsRefused) {
  for (const char* bad : {"\xC3", "\xFF", "\xED\xA0\x80", "\xF5\x80\x80\x80"}) {
    const std::string text(bad);
    EXPECT_EQ(refused("note", R"({"op":"insert","at":0,"text":")" + text + "\"}", "UTF-8"),
              "400 invalid");
    EXPECT_EQ(refused("tags", R"({"op":"add","value":")" + text + "\"}", "UTF-8"), "400 invalid");
    EXPECT_EQ(refused("map", R"({"op":"set","path":[")" + text + R"("],"value":1})", "UTF-8"),
              "400 invalid");
  }
  EXPECT_EQ(refusal(a, "PUT", "/v1/objects/map/%FF", R"({"type":"lww_register","value":1})"),
            "400 invalid");
  EXPECT_EQ(refusal(a, "PUT", "/v1/objects/%C3", R"({"type":"lww_register","value":1})"),
            "400 invalid");
}

TEST_F(BadInput, AnElementAboveTheBoundIsRefusedWithIt) {
  EXPECT_EQ(refused("tags", R"({"op":"add","value":")" + std::string(1'023, 'e') + "\"}", "1024"),
            "413 too_large");
  EXPECT_EQ(refused("note",
                    R"({"op":"insert","at":0,"text":")" + std::string((1u << 20) + 1, 't') + "\"}",
                    "1048576"),
            "413 too_large");
}

// A request is one change however many operations it has, or it is refused as a whole.
TEST_F(BadInput, ManyTinyOperationsInOneRequestAreOneChange) {
  std::string ops;
  for (int i = 0; i < 20'000; ++i) ops += R"({"op":"add","value":"x"},)";
  ops.back() = ' ';
  patch("tags", R"({"ops":[)" + ops + "]}");
  std::string more;
  for (int i = 0; i < 20'000; ++i)
    more += R"({"op":"increment","by":1},{"op":"decrement","by":1},)";
  more.back() = ' ';
  patch("n", R"({"ops":[)" + more + "]}");
}

}  // namespace
}  // namespace agent
