// A text that is opened in parts: what is loaded, and damaged blocks.

#include "crdt/base/random.h"
#include "texts_fixture.h"

namespace store {
namespace {

using texts_test::kNote;
using texts_test::kOther;
using texts_test::TextsTest;

// A text of 1,000,000 letters in 5,000 runs, folded, and closed.
struct LargeText : TextsTest {
  void SetUp() override {
    options.fold_changes = 100'000;
    open();
    auto random = base::Random::from_number(7);
    begin();
    for (int i = 0; i < 5'000; ++i) {
      type(kNote, model, static_cast<std::uint32_t>(random.below(model.size() + 1)),
           std::string(200, static_cast<char>('a' + i % 26)));
    }
    type(kOther, other, 0, "other");
    ASSERT_TRUE(texts().fold(kNote).ok());
    commit();
    whole_bytes = texts().open_bytes();
    open();
  }
  // As the plan of a local insert asks.
  base::Result<const crdt::Sequence*> open_at(std::uint32_t at) {
    return texts().open(kNote, [=](const crdt::Sequence& text) { text.anchor_at(at); });
  }
  std::uint64_t blocks_stored() {
    return static_cast<std::uint64_t>(
        sample::raw_number(folder.file("a.db"),
                           "SELECT count(*) FROM blocks WHERE owner=1 AND number%2=1") -
        1);
  }
  crdt::Sequence model;
  crdt::Sequence other;
  std::size_t whole_bytes = 0;
};

TEST_F(LargeText, AnEditInTheMiddleLoadsAFewBlocks) {
  ASSERT_GT(blocks_stored(), 60u);
  const std::uint32_t middle = model.size() / 2;

  const auto text = open_at(middle);  // local: it is planned, then applied
  ASSERT_TRUE(text.ok());
  EXPECT_EQ((*text)->anchor_at(middle), model.anchor_at(middle));
  begin();
  type(kNote, model, middle, "x");
  commit();
  EXPECT_LE(texts().counts().blocks, 3u);

  begin();
  type(kNote, model, middle / 2, "y");  // remote: it is applied by its anchor
  cut(kNote, model, middle + 9, 1);
  commit();
  EXPECT_LE(texts().counts().blocks, 8u);
  EXPECT_LT(texts().open_bytes(), whole_bytes / 5);

  EXPECT_EQ(shown(kNote), model.text());
  begin();
  ASSERT_TRUE(texts().fold(kNote).ok());
  commit();
  EXPECT_LE(texts().counts().blocks, 12u);  // and small neighbours of what has changed
  EXPECT_LT(texts().open_bytes(), whole_bytes / 5);
  open();
  EXPECT_EQ(shown(kNote), model.text());
  EXPECT_EQ(texts().counts().loaded, 0u);
  EXPECT_TRUE(store->verify().ok());
}

TEST_F(LargeText, ACursorLoadsAFewBlocks) {
  const crdt::Dot element = model.element_at(700'000);
  const auto need = [&](const crdt::Sequence& text) {
    text.element_at(700'000);
    text.position_behind(element);
  };
  const auto text = texts().open(kNote, need);
  ASSERT_TRUE(text.ok());

  EXPECT_EQ((*text)->element_at(700'000), element);
  EXPECT_EQ((*text)->position_behind(element), 700'001u);
  EXPECT_LE(texts().counts().blocks, 1u);
}

TEST_F(LargeText, ADamagedBlockIsRefusedWhenItIsLoaded) {
  const std::string first = "(SELECT min(number) FROM blocks WHERE owner=1 AND number>3)";
  const auto refuses = [&](const std::string& damage) {
    store.reset();
    sample::raw(folder.file("a.db"), damage);
    open();
    std::uint64_t refused = 0;
    for (std::uint32_t at = 0; at < model.size(); at += 5'000) {
      const auto text = open_at(at);
      refused += text.ok() ? 0 : 1;
      EXPECT_TRUE(text.ok() || text.error().code == base::Code::kCorrupt);
    }
    EXPECT_LE(refused, 20u);
    return refused > 0;
  };
  EXPECT_FALSE(refuses("SELECT 1"));
  EXPECT_TRUE(refuses("UPDATE blocks SET v=x'00' WHERE owner=1 AND number=" + first));

  begin();  // what is elsewhere still works
  type(kOther, other, 5, "!");
  type(kNote, model, model.size() - 1, "!");
  commit();
  EXPECT_EQ(shown(kOther), "other!");
}

// A good row of another block: its checksum covers the number, so it is given that of its new
// place.
TEST_F(LargeText, ABlockThatIsNotTheOneOfTheIndexIsRefused) {
  Blocks& blocks = store->blocks();
  begin();
  const auto letters = blocks.get(1, 2 * 5);
  const auto skeleton = blocks.get(1, 2 * 5 + 1);
  ASSERT_TRUE(letters.ok() && *letters && skeleton.ok() && *skeleton);
  ASSERT_TRUE(blocks.put(1, 2 * 6, **letters).ok());
  ASSERT_TRUE(blocks.put(1, 2 * 6 + 1, **skeleton).ok());
  commit();
  open();

  const auto text = texts().open(kNote, [](const crdt::Sequence& part) { part.need_all(); });

  ASSERT_FALSE(text.ok());
  EXPECT_EQ(text.error().code, base::Code::kCorrupt);
}

}  // namespace
}  // namespace store
