// Delta sync: deltas of every type, what comes back, and what is refused.

#include "agent/api/limits.h"
#include "agent/api/time_text.h"
#include "tests/api/answers.h"

namespace agent {
namespace {

struct DeltaSync : ::testing::Test {
  // The answer to a delta, which must be taken.
  Json sync(const std::string& type, const std::string& object, const std::string& delta,
            const std::string& more = "") {
    return json(a, "POST", "/crdt/sync", body_of(type, object, delta, more));
  }
  static std::string body_of(const std::string& type, const std::string& object,
                             const std::string& delta, const std::string& more = "") {
    return R"({"type":")" + type + R"(","object_id":")" + object + R"(","delta":)" + delta + more +
           "}";
  }
  // The status and the words of a refusal. It has no other field.
  std::string refused(const std::string& body, const std::string& target = "/crdt/sync") {
    const http::Response response = a.call("POST", target, body);
    const Json error = parsed(response);
    EXPECT_EQ(error.size(), 1u) << response.body;
    EXPECT_FALSE(header(response, "CRDT-Error-Detail").empty()) << body;
    return std::to_string(response.status) + " " + error["error"].get<std::string>();
  }
  std::string value(FakeHost& host, const std::string& object) {
    return json(host, "GET", "/crdt/object/" + object)["value"].dump();
  }
  std::string value(const std::string& object) { return value(a, object); }
  FakeHost a{"A"};
  FakeHost z{"Z"};
};

TEST_F(DeltaSync, TheExampleOfTheInterface) {
  const Json answer =
      sync("orset", "room:4398:tags", R"({"adds":["red","blue"],"removes":[]})",
           R"(,"timestamp":"2025-06-05T12:01:22.904Z","source_node":"us-west-edge-003")");

  EXPECT_EQ(answer.dump(),
            R"({"conflicts_resolved":0,"merged_into":"room:4398:tags","replicated_to":[],)"
            R"("status":"syncd"})");
  const Json object = json(a, "GET", "/crdt/object/room:4398:tags");
  EXPECT_EQ(object["type"], "orset");
  EXPECT_EQ(object["value"].dump(), R"(["blue","red"])");
  EXPECT_EQ(object["vector_clock"].size(), 1u);
  EXPECT_EQ(object["lamport"], 1);
  EXPECT_EQ(object.size(), 5u);
}

TEST_F(DeltaSync, EveryTypeTakesItsDeltas) {
  sync("gcounter", "visits", R"({"increment":3})");
  sync("pncounter", "hits", R"({"increment":5,"decrement":7})");
  sync("lww_register", "state", R"({"value":{"z":1,"a":[2.0]}})");
  sync("mv_register", "votes", R"({"value":"x"})");
  sync("orset", "tags", R"({"adds":["b",1.5,{"k":1}]})");
  sync("orset", "tags", R"({"removes":["b"]})");
  sync("crdt_map", "doc",
       R"({"set":{"title":"T","/meta/by":"me"},
          "update":{"hits":{"type":"gcounter","delta":{"increment":2}},
           "/meta/text":{"type":"rga","delta":{"ops":[{"insert":{"at":0,"text":"abc"}}]}}}})");
  for (const std::string name : {"rga", "seq_crdt", "seq"}) {
    sync(name, "text-" + name,
         R"({"ops":[{"insert":{"after":null,"text":"wörld"}},{"insert":{"at":0,"text":"hello "}},
             {"delete":{"at":0,"len":1}}]})");
    EXPECT_EQ(value("text-" + name), R"("ello wörld")");
  }

  EXPECT_EQ(value("visits"), "3");
  EXPECT_EQ(value("hits"), "-2");
  EXPECT_NE(body(a, "GET", "/crdt/object/state").find(R"("value":{"z":1,"a":[2.0]})"),
            std::string::npos);
  EXPECT_EQ(value("votes"), R"(["x"])");
  EXPECT_EQ(value("tags"), R"([1.5,{"k":1}])");
  EXPECT_EQ(value("doc"), R"({"hits":2,"meta":{"by":"me","text":"abc"},"title":"T"})");
  sync("crdt_map", "doc", R"({"remove":["hits","/meta/by"]})");
  EXPECT_EQ(value("doc"), R"({"meta":{"text":"abc"},"title":"T"})");
}

