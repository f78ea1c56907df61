// Any bytes as a sequence of effects of three authors on few slots of all types: as plans make
// them, and as no plan would. The cells are those of a naive model that knows dots alone; the
// digest that is kept is that of all cells; and what is shown, hidden and explained can be read.

#include <cstdint>
#include <map>
#include <set>

#include "crdt/base/bytes.h"
#include "crdt/base/check.h"
#include "crdt/cell.h"
#include "crdt/types/conflicts.h"
#include "crdt/types/plan.h"
#include "crdt/types/shown.h"
#include "crdt/value.h"

namespace {

using crdt::Cells;
using crdt::Dot;
using crdt::Slot;
using crdt::SlotType;

constexpr int kEffectsMax = 200;

// The state that is tested, as a view of one object. It has no texts (sequence_fuzz.cc has).
class State : public crdt::View {
 public:
  const std::string& object() const override { return object_; }
  base::Result<Cells> cells(const crdt::Path& path, SlotType type) override {
    const auto found = slots_.find({object_, path, type});
    return found == slots_.end() ? Cells() : found->second;
  }
  base::Status below(const crdt::Path& path, const Visit& visit) override {
    for (const auto& [slot, cells] : std::map<Slot, Cells>(slots_)) {
      const bool inside = crdt::reaches({object_, path, SlotType::kSubtree}, slot);
      if (inside && !cells.empty() && !visit(slot, cells)) break;
    }
    return {};
  }
  base::Result<const crdt::Sequence*> text(const crdt::Path&, const crdt::TextNeed&) override {
    return nullptr;
  }
  base::Result<std::string> shown_text(const crdt::Path&) override { return std::string(); }

  void apply(const crdt::Effect& effect, const Dot& dot) {
    if (effect.slot.type != SlotType::kSubtree) {
      crdt::apply_effect(effect, dot, slots_[effect.slot], digest_);
      return;
    }
    for (auto& [slot, cells] : slots_) {
      if (crdt::reaches(effect.slot, slot)) {
        crdt::kill_cells(slot, effect.kills, cells, digest_);
      }
    }
  }
  void check() const {
    crdt::Digest sum;
    for (const auto& [slot, cells] : slots_) {
      for (const crdt::Cell& cell : cells) sum.add(crdt::cell_element(slot, cell));
    }
    CHECK(sum == digest_);
  }
  const std::map<Slot, Cells>& slots() const { return slots_; }

 private:
  std::string object_ = "o";
  std::map<Slot, Cells> slots_;
  crdt::Digest digest_;
};

// Which dots live where. A dot dies when an effect names it at its slot or above it.
class Naive {
 public:
  void apply(const crdt::Effect& effect, const Dot& dot) {
    for (auto& [slot, dots] : slots_) {
      const bool below =
          slot.path.size() >= effect.slot.path.size() &&
          std::equal(effect.slot.path.begin(), effect.slot.path.end(), slot.path.begin());
      const bool reached = effect.slot.type == SlotType::kSubtree ? below : slot == effect.slot;
      if (!reached) continue;
      std::erase_if(dots, [&](const auto& entry) {
        for (const crdt::DotRun& run : effect.kills) {
          if (run.contains(entry.first)) return true;
        }
        return false;
      });
    }
    if (effect.body) slots_[effect.slot][dot] = *effect.body;
  }
  bool is(const std::map<Slot, Cells>& others) const {
    std::size_t live = 0;
    for (const auto& [slot, cells] : others) {
      for (const crdt::Cell& cell : cells) {
        const auto dots = slots_.find(slot);
        if (dots == slots_.end()) return false;
        const auto found = dots->second.find(cell.dot);
        if (found == dots->second.end() || found->second != cell.body) return false;
        ++live;
      }
    }
    std::size_t meant = 0;
    for (const auto& [slot, dots] : slots_) meant += dots.size();
    return live == meant;
  }

 private:
  std::map<Slot, std::map<Dot, base::Bytes>> slots_;
};

class Sequence {
 public:
  Sequence(const std::uint8_t* data, std::size_t size) : data_(data), left_(size) {}

  void run() {
    for (int i = 0; i < kEffectsMax && left_ > 0; ++i) {
      if (byte() % 4 == 0) {
        plan();
      } else {
        apply(any_effect());
      }
      state_.check();
      CHECK(naive_.is(state_.slots()));
    }
    read();
  }

