#include "crdt/cell.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "crdt/base/plant.h"

namespace crdt {
namespace {

constexpr char kCellTag = 'C';

// Most elements fit on the stack. In both cases the hash is taken over one contiguous range of
// bytes.
constexpr std::size_t kElementOnStack = 768;

constexpr std::size_t kFixedPart = 1 + 4 + 4 + 1 + 16 + 8 + 4 + 1 + 8 + 4 + 4 + 4;

std::size_t element_size(const Slot& slot, const Cell& cell) {
  std::size_t size = kFixedPart + slot.object.size() + cell.stamp.writer.size() + cell.body.size();
  for (const auto& component : slot.path) size += 4 + component.size();
  return size;
}

class ElementWriter {
 public:
  explicit ElementWriter(char* at) : at_(at) {}
  void byte(std::uint8_t value) { *at_++ = static_cast<char>(value); }
  void be32(std::size_t value) {
    for (int shift = 24; shift >= 0; shift -= 8) byte(static_cast<std::uint8_t>(value >> shift));
  }
  void be64(std::uint64_t value) {
    for (int shift = 56; shift >= 0; shift -= 8) byte(static_cast<std::uint8_t>(value >> shift));
  }
  void raw(base::BytesView bytes) {
    if (!bytes.empty()) std::memcpy(at_, bytes.data(), bytes.size());
    at_ += bytes.size();
  }
  void sized(base::BytesView bytes) {
    be32(bytes.size());
    raw(bytes);
  }

 private:
  char* at_;
};

void write_element(char* at, const Slot& slot, const Cell& cell) {
  ElementWriter out(at);
  out.byte(kCellTag);
  out.sized(slot.object);
  out.be32(slot.path.size());
  for (const auto& component : slot.path) out.sized(component);
  out.byte(static_cast<std::uint8_t>(slot.type));
  out.raw(cell.dot.actor.view());
  out.be64(cell.dot.seq);
  out.be32(cell.dot.index);
  out.byte(static_cast<std::uint8_t>(cell.kind));
  out.be64(static_cast<std::uint64_t>(cell.stamp.time.nanos));
  out.be32(cell.stamp.time.counter);
  out.sized(cell.stamp.writer);
  out.sized(cell.body);
}

bool by_dot(const Cell& cell, const Dot& dot) { return cell.dot < dot; }

}  // namespace

Digest cell_element(const Slot& slot, const Cell& cell) {
  std::size_t size = element_size(slot, cell);
  if (size <= kElementOnStack) {
    std::array<char, kElementOnStack> buffer;
    write_element(buffer.data(), slot, cell);
    return Digest::of({buffer.data(), size});
  }
  base::Bytes buffer(size, '\0');
  write_element(buffer.data(), slot, cell);
  return Digest::of(buffer);
}

bool kill_cells(const Slot& slot, const DotRuns& kills, Cells& cells, Digest& digest) {
  if (kills.empty() || PLANTED(kKillsForgotten)) return false;
  const auto killed = std::erase_if(cells, [&](const Cell& cell) {
    if (!covers(kills, cell.dot)) return false;
    digest.subtract(cell_element(slot, cell));
    return true;
  });
  return killed > 0;
}

bool apply_effect(const Effect& effect, const Dot& dot, Cells& cells, Digest& digest) {
  const bool changed = kill_cells(effect.slot, effect.kills, cells, digest);
  if (!effect.body) return changed;
  auto place = std::lower_bound(cells.begin(), cells.end(), dot, by_dot);
  if (place != cells.end() && place->dot == dot) return changed;
  place = cells.insert(place, {dot, effect.kind, effect.stamp, *effect.body});
  digest.add(cell_element(effect.slot, *place));
  return true;
}

std::string_view value_of(base::BytesView put_body) {
  return put_body.substr(0, put_body.find('\0'));
}

std::string_view tag_of(base::BytesView put_body) {
  auto end = put_body.find('\0');
  return end == base::BytesView::npos ? std::string_view() : put_body.substr(end + 1);
}

}  // namespace crdt