TEST_F(DeltaSync, APathIsOneKeyUnlessItIsAPointer) {
  sync("crdt_map", "doc", R"({"set":{"a/b":1,"/c~1d/e~0f":2,"/":3,"":4}})");

  EXPECT_EQ(value("doc"), R"({"":4,"a/b":1,"c/d":{"e~f":2}})") << "\"/\" and \"\" name one key";
  EXPECT_EQ(refused(body_of("crdt_map", "doc", R"({"set":{"/a~2":1}})")), "409 Delta Conflict");
}

TEST_F(DeltaSync, WhatOneDoorWritesTheOtherReads) {
  sync("orset", "tags", R"({"adds":["x"]})");
  sync("crdt_map", "snapshots", R"({"set":{"s1":{"size":1}}})");
  body(a, "PATCH", "/v1/objects/tags", R"({"ops":[{"op":"add","value":"y"}]})");

  EXPECT_EQ(value("tags"), R"(["x","y"])");
  EXPECT_EQ(body(a, "GET", "/catalog/query?type=snapshots"),
            R"([{"id":"s1","metadata":{"size":1}}])");
  sync("crdt_map", "snapshots", R"({"set":{"/s1/size":2}})");
  z.learn_from(a);
  EXPECT_EQ(body(z, "GET", "/catalog/query?type=snapshots"),
            R"([{"id":"s1","metadata":{"size":2}}])");
  sync("crdt_map", "snapshots", R"({"remove":["s1"]})");
  EXPECT_EQ(body(a, "GET", "/catalog/query?type=snapshots"), "[]");
}

// --- what clients bring: times, totals, tags, ids

TEST_F(DeltaSync, AnOlderTimeLosesAndIsCountedAsAConflict) {
  auto set = [&](FakeHost& host, const std::string& value, const std::string& time,
                 const std::string& node) {
    return json(host, "POST", "/crdt/sync",
                body_of("lww_register", "profile", R"({"value":")" + value + "\"}",
                        R"(,"timestamp":")" + time + R"(","source_node":")" + node + "\""));
  };
  EXPECT_EQ(set(a, "new", "2025-06-05T12:00:02Z", "n1")["conflicts_resolved"], 0);
  EXPECT_EQ(set(a, "old", "2025-06-05T12:00:01Z", "n2")["conflicts_resolved"], 1);
  EXPECT_EQ(value("profile"), R"("new")");

  set(z, "older", "2025-06-05T12:00:00Z", "n3");
  z.learn_from(a);
  a.learn_from(z);
  EXPECT_EQ(value("profile"), R"("new")");
  EXPECT_EQ(value(z, "profile"), R"("new")");
}

TEST_F(DeltaSync, TotalsCountOnceHoweverOftenAndWhereverTheyCome) {
  const std::string three = body_of("gcounter", "views", R"({"counts":{"edge-1":3,"edge-2":4}})");
  const std::string five = body_of("gcounter", "views", R"({"counts":{"edge-1":5}})");
  json(a, "POST", "/crdt/sync", three);
  json(z, "POST", "/crdt/sync", three);
  json(z, "POST", "/crdt/sync", five);
  json(a, "POST", "/crdt/sync", three);
  a.learn_from(z);
  z.learn_from(a);

  EXPECT_EQ(value("views"), "9");
  EXPECT_EQ(value(z, "views"), "9");
  sync("pncounter", "stock", R"({"counts":{"e":{"increment":10,"decrement":4},"f":2}})");
  EXPECT_EQ(value("stock"), "8");
}

