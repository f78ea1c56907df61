#include "agent/api/limits.h"
#include "tests/api/answers.h"

namespace agent {
namespace {

TEST(Objects, WhatIsNotThereYetIsToldWhileTheAgentIsSyncing) {
  FakeHost a("A");
  EXPECT_EQ(a.call("GET", "/v1/objects/note").body.find("yet"), std::string::npos);
  a.health_ = Health::kSyncing;

  const http::Response missing = a.call("GET", "/v1/objects/note");

  EXPECT_EQ(missing.status, 404);
  EXPECT_NE(missing.body.find("still fetching data from its peers"), std::string::npos);
}

TEST(Objects, AKeyMayBeEmpty) {
  FakeHost a("A");
  body(a, "PATCH", "/v1/objects/o", R"({"ops":[{"op":"set","path":[""],"value":1}]})");
  body(a, "PATCH", "/v1/objects/o/a/", R"({"ops":[{"op":"set","value":2}]})");

  EXPECT_EQ(json(a, "GET", "/v1/objects/o/")["value"], 1);
  EXPECT_EQ(json(a, "GET", "/v1/objects/o")["value"].dump(), R"({"":1,"a":{"":2}})");
}

// "<actor>:<seq>:<i>" of the agent's own actor.
std::string own_dot(FakeHost& host, std::uint64_t seq, int index) {
  return host.replica().own_actor().hex() + ":" + std::to_string(seq) + ":" + std::to_string(index);
}

TEST(Objects, AreReadAtEveryDepth) {
  FakeHost a("A");
  body(a, "POST", "/snapshots/add/s1", R"({"size":1.50,"o":{"k":[]}})");
  body(a, "POST", "/snapshots/add/s2", "{}");
  std::string actor = a.replica().own_actor().hex();

  EXPECT_EQ(body(a, "GET", "/v1/objects/snapshots"),
            R"({"id":"snapshots","path":[],"type":"crdt_map",)"
            R"("value":{"s1":{"o":{"k":[]},"size":1.50},"s2":{}},"vector":{")" +
                actor + R"(":2}})");
  EXPECT_EQ(body(a, "GET", "/v1/objects/snapshots/s1"),
            R"({"id":"snapshots","path":["s1"],"type":"crdt_map",)"
            R"("value":{"o":{"k":[]},"size":1.50},"vector":{")" +
                actor + R"(":1}})");
  EXPECT_EQ(body(a, "GET", "/v1/objects/snapshots/s1/size"),
            R"({"id":"snapshots","path":["s1","size"],"type":"lww_register",)"
            R"("value":1.50,"vector":{")" +
                actor + R"(":1}})");
}

TEST(Objects, WhatIsAbsentIsNotFound) {
  FakeHost a("A");

  EXPECT_EQ(refusal(a, "GET", "/v1/objects/snapshots"), "404 not_found");
  body(a, "POST", "/snapshots/add/s", R"({"o":{"k":1}})");
  for (const char* target : {"images", "images/s", "snapshots/x", "snapshots/s/x",
                             "snapshots/s/o/k", "hits", "hits/x", "snapshots/s/o/"}) {
    EXPECT_EQ(refusal(a, "GET", "/v1/objects/" + std::string(target)), "404 not_found") << target;
  }
  body(a, "DELETE", "/snapshots/remove/s");
  EXPECT_EQ(refusal(a, "GET", "/v1/objects/snapshots/s"), "404 not_found");
  EXPECT_EQ(refusal(a, "GET", "/v1/objects/snapshots"), "404 not_found");
}

TEST(Objects, IdsAreChecked) {
  FakeHost a("A");
  std::string long_id(513, 'x');

  for (const std::string& path : {std::string(""), long_id, "snapshots/" + long_id,
                                  std::string("snapshots/"), std::string("snapshots/%00")}) {
    EXPECT_EQ(refusal(a, "GET", "/v1/objects/" + path), "400 invalid") << path;
    EXPECT_EQ(refusal(a, "DELETE", "/v1/objects/" + path), "400 invalid") << path;
  }
}

