// Any bytes as edits of a text by three authors: inserts on both sides of any element, erases of
// any run, storing and loading. The text is that of the naive tree, and no invariant breaks.

#include <cstdint>
#include <map>
#include <vector>

#include "crdt/base/check.h"
#include "crdt/types/sequence/sequence.h"
#include "tests/crdt/naive_tree.h"

namespace {

constexpr int kEditsMax = 300;

class Edits {
 public:
  Edits(const std::uint8_t* data, std::size_t size) : data_(data), left_(size) {}

  void run() {
    for (int i = 0; i < kEditsMax && left_ > 0; ++i) {
      switch (byte() % 6) {
        case 0:
          erase();
          break;
        case 1:
          insert_at_position();
          break;
        case 2:
          store_and_load();
          break;
        default:
          insert_at_element();
      }
      text_.check();
    }
    CHECK(text_.text() == tree_.text());
  }

 private:
  std::uint8_t byte() {
    if (left_ == 0) return 0;
    --left_;
    return *data_++;
  }

  std::uint32_t number() {
    const std::uint32_t low = byte();
    return low | static_cast<std::uint32_t>(byte()) << 8;
  }

  // The dot of a new change of one of three authors.
  crdt::Dot next_dot(std::uint8_t chosen) {
    crdt::Dot dot;
    dot.actor.bytes[0] = static_cast<unsigned char>(chosen % 3);
    dot.seq = ++seqs_[chosen % 3];
    dot.index = chosen % 5 == 0 ? 3 : 0;
    return dot;
  }

  // Some letters, or a paste that is larger than a leaf.
  std::string letters() {
    const std::uint8_t size = byte();
    const std::size_t count = size >= 250 ? 400u * (size - 249u) : 1u + size % 4;
    return std::string(count, static_cast<char>('a' + byte() % 26));
  }

  void insert(const crdt::Anchor& anchor, const crdt::Dot& dot, const std::string& letters) {
    CHECK(text_.apply_insert(anchor, dot, letters));
    tree_.insert(anchor, dot, letters);
    for (std::uint32_t i = 0; i < letters.size(); ++i) {
      dots_.push_back({dot.actor, dot.seq, dot.index + i});
    }
  }

  void insert_at_element() {
    crdt::Anchor anchor;
    const std::uint32_t which = number();
    if (!dots_.empty() && which % 16 != 0) {
      anchor.parent = dots_[which % dots_.size()];
      anchor.right = byte() % 2 == 0;
    }
    const crdt::Dot dot = next_dot(byte());
    insert(anchor, dot, letters());
  }

  void insert_at_position() {
    const std::uint32_t position = number() % (text_.size() + 1);
    const crdt::Dot dot = next_dot(byte());
    const std::string typed = letters();
    const crdt::Anchor anchor = text_.insert(position, dot, typed);
    tree_.insert(anchor, dot, typed);
    for (std::uint32_t i = 0; i < typed.size(); ++i) {
      dots_.push_back({dot.actor, dot.seq, dot.index + i});
    }
  }

  void erase() {
    crdt::DotRun run;
    run.actor.bytes[0] = static_cast<unsigned char>(byte() % 3);
    run.seq = byte();
    run.index = byte() % 8;
    const std::uint8_t count = byte();
    run.count = count >= 200 ? 40u * count : 1u + count % 8;
    run.changes = byte() % 4 == 0 ? UINT32_MAX : 1u + byte() % 8;
    const std::uint32_t shown = text_.size();
    std::vector<crdt::TextRun> erased;
    text_.apply_erase(run, &erased);
    std::size_t letters = 0;
    for (const crdt::TextRun& gone : erased) letters += gone.text.size();
    CHECK(letters == shown - text_.size());
    tree_.erase({run});
  }

  void store_and_load() {
    if (byte() % 2 == 0) return store_and_open();
    auto loader = crdt::Sequence::Loader::begin(text_.names());
    CHECK(loader.ok());
    for (const crdt::RunTree::Block& block : text_.fold(next_)) {
      const crdt::Sequence::StoredBlock stored = text_.block(block);
      CHECK(loader->add(block.id, stored.skeleton, stored.text).ok());
    }
    auto loaded = loader->finish();
    CHECK(loaded.ok());
    CHECK(loaded->text() == text_.text());
    text_ = std::move(*loaded);
  }

  // In parts: each leaf is a block, and the blocks are loaded from the last one on.
  void store_and_open() {
    if (text_.elements() == 0) return;
    std::map<std::uint32_t, crdt::Sequence::StoredBlock> blocks;
    for (const crdt::RunTree::Block& block : text_.fold(next_, {1, 1})) {
      blocks[block.id] = text_.block(block);
    }
    auto opened = crdt::Sequence::open(text_.names(), text_.index());
    CHECK(opened.ok());
    for (auto block = blocks.rbegin(); block != blocks.rend(); ++block) {
      CHECK(opened->load(block->first, block->second.skeleton, block->second.text).ok());
      opened->check();
    }
    CHECK(opened->is_whole());
    CHECK(opened->text() == text_.text());
    text_ = std::move(*opened);
  }

  const std::uint8_t* data_;
  std::size_t left_;
  crdt::Sequence text_;
  crdt::samples::NaiveTree tree_;
  std::vector<crdt::Dot> dots_;
  std::map<int, std::uint64_t> seqs_;
  std::uint32_t next_ = 1'000;  // the id of the next block
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Edits(data, size).run();
  return 0;
}