 private:
  std::uint8_t byte() {
    if (left_ == 0) return 0;
    --left_;
    return *data_++;
  }
  crdt::ActorId actor() {
    crdt::ActorId id;
    id.bytes[0] = static_cast<unsigned char>(byte() % 3);
    return id;
  }
  crdt::Path path() {
    static const std::string kNames[] = {"", "a", "1", "\"a\"", std::string("\xFF\x00", 2)};
    crdt::Path path;
    for (std::uint8_t left = byte() % 4; left > 0; --left) path.push_back(kNames[byte() % 5]);
    return path;
  }
  std::string body() {
    static const std::string kBodies[] = {"1",
                                          "-5",
                                          "",
                                          "\"x\"",
                                          std::string("2\0tag", 5),
                                          "18446744073709551615",
                                          "3 4",
                                          "null",
                                          "no json",
                                          "\xFF",
                                          "999999999999999999999999999999999"};
    return kBodies[byte() % 11];
  }
  crdt::Effect any_effect() {
    crdt::Effect effect;
    effect.slot = {"o", path(), static_cast<SlotType>(byte() % 10)};
    crdt::DotRuns runs;
    for (std::uint8_t left = byte() % 3; left > 0; --left) {
      runs.push_back(
          {actor(), std::uint64_t{byte()} % 40, byte() % 2u, 1 + byte() % 2u, 1 + byte() % 4u});
    }
    effect.kills = crdt::ordered_runs(runs);
    const bool says = effect.slot.type != SlotType::kSubtree && byte() % 4 > 0;
    effect.kind = says ? (byte() % 2 == 0 ? crdt::EffectKind::kPut : crdt::EffectKind::kCount)
                       : crdt::EffectKind::kRemove;
    if (!says) return effect;
    effect.stamp = {{byte() % 4, 0}, byte() % 3 == 0 ? "device" : ""};
    effect.body = body();
    return effect;
  }
  void apply(const crdt::Effect& effect) {
    const crdt::ActorId author = actor();
    const Dot dot{author, ++seqs_[author], 0};
    state_.apply(effect, dot);
    naive_.apply(effect, dot);
  }
  // A client's operation on what is there.
  void plan() {
    crdt::Op op;
    op.path = path();
    op.verb = static_cast<crdt::Verb>(byte() % 8);
    const bool counts = op.verb == crdt::Verb::kIncrement || op.verb == crdt::Verb::kDecrement;
    if (counts) {
      op.argument = crdt::Amount{byte()};
    } else {
      static const char* kValues[] = {"1", "[1,2]", "{\"a\":1}", "\"x\"", "7"};
      op.argument = std::string(kValues[byte() % 5]);
    }
    if (byte() % 2 == 0) op.type = static_cast<SlotType>(1 + byte() % 6);
    const crdt::ActorId author = actor();
    std::vector<crdt::Effect> effects;
    const crdt::Author writer{[] { return crdt::HybridTime{3, 0}; }, [&] { return author; }};
    if (!crdt::plan(state_, op, writer, effects).ok()) return;
    Dot dot{author, seqs_[author] + 1, 0};
    seqs_[author] += effects.empty() ? 0 : 1;
    for (const crdt::Effect& effect : effects) {
      if (effect.anchor) return;  // a text
      state_.apply(effect, dot);
      naive_.apply(effect, dot);
      dot.index += effect.span();
    }
  }
  void read() {
    for (const auto& [slot, cells] : std::map<Slot, Cells>(state_.slots())) {
      (void)crdt::shown_at(state_, slot.path, std::nullopt, 1u << 20).ok();
      (void)crdt::shown_at(state_, slot.path, slot.type, 10).ok();
    }
    std::size_t reasons = 0;
    CHECK(
        crdt::reasons_at(state_, {}, [&](const crdt::Reason&) { return ++reasons < 10'000; }).ok());
    std::set<crdt::Path> places;
    CHECK(crdt::conflicts_at(state_, {}, [&](const crdt::Hidden& hidden) {
            CHECK(places.insert(hidden.path).second);
            return !hidden.losers.empty();
          }).ok());
  }

  const std::uint8_t* data_;
  std::size_t left_;
  State state_;
  Naive naive_;
  std::map<crdt::ActorId, std::uint64_t> seqs_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Sequence(data, size).run();
  return 0;
}
