#pragma once

// What is known of the stored blocks of a text without reading them: for each block its figures and
// which elements it has. An edit finds the few blocks that it needs with it. docs/storage.md has
// the layout of the stored form. Thread: any, one at a time.

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "crdt/base/result.h"
#include "crdt/types/sequence/element_ids.h"
#include "crdt/types/sequence/run.h"

namespace crdt {

// Elements of one actor with consecutive numbers.
struct Interval {
  Element first;
  std::uint32_t length = 0;
  bool operator==(const Interval&) const = default;
};

struct BlockLine {
  std::uint32_t id = 0;      // not 0
  std::uint32_t points = 0;  // shown code points
  std::uint32_t astral = 0;  // of them those that take two units of UTF-16
  std::uint32_t runs = 0;
  std::uint32_t bytes = 0;  // of the shown text
  // All its elements: in order, as few as possible. Empty: they were not counted yet.
  std::vector<Interval> intervals;
};

struct BlockIndex {
  std::vector<BlockLine> lines;   // in document order
  std::vector<Element> starters;  // the elements whose parent is the start of the text
};

// The elements of some runs. Nullopt: two runs have the same element.
std::optional<std::vector<Interval>> intervals_of(std::span<const Run> runs);
bool contains(const std::vector<Interval>& intervals, Element element);

base::Bytes encode_index(std::span<const BlockLine* const> lines,
                         std::span<const Element> starters);
// kInvalid when the bytes are no index, or when the blocks do not have each of the elements once.
base::Result<BlockIndex> decode_index(base::BytesView bytes, const ElementIds& ids);
// The ids of the blocks alone, in document order.
base::Result<std::vector<std::uint32_t>> decode_block_ids(base::BytesView bytes);

}  // namespace crdt
