// A client follows the stream, and reads the whole state when the stream says so. It must always
// show what the agent shows: over restarts, pruning, state joins, and joins with more changes than
// the stream reports.

#include <map>

#include "tests/api/answers.h"
#include "tests/api/event_blocks.h"

namespace agent {
namespace {

using Shown = std::map<std::string, std::string>;

Shown shown_by(FakeHost& host) {
  Shown shown;
  auto look = [&](const crdt::Entry& entry) {
    if (crdt::exists(entry)) shown[entry.id] = crdt::shown_text(entry);
    return true;
  };
  EXPECT_TRUE(host.replica().store().cells().scan("snapshots", "", look).ok());
  return shown;
}

class Mirror {
 public:
  explicit Mirror(FakeHost& host) : host_(host) {}

  void connect() {
    if (stream_) return;
    http::Headers headers;
    if (!last_id_.empty()) headers.emplace_back("last-event-id", last_id_);
    stream_ = host_.send("GET", "/v1/events", "", headers);
    read_ = 0;
  }
  void disconnect() {
    if (!stream_) return;
    gather();
    stream_->leave();
    stream_.reset();
  }
  void gather() {
    if (!stream_) return;
    auto all = heard(*stream_);
    for (; read_ < all.size(); ++read_) {
      const Heard& one = all[read_];
      bool first = last_id_.empty();
      if (!one.id.empty()) last_id_ = one.id;
      resets_ += one.event == "reset" ? 1 : 0;
      if (first || one.event == "reset") shown_ = shown_by(host_);
      if (one.event != "change") continue;
      std::string id = one.data["path"][0];
      shown_.erase(id);
      if (one.data["op"] == "put") shown_[id] = one.data["value"].dump();
    }
  }
  const Shown& shown() const { return shown_; }
  int resets() const { return resets_; }

 private:
  FakeHost& host_;
  std::shared_ptr<FakeExchange> stream_;
  std::size_t read_ = 0;
  std::string last_id_;
  Shown shown_;
  int resets_ = 0;
};

struct Course {
  explicit Course(std::uint64_t seed) : random(base::Random::from_number(seed)) {}

  void write(FakeHost& host) {
    std::string id = "e" + std::to_string(random.below(12));
    bool removes = random.below(4) == 0;
    std::string value = "{\"n\":" + std::to_string(++written) + "}";
    removes ? host.send("DELETE", "/snapshots/remove/" + id)
            : host.send("POST", "/snapshots/add/" + id, value);
  }
  void rest() { a.run_by_chance(random); }
  void step() {
    Mirror& mirror = random.pick(mirrors);
    switch (random.below(20)) {
      case 0:
        return mirror.connect();
      case 1:
        return mirror.disconnect();
      case 2:
        return mirror.gather();
      case 3:
        if (random.below(8) != 0) return;
        for (Mirror& one : mirrors) one.disconnect();
        rest();
        return a.restart(random.below(2) == 0);
      case 4:
        return random.below(4) == 0 ? a.hear_from(z) : z.learn_from(a);
      case 5:
        ++joins;
        return a.join_from(z);
      case 6:
        for (auto writes = random.below(6); writes > 0; --writes) write(z);
        return z.run();
      case 7:
      case 8:
        return write(a);
      default:
        move();
    }
  }
  void move() {
    switch (random.below(7)) {
      case 0:
        a.start_turn();
        return;
      case 1:
        a.commit_turn();
        return;
      case 2:
        a.tell_turn();
        return;
      case 3:
        a.start_read();
        return;
      case 4:
        a.finish_read();
        return;
      default:
        a.loop_step();
    }
  }

  static ReplicaOptions tight() {
    ReplicaOptions options;
    options.store.log_bytes_max = 3'000;
    options.join.events_max = 3;
    return options;
  }
  base::Random random;
  FakeHost a{"A", tight()};
  FakeHost z{"Z"};
  std::vector<Mirror> mirrors{3, Mirror(a)};
  int written = 0;
  int joins = 0;
};

TEST(EventMirror, ShowsWhatTheAgentShows) {
  int resets = 0;
  int joins = 0;
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    Course course(seed);
    for (int step = 0; step < 600; ++step) course.step();
    course.rest();
    for (Mirror& mirror : course.mirrors) mirror.connect();
    course.rest();
    course.a.run();

    for (Mirror& mirror : course.mirrors) {
      mirror.gather();
      ASSERT_EQ(mirror.shown(), shown_by(course.a)) << seed;
      resets += mirror.resets();
    }
    joins += course.joins;
  }
  EXPECT_GT(joins, 200);
  EXPECT_GT(resets, 50);
}

}  // namespace
}  // namespace agent
