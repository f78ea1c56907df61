// The order of a text that several agents edit: known cases, and random histories against a naive
// tree that shares nothing with the product but the definition.

#include "crdt/types/sequence/sequence.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "crdt/base/random.h"
#include "crdt/types/sequence/text_digest.h"
#include "naive_tree.h"

namespace crdt {
namespace {

struct Edit {
  bool is_insert = true;
  Anchor anchor;
  Dot dot;
  std::string text;
  DotRuns erased;
};

// One agent with its text. Edits go from one to the other by hand.
class Writer {
 public:
  explicit Writer(char name) { actor_.bytes[0] = static_cast<unsigned char>(name); }
  Edit type(std::uint32_t position, const std::string& text) {
    Edit edit;
    edit.text = text;
    edit.dot = {actor_, ++seq_, 0};
    const Anchor planned = sequence_.anchor_at(position);
    edit.anchor = sequence_.insert(position, edit.dot, text);
    EXPECT_EQ(planned, edit.anchor);
    digest_.add(hash_.of(inserted(edit)));
    return edit;
  }
  Edit cut(std::uint32_t position, std::uint32_t count) {
    Edit edit;
    edit.is_insert = false;
    edit.dot = {actor_, ++seq_, 0};
    edit.erased = sequence_.dots_of(position, count);
    Sequence other = sequence_;
    EXPECT_EQ(other.erase(position, count), edit.erased);
    take(edit);
    EXPECT_EQ(sequence_.text(), other.text());
    return edit;
  }
  void take(const Edit& edit) {
    if (edit.is_insert) {
      EXPECT_TRUE(sequence_.apply_insert(edit.anchor, edit.dot, edit.text));
      digest_.add(hash_.of(inserted(edit)));
      return;
    }
    for (const DotRun& run : edit.erased) {
      std::vector<TextRun> erased;
      sequence_.apply_erase(run, &erased);
      for (TextRun& gone : erased) {
        digest_.subtract(hash_.of(gone));
        gone.live = false;
        digest_.add(hash_.of(gone));
      }
    }
  }
  // The digest that was kept by edits of others is that of all elements.
  void check_digest() {
    Digest sum;
    sequence_.visit(std::nullopt, [&](const TextRun& run) {
      sum.add(hash_.of(run));
      return true;
    });
    EXPECT_EQ(sum, digest_);
  }
  const Digest& digest() const { return digest_; }
  std::string text() const {
    sequence_.check();
    return sequence_.text();
  }
  std::uint32_t size() const { return sequence_.size(); }

  // Writes the blocks that have changed. Those that it leaves alone are still what the text is.
  void store() {
    std::map<std::uint32_t, Sequence::StoredBlock> kept;
    order_.clear();
    for (const RunTree::Block& block : sequence_.fold(next_block_)) {
      Sequence::StoredBlock now = sequence_.block(block);
      if (!block.changed) {
        EXPECT_EQ(disk_.at(block.id).skeleton, now.skeleton);
        EXPECT_EQ(disk_.at(block.id).text, now.text);
      }
      EXPECT_EQ(block.points, base::count_points(now.text));
      order_.push_back(block.id);
      kept[block.id] = std::move(now);
    }
    disk_ = std::move(kept);
    names_ = sequence_.names();
  }
  // Stores the text and loads it again.
  void restart() {
    store();
    auto loader = Sequence::Loader::begin(names_);
    ASSERT_TRUE(loader.ok());
    for (const std::uint32_t id : order_) {
      ASSERT_TRUE(loader->add(id, disk_.at(id).skeleton, disk_.at(id).text).ok());
    }
    auto loaded = loader->finish();
    ASSERT_TRUE(loaded.ok());
    EXPECT_EQ(loaded->text(), sequence_.text());
    EXPECT_EQ(loaded->elements(), sequence_.elements());
    sequence_ = std::move(*loaded);
    sequence_.check();
  }
  const Sequence& sequence() const { return sequence_; }

