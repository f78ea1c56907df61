// A text that is opened in parts (Sequence::open) is like one that is wholly loaded, whatever is
// loaded of it: after every edit, fold and reopening it has the same text, places and stored form.

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "crdt/base/random.h"
#include "crdt/types/sequence/sequence.h"

namespace crdt::text_parts {
namespace {

struct Edit {
  Anchor anchor;
  Dot dot;
  std::string text;  // empty: an erase
  DotRuns erased;
};

void apply(const Edit& edit, Sequence& text, std::vector<TextRun>* gone = nullptr) {
  if (!edit.text.empty()) {
    ASSERT_TRUE(text.apply_insert(edit.anchor, edit.dot, edit.text));
  }
  for (const DotRun& run : edit.erased) text.apply_erase(run, gone);
}

std::vector<TextRun> all_runs(const Sequence& text) {
  std::vector<TextRun> runs;
  text.visit(std::nullopt, [&](const TextRun& run) {
    runs.push_back(run);
    return true;
  });
  return runs;
}

struct Disk {
  std::map<std::uint32_t, Sequence::StoredBlock> blocks;
  std::vector<std::uint32_t> order;
  base::Bytes names;
  base::Bytes index;

  void put(Sequence& text, std::uint32_t& next, const RunTree::BlockSize& size) {
    std::map<std::uint32_t, Sequence::StoredBlock> kept;
    order.clear();
    for (const RunTree::Block& block : text.fold(next, size)) {
      kept[block.id] = block.changed ? text.block(block) : blocks.at(block.id);
      order.push_back(block.id);
    }
    blocks = std::move(kept);
    names = text.names();
    index = text.index();
  }
  Sequence whole() const {
    auto loader = Sequence::Loader::begin(names);
    EXPECT_TRUE(loader.ok());
    for (const std::uint32_t id : order) {
      EXPECT_TRUE(loader->add(id, blocks.at(id).skeleton, blocks.at(id).text).ok());
    }
    auto loaded = loader->finish();
    EXPECT_TRUE(loaded.ok());
    return std::move(*loaded);
  }
};

// The same text twice: `whole` is loaded, `part` has what its edits needed.
class Twins {
 public:
  explicit Twins(const RunTree::BlockSize& size) : size_(size) {}

  const Sequence& whole() const { return whole_; }
  std::uint64_t loaded() const { return loaded_; }
  std::uint64_t stored() const { return stored_; }  // that could have been loaded
  const Disk& disk() const { return disk_; }

  template <typename Need>
  void complete(Sequence& part, const Need& need) {
    for (auto missing = part.missing(need); !missing.empty(); missing = part.missing(need)) {
      for (const std::uint32_t id : missing) {
        const Sequence::StoredBlock& block = disk_.blocks.at(id);
        ASSERT_TRUE(part.load(id, block.skeleton, block.text).ok()) << id;
        part.check();
        ++loaded_;
      }
    }
  }

  void take(const Edit& edit) {
    apply_to_part(edit);
    std::vector<TextRun> gone;
    apply(edit, whole_, &gone);
    EXPECT_EQ(gone, gone_);
    tail_.push_back(edit);
    expect_same();
  }

  Edit type(std::uint32_t position, const Dot& dot, const std::string& text) {
    complete(part_, [&](const Sequence& part) { part.anchor_at(position); });
    const Edit edit{part_.anchor_at(position), dot, text, {}};
    EXPECT_EQ(edit.anchor, whole_.anchor_at(position));
    take(edit);
    return edit;
  }

  Edit cut(std::uint32_t position, std::uint32_t count) {
    complete(part_, [&](const Sequence& part) { part.dots_of(position, count); });
    const Edit edit{{}, {}, {}, part_.dots_of(position, count)};
    EXPECT_EQ(edit.erased, whole_.dots_of(position, count));
    take(edit);
    return edit;
  }

  // What cursors ask.
  void look(std::uint32_t position) {
    const Dot element = whole_.element_at(position);
    complete(part_, [&](const Sequence& part) {
      part.element_at(position);
      part.position_behind(element);
      part.anchor_behind(element);
      if (const auto at = part.position_of_unit(position)) part.unit_of(*at);
    });
    EXPECT_EQ(part_.element_at(position), element);
    EXPECT_EQ(part_.position_behind(element), whole_.position_behind(element));
    EXPECT_EQ(part_.anchor_behind(element), whole_.anchor_behind(element));
    EXPECT_EQ(part_.position_of_unit(position), whole_.position_of_unit(position));
    EXPECT_EQ(part_.unit_of(position), whole_.unit_of(position));
  }

