#include <algorithm>

#include "crdt/base/bytes.h"
#include "crdt/types/sequence/points.h"
#include "crdt/types/sequence/run_tree.h"

namespace crdt {

// One changed leaf, or all leaves of a block that has not changed.
struct RunTree::Segment {
  std::uint32_t first = kNone;
  std::uint32_t leaves = 0;
  std::uint32_t block = kNone;  // the block that they are, unchanged
  bool stub = false;
  std::size_t runs = 0;
  std::size_t text = 0;
};

std::vector<RunTree::Segment> RunTree::segments() const {
  std::vector<Segment> found;
  for (std::uint32_t id = first_leaf_; id != kNone; id = leaves_[id].next) {
    const Leaf& leaf = leaves_[id];
    if (found.empty() || leaf.block == kNone || found.back().block != leaf.block) {
      found.push_back({id, 0, leaf.block, leaf.stub, 0, 0});
    }
    ++found.back().leaves;
  }
  std::vector<Segment> result;
  for (Segment& segment : found) {
    const auto stored = stored_.find(segment.block);
    if (stored != stored_.end() && stored->second.leaves == segment.leaves) {
      segment.runs = stored->second.line.runs;
      segment.text = stored->second.line.bytes;
      result.push_back(segment);
      continue;
    }
    std::uint32_t id = segment.first;
    for (std::uint32_t i = 0; i < segment.leaves; ++i, id = leaves_[id].next) {
      result.push_back({id, 1, kNone, false, leaves_[id].count, leaves_[id].text.size()});
    }
  }
  return result;
}

// Changed segments grow to the size of a block. A small one takes the block behind it along, so
// that edits in many places do not leave many small blocks.
std::vector<RunTree::Segment> RunTree::groups(const BlockSize& size) const {
  std::vector<Segment> groups;
  for (const Segment& segment : segments()) {
    const bool open = !groups.empty() && groups.back().block == kNone;
    const bool room = open && groups.back().runs + segment.runs <= size.runs &&
                      groups.back().text + segment.text <= size.text;
    const bool small =
        open && groups.back().runs < size.runs / 4 && groups.back().text < size.text / 4;
    if (room && (segment.block == kNone || small)) {
      if (segment.stub) want(segment.first);
      groups.back().leaves += segment.leaves;
      groups.back().runs += segment.runs;
      groups.back().text += segment.text;
    } else {
      groups.push_back(segment);
    }
  }
  return groups;
}

void RunTree::plan_group(const BlockSize& size) const { groups(size); }

std::vector<RunTree::Block> RunTree::group(std::uint32_t& next_id, const BlockSize& size) {
  std::vector<Block> blocks;
  std::map<std::uint32_t, Stored> before;
  const std::vector<Segment> groups = this->groups(size);
  before.swap(stored_);
  for (const Segment& segment : groups) {
    Block block{segment.block, segment.first, 0, 0, segment.block == kNone};
    if (block.changed) block.id = next_id++;
    Stored& stored = stored_[block.id];
    if (!block.changed) stored = std::move(before[block.id]);
    stored.leaves = segment.leaves;
    std::size_t bytes = 0;
    std::uint32_t leaf = segment.first;
    for (std::uint32_t i = 0; i < segment.leaves; ++i, leaf = leaves_[leaf].next) {
      leaves_[leaf].block = block.id;
      block.points += leaves_[leaf].sums.points;
      block.astral += leaves_[leaf].sums.astral;
      bytes += leaves_[leaf].text.size();
    }
    if (stored.line.intervals.empty()) {
      const std::vector<Run> runs = runs_of(block);
      stored.line = {block.id,
                     block.points,
                     block.astral,
                     static_cast<std::uint32_t>(runs.size()),
                     static_cast<std::uint32_t>(bytes),
                     intervals_of(runs).value_or(std::vector<Interval>())};
    }
    blocks.push_back(block);
  }
  return blocks;
}

std::set<std::uint32_t> RunTree::stored_blocks() const {
  std::set<std::uint32_t> ids;
  for (const auto& [id, stored] : stored_) ids.insert(ids.end(), id);
  return ids;
}

std::vector<const BlockLine*> RunTree::lines() const {
  std::vector<const BlockLine*> lines;
  for (std::uint32_t id = first_leaf_; id != kNone; id = leaves_[id].next) {
    const BlockLine& line = stored_.at(leaves_[id].block).line;
    if (lines.empty() || lines.back() != &line) lines.push_back(&line);
  }
  return lines;
}

// Runs that are two only because a leaf ended between them are one.
std::vector<Run> RunTree::runs_of(const Block& block) const {
  std::vector<Run> runs;
  for (std::uint32_t id = block.first; id != kNone && leaves_[id].block == block.id;
       id = leaves_[id].next) {
    const Leaf& leaf = leaves_[id];
    for (std::uint32_t i = 0; i < leaf.count; ++i) {
      const Run& run = leaf.runs[i];
      if (!runs.empty()) {
        Run& last = runs.back();
        if (last.live == run.live && run.continues(last)) {
          last.length = (last.length + run.length) & Run::kLengthMax;
          last.forks |= run.forks;
          continue;
        }
      }
      runs.push_back(run);
    }
  }
  return runs;
}

RunTree::Content RunTree::content(const Block& block) const {
  Content content{runs_of(block), {}};
  for (std::uint32_t id = block.first; id != kNone && leaves_[id].block == block.id;
       id = leaves_[id].next) {
    content.text += leaves_[id].text;
  }
  return content;
}

bool RunTree::append(std::uint32_t id, const std::vector<Run>& runs, std::string_view text) {
  const bool ascii = base::is_ascii(text);
  if (!ascii && !base::is_utf8(text)) return false;
  BlockLine& line = stored_[id].line;
  line.id = id;
  line.runs = static_cast<std::uint32_t>(runs.size());
  line.bytes = static_cast<std::uint32_t>(text.size());
  for (Run run : runs) {
    while (run.length > 0) {
      // A long run takes several leaves.
      const std::uint32_t most = run.live ? static_cast<std::uint32_t>(kTextBytes / 2) : run.length;
      Run part = run;
      part.length = std::min<std::uint32_t>(run.length, most) & Run::kLengthMax;
      std::size_t bytes = run.live ? part.length : 0;
      if (bytes > text.size()) return false;
      if (!ascii && bytes > 0) {
        bytes = 0;
        for (std::uint32_t point = 0; point < part.length; ++point) {
          if (bytes >= text.size()) return false;
          ++bytes;
          while (bytes < text.size() && base::is_continuation(text[bytes])) ++bytes;
        }
      }
      append_run(part, text.substr(0, bytes), id);
      text.remove_prefix(bytes);
      run.first = run.first.plus(part.length);
      run.parent = part.last();
      run.right = 1;
      run.length = (run.length - part.length) & Run::kLengthMax;
    }
  }
  return text.empty();
}

void RunTree::append_run(const Run& run, std::string_view text, std::uint32_t block) {
  const Leaf& last = leaves_.back();
  const bool full = last.count + 4 > kRuns || last.text.size() + text.size() > kTextBytes * 3 / 4;
  if (last.count > 0 && (full || last.block != block)) {
    const auto fresh = static_cast<std::uint32_t>(leaves_.size());
    leaves_.back().next = fresh;
    leaves_.emplace_back();
  }
  Leaf& leaf = leaves_.back();
  leaf.block = block;
  leaf.runs[leaf.count++] = run;
  leaf.text += text;
  if (!run.live) return;
  leaf.sums.points += run.length;
  if (text.size() == run.length) return;
  leaf.sums.astral += count_astral(text);
}

void RunTree::build() {
  std::vector<std::vector<Entry>> entries;
  std::vector<std::uint32_t> level;
  for (std::uint32_t id = first_leaf_; id != kNone; id = leaves_[id].next) {
    const Leaf& leaf = leaves_[id];
    level.push_back(id);
    Stored& stored = stored_[leaf.block];
    ++stored.leaves;
    if (leaf.stub) {
      for (const Interval& one : stored.line.intervals) {
        if (entries.size() <= one.first.actor) entries.resize(one.first.actor + 1);
        entries[one.first.actor].push_back({one.first.number, id});
      }
    }
    total_.points += leaf.sums.points;
    total_.astral += leaf.sums.astral;
    for (std::uint32_t i = 0; i < leaf.count; ++i) {
      const Element first = leaf.runs[i].first;
      if (entries.size() <= first.actor) entries.resize(first.actor + 1);
      entries[first.actor].push_back({first.number, id});
    }
  }
  for (std::size_t actor = 0; actor < entries.size(); ++actor) {
    index_of(static_cast<std::uint32_t>(actor)).fill(std::move(entries[actor]));
  }
  for (bool leaves = true; level.size() > 1; leaves = false) {
    std::vector<std::uint32_t> above;
    for (std::size_t from = 0; from < level.size(); from += kChildren * 3 / 4) {
      const auto id = static_cast<std::uint32_t>(inners_.size());
      Inner& inner = inners_.emplace_back();
      inner.over_leaves = leaves;
      const std::size_t to = std::min<std::size_t>(level.size(), from + kChildren * 3 / 4);
      for (std::size_t i = from; i < to; ++i) {
        inner.children[inner.count] = level[i];
        inner.sums[inner.count++] = sums_of(level[i], leaves);
        set_parent(level[i], id, leaves);
      }
      above.push_back(id);
    }
    level = std::move(above);
    root_ = level.front();
    root_is_leaf_ = false;
  }
}

}  // namespace crdt
