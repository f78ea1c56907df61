// Clients of the dictionary on two agents, which write, leave and come back to either, while the
// agents exchange changes now and then. In the end every client that is connected shows what the
// agents show. What the clients were told in between never went back to an older stamp, unless
// another door removed what hid an older value.

#include <array>
#include <map>

#include "tests/api/web_client.h"

namespace agent {
namespace {

class Mirror {
 public:
  void connect(FakeHost& host) {
    client_ = std::make_unique<WebClient>(host, "/ws");
    values_.reset();
    times_.clear();
  }
  void leave() { client_.reset(); }
  bool connected() const { return client_ != nullptr; }
  void say(const Json& message) { client_->say(message.dump()); }
  void take() {
    for (const Json& message : client_->heard()) {
      const std::string action = message.value("action", "");
      if (action == "initial_data") {
        EXPECT_FALSE(values_);
        values_ = message["data"];
      } else if (action == "add" || action == "remove") {
        ASSERT_TRUE(values_) << "the values come first";
        const std::string key = message["key"];
        if (forward_) {
          EXPECT_GE(message["timestamp"].get<std::int64_t>(), times_[key]) << message;
        }
        times_[key] = message["timestamp"];
        action == "add" ? (void)((*values_)[key] = message["value"]) : (void)values_->erase(key);
      } else {
        ADD_FAILURE() << message;
      }
    }
  }
  const std::optional<Json>& values() const { return values_; }
  void may_go_back() { forward_ = false; }

 private:
  std::unique_ptr<WebClient> client_;
  std::optional<Json> values_;
  std::map<std::string, std::int64_t> times_;
  bool forward_ = true;
};

class Course {
 public:
  explicit Course(std::uint64_t seed)
      : random_(base::Random::from_number(seed)), others_(seed % 2 == 0) {
    if (!others_) return;
    for (Mirror& mirror : mirrors_) mirror.may_go_back();
  }

  void run() {
    for (int i = 0; i < 200; ++i) step();
    for (int i = 0; i < 2; ++i) {
      for (FakeHost* host : {&a_, &z_}) host->advance(100);
      a_.learn_from(z_);
      z_.learn_from(a_);
    }
    for (std::size_t i = 0; i < mirrors_.size(); ++i) {
      if (mirrors_[i].connected()) continue;
      mirrors_[i].connect(i % 2 == 0 ? a_ : z_);
    }
    for (FakeHost* host : {&a_, &z_}) host->run();
    const Json shown = value(a_);
    EXPECT_EQ(shown, value(z_));
    for (Mirror& mirror : mirrors_) {
      mirror.take();
      ASSERT_TRUE(mirror.values());
      EXPECT_EQ(*mirror.values(), shown);
    }
    EXPECT_GT(writes_, 0);
    EXPECT_GT(returns_, 0);
  }

 private:
  static Json value(FakeHost& host) {
    const auto response = host.call("GET", "/v1/objects/dictionary");
    return response.status == 200 ? parsed(response)["value"] : Json::object();
  }
  FakeHost& either() { return random_.below(2) == 0 ? a_ : z_; }

  void step() {
    Mirror& mirror = mirrors_[random_.below(mirrors_.size())];
    switch (random_.below(8)) {
      case 0:
        mirror.connected() ? mirror.leave() : mirror.connect(either());
        ++returns_;
        break;
      case 1:
        z_.hear_from(a_);
        break;
      case 2:
        a_.hear_from(z_);
        break;
      case 3:
        if (others_) other_door();
        break;
      case 4:
        either().pass(random_.below(3));
        break;
      case 5:
        for (FakeHost* host : {&a_, &z_}) host->run_by_chance(random_);
        break;
      default:
        if (mirror.connected()) write(mirror);
    }
    for (Mirror& one : mirrors_) {
      if (one.connected()) one.take();
    }
  }
  void write(Mirror& mirror) {
    const std::string key = "k" + std::to_string(random_.below(4));
    if (random_.below(3) == 0) {
      mirror.say({{"action", "remove"}, {"key", key}});
    } else {
      mirror.say({{"action", "add"}, {"key", key}, {"value", std::to_string(writes_)}});
    }
    ++writes_;
  }
  void other_door() {
    FakeHost& host = either();
    const std::string key = "k" + std::to_string(random_.below(4));
    random_.below(2) == 0 ? (void)host.send("DELETE", "/v1/objects/dictionary/" + key)
                          : (void)host.send("PATCH", "/v1/objects/dictionary",
                                            R"({"type":"crdt_map","ops":[{"op":"set","path":[")" +
                                                key + R"("],"value":"other"}]})");
  }

  base::Random random_;
  FakeHost a_{"A"};
  FakeHost z_{"Z"};
  const bool others_;  // other doors write too
  std::array<Mirror, 5> mirrors_;
  int writes_ = 0;
  int returns_ = 0;
};

TEST(DictionaryMirrors, AllShowTheSameInTheEnd) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Course(seed).run();
    if (testing::Test::HasFailure()) return;
  }
}

}  // namespace
}  // namespace agent
