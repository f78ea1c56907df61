#include "crdt/types/sequence/block_index.h"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "crdt/types/sequence/columns.h"

namespace crdt {
namespace {

bool less(const Element& a, const Element& b) {
  return a.actor != b.actor ? a.actor < b.actor : a.number < b.number;
}

base::Error malformed() { return base::invalid("decode the index of a text: malformed"); }

}  // namespace

std::optional<std::vector<Interval>> intervals_of(std::span<const Run> runs) {
  std::vector<Interval> sorted;
  sorted.reserve(runs.size());
  for (const Run& run : runs) {
    const bool joins =
        !sorted.empty() && sorted.back().first.plus(sorted.back().length) == run.first;
    if (joins) {
      sorted.back().length += run.length;
    } else {
      sorted.push_back({run.first, run.length});
    }
  }
  std::sort(sorted.begin(), sorted.end(),
            [](const Interval& a, const Interval& b) { return less(a.first, b.first); });
  std::vector<Interval> merged;
  for (const Interval& next : sorted) {
    if (!merged.empty() && merged.back().first.actor == next.first.actor) {
      Interval& last = merged.back();
      const std::uint32_t end = last.first.number + last.length;
      if (next.first.number < end) return std::nullopt;
      if (next.first.number == end) {
        last.length += next.length;
        continue;
      }
    }
    merged.push_back(next);
  }
  merged.shrink_to_fit();
  return merged;
}

bool contains(const std::vector<Interval>& intervals, Element element) {
  const auto after = std::upper_bound(
      intervals.begin(), intervals.end(), element,
      [](const Element& wanted, const Interval& one) { return less(wanted, one.first); });
  if (after == intervals.begin()) return false;
  const Interval& found = *std::prev(after);
  return found.first.actor == element.actor && element.number - found.first.number < found.length;
}

base::Bytes encode_index(std::span<const BlockLine* const> lines,
                         std::span<const Element> starters) {
  Column ids;
  Column figures;
  Column counts;
  Column actors;
  Column numbers;
  Column lengths;
  for (const BlockLine* line : lines) {
    ids.add(line->id);
    figures.add(line->points);
    figures.add(line->astral);
    figures.add(line->runs);
    figures.add(line->bytes - line->points);
    counts.add(line->intervals.size());
    Element end{0, 0};
    for (const Interval& interval : line->intervals) {
      const bool same = interval.first.actor == end.actor;
      actors.add(interval.first.actor - end.actor);
      numbers.add(same ? interval.first.number - end.number : interval.first.number);
      lengths.add(interval.length);
      end = interval.first.plus(interval.length);
    }
  }
  Column first;
  for (const Element& element : starters) {
    first.add(element.actor);
    first.add(element.number);
  }
  base::Bytes out;
  for (const Column* column : {&ids, &figures, &counts, &actors, &numbers, &lengths, &first}) {
    column->append_to(out);
  }
  return out;
}

base::Result<std::vector<std::uint32_t>> decode_block_ids(base::BytesView bytes) {
  ColumnReader column = ColumnReader(bytes).column();
  std::vector<std::uint32_t> ids;
  std::set<std::uint64_t> seen;
  while (column.ok() && !column.at_end()) {
    const std::uint64_t id = column.next();
    if (id == 0 || id >= UINT32_MAX || !seen.insert(id).second) return malformed();
    ids.push_back(static_cast<std::uint32_t>(id));
  }
  if (!column.ok()) return malformed();
  return ids;
}

namespace {

// Reads the lines, and checks that they have every element once.
class IndexReader {
 public:
  IndexReader(base::BytesView bytes, const ElementIds& ids) : all_(bytes), ids_(ids) {
    all_.column();  // the ids of the blocks, which the caller has read
    for (ColumnReader* column : columns()) *column = all_.column();
  }