  void fold() {
    complete(part_, [&](const Sequence& part) { part.need_for_fold(size_); });
    Disk other = disk_;
    std::uint32_t next = next_block_;
    disk_.put(part_, next_block_, size_);
    other.put(whole_, next, size_);
    ASSERT_EQ(disk_.order, other.order);
    EXPECT_EQ(disk_.names, other.names);
    EXPECT_EQ(disk_.index, other.index);
    for (const auto& [id, block] : disk_.blocks) {
      ASSERT_EQ(block.skeleton, other.blocks.at(id).skeleton) << id;
      ASSERT_EQ(block.text, other.blocks.at(id).text) << id;
    }
    tail_.clear();
    expect_same();
  }

  // Both as they come from the last fold and the edits since then.
  void reopen() {
    if (disk_.order.empty()) return;
    whole_ = disk_.whole();
    auto opened = Sequence::open(disk_.names, disk_.index);
    ASSERT_TRUE(opened.ok());
    part_ = std::move(*opened);
    stored_ += disk_.order.size();
    for (const Edit& edit : tail_) {
      apply_to_part(edit);
      apply(edit, whole_);
    }
    expect_same();
  }

  // Everything that is in the part, loaded into a copy of it.
  void expect_same_elements() {
    Sequence all = part_;
    const std::uint64_t before = loaded_;
    complete(all, [](const Sequence& part) { part.need_all(); });
    loaded_ = before;
    EXPECT_EQ(all_runs(all), all_runs(whole_));
    EXPECT_EQ(all.text(), whole_.text());
  }

 private:
  void apply_to_part(const Edit& edit) {
    complete(part_, [&](const Sequence& part) {
      if (!edit.text.empty()) part.need_for_insert(edit.anchor, edit.dot.actor);
      for (const DotRun& run : edit.erased) part.need_for_erase(run);
    });
    gone_.clear();
    apply(edit, part_, &gone_);
  }

  void expect_same() {
    std::string shown;
    part_.pieces([&](std::optional<std::uint32_t> block, std::string_view piece) {
      shown += block ? std::string_view(disk_.blocks.at(*block).text) : piece;
    });
    ASSERT_EQ(shown, whole_.text());
    ASSERT_EQ(part_.size(), whole_.size());
    ASSERT_EQ(part_.units(), whole_.units());
    ASSERT_EQ(part_.elements(), whole_.elements());
  }

  RunTree::BlockSize size_;
  Sequence whole_;
  Sequence part_;
  std::vector<TextRun> gone_;  // that the last edit of the part has erased
  Disk disk_;
  std::uint32_t next_block_ = 1;
  std::vector<Edit> tail_;  // since the last fold
  std::uint64_t loaded_ = 0;
  std::uint64_t stored_ = 0;
};

// Others, who see each edit late. The twins see all of them, in the order in which they are made.
class Law {
 public:
  Law(std::uint64_t seed, const RunTree::BlockSize& size)
      : random_(base::Random::from_number(seed)), twins(size), seen_(others_.size(), 0) {}

  void run(int steps) {
    for (int step = 0; step < steps && !testing::Test::HasFatalFailure(); ++step) {
      SCOPED_TRACE(step);
      random_.below(2) == 0 ? edit_of_ours() : edit_of_another();
      if (random_.below(10) == 0) edit_of_a_newcomer();
      if (random_.below(25) == 0) catch_up();
      if (random_.below(15) == 0) twins.fold();
      if (random_.below(10) == 0) twins.reopen();
      if (random_.below(200) == 0) twins.expect_same_elements();
      if (twins.whole().size() > 0) twins.look(below(twins.whole().size()));
    }
    twins.expect_same_elements();
  }

 private:
  std::uint32_t below(std::uint32_t bound) {
    return static_cast<std::uint32_t>(random_.below(bound));
  }

  std::string letters() {
    static const std::vector<std::string> kWords{"a", "bc", "w\xC3\xB6rd ", "\xF0\x9F\x98\x80",
                                                 "a longer line of text\n"};
    return kWords[random_.below(kWords.size())];
  }

  // A place where others write too: near the last one, at the start, or anywhere.
  std::uint32_t place_in(std::uint32_t size) {
    const std::uint64_t choice = random_.below(8);
    if (choice == 0) return std::min(1u, size);
    if (choice < 4) return std::min(size, last_);
    return last_ = below(size + 1);
  }