TEST(Objects, SegmentsAreNotNormalised) {
  FakeHost a("A");
  body(a, "PUT", "/v1/objects/snapshots/..", R"({"type":"crdt_map","value":{".":1,"a/b":2}})");

  EXPECT_EQ(json(a, "GET", "/v1/objects/snapshots/../.")["value"], 1);
  EXPECT_EQ(json(a, "GET", "/v1/objects/snapshots/../a%2Fb")["value"], 2);
}

TEST(Objects, AreListedInPages) {
  FakeHost a("A");
  EXPECT_EQ(body(a, "GET", "/v1/objects"), R"({"objects":[],"next":null})");
  body(a, "POST", "/snapshots/add/s", R"({"a":1,"b":2})");
  body(a, "POST", "/images/add/i", "{}");

  EXPECT_EQ(body(a, "GET", "/v1/objects"),
            R"({"objects":[{"id":"images","type":"crdt_map","cells":2},)"
            R"({"id":"snapshots","type":"crdt_map","cells":4}],"next":null})");
  EXPECT_EQ(json(a, "GET", "/v1/objects?limit=1")["next"], "images");
  EXPECT_EQ(json(a, "GET", "/v1/objects?limit=1&after=images")["objects"][0]["id"], "snapshots");
  EXPECT_EQ(refusal(a, "GET", "/v1/objects?limit=0"), "400 invalid");
}

