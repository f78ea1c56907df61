#include "agent/access/nonces.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <vector>

namespace auth {
namespace {

struct Known {  // a nonce as the test remembers it
  std::string owner;
  std::string text;
  std::int64_t end = 0;
  bool gone = false;
};

class Model {
 public:
  void give(const std::string& owner, const std::string& text, std::int64_t end, std::int64_t now) {
    std::size_t alive = 0;
    for (const Known& one : all_) alive += one.owner == owner && !one.gone && one.end > now;
    for (Known& one : all_) {
      if (alive < kNoncesMax) break;
      if (one.owner != owner || one.gone || one.end <= now) continue;
      one.gone = true;
      --alive;
    }
    all_.push_back({owner, text, end});
  }
  bool take(const std::string& owner, const std::string& text, std::int64_t now) {
    for (Known& one : all_) {
      if (one.owner != owner || one.text != text) continue;
      return !std::exchange(one.gone, true) && now < one.end;
    }
    return false;
  }
  void forget(const std::string& owner) {
    for (Known& one : all_) one.gone = one.gone || one.owner == owner;
  }
  const std::vector<Known>& all() const { return all_; }

 private:
  std::vector<Known> all_;
};

TEST(Nonces, AreTakenOnceByTheirOwnerWithinTheirTime) {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    base::Random random = base::Random::from_number(seed);
    Nonces nonces(random.fork());
    Model model;
    std::int64_t now = 0;
    std::size_t taken = 0;
    const std::vector<std::string> owners{"", "aaaaaaaa", "bbbbbbbb"};
    for (int i = 0; i < 4'000; ++i) {
      now += static_cast<std::int64_t>(random.below(20));
      const std::string& owner = random.pick(owners);
      if (random.chance(2)) {
        const auto life = static_cast<std::int64_t>(1 + random.below(20'000));
        model.give(owner, nonces.give(owner, base::nanos(life), {now}), now + life, now);
      } else if (random.chance(500)) {
        nonces.forget(owner);
        model.forget(owner);
      } else if (!model.all().empty()) {
        const auto newest = static_cast<std::size_t>(
            random.below(std::min<std::uint64_t>(model.all().size(), 600)));
        const std::string text = model.all()[model.all().size() - 1 - newest].text;
        const bool expected = model.take(owner, text, now);
        taken += expected;

        ASSERT_EQ(nonces.take(owner, text, {now}), expected) << seed << " " << i;
      }
      ASSERT_LE(nonces.count(), owners.size() * kNoncesMax);
    }
    EXPECT_GT(taken, 100u);
  }
}

TEST(Nonces, AtTheirBoundTheOldestOfTheSameOwnerIsForgotten) {
  Nonces nonces(base::Random::from_number(3));
  const std::string other = nonces.give("b", base::seconds(60), {0});
  std::vector<std::string> given;
  for (std::size_t i = 0; i <= kNoncesMax; ++i) {
    given.push_back(nonces.give("a", base::seconds(60), {0}));
  }

  EXPECT_EQ(nonces.count(), kNoncesMax + 1);
  EXPECT_FALSE(nonces.take("a", given[0], {1}));
  EXPECT_TRUE(nonces.take("a", given[1], {1}));
  EXPECT_TRUE(nonces.take("a", given.back(), {1}));
  EXPECT_TRUE(nonces.take("b", other, {1}));
}

TEST(Nonces, DifferAndAreHexDigits) {
  Nonces nonces(base::Random::from_number(4));
  std::set<std::string> seen;
  for (int i = 0; i < 1'000; ++i) {
    const std::string nonce = nonces.give("a", base::seconds(60), {0});
    EXPECT_EQ(nonce.size(), 32u);
    EXPECT_EQ(nonce.find_first_not_of("0123456789abcdef"), std::string::npos);
    EXPECT_TRUE(seen.insert(nonce).second);
  }
}

TEST(Nonces, WhatIsNoNonceIsNeverTaken) {
  Nonces nonces(base::Random::from_number(5));
  const std::string nonce = nonces.give("a", base::seconds(60), {0});

  for (const std::string& wrong :
       {std::string(), nonce.substr(1), nonce + "00", "zz" + nonce.substr(2), std::string(32, '0'),
        std::string(1 << 16, 'a')}) {
    EXPECT_FALSE(nonces.take("a", wrong, {1})) << wrong.substr(0, 40);
  }
  EXPECT_TRUE(nonces.take("a", nonce, {1}));
}

}  // namespace
}  // namespace auth
