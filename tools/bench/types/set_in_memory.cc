#include "tools/bench/types/set_in_memory.h"

#include <malloc.h>

#include <algorithm>
#include <functional>
#include <unordered_map>
#include <utility>

#include "crdt/types/plan.h"
#include "tools/bench/clock.h"

namespace bench {
namespace {

using crdt::Cells;
using crdt::Slot;
using crdt::SlotType;

constexpr std::size_t kJoins = 1'000;

class MemoryView : public crdt::View {
 public:
  explicit MemoryView(std::string object) : object_(std::move(object)) {}
  const std::string& object() const override { return object_; }

  base::Result<Cells> cells(const crdt::Path& path, SlotType type) override {
    const auto found = cells_.find({path, type});
    return found == cells_.end() ? Cells() : found->second;
  }

  base::Status below(const crdt::Path& path, const Visit& visit) override {
    std::vector<Slot> found;
    for (const auto& [key, cells] : cells_) {
      const Slot slot{object_, key.first, key.second};
      if (crdt::reaches({object_, path, SlotType::kSubtree}, slot)) found.push_back(slot);
    }
    std::sort(found.begin(), found.end());
    for (const Slot& slot : found) {
      if (!visit(slot, cells_.at({slot.path, slot.type}))) break;
    }
    return {};
  }

  base::Result<const crdt::Sequence*> text(const crdt::Path&, const crdt::TextNeed&) override {
    return nullptr;
  }
  base::Result<std::string> shown_text(const crdt::Path&) override { return std::string(); }

  void apply(const crdt::Effect& effect, const crdt::Dot& dot) {
    crdt::apply_effect(effect, dot, cells_[{effect.slot.path, effect.slot.type}], digest_);
  }

  std::size_t count() const {
    std::size_t count = 0;
    for (const auto& [key, cells] : cells_) count += cells.size();
    return count;
  }
  crdt::Digest digest_of_cells() const {
    crdt::Digest sum;
    for (const auto& [key, cells] : cells_) {
      const Slot slot{object_, key.first, key.second};
      for (const crdt::Cell& cell : cells) sum.add(crdt::cell_element(slot, cell));
    }
    return sum;
  }
  const crdt::Digest& digest() const { return digest_; }

 private:
  using Key = std::pair<crdt::Path, SlotType>;
  struct Hash {
    std::size_t operator()(const Key& key) const {
      std::size_t sum = static_cast<std::size_t>(key.second);
      for (const auto& component : key.first) {
        sum = sum * 31 + std::hash<std::string_view>()(component);
      }
      return sum;
    }
  };
  std::string object_;
  std::unordered_map<Key, Cells, Hash> cells_;
  crdt::Digest digest_;
};

// Makes changes of one actor; each is an add.
class Writer {
 public:
  Writer(MemoryView& view, char name)
      : view_(view), author_{[this] { return next_time(); }, [this] { return dot_.actor; }} {
    dot_.actor.bytes.fill(static_cast<unsigned char>(name));
  }

  // The effects of an add, and the first dot of its change.
  base::Result<std::pair<crdt::Dot, std::vector<crdt::Effect>>> plan_add(std::size_t element) {
    std::vector<crdt::Effect> effects;
    const crdt::Op op{
        {}, crdt::Verb::kAdd, std::to_string(element), SlotType::kOrSet, std::nullopt};
    RETURN_IF_ERROR(crdt::plan(view_, op, author_, effects));
    ++dot_.seq;
    return std::pair(dot_, std::move(effects));
  }

 private:
  crdt::HybridTime next_time() { return {++nanos_, 0}; }
  MemoryView& view_;
  crdt::Dot dot_;
  std::int64_t nanos_ = 0;
  crdt::Author author_;
};

void apply(MemoryView& view, crdt::Dot dot, const std::vector<crdt::Effect>& effects) {
  for (const crdt::Effect& effect : effects) {
    view.apply(effect, dot);
    dot.index += effect.span();
  }
}

std::size_t heap_in_use() {
  const struct mallinfo2 info = ::mallinfo2();
  return info.uordblks + info.hblkhd;
}

}  // namespace

base::Result<SetInMemoryResult> measure_set_in_memory(std::size_t elements) {
  SetInMemoryResult result;
  const std::size_t heap_before = heap_in_use();
  MemoryView view("set");
  Writer writer(view, 'a');
  std::size_t payload = 0;
  const std::int64_t begin = monotonic_nanos();
  for (std::size_t i = 0; i < elements; ++i) {
    ASSIGN_OR_RETURN(const auto added, writer.plan_add(i));
    apply(view, added.first, added.second);
  }
  const auto count = static_cast<double>(std::max<std::size_t>(1, elements));
  result.add_nanos = static_cast<double>(monotonic_nanos() - begin) / count;
  const std::size_t heap_after = heap_in_use();
  for (std::size_t i = 0; i < elements; ++i) payload += std::to_string(i).size();
  if (heap_after > heap_before) {
    result.bytes_per_element = static_cast<double>(heap_after - heap_before - payload) / count;
  }

  Writer other(view, 'z');
  std::vector<std::pair<crdt::Dot, std::vector<crdt::Effect>>> deltas;
  for (std::size_t i = 0; i < kJoins; ++i) {
    ASSIGN_OR_RETURN(auto added, other.plan_add(elements + i));
    deltas.push_back(std::move(added));
  }
  const std::int64_t join = monotonic_nanos();
  for (const auto& [dot, effects] : deltas) apply(view, dot, effects);
  result.join_nanos = static_cast<double>(monotonic_nanos() - join) / kJoins;
  // Beside the elements there is the marker of the set.
  result.ok = view.count() == elements + kJoins + 1 && view.digest() == view.digest_of_cells();
  return result;
}

}  // namespace bench
