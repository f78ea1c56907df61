#include "agent/feed/filter.h"

#include <gtest/gtest.h>

#include "crdt/base/random.h"

namespace agent {
namespace {

std::string some_name(base::Random& random) {
  std::string name;
  for (auto length = 1 + random.below(3); length > 0; --length) {
    name += static_cast<char>('a' + random.below(3));
  }
  return name;
}

// The rule, written as it is said.
bool should_pass(const std::vector<std::string>& objects, const std::vector<std::string>& prefixes,
                 const std::string& name) {
  bool passes = objects.empty() && prefixes.empty();
  for (const std::string& object : objects) passes = passes || object == name;
  for (const std::string& prefix : prefixes) {
    passes = passes || (name.size() >= prefix.size() && name.substr(0, prefix.size()) == prefix);
  }
  return passes;
}

TEST(Filter, PassesObjectsAndPrefixes) {
  base::Random random = base::Random::from_number(1);
  for (int round = 0; round < 500; ++round) {
    std::vector<std::string> objects(random.below(4));
    for (std::string& one : objects) one = some_name(random);
    std::vector<std::string> prefixes(random.below(4));
    for (std::string& one : prefixes) one = some_name(random);
    const Filter filter(objects, prefixes);

    for (int i = 0; i < 40; ++i) {
      const std::string name = some_name(random);
      EXPECT_EQ(filter.passes(name), should_pass(objects, prefixes, name)) << name;
    }
  }
}

// A walk over sorted names that follows next() meets every name that passes.
TEST(Filter, NextSkipsNoNameThatPasses) {
  base::Random random = base::Random::from_number(2);
  for (int round = 0; round < 500; ++round) {
    std::vector<std::string> objects(random.below(4));
    for (std::string& one : objects) one = some_name(random);
    std::vector<std::string> prefixes(random.below(3));
    for (std::string& one : prefixes) one = some_name(random);
    const Filter filter(objects, prefixes);
    const std::string from = some_name(random);

    const auto next = filter.next(from);

    for (int i = 0; i < 40; ++i) {
      const std::string name = some_name(random);
      if (name < from || !should_pass(objects, prefixes, name)) continue;
      ASSERT_TRUE(next.has_value());
      EXPECT_LE(*next, name);
    }
    if (next) {
      EXPECT_GE(*next, from);
    }
  }
}

TEST(Filter, WithoutNamesPassesAll) {
  EXPECT_TRUE(Filter().passes("x"));
  EXPECT_EQ(Filter().next("x"), "x");
  EXPECT_EQ(Filter({"a"}, {}).next("b"), std::nullopt);
}

}  // namespace
}  // namespace agent