// A cell of another type under a name, as a peer may write it.
void store_cell(FakeHost& host, const std::string& name, crdt::SlotType type) {
  store::Store& store = host.replica().store();
  const crdt::Slot slot{name, {}, type};
  crdt::Cell cell;
  cell.dot = {host.replica().own_actor(), 1'000 + static_cast<std::uint64_t>(type), 0};
  ASSERT_TRUE(store.begin().ok());
  auto row = store.cells().load_slot(slot);
  ASSERT_TRUE(row.ok());
  row->cells = {cell};
  ASSERT_TRUE(store.cells().save(*row).ok());
  ASSERT_TRUE(store.cells().account(slot, 1, {}, crdt::cell_element(slot, cell)).ok());
  ASSERT_TRUE(store.commit(store::Durability::kNormal).ok());
}

std::string listed(FakeHost& host, std::size_t limit) {
  std::string all;
  std::string path = "/v1/objects?limit=" + std::to_string(limit);
  for (std::string target = path; !target.empty();) {
    Json answer = json(host, "GET", target);
    EXPECT_LE(answer["objects"].size(), limit);
    for (const Json& object : answer["objects"]) {
      all += object["id"].get<std::string>() + " " + object["type"].get<std::string>() + "\n";
    }
    target = answer["next"].is_null()
                 ? ""
                 : path + "&after=" + http::percent_encode(answer["next"].get<std::string>());
  }
  return all;
}

TEST(Objects, TypesOfOneNameAreAllListedWhereverAPageEnds) {
  FakeHost a("A");
  body(a, "POST", "/snapshots/add/s", "{}");
  body(a, "POST", "/images/add/i", "{}");
  for (const char* name : {"images", "snapshots"}) {
    store_cell(a, name, crdt::SlotType::kPnCounter);
    store_cell(a, name, crdt::SlotType::kSeq);
  }
  const std::string odd = "\x01seq\x01images";  // reads like the `next` of another object
  store_cell(a, odd, crdt::SlotType::kSeq);
  store_cell(a, "j", crdt::SlotType::kSeq);

  const std::string all = listed(a, 100);
  EXPECT_EQ(std::count(all.begin(), all.end(), '\n'), 8) << all;
  for (std::size_t limit = 1; limit <= 8; ++limit) EXPECT_EQ(listed(a, limit), all) << limit;
  EXPECT_EQ(json(a, "GET", "/v1/objects?limit=1&after=images")["objects"][0]["id"], "j")
      << "a plain name stands for all its types";
}

TEST(Objects, PutOfAnEntryIsAnAdd) {
  FakeHost a("A");

  Json answer = json(a, "PUT", "/v1/objects/snapshots/s?return=value",
                     R"({"type":"crdt_map","value":{"b":1,"a":2}})");

  EXPECT_EQ(answer["id"], "snapshots");
  EXPECT_EQ(answer["path"], Json::array({"s"}));
  EXPECT_EQ(answer["type"], "crdt_map");
  EXPECT_EQ(answer["value"].dump(), R"({"a":2,"b":1})");
  EXPECT_EQ(answer["dot"], own_dot(a, 1, 0));
  EXPECT_EQ(body(a, "GET", "/catalog/query?type=snapshots"),
            R"([{"id":"s","metadata":{"a":2,"b":1}}])");
}

TEST(Objects, PutOfAFieldSetsIt) {
  FakeHost a("A");
  body(a, "POST", "/snapshots/add/s", R"({"keep":1})");

  Json answer =
      json(a, "PUT", "/v1/objects/snapshots/s/new", R"({"type":"lww_register","value":[1.0]})");

  EXPECT_EQ(answer["type"], "lww_register");
  EXPECT_EQ(answer["dot"], own_dot(a, 2, 0));
  EXPECT_EQ(body(a, "GET", "/catalog/query?type=snapshots"),
            R"([{"id":"s","metadata":{"keep":1,"new":[1.0]}}])");
}

TEST(Objects, PutOfTheObjectReplacesEveryEntryAsOneChange) {
  FakeHost a("A");
  body(a, "POST", "/snapshots/add/old", "{}");
  body(a, "POST", "/snapshots/add/stays", R"({"x":1})");

  Json answer = json(a, "PUT", "/v1/objects/snapshots?return=value",
                     R"({"type":"crdt_map","value":{"stays":{"y":2},"new":{}}})");

  EXPECT_EQ(answer["value"].dump(), R"({"new":{},"stays":{"y":2}})");
  EXPECT_EQ(answer["dot"], own_dot(a, 3, 1));
  EXPECT_EQ(a.replica().vector().seq_of(a.replica().own_actor()), 3u);
}

TEST(Objects, PutOfAnAbsentEntrysFieldIsAnsweredAndNotShown) {
  FakeHost a("A");

  Json answer = json(a, "PUT", "/v1/objects/snapshots/s/f", R"({"type":"lww_register","value":1})");

  EXPECT_FALSE(answer.contains("value"));
  EXPECT_EQ(answer["dot"], own_dot(a, 1, 0));
  EXPECT_EQ(refusal(a, "GET", "/v1/objects/snapshots/s"), "404 not_found");
}

TEST(Objects, BadPutsAreRefused) {
  FakeHost a("A");
  auto put = [&](const std::string& path, const std::string& sent) {
    return refusal(a, "PUT", "/v1/objects/" + path, sent);
  };

  EXPECT_EQ(put("snapshots/s", ""), "400 invalid");
  EXPECT_EQ(put("snapshots/s", R"({"value":{}})"), "400 invalid");
  EXPECT_EQ(put("snapshots/s", R"({"type":"crdt_map"})"), "400 invalid");
  EXPECT_EQ(put("snapshots/s", R"({"type":7,"value":{}})"), "400 invalid");
  EXPECT_EQ(put("snapshots/s", R"({"type":"crdt_map","value":1})"), "400 invalid");
  EXPECT_EQ(put("snapshots", R"({"type":"crdt_map","value":1})"), "400 invalid");
  EXPECT_EQ(put("snapshots", R"({"type":"crdt_map","value":{"s":1}})"), "400 invalid");
  EXPECT_EQ(put("snapshots", R"({"type":"crdt_map","value":{"":{}}})"), "400 invalid");
  EXPECT_EQ(put("snapshots/s", R"({"type":"gcounter","value":1})"), "422 unprocessable");
  EXPECT_EQ(put("snapshots/s", R"({"type":"dance","value":1})"), "422 unprocessable");
  EXPECT_EQ(put("snapshots/s", R"({"type":"lww_register","value":1})"), "422 unprocessable");
  EXPECT_EQ(put("snapshots/s/f", R"({"type":"crdt_map","value":{}})"), "422 unprocessable");
  EXPECT_EQ(put("snapshots/s/f/g", R"({"type":"lww_register","value":1})"), "422 unprocessable");
  std::string large(1 << 20, 'x');
  EXPECT_EQ(put("snapshots/s/f", R"({"type":"lww_register","value":")" + large + "\"}"),
            "413 too_large");
  EXPECT_TRUE(a.replica().vector().empty());
}