  void edit_of_ours() {
    const std::uint32_t size = twins.whole().size();
    if (size > 0 && random_.below(4) == 0) {
      const std::uint32_t at = below(size);
      log_.push_back(twins.cut(at, 1 + below(std::min(size - at, 8u))));
    } else {
      log_.push_back(twins.type(place_in(size), next_dot(0), letters()));
    }
  }

  void edit_of_another() {
    const std::size_t who = random_.below(others_.size());
    Sequence& text = others_[who];
    Edit edit;
    if (text.size() > 0 && random_.below(4) == 0) {
      const std::uint32_t at = below(text.size());
      edit.erased = text.erase(at, 1 + below(std::min(text.size() - at, 8u)));
    } else {
      edit.dot = next_dot(who + 1);
      edit.text = letters();
      edit.anchor = text.insert(place_in(text.size()), edit.dot, edit.text);
    }
    twins.take(edit);
    own_[who].insert(log_.size());
    log_.push_back(edit);
  }

  // Somebody who has seen nothing but one old element, or nothing at all, writes beside it.
  void edit_of_a_newcomer() {
    if (random_.below(2) == 0) twins.reopen();
    Edit edit;
    edit.dot.actor.bytes[0] = static_cast<unsigned char>(random_.below(8));
    edit.dot.actor.bytes[1] = static_cast<unsigned char>(255 - newcomers_++ % 255);
    edit.dot.seq = 1'000 + log_.size();
    edit.text = letters();
    const std::size_t which = random_.below(log_.size());
    if (random_.below(8) == 0 || log_[which].text.empty()) {
      edit.dot.actor.bytes[0] = 0;  // before all others
    } else {
      edit.anchor.parent = log_[which].dot;
      edit.anchor.parent->index =
          static_cast<std::uint32_t>(base::count_points(log_[which].text) - 1);
      edit.anchor.right = random_.below(4) > 0;
    }
    twins.take(edit);
    log_.push_back(edit);
  }

  void catch_up() {
    const std::size_t who = random_.below(others_.size());
    for (; seen_[who] < log_.size(); ++seen_[who]) {
      if (!own_[who].contains(seen_[who])) apply(log_[seen_[who]], others_[who]);
    }
  }

  Dot next_dot(std::size_t author) {
    Dot dot;
    // Ours is between the others in the order of siblings.
    dot.actor.bytes[0] = static_cast<unsigned char>(author == 0 ? 2 : author * 2 - 1);
    dot.seq = ++seqs_[author];
    return dot;
  }

  base::Random random_;

 public:
  Twins twins;

