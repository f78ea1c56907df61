#include "store/entry_key.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "crdt/base/random.h"

namespace store {
namespace {

using Path = std::vector<std::string>;

base::Bytes key_of(const Path& path) { return entry_key(7, path, path.size()); }

TEST(EntryKey, KeysSortAsPathsDo) {
  const std::string zero(1, '\0');
  std::vector<Path> paths = {{},
                             {""},
                             {"", ""},
                             {zero},
                             {zero, "a"},
                             {zero + zero},
                             {zero + "a"},
                             {"\x01"},
                             {"\x01", ""},
                             {"a"},
                             {"a", ""},
                             {"a", "", "x"},
                             {"a", zero},
                             {"a", "b"},
                             {"a", "b", ""},
                             {"a" + zero},
                             {"aa"},
                             {"\xff"},
                             {"\xff\xff"},
                             {"\xff", "z"},
                             {"a\x01"},
                             {"a" + zero + "b"}};
  std::sort(paths.begin(), paths.end());

  for (std::size_t i = 1; i < paths.size(); ++i) {
    EXPECT_LT(key_of(paths[i - 1]), key_of(paths[i])) << i;
  }
}

TEST(EntryKey, RandomPathsKeepTheirOrderAndComeBack) {
  auto random = base::Random::from_number(7);
  const auto make = [&] {
    Path path;
    for (std::uint64_t depth = random.below(4); depth > 0; --depth) {
      std::string component;
      for (std::uint64_t size = random.below(4); size > 0; --size) {
        const std::uint64_t which = random.below(4);
        component.push_back(
            "\x00\x01\xff"
            "a"[which]);
      }
      path.push_back(component);
    }
    return path;
  };
  for (int i = 0; i < 20'000; ++i) {
    const Path left = make();
    const Path right = make();

    const auto parsed = parse_name_key(key_of(left));

    ASSERT_EQ(left < right, key_of(left) < key_of(right));
    ASSERT_TRUE(parsed.has_value());
    ASSERT_EQ(parsed->path, left);
    ASSERT_EQ(parsed->object, 7u);
    ASSERT_FALSE(parsed->own.has_value());
  }
}

TEST(EntryKey, ASlotOfItsOwnStandsBetweenItsEntryAndWhatIsDeeper) {
  base::Bytes own = key_of({"a", "b"});
  append_own(own, crdt::SlotType::kOrSet);

  EXPECT_LT(key_of({"a", "b"}), own);
  EXPECT_LT(own, key_of({"a", "b", ""}));
  EXPECT_LT(own, key_of({"a", "b", std::string(1, '\0')}));
  const auto parsed = parse_name_key(own);
  ASSERT_TRUE(parsed.has_value());
  EXPECT_EQ(parsed->path, (Path{"a", "b"}));
  EXPECT_EQ(parsed->own, crdt::SlotType::kOrSet);
}

TEST(EntryKey, TheBoundHoldsAllBelowAndNothingElse) {
  const std::string zero(1, '\0');
  const base::Bytes bound = after_all_below(key_of({"a"}));

  EXPECT_LT(key_of({"a", "\xff\xff"}), bound);
  EXPECT_LT(key_of({"a", zero}), bound);
  EXPECT_GE(key_of({"a" + zero}), bound);
  EXPECT_GE(key_of({"aa"}), bound);
  EXPECT_GE(key_of({"b"}), bound);
  EXPECT_LT(object_key(0xff) + "\xff\xff", after_all_below(object_key(0xff)));
  EXPECT_LE(after_all_below(object_key(0xff)), object_key(0x100));
}

TEST(EntryKey, WhatIsNoKeyIsRefused) {
  const std::string zero(1, '\0');

  EXPECT_FALSE(parse_name_key("abc"));
  EXPECT_FALSE(parse_name_key("abcdopen"));
  EXPECT_FALSE(parse_name_key("abcdx" + zero));
  EXPECT_FALSE(parse_name_key("abcdx" + zero + "\x07"));
  EXPECT_FALSE(parse_name_key("abcd" + zero + zero + "t" + "more"));
}

}  // namespace
}  // namespace store
