// Devices on two agents, which edit offline, come and go, poll, lose answers, and return to either
// agent, while the agents exchange changes now and then. In the end every device and both agents
// show, for each key, the highest (timestamp, device) that was ever written.

#include <array>
#include <map>

#include "tests/api/web_client.h"

namespace agent {
namespace {

using Written = std::pair<std::int64_t, std::string>;  // timestamp, device
struct Value {
  Written by;
  std::string text;
};
using Notes = std::map<std::string, Value>;

void apply(Notes& notes, const std::string& key, const Value& value) {
  const auto found = notes.find(key);
  if (found == notes.end() || found->second.by < value.by) notes[key] = value;
}

Json shown(const Notes& notes) {
  Json out = Json::object();
  for (const auto& [key, value] : notes) out[key] = value.text;
  return out;
}

// It sends its next message when it has read the answer to the last one. Its last_ack is that of
// the last answer that it read from this agent.
class Device {
 public:
  explicit Device(std::string name) : name_(std::move(name)) {}

  void edit(const std::string& key, std::int64_t step, Notes& all) {
    time_ += step;
    const Value value{{time_, name_}, name_ + " " + std::to_string(time_)};
    apply(notes_, key, value);
    apply(all, key, value);
    unsent_.push_back(
        {{"key", key}, {"value", value.text}, {"timestamp", time_}, {"device_id", name_}});
  }
  void connect(FakeHost& host) {
    leave();
    host_ = &host;
    client_ = std::make_unique<WebClient>(host, "/ws/sync?device_id=" + name_);
    in_flight_ = 0;
    waits_ = false;
  }
  void leave() { client_.reset(); }
  bool connected() const { return client_ != nullptr; }
  void sync() {
    if (!client_ || waits_) return;
    waits_ = true;
    client_->say(message(*host_));
  }
  void read() {
    if (!client_) return;
    for (const Json& got : client_->heard()) take(got, *host_);
  }
  void poll(FakeHost& host, bool loses_answer) {
    leave();
    const auto answer = host.call("POST", "/sync/device?device_id=" + name_, message(host));
    if (!loses_answer) take(parsed(answer), host);
  }
  const Notes& notes() const { return notes_; }
  std::size_t unsent() const { return unsent_.size(); }

 private:
  std::string message(FakeHost& host) {
    in_flight_ = unsent_.size();
    return Json{{"type", "sync_push"}, {"changes", unsent_}, {"last_ack", last_ack_[&host]}}.dump();
  }
  void take(const Json& got, FakeHost& host) {
    if (got["type"] == "conflict") return;
    ASSERT_TRUE(got.contains("changes")) << got;
    for (const Json& one : got["changes"]) {
      EXPECT_NE(one["device_id"], name_) << "a device gets nothing of its own";
      apply(notes_, one["key"], {{one["timestamp"], one["device_id"]}, one["value"]});
    }
    if (got["type"] != "sync_ack") return;
    last_ack_[&host] = got["ack_timestamp"];
    unsent_.erase(unsent_.begin(), unsent_.begin() + static_cast<std::ptrdiff_t>(in_flight_));
    in_flight_ = 0;
    waits_ = false;
  }

  std::string name_;
  Notes notes_;
  std::vector<Json> unsent_;
  std::size_t in_flight_ = 0;
  std::int64_t time_ = 1'000;
  std::map<FakeHost*, std::int64_t> last_ack_;
  FakeHost* host_ = nullptr;
  std::unique_ptr<WebClient> client_;
  bool waits_ = false;
};

class DeviceCourse {
 public:
  explicit DeviceCourse(std::uint64_t seed) : random_(base::Random::from_number(seed)) {}

  void run() {
    for (int i = 0; i < 250; ++i) step();
    for (Device& device : devices_) device.connect(either());
    for (int i = 0; i < 4; ++i) {
      for (Device& device : devices_) device.sync();
      for (FakeHost* host : {&a_, &z_}) host->advance(100);
      a_.learn_from(z_);
      z_.learn_from(a_);
      for (Device& device : devices_) device.read();
    }
    for (FakeHost* host : {&a_, &z_}) {
      EXPECT_EQ(json(*host, "GET", "/v1/objects/notes")["value"], shown(all_));
    }
    for (Device& device : devices_) {
      EXPECT_EQ(device.unsent(), 0u);
      EXPECT_EQ(shown(device.notes()), shown(all_));
    }
    EXPECT_GT(lost_, 0);
    EXPECT_GT(returns_, 0);
  }

 private:
  FakeHost& either() { return random_.below(2) == 0 ? a_ : z_; }

  void step() {
    Device& device = devices_[random_.below(devices_.size())];
    switch (random_.below(10)) {
      case 0:
        device.connected() ? device.leave() : device.connect(either());
        ++returns_;
        break;
      case 1:
        z_.hear_from(a_);
        break;
      case 2:
        a_.hear_from(z_);
        break;
      case 3: {
        const bool loses = random_.below(3) == 0;
        device.poll(either(), loses);
        lost_ += loses ? 1 : 0;
        break;
      }
      case 4:
      case 5:
        for (FakeHost* host : {&a_, &z_}) host->run_by_chance(random_);
        break;
      case 6:
        device.read();
        break;
      case 7:
        device.sync();
        break;
      default: {
        const std::string key = "k" + std::to_string(random_.below(6));
        device.edit(key, 1 + static_cast<std::int64_t>(random_.below(2)), all_);
      }
    }
  }

  base::Random random_;
  FakeHost a_{"A"};
  FakeHost z_{"Z"};
  std::array<Device, 4> devices_{Device("d1"), Device("d2"), Device("d3"), Device("d4")};
  Notes all_;
  int lost_ = 0;
  int returns_ = 0;
};

TEST(DeviceMirrors, EveryDeviceHasTheHighestOfAllThatWasWritten) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    DeviceCourse(seed).run();
    if (testing::Test::HasFailure()) return;
  }
}

}  // namespace
}  // namespace agent