TEST(Objects, DeleteRemovesWhatWasSeenThere) {
  FakeHost a("A");
  body(a, "PUT", "/v1/objects/snapshots",
       R"({"type":"crdt_map","value":{"s":{"a":1,"b":2},"t":{}}})");

  Json field = json(a, "DELETE", "/v1/objects/snapshots/s/a");
  EXPECT_EQ(field["dot"], own_dot(a, 2, 0));
  EXPECT_FALSE(field.contains("value"));
  EXPECT_EQ(json(a, "GET", "/v1/objects/snapshots")["value"].dump(), R"({"s":{"b":2},"t":{}})");
  json(a, "DELETE", "/v1/objects/snapshots/s");
  EXPECT_EQ(json(a, "GET", "/v1/objects/snapshots")["value"].dump(), R"({"t":{}})");
  json(a, "DELETE", "/v1/objects/snapshots");
  EXPECT_EQ(refusal(a, "GET", "/v1/objects/snapshots"), "404 not_found");
  EXPECT_EQ(json(a, "DELETE", "/v1/objects/snapshots/s")["dot"], nullptr);
  EXPECT_EQ(refusal(a, "DELETE", "/v1/objects/snapshots/s/a/b"), "422 unprocessable");
}

TEST(Objects, PatchOfSeveralEntriesIsOneChange) {
  FakeHost a("A");
  body(a, "POST", "/snapshots/add/gone", R"({"x":1})");
  body(a, "POST", "/snapshots/add/kept", R"({"x":1,"y":2})");

  Json answer = json(a, "PATCH", "/v1/objects/snapshots?return=value", R"({"type":"crdt_map","ops":[
      {"op":"unset","path":["gone"]},{"op":"set","path":["kept","x"],"value":9},
      {"op":"unset","path":["kept","y"]},{"op":"set","path":["new"],"value":{"n":1}}]})");

  EXPECT_EQ(answer["value"].dump(), R"({"kept":{"x":9},"new":{"n":1}})");
  EXPECT_EQ(answer["dot"], own_dot(a, 3, 1));
  EXPECT_EQ(a.replica().vector().seq_of(a.replica().own_actor()), 3u);
}

TEST(Objects, ALargePatchIsOneChangeToo) {
  FakeHost a("A");
  std::string sent = R"({"ops":[)";
  for (int i = 0; i < 20; ++i) {
    sent += R"({"op":"set","path":["s)" + std::to_string(i) + R"("],"value":{"v":")" +
            std::string(100'000, 'x') + R"("}},)";
  }
  sent.back() = ']';
  sent += "}";
  ASSERT_GT(sent.size(), kLoopBodyMax);

  Json answer = json(a, "PATCH", "/v1/objects/snapshots", sent);
  EXPECT_EQ(answer["dot"], own_dot(a, 1, 0));
  EXPECT_EQ(json(a, "GET", "/catalog/query?type=snapshots").size(), 20u);
  EXPECT_EQ(refusal(a, "PATCH", "/v1/objects/snapshots", sent + "x"), "400 invalid");
  a.refuse_reads_ = 1;
  EXPECT_EQ(refusal(a, "PATCH", "/v1/objects/snapshots", sent), "503 busy");
  EXPECT_EQ(refusal(a, "PATCH", "/v1/objects/snapshots", std::string((16u << 20) + 1, ' ')),
            "413 too_large");
}

