// Large changes are kept compressed in the log, and come back as they were sealed.

#include "store/packed_change.h"

#include <gtest/gtest.h>

#include "crdt/base/random.h"
#include "crdt/change.h"
#include "sample.h"
#include "store/row.h"

namespace store {
namespace {

using sample::actor;

base::Bytes lines(std::size_t bytes) {
  base::Bytes text;
  for (int i = 0; text.size() < bytes; ++i) {
    text += R"({"package":"lib)" + std::to_string(i) + R"(","version":"1.)" +
            std::to_string(i % 7) + R"(-1","section":"libs"})";
  }
  text.resize(bytes);
  return text;
}

base::Bytes noise(std::size_t bytes) {
  auto random = base::Random::from_number(bytes);
  return random.bytes(bytes);
}

TEST(PackedChange, ComesBackByteForByte) {
  for (const auto use : {ChangePacker::For::kLog, ChangePacker::For::kText}) {
    ChangePacker packer(use);
    for (const std::size_t bytes :
         {513u, 600u, 3'000'000u, 600u, 4'096u, 5'000u, 200'000u, 3'000'000u}) {
      const base::Bytes sealed = lines(bytes);

      const auto packed = packer.pack(sealed);

      ASSERT_TRUE(packed) << bytes;
      EXPECT_LT(packed->size(), sealed.size());
      const auto back = packer.unpack(*packed, sealed.size());
      ASSERT_TRUE(back) << bytes;
      EXPECT_TRUE(*back == sealed) << bytes;
    }
  }
}

TEST(PackedChange, SmallAndRandomBytesStayAsTheyAre) {
  EXPECT_FALSE(ChangePacker().pack(""));
  EXPECT_FALSE(ChangePacker().pack(base::Bytes(kPackedFromBytes, 'x')));
  EXPECT_FALSE(ChangePacker().pack(noise(600)));
  EXPECT_FALSE(ChangePacker().pack(noise(300'000)));
}

TEST(PackedChange, AnotherSizeIsRefused) {
  const base::Bytes sealed = lines(5'000);
  const base::Bytes packed = *ChangePacker().pack(sealed);

  for (const std::uint64_t size : {std::uint64_t{0}, std::uint64_t{4'999}, std::uint64_t{5'001},
                                   std::uint64_t{crdt::kChangeBytesMax},
                                   std::uint64_t{crdt::kChangeBytesMax + 1}, UINT64_MAX}) {
    EXPECT_FALSE(ChangePacker().unpack(packed, size)) << size;
  }
}

TEST(PackedChange, BytesThatAreNoWholeFrameAreRefused) {
  const base::Bytes sealed = lines(5'000);
  const base::Bytes packed = *ChangePacker().pack(sealed);

  EXPECT_FALSE(ChangePacker().unpack("", 5'000));
  EXPECT_FALSE(ChangePacker().unpack("abc", 5'000));
  EXPECT_FALSE(ChangePacker().unpack(packed + packed, 5'000));
  EXPECT_FALSE(ChangePacker().unpack(packed + "x", 5'000));
  const base::Bytes skipped("\x50\x2a\x4d\x18\0\0\0\0", 8);  // a frame without content
  EXPECT_FALSE(ChangePacker().unpack(packed + skipped, 5'000));
  EXPECT_FALSE(ChangePacker().unpack(skipped + packed, 5'000));
  for (std::size_t length = 0; length < packed.size(); ++length) {
    EXPECT_FALSE(ChangePacker().unpack(base::BytesView(packed).substr(0, length), 5'000)) << length;
  }
  auto random = base::Random::from_number(1);
  for (int i = 0; i < 2'000; ++i) {  // no crash, and never another size
    base::Bytes changed = packed;
    changed[random.below(changed.size())] ^= static_cast<char>(1 + random.below(255));
    const auto back = ChangePacker().unpack(changed, 5'000);
    EXPECT_TRUE(!back || back->size() == 5'000u);
  }
}

struct PackedLog : testing::Test {
  // A change whose content is `content`.
  void apply(std::uint64_t seq, base::Bytes content) {
    crdt::SealedChange sealed{std::move(content), 0, actor(1), seq};
    sealed.hash = crdt::head_hash(sealed.bytes);
    ASSERT_TRUE(store->begin().ok());
    ASSERT_TRUE(sample::apply(*store, sealed).ok());
    ASSERT_TRUE(store->commit(Durability::kNormal).ok());
  }
  std::vector<base::Bytes> all() {
    std::vector<base::Bytes> seen;
    const auto visited =
        store->log().range(store->actors(), {}, RangeLimits{1'000, 64u << 20},
                           [&](const LogEntry& entry) { seen.emplace_back(entry.sealed); });
    EXPECT_TRUE(visited.ok());
    return seen;
  }
  void harm(const std::string& sql) {
    store.reset();
    sample::raw(file, sql);
    store = sample::open(file, options);
  }
  // Gives the row of `seq` this content under a right checksum.
  void replace(std::int64_t seq, std::int64_t size, base::BytesView content) {
    const std::int64_t index = store->actors().find(actor(1))->index;
    const std::int64_t sum =
        RowChecksum('g').number(seq).number(index).number(seq).number(size).bytes(content).value();
    harm("UPDATE log SET size=" + std::to_string(size) + ", change=x'" + base::to_hex(content) +
         "', sum=" + std::to_string(sum) + " WHERE seq=" + std::to_string(seq));
  }

  sample::Folder folder;
  std::string file = folder.file("a.db");
  Options options;
  std::unique_ptr<Store> store = sample::open(file, options);
  const base::Bytes one = lines(400);
  const base::Bytes two = lines(20'000);
  const base::Bytes three = noise(2'000);
};

TEST_F(PackedLog, GivesTheSealedBytesEverywhere) {
  apply(1, one);
  apply(2, two);
  apply(3, three);
  EXPECT_EQ(sample::raw_number(file, "SELECT count(*) FROM log WHERE size=20000"), 1);
  EXPECT_EQ(sample::raw_number(file, "SELECT count(*) FROM log WHERE size=0"), 2);

  harm("PRAGMA user_version=8");

  const std::vector<base::Bytes> expected{one, two, three};
  EXPECT_EQ(all(), expected);
  EXPECT_EQ(*store->log().find(store->actors(), actor(1), 2), two);
  std::vector<base::Bytes> salvaged;
  ASSERT_TRUE(store->log()
                  .salvage(store->actors(),
                           [&](const LogEntry& entry) -> base::Status {
                             salvaged.emplace_back(entry.sealed);
                             return {};
                           })
                  .ok());
  EXPECT_EQ(salvaged, expected);
  EXPECT_TRUE(store->verify().ok());
}

TEST_F(PackedLog, TheBudgetCountsWhatTheFileTakes) {
  apply(1, one);
  apply(2, two);
  apply(3, three);
  const auto taken =
      static_cast<std::uint64_t>(sample::raw_number(file, "SELECT sum(length(change)) FROM log"));
  EXPECT_EQ(store->log().bytes(), taken);
  EXPECT_LT(taken, 400u + 2'000u + 5'000u);

  options.log_bytes_max = taken - 1;
  store.reset();
  store = sample::open(file, options);
  ASSERT_TRUE(store->begin().ok());
  const auto pruned = store->log().prune(store->actors(), {});
  ASSERT_TRUE(store->commit(Durability::kNormal).ok());

  ASSERT_TRUE(pruned.ok());
  EXPECT_EQ(pruned->rows, 1u);
  EXPECT_EQ(store->log().bytes(), taken - 400);
}

// A frame that a wrong program wrote under a right checksum is damage like a changed byte.
TEST_F(PackedLog, ABadFrameIsCorruptAndIsMended) {
  const base::Bytes frame = *ChangePacker().pack(two);
  const std::pair<std::int64_t, base::Bytes> bad[] = {{19'999, frame},
                                                      {20'001, frame},
                                                      {20'000, frame + "x"},
                                                      {20'000, "no frame"},
                                                      {-1, frame},
                                                      {1ll << 40, frame},
                                                      {20'000, frame.substr(0, frame.size() - 1)}};
  apply(1, one);
  apply(2, two);
  for (const auto& [size, content] : bad) {
    replace(2, size, content);

    const auto visited = store->log().range(store->actors(), {}, {}, [](const LogEntry&) {});

    ASSERT_FALSE(visited.ok()) << size;
    EXPECT_EQ(visited.error().code, base::Code::kCorrupt);
    EXPECT_NE(visited.error().message.find("table log, row 2"), std::string::npos);
    EXPECT_FALSE(store->log().find(store->actors(), actor(1), 2)->has_value());
  }
  replace(2, 20'000, frame);
  EXPECT_EQ(all(), (std::vector<base::Bytes>{one, two}));

  replace(2, 20'000, "no frame");
  ASSERT_TRUE(store->begin().ok());
  const auto mended = store->log().mend(store->actors());
  ASSERT_TRUE(store->commit(Durability::kNormal).ok());

  ASSERT_TRUE(mended.ok());
  EXPECT_EQ(mended->rows, 1u);
  EXPECT_EQ(store->actors().find(actor(1))->floor, 2u);
}

TEST_F(PackedLog, AChangedByteOrSizeIsFoundByTheScrub) {
  apply(1, two);
  for (const char* change : {"change=CAST(substr(change,1,200)||x'07'||substr(change,202) AS BLOB)",
                             "size=size+1", "size=0"}) {
    const auto kept = sample::raw_number(file, "SELECT size FROM log");
    harm(std::string("UPDATE log SET ") + change);
    EXPECT_FALSE(store->verify().ok()) << change;
    EXPECT_FALSE(store->log().range(store->actors(), {}, {}, [](const LogEntry&) {}).ok());
    replace(1, kept, *ChangePacker().pack(two));
    EXPECT_TRUE(store->verify().ok());
  }
}

}  // namespace
}  // namespace store
