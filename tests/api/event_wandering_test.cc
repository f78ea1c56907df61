// A client that follows the stream goes from one agent to another with its last id, in the middle
// of writes on both, restarts, pruned logs and state joins. In the end it shows what both show.

#include <map>

#include "gossip/reconcile/peer_positions.h"
#include "tests/api/answers.h"
#include "tests/api/event_blocks.h"

namespace agent {
namespace {

using Shown = std::map<std::string, std::string>;

// What clients read when a stream tells them to.
Shown read_all(FakeHost& host) {
  Shown shown;
  for (const Json& one : json(host, "GET", "/catalog/query?type=snapshots")) {
    shown[one["id"]] = one["metadata"].dump();
  }
  return shown;
}

class Wanderer {
 public:
  void go_to(FakeHost& host) {
    leave();
    http::Headers headers;
    if (!last_id_.empty()) headers.emplace_back("last-event-id", last_id_);
    host_ = &host;
    stream_ = host.send("GET", "/v1/events", "", headers);
    read_ = 0;
  }
  void leave() {
    if (!stream_) return;
    gather();
    stream_->leave();
    stream_.reset();
  }
  void gather() {
    if (!stream_) return;
    const std::vector<Heard> all = heard(*stream_);
    for (; read_ < all.size(); ++read_) {
      const Heard& one = all[read_];
      const bool first = last_id_.empty();
      if (!one.id.empty()) last_id_ = one.id;
      resets_ += one.event == "reset" ? 1 : 0;
      if (first || one.event == "reset") shown_ = read_all(*host_);
      if (one.event != "change") continue;
      ++changes_;
      const std::string id = one.data["path"][0];
      shown_.erase(id);
      if (one.data["op"] == "put") shown_[id] = one.data["value"].dump();
    }
  }
  const Shown& shown() const { return shown_; }
  int resets() const { return resets_; }
  int changes() const { return changes_; }

 private:
  FakeHost* host_ = nullptr;
  std::shared_ptr<FakeExchange> stream_;
  std::size_t read_ = 0;
  std::string last_id_;
  Shown shown_;
  int resets_ = 0;
  int changes_ = 0;
};

class Journey {
 public:
  explicit Journey(std::uint64_t seed, bool faults)
      : random_(base::Random::from_number(seed)), faults_(faults) {
    knows(a_, z_);
    knows(z_, a_);
  }

  void run() {
    for (int i = 0; i < 400; ++i) step();
    for (int i = 0; i < 3; ++i) {
      a_.learn_from(z_);
      z_.learn_from(a_);
    }
    compare();
    for (Wanderer& one : wanderers_) {
      one.go_to(either());
      a_.run();
      z_.run();
      one.gather();
    }
  }
  void check() {
    ASSERT_EQ(read_all(a_), read_all(z_));
    for (const Wanderer& one : wanderers_) ASSERT_EQ(one.shown(), read_all(a_));
  }
  int resets() const { return sum(&Wanderer::resets); }
  int changes() const { return sum(&Wanderer::changes); }
  int known() const { return known_; }

 private:
  FakeHost& either() { return random_.below(2) == 0 ? a_ : z_; }
  FakeHost& other(FakeHost& host) { return &host == &a_ ? z_ : a_; }
  int sum(int (Wanderer::*what)() const) const {
    int all = 0;
    for (const Wanderer& one : wanderers_) all += (one.*what)();
    return all;
  }

  // What the two nodes know of each other: whenever their vectors are equal.
  void knows(FakeHost& host, FakeHost& peer) {
    gossip::PeerPositions& positions = host_positions(host);
    host.set_position_here(
        [this, &positions, node = peer.facts().node_id](
            const std::string& id, std::int64_t theirs) -> std::optional<std::int64_t> {
          const auto ours = positions.ours(id, static_cast<std::uint64_t>(theirs));
          if (!ours) return std::nullopt;
          ++known_;
          return static_cast<std::int64_t>(*ours);
        });
  }
  gossip::PeerPositions& host_positions(FakeHost& host) { return &host == &a_ ? of_z_ : of_a_; }
  void compare() {
    if (a_.replica().vector() != z_.replica().vector()) return;
    of_z_.same(z_.facts().node_id, z_.replica().position(), a_.replica().position());
    of_a_.same(a_.facts().node_id, a_.replica().position(), z_.replica().position());
  }