 private:
  static TextRun inserted(const Edit& edit) {
    const auto points = static_cast<std::uint32_t>(base::count_points(edit.text));
    return {{edit.dot.actor, edit.dot.seq, edit.dot.index, points}, edit.anchor, true, edit.text};
  }
  TextDigest hash_{{"notes", {"a"}, SlotType::kSeq}};
  Digest digest_;
  std::map<std::uint32_t, Sequence::StoredBlock> disk_;
  std::vector<std::uint32_t> order_;
  base::Bytes names_;
  std::uint32_t next_block_ = 1;
  ActorId actor_;
  std::uint64_t seq_ = 0;
  Sequence sequence_;
};

struct Two : testing::Test {
  Writer a{'a'};
  Writer b{'b'};
  void share(const Edit& edit) { b.take(edit); }
};

TEST_F(Two, InsertsAtOnePlaceStandInTheOrderOfTheirDots) {
  Edit one = a.type(0, "A");
  Edit two = b.type(0, "B");

  a.take(two);
  b.take(one);

  EXPECT_EQ(a.text(), "AB");
  EXPECT_EQ(b.text(), "AB");
}

TEST_F(Two, WordsThatAreTypedAtOncePlaceDoNotMix) {
  std::vector<Edit> first;
  std::vector<Edit> second;
  for (const char* c : {"o", "n", "e", " "}) first.push_back(a.type(a.size(), c));
  for (const char* c : {"t", "w", "o", " "}) second.push_back(b.type(b.size(), c));

  for (const Edit& edit : second) a.take(edit);
  for (const Edit& edit : first) b.take(edit);

  EXPECT_EQ(a.text(), "one two ");
  EXPECT_EQ(b.text(), "one two ");
}

TEST_F(Two, WordsThatAreTypedBackwardsDoNotMix) {
  std::vector<Edit> first;
  std::vector<Edit> second;
  for (const char* c : {"c", "b", "a"}) first.push_back(a.type(0, c));
  for (const char* c : {"z", "y", "x"}) second.push_back(b.type(0, c));

  for (const Edit& edit : second) a.take(edit);
  for (const Edit& edit : first) b.take(edit);

  EXPECT_EQ(a.text(), "abcxyz");
  EXPECT_EQ(b.text(), "abcxyz");
}

TEST_F(Two, AnInsertIntoARangeThatIsErasedSurvives) {
  share(a.type(0, "abcdef"));
  Edit gone = a.cut(1, 4);
  Edit kept = b.type(3, "X");

  a.take(kept);
  b.take(gone);

  EXPECT_EQ(a.text(), "aXf");
  EXPECT_EQ(b.text(), "aXf");
}

TEST_F(Two, OverlappingErasesAreTheirUnion) {
  share(a.type(0, "abcdefg"));
  Edit one = a.cut(1, 3);
  Edit two = b.cut(3, 3);

  a.take(two);
  b.take(one);
  b.take(one);

  EXPECT_EQ(a.text(), "ag");
  EXPECT_EQ(b.text(), "ag");
}

TEST_F(Two, ReplacingAllBesideAnAppendKeepsBoth) {
  share(a.type(0, "milk"));
  Edit cut = a.cut(0, 4);
  Edit typed = a.type(0, "oat");
  Edit more = b.type(4, "shake");

  a.take(more);
  b.take(cut);
  b.take(typed);

  EXPECT_EQ(a.text(), "oatshake");
  EXPECT_EQ(b.text(), "oatshake");
}

TEST_F(Two, CodePointsAreNotSplit) {
  share(a.type(0, "h\xC3\xA9\xF0\x9F\x98\x80o"));
  Edit typed = b.type(3, "\xE2\x82\xAC");
  Edit cut = a.cut(1, 2);

  a.take(typed);
  b.take(cut);

  EXPECT_EQ(a.text(), "h\xE2\x82\xACo");
  EXPECT_EQ(b.text(), a.text());
  EXPECT_EQ(a.size(), 3u);
}

// A leaf that has more letters than it may have is split before letters of it are erased.
TEST(Sequence, ErasingAPastedTextCountsEachElementOnce) {
  for (const char* letter : {"x", "\xC3\xA9", "\xE8\xAA\x9E", "\xF0\x9F\x98\x80"}) {
    for (std::uint32_t count : {256u, 300u, 350u, 600u, 1'024u, 1'025u, 1'500u, 2'000u, 5'000u}) {
      std::string pasted;
      for (std::uint32_t i = 0; i < count; ++i) pasted += letter;
      for (const auto& [from, length] :
           {std::pair{0u, count}, {count / 4, count / 2}, {1u, count - 2}, {count / 2, 1u}}) {
        Writer writer('a');
        writer.type(0, pasted);
        writer.cut(from, length);
        writer.check_digest();
        EXPECT_EQ(writer.size(), count - length) << letter << " " << count << " from " << from;
      }
    }
  }
}

TEST(Sequence, AnAnchorThatIsNotThereIsRefused) {
  Sequence text;
  ActorId actor;
  actor.bytes[0] = 1;

  EXPECT_FALSE(text.apply_insert({Dot{actor, 7, 0}, true}, {actor, 8, 0}, "x"));
  EXPECT_FALSE(text.apply_insert({std::nullopt, false}, {actor, 8, 0}, "x"));
  text.apply_erase({actor, 7, 0, 1, UINT32_MAX});
  EXPECT_EQ(text.text(), "");
}

TEST(Sequence, AnElementIsAPlaceEvenWhenItIsErased) {
  Sequence text;
  ActorId actor;
  text.insert(0, {actor, 1, 0}, "abc");
  text.erase(1, 1);

  const auto anchor = text.anchor_behind({actor, 1, 1});
  ASSERT_TRUE(anchor.has_value());
  EXPECT_TRUE(text.apply_insert(*anchor, {actor, 2, 0}, "X"));

  EXPECT_EQ(text.text(), "aXc");
  EXPECT_FALSE(text.anchor_behind({actor, 1, 3}).has_value());
}

// --- Stored form -------------------------------------------------------------------------------

TEST(StoredText, ALargeTextIsStoredInBlocksAndAnEditChangesOne) {
  Writer writer('a');
  for (int i = 0; i < 400; ++i) {
    writer.type(writer.size() / 2,
                "a line of a text that is long enough to need many blocks \xC3\xA9\n");
  }
  writer.type(0, std::string(50'000, 'x'));
  writer.restart();
  Sequence text = writer.sequence();
  std::uint32_t next = 1'000;
  const std::size_t blocks = text.fold(next).size();
  ASSERT_GE(blocks, 3u);
  EXPECT_EQ(next, 1'000u);  // nothing has changed since it was loaded

  ActorId actor;
  const auto changed_by_an_edit = [&](std::uint32_t position) {
    text.insert(position, {actor, position, 0}, "y");
    const auto blocks_now = text.fold(next);
    return std::count_if(blocks_now.begin(), blocks_now.end(),
                         [](const RunTree::Block& block) { return block.changed; });
  };
  EXPECT_LE(changed_by_an_edit(1), 5);  // what came in at once was one block; it is cut now
  for (std::uint32_t position : {10u, 20'000u, 40'000u, 60'000u, text.size()}) {
    EXPECT_LE(changed_by_an_edit(position), 2) << position;
  }
}

TEST(StoredText, EditsInManyPlacesLeaveNoSmallBlocks) {
  Writer writer('a');
  for (int i = 0; i < 3'000; ++i) {
    writer.type(static_cast<std::uint32_t>(i * 7919) % (writer.size() + 1), "some words ");
    if (i % 20 == 0) writer.store();
  }
  Sequence text = writer.sequence();
  std::uint32_t next = 1'000'000;

  EXPECT_LT(text.fold(next).size(), 40u);  // of 33,000 letters in about 6,000 runs
}

// Thousands of runs in another order than their elements were typed.
TEST(StoredText, ALoadedTextIsEditedLikeOneThatStayedOpen) {
  base::Random random = base::Random::from_number(3);
  for (const char* word : {"word ", "w\xC3\xB6rd "}) {
    Writer open('a');
    Writer loaded('z');
    for (int i = 0; i < 3'000; ++i) {
      loaded.take(open.type(static_cast<std::uint32_t>(random.below(open.size() + 1)), word));
      if (i % 7 == 0) loaded.take(open.cut(open.size() / 2, 2));
      if (i % 1'000 == 500) loaded.restart();
    }
    ASSERT_GT(loaded.sequence().runs(), 3'000u);
    loaded.restart();

    open.take(loaded.type(loaded.size() / 3, "more"));
    loaded.take(open.cut(5, open.size() - 10));

    EXPECT_EQ(loaded.text(), open.text());
    EXPECT_EQ(loaded.digest(), open.digest());
    loaded.check_digest();
  }
}

TEST(StoredText, BrokenBytesAreRefused) {
  Writer writer('a');
  writer.type(0, "abc");
  writer.type(1, "d");
  writer.cut(0, 1);
  Sequence text = writer.sequence();
  std::uint32_t next = 1;
  const auto blocks = text.fold(next);
  ASSERT_EQ(blocks.size(), 1u);
  const Sequence::StoredBlock block = text.block(blocks[0]);
  const auto loads = [&](const base::Bytes& names, const base::Bytes& skeleton,
                         const std::string& letters) {
    auto loader = Sequence::Loader::begin(names);
    return loader.ok() && loader->add(1, skeleton, letters).ok() && loader->finish().ok();
  };
  ASSERT_TRUE(loads(text.names(), block.skeleton, block.text));

  EXPECT_FALSE(loads(text.names(), block.skeleton, block.text + "x"));
  EXPECT_FALSE(loads(text.names(), block.skeleton, block.text.substr(1)));
  EXPECT_FALSE(loads("", block.skeleton, block.text));
  EXPECT_FALSE(loads(text.names(), "", block.text));
  for (std::size_t i = 0; i < block.skeleton.size(); ++i) {
    loads(text.names(), block.skeleton.substr(0, i), block.text);  // must not crash
    for (int bit = 0; bit < 8; ++bit) {
      base::Bytes broken = block.skeleton;
      broken[i] = static_cast<char>(broken[i] ^ (1 << bit));
      loads(text.names(), broken, block.text);
    }
  }
  for (std::size_t i = 0; i < text.names().size(); ++i) {
    base::Bytes broken = text.names();
    broken[i] = static_cast<char>(broken[i] ^ 0x55);
    loads(broken, block.skeleton, block.text);
  }
}

// --- Random histories ----------------------------------------------------------------------------

class Histories : public testing::TestWithParam<int> {};

// Three agents edit at random and exchange what they have now and then, each in its own order. In
// the end all have the text of the definition.
void expect_the_defined_text(std::uint64_t seed) {
  base::Random random = base::Random::from_number(seed);
  std::vector<Writer> writers;
  for (char name : {'a', 'b', 'c'}) writers.emplace_back(name);
  struct Arrived {
    std::size_t author = 0;
    std::size_t number = 0;  // of the author's edits
    Edit edit;
  };
  std::vector<std::vector<Arrived>> logs(3);  // in the order in which each agent got them
  std::vector<std::vector<std::size_t>> seen(3, std::vector<std::size_t>(3, 0));
  std::vector<std::uint32_t> cursor(3, 0);
  samples::NaiveTree tree;
  // The order of arrival is an order in which causes come first.
  auto pull = [&](std::size_t to, std::size_t from) {
    for (const Arrived& arrived : std::vector<Arrived>(logs[from])) {
      if (arrived.number < seen[to][arrived.author]) continue;
      writers[to].take(arrived.edit);
      ++seen[to][arrived.author];
      logs[to].push_back(arrived);
    }
  };
  for (int step = 0; step < 200; ++step) {
    const std::size_t who = random.below(3);
    Writer& writer = writers[who];
    Edit edit;
    if (writer.size() > 0 && random.below(6) == 0) {
      const auto at = static_cast<std::uint32_t>(random.below(writer.size()));
      const std::uint64_t wanted = random.below(8) == 0 ? 2'000 : 5;
      const auto most = std::min<std::uint64_t>(writer.size() - at, wanted);
      edit = writer.cut(at, 1 + static_cast<std::uint32_t>(random.below(most)));
      tree.erase(edit.erased);
    } else {
      std::string text;
      const bool pastes = random.below(60) == 0;  // more than a leaf of the tree has
      std::uint64_t left = 1 + random.below(2) * random.below(4);
      if (pastes) left = 400 + random.below(2'000);
      for (; left > 0; --left) text += static_cast<char>('a' + random.below(26));
      // People go on where they stopped, and several begin at one place: a step behind the start.
      std::uint32_t at = static_cast<std::uint32_t>(random.below(writer.size() + 1));
      if (random.below(2) == 0) at = std::min(cursor[who], writer.size());
      if (random.below(4) == 0) at = std::min(1u, writer.size());
      edit = writer.type(at, text);
      cursor[who] = at + static_cast<std::uint32_t>(text.size());
      tree.insert(edit.anchor, edit.dot, edit.text);
    }
    logs[who].push_back({who, seen[who][who]++, edit});
    if (random.below(20) == 0) writers[who].restart();
    if (random.below(8) == 0) pull((who + 1 + random.below(2)) % 3, who);
    if (random.below(8) == 0) pull(who, (who + 1 + random.below(2)) % 3);
  }
  for (int round = 0; round < 2; ++round) {
    for (std::size_t to = 0; to < 3; ++to) {
      for (std::size_t from = 0; from < 3; ++from) pull(to, from);
    }
  }

  for (Writer& writer : writers) {
    EXPECT_EQ(writer.text(), tree.text());
    EXPECT_EQ(writer.digest(), writers[0].digest());
    writer.check_digest();
  }
}

TEST_P(Histories, EndInTheTextOfTheDefinition) {
  for (std::uint64_t i = 0; i < 30; ++i) {
    SCOPED_TRACE(i);
    expect_the_defined_text(static_cast<std::uint64_t>(GetParam()) * 30 + i);
  }
}
INSTANTIATE_TEST_SUITE_P(Seeds, Histories, testing::Range(0, 10));

// A text says which of many runs have its elements, without asking each run.
TEST(Sequence, OnlyTheRunsThatMeetItAreItsOwn) {
  auto random = base::Random::from_number(7);
  for (int round = 0; round < 200; ++round) {
    Sequence text;
    std::array<ActorId, 3> actors;
    for (std::size_t i = 0; i < actors.size(); ++i) {
      actors[i].bytes[0] = static_cast<unsigned char>(random.below(4));
    }
    std::map<ActorId, std::uint64_t> seqs;
    for (std::uint64_t edits = random.below(12); edits > 0; --edits) {
      const ActorId& actor = actors[random.below(actors.size())];
      seqs[actor] += 1 + random.below(3);
      const auto index = static_cast<std::uint32_t>(random.below(3));
      text.insert(0, {actor, seqs[actor], index}, std::string(1 + random.below(4), 'x'));
    }
    DotRuns some;
    for (int i = 0; i < 12; ++i) {
      DotRun& run = some.emplace_back();
      run.actor.bytes[0] = static_cast<unsigned char>(random.below(4));
      run.seq = 1 + random.below(15);
      run.index = static_cast<std::uint32_t>(random.below(4));
      run.count = 1 + static_cast<std::uint32_t>(random.below(3));
      run.changes = 1 + static_cast<std::uint32_t>(random.below(4));
    }
    const DotRuns runs = ordered_runs(some);
    DotRuns expected = runs;
    std::erase_if(expected, [&](const DotRun& run) {
      std::vector<TextRun> erased;
      Sequence(text).apply_erase(run, &erased);
      return erased.empty();
    });

    EXPECT_EQ(text.met(runs), expected) << "round " << round;
  }
}

}  // namespace
}  // namespace crdt