 private:
  std::vector<Sequence> others_{3};
  std::vector<std::size_t> seen_;  // of the log
  std::map<std::size_t, std::set<std::size_t>> own_;
  std::vector<Edit> log_;
  std::map<std::size_t, std::uint64_t> seqs_;
  std::uint32_t last_ = 0;
  std::uint32_t newcomers_ = 0;
};

class TextParts : public testing::TestWithParam<int> {};

TEST_P(TextParts, AreLikeTheWholeText) {
  for (const RunTree::BlockSize& size :
       {RunTree::BlockSize{1, 1}, RunTree::BlockSize{40, 200}, RunTree::BlockSize{200, 4'000}}) {
    SCOPED_TRACE(size.runs);
    Law law(static_cast<std::uint64_t>(GetParam()), size);

    law.run(1'000);

    // Otherwise the law says nothing.
    EXPECT_LT(law.twins.loaded(), law.twins.stored());
    EXPECT_GT(law.twins.disk().order.size(), 3u);
  }
}
INSTANTIATE_TEST_SUITE_P(Seeds, TextParts, testing::Range(0, 6));

// --- Blocks that contradict the index, or each other -------------------------------------------

class BrokenParts : public testing::Test {
 protected:
  BrokenParts() { law_.run(300); }
  void SetUp() override {
    law_.twins.fold();
    disk = law_.twins.disk();
    ASSERT_GT(disk.order.size(), 3u);
  }
  Sequence opened() const {
    auto text = Sequence::open(disk.names, disk.index);
    EXPECT_TRUE(text.ok());
    return std::move(*text);
  }
  bool loads(Sequence& text, std::uint32_t id) const {
    return text.load(id, disk.blocks.at(id).skeleton, disk.blocks.at(id).text).ok();
  }
  Skeleton skeleton_of(std::uint32_t id) const {
    auto skeleton = decode_runs(disk.blocks.at(id).skeleton, 1'000);
    EXPECT_TRUE(skeleton.ok());
    return std::move(*skeleton);
  }
  Disk disk;

 private:
  Law law_{1, {1, 1}};
};

TEST_F(BrokenParts, AChildThatItsParentsBlockDoesNotNameIsRefused) {
  std::size_t tried = 0;
  for (const std::uint32_t id : disk.order) {
    const Skeleton skeleton = skeleton_of(id);
    if (skeleton.far_children.empty()) continue;
    ++tried;
    Sequence text = opened();
    const base::Bytes forged = encode_runs(skeleton.runs, {});
    ASSERT_TRUE(text.load(id, forged, disk.blocks.at(id).text).ok());

    const bool all = std::all_of(disk.order.begin(), disk.order.end(), [&](std::uint32_t other) {
      return other == id || loads(text, other);
    });

    EXPECT_FALSE(all) << id;
  }
  EXPECT_GT(tried, 0u);
}

TEST_F(BrokenParts, AFarChildIsFarAndHasItsParentInTheBlock) {
  Sequence text = opened();
  const std::uint32_t id = disk.order[1];
  const Skeleton here = skeleton_of(id);
  const Element near = here.runs.front().first;
  const Element far = skeleton_of(disk.order[0]).runs.front().first;
  for (const auto& [parent, child] : {std::pair(near, near), std::pair(far, far)}) {
    const std::vector<FarChild> children{{parent, true, child}};
    const base::Bytes forged = encode_runs(here.runs, children);
    EXPECT_FALSE(text.load(id, forged, disk.blocks.at(id).text).ok());
  }
  text.check();
  EXPECT_TRUE(loads(text, id));
}

TEST_F(BrokenParts, ABlockInThePlaceOfAnotherIsRefused) {
  for (const std::uint32_t id : disk.order) {
    Sequence text = opened();
    const Sequence::StoredBlock& other =
        disk.blocks.at(id == disk.order[0] ? disk.order[1] : disk.order[0]);
    EXPECT_FALSE(text.load(id, other.skeleton, other.text).ok());
    EXPECT_FALSE(text.load(id, disk.blocks.at(id).skeleton, other.text).ok());
    EXPECT_FALSE(text.load(1'000'000, other.skeleton, other.text).ok());
    EXPECT_TRUE(loads(text, id));
    EXPECT_FALSE(loads(text, id));  // it is loaded
  }
}

TEST_F(BrokenParts, ABlockWithOtherElementsIsRefused) {
  const Element elsewhere = skeleton_of(disk.order[0]).runs.front().first;
  std::size_t tried = 0;
  for (const std::uint32_t id : disk.order) {
    if (id == disk.order[0]) continue;
    Skeleton forged = skeleton_of(id);
    for (crdt::Run& run : forged.runs) {
      const bool is_leaf = run.length == 1 && !run.follows();
      if (!is_leaf) continue;
      run.first = elsewhere;
      ++tried;
      break;
    }
    Sequence text = opened();
    const base::Bytes skeleton = encode_runs(forged.runs, forged.far_children);
    const bool same = skeleton == disk.blocks.at(id).skeleton;
    EXPECT_EQ(text.load(id, skeleton, disk.blocks.at(id).text).ok(), same);
  }
  EXPECT_GT(tried, 0u);
}

// Each changed bit is refused, or gives an index whose blocks load or are refused.
TEST_F(BrokenParts, ABrokenIndexIsRefused) {
  std::size_t refused = 0;
  for (std::size_t i = 0; i < disk.index.size(); ++i) {
    base::Bytes broken = disk.index;
    broken[i] = static_cast<char>(broken[i] ^ (1 << (i % 8)));
    auto text = Sequence::open(disk.names, broken);
    bool loaded = text.ok();
    for (std::size_t at = 0; loaded && at < disk.order.size(); ++at) {
      loaded = loads(*text, disk.order[at]);
    }
    if (text.ok()) text->check();
    refused += loaded ? 0 : 1;
    EXPECT_FALSE(Sequence::open(disk.names, disk.index.substr(0, i)).ok());
  }
  EXPECT_GT(refused, disk.index.size() * 9 / 10);
}

}  // namespace
}  // namespace crdt::text_parts