  void write(FakeHost& host) {
    const std::string id = "e" + std::to_string(random_.below(12));
    const std::string value = "{\"n\":" + std::to_string(++written_) + "}";
    random_.below(4) == 0 ? body(host, "DELETE", "/snapshots/remove/" + id)
                          : body(host, "POST", "/snapshots/add/" + id, value);
  }
  void step() {
    Wanderer& one = random_.pick(wanderers_);
    FakeHost& host = either();
    switch (random_.below(14)) {
      case 0:
      case 1:
        return one.go_to(host);
      case 2:
        return one.leave();
      case 3:
        return one.gather();
      case 4:
        host.learn_from(other(host));
        return compare();
      case 5:
        if (!faults_ || random_.below(4) != 0) return;
        host.join_from(other(host));
        return compare();
      case 6:
      case 7:
        host.run_by_chance(random_);
        return;
      default:
        return write(host);
    }
  }

  static ReplicaOptions tight(bool faults) {
    ReplicaOptions options;
    if (faults) options.store.log_bytes_max = 6'000;
    options.join.events_max = 3;
    return options;
  }

  base::Random random_;
  bool faults_;
  FakeHost a_{"A", tight(faults_)};
  FakeHost z_{"Z", tight(faults_)};
  gossip::PeerPositions of_a_;  // as the node of Z knows them
  gossip::PeerPositions of_z_;
  std::vector<Wanderer> wanderers_{3};
  int written_ = 0;
  int known_ = 0;
};

TEST(EventWandering, ShowsInTheEndWhatBothAgentsShow) {
  int resets = 0;
  int known = 0;
  for (std::uint64_t seed = 1; seed <= 16; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Journey journey(seed, true);
    journey.run();
    journey.check();
    if (testing::Test::HasFailure()) return;
    resets += journey.resets();
    known += journey.known();
  }
  EXPECT_GT(resets, 20);
  EXPECT_GT(known, 200);
}

// Without pruned logs and joins no client has to read everything again.
TEST(EventWandering, WithoutLossesThereIsNoReset) {
  for (std::uint64_t seed = 101; seed <= 108; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Journey journey(seed, false);
    journey.run();
    journey.check();
    if (testing::Test::HasFailure()) return;
    EXPECT_EQ(journey.resets(), 0);
  }
}

TEST(EventWandering, AClientGetsOnlyWhatIsNew) {
  FakeHost a("A");
  FakeHost z("Z");
  for (int i = 0; i < 20; ++i) body(a, "POST", "/snapshots/add/old" + std::to_string(i), "{}");
  z.learn_from(a);
  const auto alike = static_cast<std::int64_t>(z.replica().position());
  z.set_position_here([&](const std::string& node, std::int64_t theirs) {
    EXPECT_EQ(node, a.facts().node_id.short_hex());
    EXPECT_EQ(static_cast<std::uint64_t>(theirs), a.replica().position());
    return std::optional(alike);
  });
  auto before = open(a);
  a.run();
  const std::string last_id = heard(*before).back().id;
  body(z, "POST", "/snapshots/add/new", "{}");

  auto after = open(z, last_id);
  z.run();

  EXPECT_EQ(ids(*after), (std::vector<std::string>{"new"}));
  EXPECT_EQ(resets(*after), 0u);
  EXPECT_TRUE(heard(*after).back().id.starts_with(z.facts().node_id.short_hex()));
}

}  // namespace
}  // namespace agent
