// What a listener of the feed is called with, and when.

#include "agent/feed/feed.h"

#include <gtest/gtest.h>

#include "agent/feed/limits.h"
#include "tests/api/fake_host.h"

namespace agent {
namespace {

// Writes down its calls. Its room is what the test says.
class Notes final : public Listener {
 public:
  std::size_t room() const override { return room_; }
  bool begin(const std::optional<Cursor>& at) override { return note(at ? "begin at" : "begin"); }
  bool values(std::span<const Value> values) override {
    for (const Value& value : values) note("value " + value.object);
    return !gone_;
  }
  bool values_end(const Cursor& at) override { return at_ = at, note("values end"); }
  bool changes(const Batch& batch) override {
    batches_.push_back(&batch.events);
    for (const std::size_t i : batch.wanted) {
      note("change " + batch.events.list()[i].object);
      at_ = batch.events.cursor(i, at_.node);
    }
    return !gone_;
  }
  bool reset(const std::optional<Cursor>& at, std::string_view) override {
    return note(at ? "reset at" : "reset");
  }
  bool up_to_date(const Cursor& at) override { return at_ = at, note("up to date"); }
  void fail(const base::Error&) override { note("fail"); }

  std::vector<std::string> calls() { return std::exchange(calls_, {}); }

  std::size_t room_ = kIdle;
  bool gone_ = false;
  Cursor at_;
  std::vector<const Events*> batches_;

 private:
  bool note(std::string call) {
    calls_.push_back(std::move(call));
    return !gone_;
  }
  std::vector<std::string> calls_;
};

using Calls = std::vector<std::string>;

class FeedTest : public testing::Test {
 protected:
  std::shared_ptr<Notes> open(Start start, const Filter& filter = {}) {
    auto notes = std::make_shared<Notes>();
    number_ = feed_->open(notes, filter, std::move(start));
    return notes;
  }
  static Start values_first() {
    Start start;
    start.values = true;
    return start;
  }
  void put(const std::string& object, const std::string& value = "1") {
    const auto answer = host_.call("PUT", "/v1/objects/" + object,
                                   R"({"type":"lww_register","value":)" + value + "}");
    ASSERT_EQ(answer.status, 200) << answer.body;
  }

  FakeHost host_{"A"};
  std::shared_ptr<Feed> feed_ = std::make_shared<Feed>(host_, host_);
  std::uint64_t number_ = 0;
};

TEST_F(FeedTest, FromNow) {
  put("before");
  auto notes = open(Start::now());
  EXPECT_EQ(notes->calls(), Calls{}) << "nothing is called from inside open()";
  host_.run();
  EXPECT_EQ(notes->calls(), (Calls{"begin", "up to date"}));
  put("a");
  EXPECT_EQ(notes->calls(), (Calls{"change a"}));
}

TEST_F(FeedTest, FromTheBeginningAndFromACursor) {
  put("a"), put("b");
  auto first = open(Start::beginning());
  host_.run();
  EXPECT_EQ(first->calls(), (Calls{"begin at", "change a", "change b", "up to date"}));
  const std::string cursor = first->at_.text();
  put("c");

  auto second = open(Start::at(cursor));
  host_.run();
  put("d");
  EXPECT_EQ(second->calls(), (Calls{"begin at", "change c", "up to date", "change d"}));
}

TEST_F(FeedTest, ValuesThenChanges) {
  put("a"), put("b");
  auto notes = open(values_first(), Filter({"b", "c"}, {}));
  host_.run();
  put("c"), put("a");
  EXPECT_EQ(notes->calls(), (Calls{"begin", "value b", "values end", "up to date", "change c"}));
}

// The pages of values are of two snapshots. A change between them is in the second page, so it does
// not come again; one that the first page does not have comes.
TEST_F(FeedTest, AChangeThatIsInAValueDoesNotComeAgain) {
  const std::string large = "\"" + std::string(kValuePageBytes, 'x') + "\"";
  put("a", large), put("b", large), put("c");
  auto notes = open(values_first());
  while (host_.loop_step()) {
  }
  ASSERT_TRUE(host_.start_read()) << "the first page";
  for (const char* name : {"a", "c"}) {
    host_.send("PUT", "/v1/objects/" + std::string(name), R"({"type":"lww_register","value":2})");
  }
  host_.run();

  EXPECT_EQ(notes->calls(), (Calls{"begin", "value a", "value b", "value c", "values end",
                                   "change a", "up to date"}));
}

TEST_F(FeedTest, AListenerWithoutRoomIsGivenNothingFromTheLog) {
  for (const char* name : {"a", "b", "c"}) put(name, "\"" + std::string(1'000, 'x') + "\"");
  auto notes = open(Start::beginning());
  notes->room_ = 0;
  host_.run();
  for (int i = 0; i < 5; ++i) host_.advance(kCatchUpPauseMillis);
  EXPECT_EQ(notes->calls(), (Calls{"begin at"}));
  notes->room_ = 1'000;  // an event and what is around it do not fit
  host_.advance(kCatchUpPauseMillis);
  EXPECT_EQ(notes->calls(), Calls{});
  notes->room_ = 2'000;
  host_.advance(kCatchUpPauseMillis);
  EXPECT_EQ(notes->calls(), (Calls{"change a"}));
  notes->room_ = Listener::kIdle;
  host_.advance(kCatchUpPauseMillis);
  EXPECT_EQ(notes->calls(), (Calls{"change b", "change c", "up to date"}));
}

TEST_F(FeedTest, OneTurnIsOneValueForAllListeners) {
  std::vector<std::shared_ptr<Notes>> all;
  for (int i = 0; i < 50; ++i) all.push_back(open(Start::now()));
  host_.run();
  put("a");
  for (const auto& one : all) {
    ASSERT_EQ(one->batches_.size(), 1u);
    EXPECT_EQ(one->batches_[0], all[0]->batches_[0]);
  }
}

TEST_F(FeedTest, AListenerThatIsGoneIsForgotten) {
  auto stays = open(Start::now());
  auto leaves = open(Start::now());
  auto closed = open(Start::now());
  host_.run();
  EXPECT_EQ(feed_->listeners(), 3u);
  leaves->gone_ = true;
  feed_->close(number_);
  EXPECT_EQ(closed.use_count(), 1);
  put("a");
  put("b");

  EXPECT_EQ(feed_->listeners(), 1u);
  EXPECT_EQ(leaves.use_count(), 1);
  EXPECT_EQ(leaves->calls(), (Calls{"begin", "up to date", "change a"}));
  EXPECT_EQ(closed->calls(), (Calls{"begin", "up to date"}));
  EXPECT_EQ(stays->calls(), (Calls{"begin", "up to date", "change a", "change b"}));
  EXPECT_EQ(host_.watchers(), 1u);
  stays->gone_ = true;
  put("c");
  EXPECT_EQ(host_.watchers(), 0u) << "the replica makes no events that nobody hears";
}

TEST_F(FeedTest, AListenerThatLeavesWhileItIsReadForIsNotCalled) {
  put("a");
  auto notes = open(values_first());
  while (host_.loop_step()) {
  }
  ASSERT_TRUE(host_.start_read());
  feed_->close(number_);
  host_.run();
  EXPECT_EQ(notes->calls(), Calls{});
  EXPECT_EQ(notes.use_count(), 1);
}

TEST_F(FeedTest, ADamagedRowIsTold) {
  put("a");
  host_.spoil_cells();
  auto notes = open(values_first());
  host_.run();
  EXPECT_EQ(notes->calls(), (Calls{"fail"}));
  EXPECT_EQ(feed_->listeners(), 0u);
}

}  // namespace
}  // namespace agent
