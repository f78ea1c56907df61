// A client that begins with the values and applies what follows shows what the agent shows: over
// writes, slow reading, cuts inside a batch, reconnects, restarts, pruning and state joins, with
// several filters. Between two resets of one connection nothing goes back.

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "agent/feed/feed.h"
#include "agent/feed/limits.h"
#include "tests/api/answers.h"

namespace agent {
namespace {

// What is shown at a place: one value, or the elements of a set.
using State = std::map<std::pair<std::string, std::string>, std::set<std::string>>;

std::set<std::string> as_shown(bool set, const Json& value) {
  if (!set) return {value.dump()};
  std::set<std::string> elements;
  for (const Json& one : value) elements.insert(one.dump());
  return elements;
}

// The state as the routes for reading give it.
State state_of(FakeHost& host, const std::function<bool(const std::string&)>& wanted) {
  State state;
  for (const char* name : {"images", "snapshots"}) {
    if (!wanted(name)) continue;
    const Json entries = json(host, "GET", "/catalog/query?type=" + std::string(name));
    for (const Json& one : entries) {
      state[{name, one["id"].get<std::string>()}] = {one["metadata"].dump()};
    }
  }
  const Json listing = json(host, "GET", "/v1/objects");
  for (const Json& object : listing["objects"]) {
    const std::string name = object["id"];
    if (!wanted(name) || name == "images" || name == "snapshots") continue;
    const Json shown = json(host, "GET", "/v1/objects/" + name);
    state[{name, ""}] = as_shown(shown["type"] == "orset", shown["value"]);
  }
  return state;
}

// The client's side of one mirror. It outlives its connections.
struct Client {
  std::vector<std::string> objects;
  std::vector<std::string> prefixes;
  std::string cursor;  // empty: begin with the values
  State state;
  std::map<std::string, long> numbers;  // of registers, whose writer counts up
  int resets = 0;

  bool wants(const std::string& name) const {
    bool wanted = objects.empty() && prefixes.empty();
    for (const std::string& one : objects) wanted = wanted || one == name;
    for (const std::string& one : prefixes) wanted = wanted || name.rfind(one, 0) == 0;
    return wanted;
  }
  void forget() {
    state.clear();
    numbers.clear();
    cursor.clear();
  }
  void take(const Value& value) {
    ASSERT_TRUE(wants(value.object)) << value.object;
    const Json shown = Json::parse(value.value);
    state[{value.object, value.path.empty() ? "" : value.path[0]}] =
        as_shown(value.type == crdt::SlotType::kOrSet, shown);
    if (value.object[0] == 'r') numbers[value.object] = shown.get<long>();
  }
  void take(const Event& event) {
    ASSERT_TRUE(wants(event.object)) << event.object;
    const bool entry = event.object == "images" || event.object == "snapshots";
    auto& shown = state[{event.object, entry ? event.path.at(0) : ""}];
    const std::string value = Json::parse(event.value).dump();
    const bool element = event.type == crdt::SlotType::kOrSet;
    if (!element) shown.clear();
    if (event.op == "remove") {
      shown.erase(value);
      if (!element) state.erase({event.object, entry ? event.path.at(0) : ""});
    } else {
      shown.insert(value);
    }
    if (event.object[0] != 'r' || event.op != "put") return;
    const long number = std::stol(value);
    const auto known = numbers.find(event.object);
    if (known != numbers.end()) {
      EXPECT_GT(number, known->second) << event.object << " goes back or comes twice";
    }
    numbers[event.object] = number;
  }
};

// One connection of a client.
class Connection final : public Listener {
 public:
  Connection(Client& client, base::Random random) : client_(client), random_(std::move(random)) {
    client_.numbers.clear();  // after a reconnect changes may come again
  }

  std::size_t room() const override { return room_; }
  bool begin(const std::optional<Cursor>& at) override {
    EXPECT_EQ(at.has_value(), !client_.cursor.empty());
    if (!at) client_.forget();
    if (at) node_ = at->node;
    return true;
  }
  bool values(std::span<const Value> values) override {
    for (const Value& value : values) client_.take(value);
    return !breaks();
  }
  bool values_end(const Cursor& at) override { return know(at); }
  bool changes(const Batch& batch) override {
    for (const std::size_t i : batch.wanted) {
      if (breaks()) return false;  // what was sent after this did not arrive
      client_.take(batch.events.list()[i]);
      know(batch.events.cursor(i, node_));
    }
    return true;
  }
  bool reset(const std::optional<Cursor>& at, std::string_view) override {
    EXPECT_FALSE(at.has_value()) << "values follow";
    ++client_.resets;
    client_.forget();
    return true;
  }
  bool up_to_date(const Cursor& at) override { return know(at); }
  void fail(const base::Error& error) override { ADD_FAILURE() << error.message; }

  std::size_t room_ = kIdle;
  bool steady_ = false;  // it no longer breaks

 private:
  bool know(const Cursor& at) {
    node_ = at.node;
    client_.cursor = at.text();
    return true;
  }
  bool breaks() { return !steady_ && random_.chance(60); }

