#include "agent/seed_resolver.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "gossip/swim/seeds.h"
#include "tests/agent/held_lookups.h"
#include "tests/agent/test_loop.h"

namespace agent {
namespace {

using Addresses = std::vector<gossip::Address>;

gossip::Address at(int number) {
  return *gossip::Address::parse("10.0.0." + std::to_string(number) + ":7700");
}

class SeedNames : public ::testing::Test {
 protected:
  ~SeedNames() override {
    held_.release();
    if (!closed_) resolver_.close();
    uv_run(&loop_, UV_RUN_DEFAULT);
  }
  void run_until(const std::function<bool()>& done) {
    while (!done()) uv_run(&loop_, UV_RUN_ONCE);
  }
  void add(const std::string& seed) {
    resolver_.add(seed, [this](const auto&) { ++answers_; });
  }
  void add_and_wait(const std::string& seed) {
    std::size_t before = answers_;
    add(seed);
    run_until([&] { return answers_ > before; });
  }
  bool is_told(const gossip::Address& address) const {
    return !told_.empty() && std::count(told_.back().begin(), told_.back().end(), address) != 0;
  }
  TestLoop loop_;
  HeldLookups held_;
  std::vector<Addresses> told_;
  std::size_t answers_ = 0;
  bool closed_ = false;
  SeedResolver resolver_{&loop_, [this](Addresses all) { told_.push_back(std::move(all)); }, held_};
};

TEST_F(SeedNames, AnEmptyListIsToldWhenThereWasAnother) {
  resolver_.set({});
  EXPECT_TRUE(told_.empty());
  resolver_.set({at(1).text()});
  ASSERT_TRUE(is_told(at(1)));

  resolver_.set({});

  EXPECT_EQ(told_.back(), Addresses{});
}

TEST_F(SeedNames, AListIsToldOnceAndWhatStaysIsKept) {
  held_.set("a:7700", {at(3)});
  resolver_.set({at(1).text(), at(2).text(), "a:7700"});
  EXPECT_EQ(told_.size(), 1u);
  run_until([&] { return is_told(at(3)); });
  told_.clear();

  resolver_.set({at(1).text(), "a:7700"});

  ASSERT_EQ(told_.size(), 1u);
  EXPECT_EQ(told_.back(), (Addresses{at(1), at(3)}));
}

TEST_F(SeedNames, SaysWhichNameHasNoAddressUntilItHasOne) {
  resolver_.set({"a:7700", at(1).text()});
  auto seed = [&](const std::string& text) {
    for (const auto& known : resolver_.seeds()) {
      if (known.text == text) return known;
    }
    return SeedResolver::Seed{};
  };
  EXPECT_FALSE(seed("a:7700").unknown);
  run_until([&] { return seed("a:7700").unknown; });
  EXPECT_EQ(seed(at(1).text()).addresses, Addresses{at(1)});
  EXPECT_FALSE(seed(at(1).text()).unknown);

  held_.set("a:7700", {at(3)});
  resolver_.look_up_again();
  run_until([&] { return is_told(at(3)); });
  EXPECT_FALSE(seed("a:7700").unknown);
  EXPECT_EQ(seed("a:7700").addresses, Addresses{at(3)});
}

TEST_F(SeedNames, AnAnswerForANameThatWasTakenOutIsNotTold) {
  held_.set("a:7700", {at(3)});
  held_.set("b:7700", {at(4)});
  held_.hold();
  resolver_.set({"a:7700"});
  held_.wait_begun(1);

  resolver_.set({"b:7700"});
  held_.release();
  run_until([&] { return is_told(at(4)); });

  EXPECT_EQ(told_, (std::vector<Addresses>{{at(4)}}));
}

TEST_F(SeedNames, JoinedOnesMakePlaceFromTheOldestOn) {
  int most = static_cast<int>(gossip::kSeedsMax);
  resolver_.set({at(101).text(), at(102).text()});

  for (int i = 1; i <= most + 5; ++i) {
    add(at(i).text());
    ASSERT_TRUE(is_told(at(i))) << i;
    ASSERT_LE(told_.back().size(), gossip::kSeedsMax) << i;
  }

  EXPECT_EQ(answers_, gossip::kSeedsMax + 5);
  EXPECT_TRUE(is_told(at(101)));
  EXPECT_TRUE(is_told(at(102)));
  EXPECT_FALSE(is_told(at(7)));
  EXPECT_TRUE(is_told(at(8)));
}

TEST_F(SeedNames, OneThatIsJoinedAgainIsOne) {
  for (int i : {1, 2, 1}) add(at(i).text());

  EXPECT_EQ(told_.back(), (Addresses{at(1), at(2)}));
}

TEST_F(SeedNames, OneThatIsJoinedAgainIsTheNewest) {
  int most = static_cast<int>(gossip::kSeedsMax);
  for (int i = 1; i <= most; ++i) add(at(i).text());

  add(at(1).text());
  add(at(most + 1).text());

  EXPECT_TRUE(is_told(at(1)));
  EXPECT_FALSE(is_told(at(2)));
}

// Gossip ignores addresses above its bound. So the address that was joined last must come first,
// else it would be ignored.
TEST_F(SeedNames, WhereConfiguredOnesFillTheBoundTheJoinedOneComesFirst) {
  std::vector<std::string> configured;
  for (int i = 1; i <= static_cast<int>(gossip::kSeedsMax); ++i) configured.push_back(at(i).text());
  resolver_.set(configured);

  for (int i : {101, 102}) add(at(i).text());

  ASSERT_FALSE(told_.empty());
  EXPECT_EQ(told_.back().front(), at(102));
  EXPECT_FALSE(is_told(at(101)));
  EXPECT_TRUE(is_told(at(1)));
}

TEST_F(SeedNames, AJoinedNameIsKeptOnlyIfItWasResolved) {
  held_.set("good:7700", {at(1)});
  for (const char* name : {"bad:7700", "good:7700"}) add_and_wait(name);
  std::size_t before = held_.asked().size();

  resolver_.look_up_again();
  add_and_wait("last:7700");

  auto asked = held_.asked();
  asked.erase(asked.begin(), asked.begin() + static_cast<std::ptrdiff_t>(before));
  EXPECT_EQ(asked, (std::vector<std::string>{"good:7700", "last:7700"}));
}

TEST_F(SeedNames, AJoinedNameMayMoveAndMayFallSilent) {
  held_.set("a:7700", {at(1)});
  add_and_wait("a:7700");

  held_.set("a:7700", {at(2)});
  resolver_.look_up_again();
  run_until([&] { return is_told(at(2)); });
  held_.set("a:7700", {});
  resolver_.look_up_again();
  add_and_wait("last:7700");

  EXPECT_EQ(told_, (std::vector<Addresses>{{at(1)}, {at(2)}}));
}

TEST_F(SeedNames, AJoinIsToldWhatBecameOfIt) {
  std::vector<std::string> words;
  auto note = [&](const base::Result<Addresses>& found) {
    words.push_back(found.ok() ? found->front().text()
                               : std::string(base::code_info(found.error().code).name));
  };
  held_.set("good:7700", {at(1)});
  for (const char* name : {"good:7700", "bad:7700"}) resolver_.add(name, note);
  run_until([&] { return words.size() == 2; });
  held_.hold();
  for (std::size_t i = 0; i <= kJoinsWaitingMax; ++i) resolver_.add("slow:7700", note);
  EXPECT_EQ(words, (std::vector<std::string>{at(1).text(), "invalid", "busy"}));
  held_.wait_begun(3);

  closed_ = true;
  resolver_.close();
  resolver_.add("late:7700", note);

  EXPECT_EQ(std::count(words.begin(), words.end(), "unavailable"), kJoinsWaitingMax + 1);
  EXPECT_EQ(held_.asked().size(), 3u);
}

}  // namespace
}  // namespace agent