TEST_F(DeltaSync, ATagIsAddedOnceAndRemovedByItsName) {
  const std::string add = body_of("orset", "tags", R"({"adds":[{"e":"x","tag":"t1"}]})");
  json(a, "POST", "/crdt/sync", add);
  json(z, "POST", "/crdt/sync", add);
  a.learn_from(z);
  json(a, "POST", "/crdt/sync",
       body_of("orset", "tags",
               R"({"adds":[{"e":"x","tag":"t2"}],"removes":[{"e":"x","tag":"t1"}]})"));
  EXPECT_EQ(value("tags"), R"(["x"])");
  json(a, "POST", "/crdt/sync", body_of("orset", "tags", R"({"removes":[{"e":"x","tag":"t2"}]})"));

  EXPECT_EQ(value("tags"), "[]");
}

TEST_F(DeltaSync, ElementsOfATextAreErasedByTheirIds) {
  body(a, "PATCH", "/v1/objects/text",
       R"({"type":"seq","ops":[{"op":"insert","at":0,"text":"abcd"}]})");
  const std::string dot = json(a, "PATCH", "/v1/objects/text",
                               R"({"ops":[{"op":"insert","at":4,"text":"ef"}]})")["dot"];
  const std::string second = dot.substr(0, dot.rfind(':')) + ":1";
  sync("rga", "text",
       R"({"ops":[{"insert":{"at":0,"text":"_"}},{"delete":{"ids":[")" + second + R"("]}}]})");
  EXPECT_EQ(value("text"), R"("_abcde")");
  sync("rga", "text", R"({"ops":[{"insert":{"after":")" + dot + R"(","text":"-"}}]})");

  EXPECT_EQ(value("text"), R"("_abcde-")");
}

// --- who holds it

TEST_F(DeltaSync, AWaitIsAnsweredWhenEnoughAgentsHoldIt) {
  a.holders_ = {"n2", "n3"};
  const http::Response done =
      a.call("POST", "/crdt/sync?wait=2", body_of("gcounter", "views", R"({"increment":1})"));
  EXPECT_EQ(done.status, 200);
  EXPECT_EQ(parsed(done)["replicated_to"].dump(), R"(["n2","n3"])");
}

TEST_F(DeltaSync, AWaitThatIsOverNamesThoseThatHoldIt) {
  a.holders_ = {"n2"};
  auto exchange = a.send("POST", "/crdt/sync?wait=2&timeout_ms=700",
                         body_of("gcounter", "views", R"({"increment":1})"));
  a.run();
  EXPECT_FALSE(exchange->answered());
  a.advance(699);
  EXPECT_FALSE(exchange->answered());
  a.advance(1);

  ASSERT_TRUE(exchange->answered());
  EXPECT_EQ(exchange->response().status, 504);
  EXPECT_EQ(parsed(exchange->response()).dump(),
            R"({"conflicts_resolved":0,"merged_into":"views","replicated_to":["n2"],)"
            R"("status":"syncd"})");
  EXPECT_EQ(value("views"), "1") << "the write stays";
}

TEST_F(DeltaSync, ADeltaThatChangesNothingWaitsForNobody) {
  sync("orset", "tags", R"({"adds":[{"e":"x","tag":"t"}]})");
  const http::Response again = a.call(
      "POST", "/crdt/sync?wait=2", body_of("orset", "tags", R"({"adds":[{"e":"x","tag":"t"}]})"));

  EXPECT_EQ(again.status, 200);
  EXPECT_EQ(parsed(again)["replicated_to"].dump(), "[]");
}

// --- refusals

