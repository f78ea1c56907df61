// Catalog deltas: what GET /crdt/delta gives, what POST /crdt/delta does, and what a clear moves.
// "Mesh" is one or two agents that exchange changes; a catalog outside is another FakeHost that
// knows none of them, or the model Catalog below.

#include <map>
#include <set>

#include "tests/api/answers.h"

namespace agent {
namespace {

std::vector<std::string> keys_of(const Json& deltas) {
  std::vector<std::string> keys;
  for (const Json& delta : deltas) keys.push_back(delta["key"].get<std::string>());
  return keys;
}

using Keys = std::vector<std::string>;

Json deltas_of(FakeHost& host, const std::string& query = "") {
  return json(host, "GET", "/crdt/delta" + query);
}

void clear(FakeHost& host, const std::string& query = "") {
  EXPECT_EQ(body(host, "POST", "/crdt/delta/clear" + query), R"({"status":"cleared"})");
}

std::string post(FakeHost& host, const Json& delta) {
  return body(host, "POST", "/crdt/delta", delta.dump());
}

const char* const kTaken = R"({"applied":true})";
const char* const kStale = R"({"applied":false})";

std::string shown(FakeHost& host, const std::string& type = "snapshots") {
  return body(host, "GET", "/catalog/query?type=" + type);
}

// A delta of a node outside the mesh.
Json delta_by(const std::string& node, std::uint64_t number, const std::string& key,
              const Json& data, std::int64_t timestamp, const std::string& type = "orset") {
  return {{"node_id", node}, {"vector_clock", {{node, number}}},
          {"type", type},    {"key", key},
          {"data", data},    {"timestamp", timestamp}};
}
Json add_by(const std::string& node, std::uint64_t number, const std::string& id,
            const std::string& tag, std::int64_t timestamp) {
  const Json data{{"tag", tag}, {"metadata", {{"by", node}, {"n", number}}}};
  return delta_by(node, number, "snapshots:" + id, data, timestamp);
}

// --- the worked example of the contract

class Example : public testing::TestWithParam<bool> {};

TEST_P(Example, TwoCatalogsThatHaveNotSeenEachOtherShowTheLaterStatus) {
  FakeHost n1("n1");
  FakeHost n2("n2");
  const auto put = [&] {
    body(n1, "PUT", "/snapshots/metadata/snap1", R"({"size":1024,"status":"completed"})");
  };
  body(n1, "POST", "/snapshots/add/snap1", R"({"size":1024,"cluster":"cluster-a"})");
  if (GetParam()) put();
  body(n1, "POST", "/snapshots/add/snap2", R"({"size":2048,"cluster":"cluster-b"})");
  if (!GetParam()) put();
  n2.pass(5'000);
  body(n2, "PUT", "/snapshots/metadata/snap1", R"({"size":1024,"status":"failed"})");

  const Json from_n1 = deltas_of(n1);
  EXPECT_EQ(keys_of(from_n1),
            (Keys{"snapshots:snap1", "snapshot_metadata:snap1", "snapshots:snap2"}));
  for (const Json& delta : from_n1) EXPECT_EQ(post(n2, delta), kTaken) << delta;
  const Json from_n2 = deltas_of(n2);
  EXPECT_EQ(keys_of(from_n2), Keys{"snapshot_metadata:snap1"});
  for (const Json& delta : from_n2) EXPECT_EQ(post(n1, delta), kTaken) << delta;

  const std::string both = R"([{"id":"snap1","metadata":{"size":1024,"status":"failed"}},)"
                           R"({"id":"snap2","metadata":{"cluster":"cluster-b","size":2048}}])";
  EXPECT_EQ(shown(n1), both);
  EXPECT_EQ(shown(n2), both);
  for (const Json& delta : from_n1) EXPECT_EQ(post(n2, delta), kStale) << delta;
  Json old = from_n1[0];
  old["key"] = "snapshots:snap3";
  old["data"] = {{"tag", "old-tag"}};
  EXPECT_EQ(post(n2, old), kStale);
  EXPECT_EQ(shown(n2), both);
}

INSTANTIATE_TEST_SUITE_P(InBothOrders, Example, testing::Bool());

// --- what is given

TEST(CatalogDeltas, HaveTheFormOfTheContract) {
  FakeHost a("A");
  body(a, "POST", "/snapshots/add/s", R"({"b":1,"a":[1, 2]})");
  body(a, "PUT", "/snapshots/metadata/s", R"({"c":null})");
  body(a, "DELETE", "/snapshots/remove/s");
  body(a, "POST", "/images/add/i", "{}");
  body(a, "PUT", "/images/metadata/i", R"({"z":1.50})");
  const std::string actor = a.replica().own_actor().hex();

  const http::Response response = a.call("GET", "/crdt/delta");
  const Json deltas = parsed(response);

  ASSERT_EQ(keys_of(deltas), (Keys{"snapshots:s", "snapshot_metadata:s", "snapshots:s:remove",
                                   "images:i", "image_metadata:i"}));
  for (std::size_t i = 0; i < deltas.size(); ++i) {
    EXPECT_EQ(deltas[i].size(), 6u);
    EXPECT_EQ(deltas[i]["node_id"], a.facts().node_id.hex());
    EXPECT_EQ(deltas[i]["vector_clock"], (Json{{actor, i + 1}}));
    EXPECT_GE(deltas[i]["timestamp"], 1'800'000'000'000'000'000);
    if (i > 0) {
      EXPECT_GT(deltas[i]["timestamp"], deltas[i - 1]["timestamp"]);
    }
  }
  EXPECT_EQ(deltas[0]["type"], "orset");
  EXPECT_EQ(deltas[0]["data"],
            (Json{{"tag", actor + ":1"}, {"metadata", {{"a", {1, 2}}, {"b", 1}}}}));
  EXPECT_EQ(deltas[1]["type"], "lww");
  EXPECT_EQ(deltas[2]["data"], (Json{{"removed", true}, {"tags", {actor + ":1"}}}));
  EXPECT_NE(response.body.find(R"("data":{"z":1.50})"), std::string::npos)
      << "numbers stay as written";
}

TEST(CatalogDeltas, ThePatchIsToldAsTheWholeObject) {
  FakeHost a("A");
  body(a, "POST", "/snapshots/add/s", R"({"a":1})");
  body(a, "PATCH", "/snapshots/metadata/s", R"({"b":2})");
  EXPECT_EQ(deltas_of(a)[1]["data"], (Json{{"a", 1}, {"b", 2}}));

  body(a, "DELETE", "/snapshots/remove/s");
  EXPECT_EQ(keys_of(deltas_of(a)), (Keys{"snapshots:s", "snapshots:s:remove"}))
      << "there is no object to tell any more";
}

// A peer that kept the tag of the first add would show the entry for ever.
TEST(CatalogDeltas, ARenewalRemovesTheTagThatItReplaces) {
  FakeHost a("A");
  FakeHost out("Outside");
  body(a, "POST", "/snapshots/add/s", R"({"v":1})");
  body(a, "POST", "/snapshots/add/s", R"({"v":2})");
  const std::string actor = a.replica().own_actor().hex();

  const Json deltas = deltas_of(a, "?peer=out");
  ASSERT_EQ(keys_of(deltas), (Keys{"snapshots:s", "snapshots:s:remove", "snapshots:s"}));
  EXPECT_EQ(deltas[1]["data"]["tags"], Json{actor + ":1"});
  EXPECT_EQ(deltas[2]["data"]["tag"], actor + ":2");
  EXPECT_EQ(post(out, deltas), R"({"applied":true,"results":[true,true,true]})");
  EXPECT_EQ(shown(out), R"([{"id":"s","metadata":{"v":2}}])");
  clear(a, "?peer=out");
  body(a, "DELETE", "/snapshots/remove/s");
  EXPECT_EQ(post(out, deltas_of(a, "?peer=out")), R"({"applied":true,"results":[true]})");
  EXPECT_EQ(shown(out), "[]");
}

TEST(CatalogDeltas, AnImportIsOneDeltaAnEntryAndMayEndInTheMiddle) {
  FakeHost a("A");
  std::string lines;
  Keys expected;
  for (int i = 100; i < 200; ++i) {
    lines += "{\"id\":\"" + std::to_string(i) + "\",\"n\":" + std::to_string(i) + "}\n";
    expected.push_back("images:" + std::to_string(i));
  }
  body(a, "POST", "/v1/import?type=images", lines);
  FakeHost out("Outside");

  Keys got;
  for (int page = 0; page < 15; ++page) {
    const Json deltas = deltas_of(a, "?peer=p&limit=7");
    ASSERT_LE(deltas.size(), 7u);
    for (const std::string& key : keys_of(deltas)) got.push_back(key);
    if (!deltas.empty()) {
      EXPECT_EQ(Json::parse(post(out, deltas))["results"],
                Json(std::vector<bool>(deltas.size(), true)));
    }
    clear(a, "?peer=p");
  }

  EXPECT_EQ(got, expected);
  EXPECT_EQ(deltas_of(a, "?peer=p"), Json::array());
  EXPECT_EQ(shown(out, "images"), shown(a, "images"));
}

TEST(CatalogDeltas, WithoutAPeerOnlyChangesOfThisNodeAreGiven) {
  FakeHost a("A");
  FakeHost z("Z");
  body(z, "POST", "/snapshots/add/of_z", "{}");
  a.learn_from(z);
  body(a, "POST", "/snapshots/add/of_a", "{}");
  post(a, add_by("x", 1, "of_x", "t", 5));
  post(a, delta_by("x", 2, "snapshots:of_x:remove", {{"removed", true}, {"tags", {"t"}}}, 6));
  a.restart(false);
  body(a, "POST", "/snapshots/add/later", "{}");

  EXPECT_EQ(keys_of(deltas_of(a)), (Keys{"snapshots:of_a", "snapshots:later"}));
  EXPECT_EQ(keys_of(deltas_of(a, "?peer=y")),
            (Keys{"snapshots:of_z", "snapshots:of_a", "snapshots:of_x", "snapshots:of_x:remove",
                  "snapshots:later"}));
  EXPECT_EQ(keys_of(deltas_of(a, "?peer=x")),
            (Keys{"snapshots:of_z", "snapshots:of_a", "snapshots:later"}));
  EXPECT_EQ(keys_of(deltas_of(a, "?peer=" + z.facts().node_id.hex())),
            (Keys{"snapshots:of_a", "snapshots:of_x", "snapshots:of_x:remove", "snapshots:later"}));
}

TEST(CatalogDeltas, ADeltaThatIsPassedOnHasTheNodeAndTagOfItsWriter) {
  FakeHost a("A");
  post(a, add_by("x", 7, "s", "x-tag", 1'700));
  const std::string actor = a.replica().own_actor().hex();

  const Json delta = deltas_of(a, "?peer=y")[0];

  EXPECT_EQ(delta["node_id"], "x");
  EXPECT_EQ(delta["timestamp"], 1'700);
  EXPECT_EQ(delta["data"]["tag"], "x-tag");
  EXPECT_EQ(delta["vector_clock"], (Json{{actor, 1}}));
}

// --- clear and cursors

TEST(CatalogDeltas, AClearMovesToWhatTheLastGetReturnedAndNoFurther) {
  FakeHost a("A");
  for (const char* id : {"1", "2", "3"}) body(a, "POST", "/snapshots/add/" + std::string(id), "{}");
  clear(a, "?peer=p");
  EXPECT_EQ(deltas_of(a, "?peer=p").size(), 3u) << "a clear without a GET moves nothing";

  EXPECT_EQ(keys_of(deltas_of(a, "?peer=p&limit=2")), (Keys{"snapshots:1", "snapshots:2"}));
  body(a, "POST", "/snapshots/add/4", "{}");
  clear(a, "?peer=p");
  clear(a, "?peer=p");

  EXPECT_EQ(keys_of(deltas_of(a, "?peer=p")), (Keys{"snapshots:3", "snapshots:4"}));
  EXPECT_EQ(deltas_of(a, "?peer=q").size(), 4u) << "each peer has a position";
  EXPECT_EQ(deltas_of(a).size(), 4u);
  clear(a);
  EXPECT_EQ(deltas_of(a).size(), 0u);
}

TEST(CatalogDeltas, APeerGoesOnAtAnotherAgentAfterItLearnsOfTheClear) {
  FakeHost a("A");
  FakeHost z("Z");
  body(a, "POST", "/snapshots/add/1", "{}");
  body(z, "POST", "/snapshots/add/2", "{}");
  z.learn_from(a);
  EXPECT_EQ(deltas_of(a, "?peer=p").size(), 1u);
  clear(a, "?peer=p");
  EXPECT_EQ(deltas_of(z, "?peer=p").size(), 2u) << "it does not know of the clear yet";

  z.learn_from(a);

  EXPECT_EQ(keys_of(deltas_of(z, "?peer=p")), Keys{"snapshots:2"});
  a.restart(true);
  a.learn_from(z);
  EXPECT_EQ(keys_of(deltas_of(a, "?peer=p")), Keys{"snapshots:2"});
}

// A clear is a change itself. If it moved the position over changes without deltas, a peer that
// polls would write one change after the other.
TEST(CatalogDeltas, PollingWithoutNewsWritesNothing) {
  FakeHost a("A");
  body(a, "POST", "/snapshots/add/1", "{}");
  deltas_of(a, "?peer=p");
  clear(a, "?peer=p");
  const std::uint64_t before = a.replica().vector().seq_of(a.replica().own_actor());

  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(deltas_of(a, "?peer=p"), Json::array());
    clear(a, "?peer=p");
  }

  EXPECT_EQ(a.replica().vector().seq_of(a.replica().own_actor()), before);
}

TEST(CatalogDeltas, ACursorGoesOnWhereItsAnswerEnded) {
  FakeHost a("A");
  for (const char* id : {"1", "2", "3"}) body(a, "POST", "/snapshots/add/" + std::string(id), "{}");

  http::Response first = a.call("GET", "/crdt/delta?since=&peer=p&limit=2");
  EXPECT_EQ(keys_of(parsed(first)), (Keys{"snapshots:1", "snapshots:2"}));
  clear(a, "?peer=p");
  http::Response second = a.call("GET", next_of(first));
  EXPECT_EQ(keys_of(parsed(second)), Keys{"snapshots:3"});
  http::Response end = a.call("GET", "/crdt/delta?since=" + header(second, "Cursor"));
  EXPECT_EQ(parsed(end), Json::array());
  EXPECT_EQ(next_of(end), "");

  EXPECT_EQ(deltas_of(a, "?peer=p").size(), 3u) << "a GET with a cursor moves no position";
  FakeHost z("Z");
  z.learn_from(a);
  EXPECT_EQ(deltas_of(z, "?peer=p&since=" + header(end, "Cursor")).size(), 3u)
      << "a cursor of another agent is the beginning";
}

// --- what is no longer in the log

TEST(CatalogDeltas, WhatTheLogHasLostIsGivenAsEntries) {
  FakeHost a("A");
  FakeHost z("Z");
  for (int i = 10; i < 40; ++i) {
    const std::string id = std::to_string(i);
    body(a, "POST", "/snapshots/add/" + id, "{\"n\":" + id + "}");
  }
  body(a, "DELETE", "/snapshots/remove/11");
  body(a, "PUT", "/snapshots/metadata/12", R"({"n":"new"})");
  post(a, add_by("x", 1, "13", "x-tag", 9));
  z.join_from(a);
  z.run();
  body(z, "POST", "/snapshots/add/99", R"({"n":99})");
  FakeHost out("Outside");

  std::string left_out;
  std::size_t pages = 0;
  for (std::size_t given = 1; given > 0 && pages < 40; ++pages) {
    const http::Response response = z.call("GET", "/crdt/delta?peer=p&limit=4");
    const Json deltas = parsed(response);
    if (pages == 0) left_out = header(response, "Left-Out");
    given = deltas.size();
    ASSERT_LE(given, 4u);
    if (given > 0) post(out, deltas);
    clear(z, "?peer=p");
  }

  EXPECT_EQ(left_out, "removals before the log");
  EXPECT_GT(pages, 7u);
  EXPECT_EQ(shown(out), shown(z));
  std::string query = "?peer=p&limit=4&since=";
  FakeHost other("Other");
  for (http::Response page = z.call("GET", "/crdt/delta" + query);;
       page = z.call("GET", next_of(page))) {
    post(other, parsed(page));
    if (next_of(page).empty()) break;
  }
  EXPECT_EQ(shown(other), shown(z));
}

TEST(CatalogDeltas, APeerThatWasAwayWhileTheLogWasPrunedMissesNoEntry) {
  ReplicaOptions small;
  small.store.log_bytes_max = 3'000;
  FakeHost a("A", small);
  body(a, "POST", "/snapshots/add/0", "{}");
  EXPECT_EQ(deltas_of(a, "?peer=p").size(), 1u);
  clear(a, "?peer=p");
  for (int i = 1; i < 200; ++i) body(a, "POST", "/snapshots/add/" + std::to_string(i), "{}");
  ASSERT_GT(a.replica().store().meta().lost_position, 2) << "the log was not pruned";

  std::set<std::string> got;
  for (int page = 0; page < 10; ++page) {
    for (const std::string& key : keys_of(deltas_of(a, "?peer=p&limit=100"))) got.insert(key);
    clear(a, "?peer=p");
  }

  EXPECT_EQ(got.size(), 200u);
  EXPECT_EQ(deltas_of(a, "?peer=p"), Json::array());
}

// --- what is taken

TEST(CatalogDeltas, ARemovalByTagLeavesTheAddsThatItDoesNotName) {
  FakeHost a("A");
  post(a, add_by("x", 1, "s", "t1", 10));
  post(a, add_by("y", 1, "s", "t2", 11));
  const auto removal = [](std::uint64_t number, const Json& data) {
    return delta_by("x", number, "snapshots:s:remove", data, 20);
  };

  EXPECT_EQ(post(a, removal(2, {{"removed", true}, {"tags", {"t1"}}})), kTaken);
  EXPECT_EQ(shown(a), R"([{"id":"s","metadata":{"by":"y","n":1}}])");
  EXPECT_EQ(post(a, removal(2, {{"removed", true}, {"tags", {"t1"}}})), kStale);
  EXPECT_EQ(post(a, removal(3, {{"removed", true}})), kTaken) << "without tags all that is seen";
  EXPECT_EQ(shown(a), "[]");
  EXPECT_EQ(post(a, add_by("y", 1, "s", "t2", 11)), kStale) << "it does not come back";
  EXPECT_EQ(shown(a), "[]");
}

TEST(CatalogDeltas, DeltasOfOneNumberAreAllTakenOnce) {
  FakeHost a("A");
  Json batch = Json::array();
  for (const char* id : {"1", "2", "3"}) batch.push_back(add_by("x", 4, id, id, 10));

  EXPECT_EQ(post(a, batch), R"({"applied":true,"results":[true,true,true]})");
  EXPECT_EQ(post(a, batch), R"({"applied":false,"results":[false,false,false]})");
  batch.push_back(add_by("x", 4, "4", "4", 10));
  EXPECT_EQ(post(a, batch), R"({"applied":true,"results":[false,false,false,true]})");
  EXPECT_EQ(post(a, add_by("x", 5, "5", "5", 10)), kTaken);
  EXPECT_EQ(post(a, add_by("x", 4, "6", "6", 10)), kStale);
}

TEST(CatalogDeltas, WhatOneAgentTookTheOtherKnowsAsStale) {
  FakeHost a("A");
  FakeHost z("Z");
  const Json delta = add_by("x", 1, "s", "t", 10);
  post(a, delta);
  z.learn_from(a);

  EXPECT_EQ(post(z, delta), kStale);
  EXPECT_EQ(post(z, deltas_of(a, "?peer=p")[0]), kStale) << "a change of this mesh";
  z.restart(false);
  EXPECT_EQ(post(z, delta), kStale);
}

// Two agents outside each other's mesh at the same nanosecond: the node id decides, on both.
TEST(CatalogDeltas, EqualTimesAreDecidedAlikeOnBothSides) {
  FakeHost n1("n1");
  FakeHost n2("n2");
  body(n1, "POST", "/snapshots/add/s", R"({"by":1})");
  body(n2, "POST", "/snapshots/add/s", R"({"by":2})");
  const Json from_n1 = deltas_of(n1);
  const Json from_n2 = deltas_of(n2);
  ASSERT_EQ(from_n1[0]["timestamp"], from_n2[0]["timestamp"]) << "the test needs equal times";

  post(n2, from_n1);
  post(n1, from_n2);

  const bool first = from_n1[0]["node_id"] > from_n2[0]["node_id"];
  const std::string winner =
      std::string(R"([{"id":"s","metadata":{"by":)") + (first ? "1" : "2") + "}}]";
  EXPECT_EQ(shown(n1), winner);
  EXPECT_EQ(shown(n2), winner);
}

TEST(CatalogDeltas, IdsMayHoldColonsAndEndInRemove) {
  FakeHost a("A");
  FakeHost out("Outside");
  for (const char* id : {"a%3Ab", "x", "x%3Aremove", "%3Aremove"}) {
    body(a, "POST", "/snapshots/add/" + std::string(id), "{}");
  }
  body(a, "DELETE", "/snapshots/remove/x");
  const Json deltas = deltas_of(a);
  EXPECT_EQ(keys_of(deltas), (Keys{"snapshots:a:b", "snapshots:x", "snapshots:x:remove",
                                   "snapshots:x:remove", "snapshots::remove"}));

  for (const Json& delta : deltas) EXPECT_EQ(post(out, delta), kTaken) << delta;

  EXPECT_EQ(shown(out), shown(a));
  EXPECT_NE(shown(out).find(R"("x:remove")"), std::string::npos);
}

TEST(CatalogDeltas, AMalformedDeltaIsRefusedWithWhatIsWrong) {
  FakeHost a("A");
  const Json good = add_by("x", 1, "s", "t", 10);
  const std::vector<std::pair<std::string, Json>> changes{{"/node_id", nullptr},
                                                          {"/node_id", ""},
                                                          {"/node_id", 1},
                                                          {"/vector_clock", Json::object()},
                                                          {"/vector_clock", "x"},
                                                          {"/vector_clock", {{"x", -1}}},
                                                          {"/vector_clock", {{"x", "1"}}},
                                                          {"/type", "counter"},
                                                          {"/type", "lww"},
                                                          {"/key", "snapshots"},
                                                          {"/key", "snapshots:"},
                                                          {"/key", "things:s"},
                                                          {"/data", 1},
                                                          {"/data/tag", 5},
                                                          {"/data/tag", ""},
                                                          {"/data/metadata", 1},
                                                          {"/data/removed", true},
                                                          {"/timestamp", "now"},
                                                          {"/timestamp", -1},
                                                          {"/timestamp", 1.5},
                                                          {"/more", 1}};
  for (const auto& [where, value] : changes) {
    Json bad = good;
    bad[Json::json_pointer(where)] = value;
    EXPECT_EQ(refusal(a, "POST", "/crdt/delta", bad.dump()), "400 invalid") << bad;
    const Json batch{add_by("x", 1, "first", "t", 10), bad};
    const http::Response refused = a.call("POST", "/crdt/delta", batch.dump());
    EXPECT_EQ(refused.status, 400);
    EXPECT_NE(refused.body.find("delta 1: "), std::string::npos) << refused.body;
  }
  for (const char* text : {"", "{", "[", "1", "\"x\"", "null", "[1]", "[[]]", "{}", "[{}]"}) {
    EXPECT_EQ(refusal(a, "POST", "/crdt/delta", text), "400 invalid") << text;
  }
  EXPECT_EQ(body(a, "POST", "/crdt/delta", "[]"), R"({"applied":false,"results":[]})");
  const Json ahead = add_by("x", 1, "s", "t", 1'900'000'000'000'000'000);
  EXPECT_EQ(refusal(a, "POST", "/crdt/delta", ahead.dump()), "400 invalid");
  EXPECT_EQ(shown(a), "[]") << "nothing of all this was written";
  EXPECT_EQ(post(a, good), kTaken);
}

TEST(CatalogDeltas, WrongParametersAreRefused) {
  FakeHost a("A");
  for (const char* query :
       {"?limit=0", "?limit=10001", "?limit=x", "?peer=", "?peer=@a", "?since=x", "?since=1.2",
        "?since=00000000.x", "?since=00000000.1.2.3", "?since=00000000.1.2.3.things.00"}) {
    EXPECT_EQ(refusal(a, "GET", "/crdt/delta" + std::string(query)), "400 invalid") << query;
  }
  EXPECT_EQ(refusal(a, "POST", "/crdt/delta/clear?peer="), "400 invalid");
  a.refuse_reads_ = 1;
  EXPECT_EQ(refusal(a, "GET", "/crdt/delta"), "503 busy");
  a.refuse_writes_ = 3;
  auto waits = a.send("POST", "/crdt/delta", add_by("x", 1, "s", "t", 10).dump());
  for (int i = 0; i < 10 && !waits->answered(); ++i) a.advance(10);
  EXPECT_EQ(waits->response().body, kTaken) << "a full queue of the store is tried again";
}

}  // namespace
}  // namespace agent