  base::Result<BlockIndex> read(const std::vector<std::uint32_t>& blocks) {
    BlockIndex index;
    std::uint64_t units = 0;
    for (const std::uint32_t block : blocks) {
      BlockLine& line = index.lines.emplace_back();
      line.id = block;
      if (!read(line)) return malformed();
      units += std::uint64_t{line.points} + line.astral;
    }
    while (first_.ok() && !first_.at_end()) {
      const std::uint64_t actor = first_.next();
      const std::uint64_t number = first_.next();
      if (actor >= ids_.actors() || number >= count_of(actor)) return malformed();
      index.starters.push_back(
          {static_cast<std::uint32_t>(actor), static_cast<std::uint32_t>(number)});
    }
    bool complete = all_.ok() && all_.at_end() && units < UINT32_MAX;
    for (ColumnReader* column : columns()) complete = complete && column->ok() && column->at_end();
    if (!complete || !has_every_element_once(index)) return malformed();
    return index;
  }

 private:
  std::array<ColumnReader*, 6> columns() {
    return {&figures_, &counts_, &actors_, &numbers_, &lengths_, &first_};
  }
  std::uint64_t count_of(std::uint64_t actor) const {
    return ids_.count(static_cast<std::uint32_t>(actor));
  }

  bool read(BlockLine& line) {
    const std::uint64_t points = figures_.next();
    const std::uint64_t astral = figures_.next();
    const std::uint64_t runs = figures_.next();
    const std::uint64_t more_bytes = figures_.next();
    const std::uint64_t bytes = points + more_bytes;
    if (points >= UINT32_MAX || astral > points || runs >= UINT32_MAX) return false;
    if (more_bytes >= UINT32_MAX || bytes >= UINT32_MAX) return false;
    line.points = static_cast<std::uint32_t>(points);
    line.astral = static_cast<std::uint32_t>(astral);
    line.runs = static_cast<std::uint32_t>(runs);
    line.bytes = static_cast<std::uint32_t>(bytes);
    std::uint64_t elements = 0;
    std::uint64_t actor = 0;
    std::uint64_t end = 0;
    for (std::uint64_t left = counts_.next(); left > 0; --left) {
      const std::uint64_t step = actors_.next();
      if (step >= ids_.actors()) return false;
      actor += step;
      const std::uint64_t gap = numbers_.next();
      const std::uint64_t length = lengths_.next();
      if (actor >= ids_.actors() || gap >= UINT32_MAX || length == 0) return false;
      const std::uint64_t number = (step > 0 ? 0 : end) + gap;
      if (length > count_of(actor) || number > count_of(actor) - length) return false;
      line.intervals.push_back(
          {{static_cast<std::uint32_t>(actor), static_cast<std::uint32_t>(number)},
           static_cast<std::uint32_t>(length)});
      elements += length;
      end = number + length;
    }
    line.intervals.shrink_to_fit();
    return runs > 0 && runs <= elements && points <= elements;
  }

  bool has_every_element_once(const BlockIndex& index) const {
    std::vector<std::vector<std::pair<std::uint32_t, std::uint32_t>>> found(ids_.actors());
    for (const BlockLine& line : index.lines) {
      for (const Interval& one : line.intervals) {
        found[one.first.actor].emplace_back(one.first.number, one.length);
      }
    }
    for (std::uint32_t actor = 0; actor < found.size(); ++actor) {
      std::sort(found[actor].begin(), found[actor].end());
      std::uint64_t end = 0;
      for (const auto& [number, length] : found[actor]) {
        if (number != end) return false;
        end += length;
      }
      if (end != ids_.count(actor)) return false;
    }
    return true;
  }

  ColumnReader all_;
  const ElementIds& ids_;
  ColumnReader figures_{{}};
  ColumnReader counts_{{}};
  ColumnReader actors_{{}};
  ColumnReader numbers_{{}};
  ColumnReader lengths_{{}};
  ColumnReader first_{{}};
};

}  // namespace

base::Result<BlockIndex> decode_index(base::BytesView bytes, const ElementIds& ids) {
  ASSIGN_OR_RETURN(const std::vector<std::uint32_t> blocks, decode_block_ids(bytes));
  return IndexReader(bytes, ids).read(blocks);
}

}  // namespace crdt