TEST_F(DeltaSync, ErrorsHaveTheWordsOfTheInterface) {
  for (const std::string& bad : std::vector<std::string>{
           "",
           "[]",
           R"({"type":"gcounter"})",
           body_of("gcounter", "", R"({"increment":1})"),
           body_of("gcounter", "v", "[]"),
           body_of("gcounter", "v", "{}"),
           body_of("gcounter", "v", R"({"increment":-1})"),
           body_of("gcounter", "v", R"({"decrement":1})"),
           body_of("gcounter", "v", R"({"increment":1.5})"),
           body_of("gcounter", "v", R"({"counts":[1]})"),
           body_of("gcounter", "v", R"({"counts":{"n":{"decrement":1}}})"),
           body_of("gcounter", "v", R"({"counts":{"":1}})"),
           body_of("lww_register", "v", R"({})"),
           body_of("lww_register", "v", R"({"value":1,"other":2})"),
           body_of("lww_register", "v", R"({"value":1})", R"(,"timestamp":"yesterday")"),
           body_of("lww_register", "v", R"({"value":1})", R"(,"timestamp":5)"),
           body_of("lww_register", "v", R"({"value":1})", R"(,"source_node":"")"),
           body_of("orset", "v", R"({"adds":"x"})"),
           body_of("orset", "v", R"({"adds":[{"e":1,"tag":2}]})"),
           body_of("crdt_map", "v", R"({"remove":[1]})"),
           body_of("crdt_map", "v", R"({"update":{"k":{"type":"gcounter"}}})"),
           body_of("crdt_map", "v", R"({"update":{"k":1}})"),
           body_of("rga", "v", R"({"ops":[{"insert":{"text":"x"}}]})"),
           body_of("rga", "v", R"({"ops":[{"insert":{"at":9,"text":"x"}}]})"),
           body_of("rga", "v", R"({"ops":[{"insert":{"at":0,"after":null,"text":"x"}}]})"),
           body_of("rga", "v", R"({"ops":[{"move":{}}]})"),
           body_of("rga", "v", R"({"ops":[{"delete":{"ids":["nonsense"]}}]})"),
           body_of("rga", "v", R"({"ops":[{"delete":{"ids":[]}}]})")}) {
    EXPECT_EQ(refused(bad), "409 Delta Conflict") << bad;
  }
  for (const std::string type : {"counter", "reset", "", "ORSET"}) {
    EXPECT_EQ(refused(body_of(type, "v", "{}")), "422 CRDT Type Not Supported") << type;
  }
  EXPECT_EQ(refused(body_of("crdt_map", "v", R"({"update":{"k":{"type":"tree","delta":{}}}})")),
            "422 CRDT Type Not Supported");
  EXPECT_EQ(json(a, "GET", "/v1/objects")["objects"].size(), 0u) << "nothing of them was written";
}

TEST_F(DeltaSync, ADeltaOfAnotherTypeThanTheObjectIsAConflict) {
  sync("gcounter", "views", R"({"increment":1})");

  EXPECT_EQ(refused(body_of("rga", "views", R"({"ops":[{"insert":{"at":0,"text":"x"}}]})")),
            "409 Delta Conflict");
  EXPECT_EQ(value("views"), "1");
}

TEST_F(DeltaSync, ADeltaIsAllOrNothing) {
  EXPECT_EQ(refused(body_of("crdt_map", "doc",
                            R"({"set":{"a":1},"update":{"t":{"type":"rga","delta":
                                {"ops":[{"insert":{"at":5,"text":"x"}}]}}}})")),
            "409 Delta Conflict");
  EXPECT_EQ(a.call("GET", "/crdt/object/doc").status, 404);
}

TEST_F(DeltaSync, WhatIsAbsentIsNotFound) {
  const http::Response response = a.call("GET", "/crdt/object/nothing");

  EXPECT_EQ(response.status, 404);
  EXPECT_EQ(response.body, R"({"error":"Not Found"})");
}

TEST_F(DeltaSync, TimesOfTheFutureAreRefused) {
  EXPECT_EQ(refused(body_of("lww_register", "v", R"({"value":1})",
                            R"(,"timestamp":"2261-06-05T12:00:00Z","source_node":"n")")),
            "409 Delta Conflict");
}

TEST_F(DeltaSync, BadWaitsAreRefusedBeforeAnythingIsWritten) {
  for (const std::string query : {"wait=x", "wait=65", "wait=1&timeout_ms=60001", "wait=-1"}) {
    EXPECT_EQ(refused(body_of("gcounter", "v", R"({"increment":1})"), "/crdt/sync?" + query),
              "409 Delta Conflict")
        << query;
  }
  EXPECT_EQ(a.call("GET", "/crdt/object/v").status, 404);
}

