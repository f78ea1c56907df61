// A catalog outside a mesh of two agents writes, posts its deltas, gets and clears, at random, on
// either agent. In the end all three show the same. The catalog outside is a plain model of what
// the original service promises: a set of tags for each id, and a register for the metadata, which
// is decided by (timestamp, node id).

#include <map>
#include <set>

#include "tests/api/answers.h"

namespace agent {
namespace {

class Outside {
 public:
  void add(const std::string& id, const Json& metadata, std::int64_t now) {
    const std::string tag = "tag" + std::to_string(++number_);
    send("snapshots:" + id, "orset", {{"tag", tag}, {"metadata", metadata}}, now);
  }
  void put(const std::string& id, const Json& metadata, std::int64_t now) {
    ++number_;
    send("snapshot_metadata:" + id, "lww", metadata, now);
  }
  void remove(const std::string& id, std::int64_t now) {
    if (!shows(id)) return;
    ++number_;
    const std::set<std::string> tags = entries_[id].tags;
    send("snapshots:" + id + ":remove", "orset", {{"removed", true}, {"tags", tags}}, now);
  }

  // Sends what waits to this agent, in order.
  void post_to(FakeHost& agent, bool one_by_one) {
    if (waiting_.empty()) return;
    if (one_by_one) {
      for (const Json& delta : waiting_) {
        EXPECT_EQ(body(agent, "POST", "/crdt/delta", delta.dump()), R"({"applied":true})");
        EXPECT_EQ(body(agent, "POST", "/crdt/delta", delta.dump()), R"({"applied":false})");
      }
    } else {
      EXPECT_EQ(json(agent, "POST", "/crdt/delta", Json(waiting_).dump())["applied"], true);
    }
    waiting_.clear();
  }

  // Takes a page; true: it had something.
  bool get_from(FakeHost& agent, std::size_t limit) {
    const Json deltas =
        json(agent, "GET", "/crdt/delta?peer=outside&limit=" + std::to_string(limit));
    EXPECT_LE(deltas.size(), limit);
    for (const Json& delta : deltas) {
      EXPECT_NE(delta["node_id"], "outside") << "its own comes back: " << delta;
      take(delta);
    }
    return !deltas.empty();
  }

  std::string shown(bool with_metadata) const {
    Json rows = Json::array();
    for (const auto& [id, entry] : entries_) {
      if (entry.tags.empty()) continue;
      rows.push_back({{"id", id}});
      if (with_metadata) rows.back()["metadata"] = entry.metadata;
    }
    return rows.dump();
  }

 private:
  struct Entry {
    std::set<std::string> tags;
    std::set<std::string> removed;
    std::pair<std::int64_t, std::string> written{-1, ""};
    Json metadata = Json::object();
  };

  bool shows(const std::string& id) const {
    const auto found = entries_.find(id);
    return found != entries_.end() && !found->second.tags.empty();
  }

  void send(const std::string& key, const std::string& type, const Json& data, std::int64_t now) {
    const Json delta{{"node_id", "outside"}, {"vector_clock", {{"outside", number_}}},
                     {"type", type},         {"key", key},
                     {"data", data},         {"timestamp", now}};
    waiting_.push_back(delta);
    take(delta);
  }

  void take(const Json& delta) {
    const std::string key = delta["key"];
    const Json& data = delta["data"];
    std::string id = key.substr(key.find(':') + 1);
    if (data.contains("removed")) id = id.substr(0, id.size() - std::string(":remove").size());
    Entry& entry = entries_[id];
    if (data.contains("removed")) {
      for (const Json& tag : data["tags"]) {
        entry.removed.insert(tag.get<std::string>());
        entry.tags.erase(tag.get<std::string>());
      }
      return;
    }
    const bool adds = delta["type"] == "orset";
    if (adds) {
      const std::string tag = data["tag"];
      if (!entry.removed.contains(tag)) entry.tags.insert(tag);
    }
    const std::pair written(delta["timestamp"].get<std::int64_t>(),
                            delta["node_id"].get<std::string>());
    if (written <= entry.written) return;
    entry.written = written;
    entry.metadata = adds ? data["metadata"] : data;
  }

