// What a faulty or hostile member wrote is refused where it arrives (crdt/content.h). If it lies in
// the database all the same, every answer is JSON, and the objects can be written and removed.

#include "tests/api/answers.h"
#include "tests/api/event_blocks.h"
#include "tests/crdt/no_json.h"

namespace agent {
namespace {

using crdt::EffectKind;
using crdt::SlotType;

struct Garbage : ::testing::Test {
  // The next change of a member that is no agent of ours.
  void send(std::vector<crdt::Effect> effects) {
    crdt::Change change;
    change.actor.bytes.fill(9);
    change.seq = ++seq;
    change.prev = head;
    change.time = {host.now().wall_nanos, 0};
    change.effects = std::move(effects);
    for (crdt::Effect& effect : change.effects) {
      // Above what is there, so that it is shown.
      if (effect.body)
        effect.stamp.time = {host.now().wall_nanos + 1'000'000, static_cast<std::uint32_t>(seq)};
    }
    const auto sealed = crdt::seal(change);
    ASSERT_TRUE(sealed.ok());
    head = sealed->hash;
    host.take(*sealed);
    ASSERT_EQ(host.replica().vector().seq_of(change.actor), seq);
  }
  static crdt::Effect put(std::string object, crdt::Path path, SlotType type, std::string body,
                          EffectKind kind = EffectKind::kPut) {
    return {kind, {std::move(object), std::move(path), type}, {}, {}, std::move(body), {}};
  }
  // Everywhere where a value can be.
  static std::vector<crdt::Effect> everywhere(const std::string& body, EffectKind kind) {
    return {put("flag", {}, SlotType::kLwwRegister, body, kind),
            put("many", {}, SlotType::kMvRegister, body, kind),
            put("tags", {"bad"}, SlotType::kOrSet, body, kind),
            put("doc", {"k"}, SlotType::kLwwRegister, body, kind),
            put("doc", {"m"}, SlotType::kMvRegister, body, kind),
            put("doc", {"s", "bad"}, SlotType::kOrSet, body, kind),
            put("doc", {"n"}, SlotType::kPnCounter, body, kind),
            put("snapshots", {"x", "size"}, SlotType::kLwwRegister, body, kind),
            put("snapshots", {"x", "new"}, SlotType::kLwwRegister, body, kind)};
  }
  void write_all() {
    json(host, "POST", "/snapshots/add/x", R"({"size":1})");
    for (const auto& [place, type, value] :
         {std::array{"flag", "lww_register", "1"}, std::array{"many", "mv_register", "1"},
          std::array{"tags", "orset", "[1]"}, std::array{"doc", "crdt_map", R"({"k":1})"}}) {
      json(host, "PUT", std::string("/v1/objects/") + place,
           std::string(R"({"type":")") + type + R"(","value":)" + value + "}");
    }
  }
  void expect_answers_in_json(const std::string& why) {
    for (const char* target :
         {"/v1/objects", "/v1/objects/flag", "/v1/objects/many", "/v1/objects/tags",
          "/v1/objects/doc", "/v1/objects/doc/k", "/v1/objects/doc/m", "/v1/objects/doc/s",
          "/v1/objects/flag?inspect=1", "/v1/objects/many?inspect=1", "/v1/objects/tags?inspect=1",
          "/v1/objects/doc?inspect=1", "/v1/objects/doc/s?inspect=1", "/v1/conflicts",
          "/v1/objects/snapshots/x?inspect=1", "/v1/objects/snapshots/x",
          "/catalog/query?type=snapshots", "/catalog/query?type=snapshots&q=size%3E0"}) {
      const http::Response response = host.call("GET", target);
      EXPECT_TRUE(response.status == 200 || response.status == 404)
          << target << " " << response.status << " " << why;
      EXPECT_FALSE(Json::parse(response.body, nullptr, false).is_discarded())
          << target << " " << why << ": " << response.body.substr(0, 300);
    }
  }

  FakeHost host{"A"};
  std::uint64_t seq = 0;
  crdt::HeadHash head = 0;
};

TEST_F(Garbage, OfAMemberLeavesEveryAnswerJson) {
  auto stream = open(host);
  host.run();
  for (const std::string& bad : crdt::samples::no_json()) {
    for (const auto kind : {EffectKind::kPut, EffectKind::kCount, static_cast<EffectKind>(77)}) {
      write_all();
      send(everywhere(bad, kind));
      expect_answers_in_json(bad.substr(0, 60) + " of kind " + std::to_string(int(kind)));
    }
  }
  EXPECT_GT(changes(*stream).size(), crdt::samples::no_json().size());  // it parses each
  write_all();
  EXPECT_EQ(json(host, "GET", "/v1/objects/flag")["value"].dump(), "1");
  EXPECT_EQ(json(host, "GET", "/v1/objects/many")["value"].dump(), "[1]");
  EXPECT_EQ(json(host, "GET", "/v1/objects/tags")["value"].dump(), "[1]");
  EXPECT_EQ(json(host, "GET", "/v1/objects/doc")["value"].dump(), R"({"k":1})");
  EXPECT_EQ(json(host, "GET", "/v1/objects/snapshots/x")["value"].dump(), R"({"size":1})");
}

// The removal of an element is told by the canonical form in its path.
TEST_F(Garbage, InAPathLeavesEveryAnswerJson) {
  auto stream = open(host);
  host.run();
  write_all();
  for (const std::string& bad : {std::string("\xFF\xFE"), std::string("no json"),
                                 std::string("\"\xC3"), std::string("\0\x01", 2)}) {
    send({put(bad, {}, SlotType::kLwwRegister, "1"),
          put("doc", {bad}, SlotType::kLwwRegister, "1"),
          put("tags", {bad}, SlotType::kOrSet, "1"),
          put("doc", {bad, bad}, SlotType::kOrSet, ""),
          put("snapshots", {bad}, SlotType::kMap, ""),
          put("snapshots", {"x", bad}, SlotType::kLwwRegister, "3"),
          {EffectKind::kRemove, {"tags", {bad}, SlotType::kOrSet}, {}, {}, {}, {}}});
    expect_answers_in_json(bad);
  }
  EXPECT_FALSE(changes(*stream).empty());
}

// The body of a cell of a kind that only a later version knows is shown by ?inspect=1 alone.
TEST_F(Garbage, WhatALaterVersionWritesIsNotShownAsAValue) {
  write_all();
  send(everywhere("\"later\"", static_cast<EffectKind>(77)));

  EXPECT_EQ(host.call("GET", "/v1/objects/flag").status, 404);
  EXPECT_EQ(json(host, "GET", "/v1/objects/tags")["value"].dump(), "[1]");
  EXPECT_EQ(json(host, "GET", "/v1/objects/doc")["value"].dump(), R"({"n":0,"s":[]})");
}

}  // namespace
}  // namespace agent