TEST_F(DeltaSync, ALargeDeltaIsParsedAsideAndIsOneChange) {
  std::string adds;
  for (int i = 0; i < 20'000; ++i) {
    adds += (i == 0 ? "\"" : ",\"") + std::string(60, 'x') + std::to_string(i) + "\"";
  }
  sync("orset", "many", R"({"adds":[)" + adds + "]}");

  EXPECT_EQ(json(a, "GET", "/crdt/object/many")["value"].size(), 20'000u);
  EXPECT_EQ(json(a, "GET", "/crdt/object/many")["lamport"], 1);
}

// --- metrics

TEST_F(DeltaSync, MetricsTellHowChangesOfOthersComeIn) {
  EXPECT_EQ(body(a, "GET", "/crdt/metrics"),
            R"({"object_id":null,"merge_lag_ms":null,"replication_factor":0,)"
            R"("conflicts_last_hour":0,"last_synced_at":null,"merges_per_second":0.000})");
  json(z, "POST", "/crdt/sync", body_of("lww_register", "profile", R"({"value":1})"));
  sync("lww_register", "profile", R"({"value":2})");
  json(z, "POST", "/crdt/sync", body_of("gcounter", "views", R"({"increment":1})"));
  a.holders_ = {"Z"};
  a.learn_from(z);

  const Json profile = json(a, "GET", "/crdt/metrics?object_id=profile");
  EXPECT_EQ(profile["object_id"], "profile");
  EXPECT_EQ(profile["replication_factor"], 2);
  EXPECT_EQ(profile["conflicts_last_hour"], 1);
  EXPECT_TRUE(profile["merge_lag_ms"].is_number());
  EXPECT_TRUE(nanos_of_time(profile["last_synced_at"].get<std::string>()).ok());
  EXPECT_GT(profile["merges_per_second"], 0.0);
  EXPECT_EQ(json(a, "GET", "/crdt/metrics?object_id=views")["conflicts_last_hour"], 0);
  EXPECT_EQ(json(a, "GET", "/crdt/metrics")["conflicts_last_hour"], 1);
  EXPECT_EQ(a.call("GET", "/crdt/metrics?object_id=none").status, 404);

  a.pass(2 * 3'600'000);
  EXPECT_EQ(json(a, "GET", "/crdt/metrics?object_id=profile")["conflicts_last_hour"], 0);
}

// --- times

TEST(TimeText, IsReadAndWritten) {
  const std::vector<std::pair<std::string, std::int64_t>> times = {
      {"1970-01-01T00:00:00Z", 0},
      {"1970-01-01T00:00:00.000000001Z", 1},
      {"1969-12-31T23:59:59.999Z", -1'000'000},
      {"2025-06-05T12:01:22.904Z", 1'749'124'882'904'000'000},
      {"2025-06-05T14:01:22.904+02:00", 1'749'124'882'904'000'000},
      {"2024-02-29T00:00:00-00:30", 1'709'166'600'000'000'000},
  };
  for (const auto& [text, nanos] : times) {
    auto read = nanos_of_time(text);
    ASSERT_TRUE(read.ok()) << text;
    EXPECT_EQ(*read, nanos) << text;
  }
  EXPECT_EQ(time_text(1'749'124'882'904'999'999), "2025-06-05T12:01:22.904Z");
  EXPECT_EQ(time_text(-1), "1969-12-31T23:59:59.999Z");
  EXPECT_EQ(time_text(INT64_MIN), "1677-09-21T00:12:43.145Z");
  for (const char* bad :
       {"", "2025", "2025-06-05", "2025-06-05T12:01:22", "2025-02-29T00:00:00Z",
        "2025-06-05T24:00:00Z", "2025-06-05T12:60:00Z", "2025-06-05T12:00:00.Z",
        "2025-06-05T12:00:00.1234567890Z", "2025-06-05T12:00:00Z ", "1600-01-01T00:00:00Z",
        "2262-01-01T00:00:00Z", "2025-06-05T12:00:00+24:00", "2025-13-05T12:00:00Z"}) {
    EXPECT_FALSE(nanos_of_time(bad).ok()) << bad;
  }
}

}  // namespace
}  // namespace agent