  Client& client_;
  base::Random random_;
  std::string node_;
};

ReplicaOptions tight() {
  ReplicaOptions options;
  options.store.log_bytes_max = 6'000;
  options.join.events_max = 3;
  return options;
}

class Course {
 public:
  explicit Course(std::uint64_t seed) : random_(base::Random::from_number(seed)) {
    clients_[1].objects = {"snapshots", "r1", "none"};
    clients_[2].prefixes = {"s", "h"};
    clients_[3].objects = {"images"};
    for (int i = 1; i < 64; ++i) clients_[3].objects.push_back("none" + std::to_string(i));
    for (int i = 0; i < 64; ++i) clients_[3].prefixes.push_back("r" + std::to_string(i));
    clients_[4].prefixes = {"tags"};
  }

  void step() {
    const std::size_t which = static_cast<std::size_t>(random_.below(clients_.size()));
    switch (random_.below(24)) {
      case 0:
      case 1:
        return connect(which);
      case 2:
        return disconnect(which);
      case 3:
        if (links_[which]) links_[which]->room_ = random_.pick(kRooms);
        return;
      case 4:
        if (random_.below(8) == 0) restart();
        return;
      case 5:
        return random_.below(4) == 0 ? a_.hear_from(z_) : z_.learn_from(a_);
      case 6:
        ++joins_;
        return a_.join_from(z_);
      case 7:
        write(z_, false);
        return z_.run();
      case 8:
      case 9:
      case 10:
        return write(a_, true);
      case 11:
        return a_.pass(kCatchUpPauseMillis);
      default:
        move();
    }
  }

  void end() {
    rest();
    for (std::size_t i = 0; i < clients_.size(); ++i) {
      disconnect(i);
      connect(i);
      links_[i]->steady_ = true;
    }
    for (int i = 0; i < 20; ++i) a_.advance(kCatchUpPauseMillis);
    for (int i = 0; i < 5; ++i) write(a_, true);
    a_.run();
    for (const Client& client : clients_) {
      EXPECT_EQ(client.state,
                state_of(a_, [&](const std::string& name) { return client.wants(name); }));
      resets_ += client.resets;
    }
  }
  int resets() const { return resets_; }
  int joins() const { return joins_; }

 private:
  static constexpr std::array<std::size_t, 5> kRooms{0, 400, 700, 3'000, Listener::kIdle};

  // Registers and the set have one writer; what two write at once is not exact in events.
  void write(FakeHost& host, bool all) {
    const std::string n = std::to_string(++written_);
    switch (random_.below(all ? 7 : 4)) {
      case 0:
        host.send("POST", "/images/add/i" + std::to_string(random_.below(5)), "{\"n\":" + n + "}");
        return;
      case 1:
        host.send("POST", "/snapshots/add/s" + std::to_string(random_.below(9)),
                  "{\"n\":" + n + "}");
        return;
      case 2:
        host.send("DELETE", "/snapshots/remove/s" + std::to_string(random_.below(9)));
        return;
      case 3:
        host.send("PATCH", "/v1/objects/hits",
                  R"({"type":"pncounter","ops":[{"op":"increment","by":1}]})");
        return;
      case 4:
      case 5:
        host.send("PUT", "/v1/objects/r" + std::to_string(random_.below(3)),
                  R"({"type":"lww_register","value":)" + n + "}");
        return;
      default:
        host.send("PATCH", "/v1/objects/tags",
                  R"({"type":"orset","ops":[{"op":")" +
                      std::string(random_.below(3) == 0 ? "remove" : "add") + R"(","value":)" +
                      std::to_string(random_.below(6)) + "}]}");
    }
  }
  void connect(std::size_t i) {
    if (links_[i]) return;
    Client& client = clients_[i];
    links_[i] = std::make_shared<Connection>(client, random_.fork());
    Start start = client.cursor.empty() ? Start::now() : Start::at(client.cursor);
    start.values = true;
    numbers_[i] = feed_->open(links_[i], Filter(client.objects, client.prefixes), start);
  }
  void disconnect(std::size_t i) {
    feed_->close(numbers_[i]);
    links_[i].reset();
  }
  void rest() { a_.run_by_chance(random_); }
  void restart() {
    for (std::size_t i = 0; i < clients_.size(); ++i) disconnect(i);
    rest();
    a_.restart(random_.below(2) == 0);
  }
  void move() {
    switch (random_.below(8)) {
      case 0:
        a_.start_turn();
        return;
      case 1:
        a_.commit_turn();
        return;
      case 2:
        a_.tell_turn();
        return;
      case 3:
        a_.start_read();
        return;
      case 4:
        a_.finish_read();
        return;
      case 5:
        a_.fire_timer();
        return;
      default:
        a_.loop_step();
    }
  }

  base::Random random_;
  FakeHost a_{"A", tight()};
  FakeHost z_{"Z"};
  std::shared_ptr<Feed> feed_ = std::make_shared<Feed>(a_, a_);
  std::array<Client, 5> clients_;
  std::array<std::shared_ptr<Connection>, 5> links_;
  std::array<std::uint64_t, 5> numbers_{};
  int written_ = 0;
  int joins_ = 0;
  int resets_ = 0;
};

TEST(FeedMirror, ShowsWhatTheAgentShows) {
  int resets = 0;
  int joins = 0;
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    SCOPED_TRACE(seed);
    Course course(seed);
    for (int step = 0; step < 900; ++step) course.step();
    course.end();
    resets += course.resets();
    joins += course.joins();
    if (testing::Test::HasFailure()) return;
  }
  EXPECT_GT(joins, 100);
  EXPECT_GT(resets, 30);
}

}  // namespace
}  // namespace agent