TEST(Objects, PatchIsAllOrNothing) {
  FakeHost a("A");
  body(a, "POST", "/snapshots/add/s", R"({"x":1})");

  EXPECT_EQ(refusal(a, "PATCH", "/v1/objects/snapshots/s",
                    R"({"ops":[{"op":"set","path":["x"],"value":2},{"op":"increment","by":1}]})"),
            "422 unprocessable");

  EXPECT_EQ(json(a, "GET", "/v1/objects/snapshots/s/x")["value"], 1);
}

TEST(Objects, APatchWithNothingToDoHasNoDot) {
  FakeHost a("A");

  EXPECT_EQ(json(a, "PATCH", "/v1/objects/snapshots", R"({"ops":[]})")["dot"], nullptr);
  EXPECT_EQ(json(a, "PATCH", "/v1/objects/snapshots/s",
                 R"({"ops":[{"op":"unset","path":["f"]}]})")["dot"],
            nullptr);
  EXPECT_TRUE(a.replica().vector().empty());
}

TEST(Objects, RemovedAndSetAgainInOnePatchTheFieldWaitsForAnAdd) {
  FakeHost a("A");
  body(a, "POST", "/snapshots/add/s", R"({"x":1,"y":2})");

  json(a, "PATCH", "/v1/objects/snapshots", R"({"ops":[{"op":"unset","path":["s"]},
      {"op":"set","path":["s","x"],"value":3}]})");

  EXPECT_EQ(refusal(a, "GET", "/v1/objects/snapshots/s"), "404 not_found");
  EXPECT_EQ(json(a, "GET", "/v1/status")["cells"], 1);
}

TEST(Objects, AWriteWhoseValueCannotBeReadYetIsStillAnswered) {
  FakeHost a("A");
  auto exchange = a.send("PUT", "/v1/objects/snapshots/s?return=value",
                         R"({"type":"crdt_map","value":{"a":1}})");
  a.refuse_reads_ = 2;

  for (int i = 0; i < 3; ++i) a.advance(10);

  ASSERT_TRUE(exchange->answered());
  EXPECT_EQ(parsed(exchange->response())["value"].dump(), R"({"a":1})");
}

TEST(Objects, AValueOverEightMebibytesIsReadByPath) {
  FakeHost a("A");
  std::string large = R"({"blob":")" + std::string(1'000'000, 'x') + "\"}";
  for (int i = 0; i < 9; ++i) body(a, "POST", "/snapshots/add/s" + std::to_string(i), large);

  EXPECT_EQ(refusal(a, "GET", "/v1/objects/snapshots"), "413 too_large");
  EXPECT_EQ(json(a, "GET", "/v1/objects/snapshots/s8")["value"].dump(), large);
  EXPECT_EQ(json(a, "PATCH", "/v1/objects/snapshots?return=value",
                 R"({"ops":[{"op":"unset","path":["s0","no"]}]})")["value"],
            nullptr);
}

TEST(Objects, TheDotsOfInspectHaveRoomToo) {
  FakeHost a("A");
  body(a, "POST", "/snapshots/add/s", "{}");

  EXPECT_EQ(a.send("GET", "/v1/objects/snapshots")->room(), kAnswerBytesMax);
  EXPECT_EQ(a.send("GET", "/v1/objects/snapshots?inspect=1")->room(), 2 * kAnswerBytesMax);
  EXPECT_EQ(a.send("GET", "/v1/objects/snapshots/s?inspect=1")->room(), 2 * kSmallAnswerBytes);
  a.run();
}

}  // namespace
}  // namespace agent