  std::map<std::string, Entry> entries_;
  std::vector<Json> waiting_;
  std::uint64_t number_ = 0;
};

class Story {
 public:
  Story(std::uint64_t seed, bool removes)
      : random_(base::Random::from_number(seed)), removes_(removes), a_("A"), z_("Z") {
    z_.pass(3);  // so that no two writers write at the same nanosecond
  }

  void run(int steps) {
    for (int i = 0; i < steps; ++i) step();
    for (int i = 0; i < 2; ++i) {
      exchange();
      outside_.post_to(a_, false);
      while (outside_.get_from(a_, 50)) body(a_, "POST", "/crdt/delta/clear?peer=outside");
    }
    exchange();
  }

  void expect_the_same() {
    EXPECT_EQ(rows(a_), outside_.shown(!removes_));
    EXPECT_EQ(rows(z_), rows(a_));
    EXPECT_EQ(a_.replica().store().meta().digest.hex(), z_.replica().store().meta().digest.hex());
  }
  std::size_t entries() { return Json::parse(rows(a_)).size(); }

 private:
  std::string rows(FakeHost& agent) {
    Json rows = json(agent, "GET", "/catalog/query?type=snapshots");
    for (Json& row : rows) {
      if (removes_) row.erase("metadata");
    }
    return rows.dump();
  }

  void exchange() {
    a_.learn_from(z_);
    z_.learn_from(a_);
  }

  std::string metadata() {
    const std::uint64_t value = random_.below(1'000);
    return value < 500 ? "{\"v\":" + std::to_string(value) + "}"
                       : "{\"v\":" + std::to_string(value) + ",\"w\":1}";
  }

  void step() {
    const bool at_a = random_.below(2) == 0;
    FakeHost& agent = at_a ? a_ : z_;
    a_.pass(10);
    z_.pass(10);
    const std::int64_t now = std::max(a_.now().wall_nanos, z_.now().wall_nanos) + 1'234'567;
    const std::string id = "id" + std::to_string(random_.below(6));
    const std::string text = metadata();
    switch (random_.below(removes_ ? 12 : 10)) {
      case 0:
      case 1:
        body(agent, "POST", "/snapshots/add/" + id, text);
        break;
      case 2:
        body(agent, "PUT", "/snapshots/metadata/" + id, text);
        break;
      case 3:
        outside_.add(id, Json::parse(text), now);
        break;
      case 4:
        outside_.put(id, Json::parse(text), now);
        break;
      case 5:
        // A removal takes what its agent has seen, so the agents exchange first.
        at_a ? a_.learn_from(z_) : z_.learn_from(a_);
        outside_.post_to(agent, random_.below(2) == 0);
        break;
      case 6:
        outside_.get_from(agent, 1 + random_.below(5));
        break;
      case 7:
        body(agent, "POST", "/crdt/delta/clear?peer=outside");
        break;
      case 8:
        at_a ? a_.learn_from(z_) : z_.learn_from(a_);
        break;
      case 9:
        agent.restart(random_.below(2) == 0);
        break;
      case 10:
        body(agent, "DELETE", "/snapshots/remove/" + id);
        break;
      default:
        outside_.remove(id, now);
    }
  }

  base::Random random_;
  bool removes_;
  FakeHost a_;
  FakeHost z_;
  Outside outside_;
};

TEST(CatalogDeltasLaw, WithoutRemovalsAllShowTheSameEntriesAndMetadata) {
  std::size_t entries = 0;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Story story(seed, false);
    story.run(80);
    story.expect_the_same();
    entries += story.entries();
    if (testing::Test::HasFailure()) return;
  }
  EXPECT_GT(entries, 20u);
}

TEST(CatalogDeltasLaw, WithRemovalsAllShowTheSameEntries) {
  std::size_t entries = 0;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Story story(seed, true);
    story.run(120);
    story.expect_the_same();
    entries += story.entries();
    if (testing::Test::HasFailure()) return;
  }
  EXPECT_GT(entries, 20u);
}

}  // namespace
}  // namespace agent
