#include "tools/simulator/object_workload.h"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

namespace simulation {
namespace {

using crdt::Op;
using crdt::SlotType;
using crdt::Verb;

constexpr std::array<std::string_view, 6> kTypedObjects{"doc",  "läden", "state",
                                                        "note", "tally", "bag"};
constexpr std::array<std::string_view, 3> kComponents{"a", "1", "名"};  // "1" is an element too
constexpr std::array<std::string_view, 8> kSetElements{"1",    "1.0",   "1e0", "2",
                                                       "true", "\"a\"", "-3",  "\"a b\""};
constexpr std::array<std::string_view, 6> kRegisterValues{"1",     "1.0",   "null",
                                                          "\"x\"", "[1,2]", "{\"k\":1}"};
constexpr std::array<std::string_view, 7> kTypedLetters{"a", "b", "Z", " ", "ß", "語", "🦊"};
constexpr std::array<SlotType, 7> kReplaceable{
    SlotType::kGCounter, SlotType::kPnCounter, SlotType::kLwwRegister, SlotType::kMvRegister,
    SlotType::kOrSet,    SlotType::kMap,       SlotType::kSeq};
constexpr std::size_t kTooDeep = 17;
constexpr std::size_t kBurst = 18;  // increments; more than an author keeps apart

constexpr std::int64_t kFarAhead = 100'000;  // seconds; an agent refuses such a stamp
constexpr std::int64_t kEpoch = 1'800'000'000'000'000'000;  // about the time of a run

Op op_at(Place place, Verb verb, crdt::Argument argument, std::optional<SlotType> type) {
  return {std::move(place), verb, std::move(argument), type, std::nullopt};
}

}  // namespace

ObjectWorkload::ObjectWorkload(base::Random random) : random_(std::move(random)) {
  objects_ = 1 + random_.below(kTypedObjects.size());
  names_ = 1 + random_.below(kComponents.size());
  depth_ = 1 + random_.below(3);
  root_one_in_ = 2 + static_cast<std::uint32_t>(random_.below(20));
  weights_.draw(random_, static_cast<std::size_t>(Deed::kDeeds));
  weights_[static_cast<std::size_t>(Deed::kText)] += 20;
  for (Deed rare : {Deed::kReplace, Deed::kUnset, Deed::kWrong}) {
    weights_[static_cast<std::size_t>(rare)] /= 5;
  }
}

agent::WriteObject ObjectWorkload::next(const Oracle& oracle, const crdt::VersionVector& seen) {
  agent::WriteObject write;
  write.object = kTypedObjects[static_cast<std::size_t>(random_.below(objects_))];
  const ObjectSight sight = oracle.object(write.object, seen);
  bool several = random_.chance(4);
  std::uint64_t count = several ? 2 + random_.below(3) : 1;
  for (std::uint64_t i = 0; i < count; ++i) write.ops.push_back(any_op(write.object, sight));
  bool burst = write.ops.front().verb == Verb::kIncrement && random_.chance(8);
  if (burst) write.ops.resize(kBurst, write.ops.front());
  return write;
}

Op ObjectWorkload::any_op(const std::string& object, const ObjectSight& sight) {
  Deed deed = any_deed();
  Place place = any_place();
  // Most objects are maps. The others are what their names say, so that their author is understood.
  const bool is_map = object == "doc" || object == "läden";
  if (!is_map) place.clear();
  // A place at the root of a map takes only a whole value.
  bool at_root = place.empty() && is_map && deed < Deed::kReplace;
  if (at_root && !random_.chance(8)) place.emplace_back(kComponents[0]);
  if (object == "note" && deed < Deed::kReplace) deed = Deed::kText;
  if (object == "state" && deed < Deed::kReplace) deed = Deed::kLatest;
  if (object == "tally" && deed < Deed::kReplace) deed = Deed::kCount;
  if (object == "bag" && deed < Deed::kReplace) deed = Deed::kSet;
  const auto type = type_of(deed);
  if (type && !random_.chance(20)) {
    // People see what is at a place. They write elsewhere, or make room there.
    for (int tries = 0; tries < 3 && is_map && sight.hides(place, *type); ++tries) {
      place = any_place();
      if (place.empty()) place.emplace_back(kComponents[0]);
    }
    if (const auto other = sight.hides(place, *type)) {
      return op_at(*other, Verb::kUnset, {}, std::nullopt);
    }
  }
  switch (deed) {
    case Deed::kGrow:
      return any_count(std::move(place), SlotType::kGCounter);
    case Deed::kCount:
      return any_count(std::move(place), SlotType::kPnCounter);
    case Deed::kLatest:
      return any_set(std::move(place), SlotType::kLwwRegister);
    case Deed::kAll:
      return any_set(std::move(place), SlotType::kMvRegister);
    case Deed::kSet:
      return any_element_op(std::move(place));
    case Deed::kReplace:
      return any_replacement(std::move(place));
    case Deed::kUnset: {
      bool parent = random_.chance(3);
      if (parent && place.size() > 1) place.pop_back();
      return op_at(std::move(place), Verb::kUnset, {}, std::nullopt);
    }
    case Deed::kWrong:
      return any_wrong(sight, std::move(place));
    default:
      return any_edit(sight, std::move(place));
  }
}

// What a deed writes; nullopt for those that fit every place.
std::optional<SlotType> ObjectWorkload::type_of(Deed deed) {
  switch (deed) {
    case Deed::kGrow:
      return SlotType::kGCounter;
    case Deed::kCount:
      return SlotType::kPnCounter;
    case Deed::kLatest:
      return SlotType::kLwwRegister;
    case Deed::kAll:
      return SlotType::kMvRegister;
    case Deed::kSet:
      return SlotType::kOrSet;
    case Deed::kText:
      return SlotType::kSeq;
    default:
      return std::nullopt;
  }
}

Op ObjectWorkload::any_set(Place place, SlotType type) {
  Op op = op_at(std::move(place), Verb::kSet, any_value(), type);
  op.stamp = any_stamp();
  bool removes = random_.chance(6);
  bool wants_ties = random_.chance(2);
  if (removes) {
    op.verb = Verb::kAbsent;
    op.argument = {};
  } else if (op.stamp) {
    op.keeps_ties = wants_ties;
  }
  return op;
}

// Some clients have clocks of their own, few of them wrong ones.
std::optional<crdt::Stamp> ObjectWorkload::any_stamp() {
  bool has_clock = random_.chance(4);
  if (!has_clock) return std::nullopt;
  bool is_coarse = random_.chance(2);  // then devices often have the same time
  auto seconds = static_cast<std::int64_t>(random_.below(is_coarse ? 3 : 60));
  bool is_ahead = random_.chance(40);
  std::uint64_t device = random_.below(2);
  if (is_ahead) seconds += kFarAhead;
  return crdt::Stamp{{kEpoch + seconds * 1'000'000'000, 0}, "device-" + std::to_string(device)};
}

// Clients of other protocols name their adds, and remove by name or by time.
Op ObjectWorkload::any_element_op(Place place) {
  bool removes = random_.chance(3);
  bool has_tag = random_.chance(4);
  std::uint64_t tag = random_.below(4);
  Op op = op_at(std::move(place), removes ? Verb::kRemove : Verb::kAdd, any_element(),
                SlotType::kOrSet);
  if (has_tag) {
    op.tags.push_back("t" + std::to_string(tag));
    if (removes && tag == 0) op.tags.push_back("t1");
  } else {
    op.stamp = any_stamp();
  }
  return op;
}

Op ObjectWorkload::any_totals(Place place, SlotType type) {
  crdt::Totals totals;
  std::uint64_t nodes = 1 + random_.below(2);
  for (std::uint64_t i = 0; i < nodes; ++i) {
    std::uint64_t node = random_.below(3);
    std::uint64_t added = random_.below(30);
    std::uint64_t taken = type == SlotType::kPnCounter ? random_.below(10) : 0;
    totals.nodes.push_back({"meter-" + std::to_string(node), added, taken});
  }
  return op_at(std::move(place), Verb::kTotals, std::move(totals), type);
}

// Errors that clients make. Some of them are no error where something fits by chance.
Op ObjectWorkload::any_wrong(const ObjectSight& sight, Place place) {
  switch (random_.below(8)) {
    case 0: {
      auto end = static_cast<std::uint32_t>(sight.shown_letters(place).size());
      return op_at(std::move(place), Verb::kInsert, crdt::TextInsert{end + 1, {}, "x"},
                   SlotType::kSeq);
    }
    case 1: {
      auto end = static_cast<std::uint32_t>(sight.shown_letters(place).size());
      return op_at(std::move(place), Verb::kErase, crdt::TextErase{end, 1, {}, {}, {}},
                   SlotType::kSeq);
    }
    case 2:
      return op_at(std::move(place), Verb::kDecrement, crdt::Amount{1}, SlotType::kGCounter);
    case 3:
      return op_at(std::move(place), Verb::kReplace, std::string("7"), SlotType::kOrSet);
    case 4:
      return op_at(std::move(place), Verb::kIncrement,
                   crdt::Amount{std::numeric_limits<std::uint64_t>::max()}, SlotType::kGCounter);
    case 5:
      return op_at(Place(kTooDeep, "a"), Verb::kSet, std::string("1"), std::nullopt);
    case 6: {  // behind a letter that does not exist
      crdt::Dot name = any_letter(sight, place).value_or(crdt::Dot{});
      name.index += 1'000;
      return op_at(std::move(place), Verb::kInsert, crdt::TextInsert{0, name, "x"}, SlotType::kSeq);
    }
    default:  // names no type, whatever is there
      return op_at(std::move(place), Verb::kAdd, any_element(), std::nullopt);
  }
}

// People type at the end or go on somewhere, paste, and erase.
Op ObjectWorkload::any_edit(const ObjectSight& sight, Place place) {
  auto size = static_cast<std::uint32_t>(sight.shown_letters(place).size());
  bool named = !random_.chance(8);
  const auto type = named ? std::optional(SlotType::kSeq) : std::nullopt;
  bool erases = random_.chance(4);
  if (size > kLettersMax) {
    return op_at(std::move(place), Verb::kErase, crdt::TextErase{size / 4, size / 2, {}, {}, {}},
                 type);
  }
  bool by_name = random_.chance(3);
  const auto erased = erases && by_name ? any_letter(sight, place) : std::nullopt;
  if (erased) {
    crdt::TextErase edit;
    edit.elements.push_back({erased->actor, erased->seq, erased->index});
    return op_at(std::move(place), Verb::kErase, std::move(edit), type);
  }
  if (erases && size > 0) {
    auto at = static_cast<std::uint32_t>(random_.below(size));
    auto length = static_cast<std::uint32_t>(random_.below(std::min(size - at, 12u) + 1));
    return op_at(std::move(place), Verb::kErase, crdt::TextErase{at, length, {}, {}, {}}, type);
  }
  bool at_end = random_.chance(2);
  auto anywhere = static_cast<std::uint32_t>(random_.below(size + 1));
  bool is_behind = random_.chance(4);
  const auto after = is_behind ? any_letter(sight, place) : std::nullopt;
  bool large = size < kLettersMax / 2 && random_.chance(60);
  std::string letters = large ? large_paste() : any_letters();
  return op_at(std::move(place), Verb::kInsert,
               crdt::TextInsert{at_end ? size : anywhere, after, std::move(letters)}, type);
}

// One that a client can name, shown or erased.
std::optional<crdt::Dot> ObjectWorkload::any_letter(const ObjectSight& sight, const Place& place) {
  const std::vector<crdt::Dot> names = sight.names(place);
  if (names.empty()) return std::nullopt;
  return random_.pick(names);
}

Op ObjectWorkload::any_replacement(Place place) {
  SlotType type = random_.pick(kReplaceable);
  std::uint64_t number = random_.below(5);
  std::string value = any_value();
  switch (type) {
    case SlotType::kGCounter:
    case SlotType::kPnCounter:
      value = std::to_string(number);
      break;
    case SlotType::kOrSet: {
      std::string one = any_element();
      std::string other = any_element();
      value = number == 0 ? "[]" : "[" + one + "," + other + "]";
      break;
    }
    case SlotType::kMap:
      value = number == 0 ? "{}" : "{\"a\":" + std::to_string(number) + ",\"名\":true}";
      break;
    case SlotType::kSeq: {
      std::string letters = any_letters();
      value = number == 0 ? "\"\"" : "\"" + letters + "\"";
      break;
    }
    default:
      break;
  }
  return op_at(std::move(place), Verb::kReplace, std::move(value), type);
}

Op ObjectWorkload::any_count(Place place, SlotType type) {
  bool down = random_.chance(2);
  bool named = !random_.chance(8);
  std::uint64_t by = random_.below(5);
  bool has_nodes = random_.chance(6);
  if (has_nodes) return any_totals(std::move(place), type);
  down = down && type == SlotType::kPnCounter;
  return op_at(std::move(place), down ? Verb::kDecrement : Verb::kIncrement, crdt::Amount{by},
               named ? std::optional(type) : std::nullopt);
}

ObjectWorkload::Deed ObjectWorkload::any_deed() { return static_cast<Deed>(weights_.any(random_)); }

Place ObjectWorkload::any_place() {
  Place place;
  if (random_.chance(root_one_in_)) return place;
  std::uint64_t depth = 1 + random_.below(depth_);
  for (std::uint64_t i = 0; i < depth; ++i) {
    place.emplace_back(kComponents[static_cast<std::size_t>(random_.below(names_))]);
  }
  return place;
}

std::string ObjectWorkload::any_value() { return std::string(random_.pick(kRegisterValues)); }

std::string ObjectWorkload::any_element() { return std::string(random_.pick(kSetElements)); }

// Some letters, or a paste.
std::string ObjectWorkload::any_letters() {
  bool paste = random_.chance(6);
  std::uint64_t count = 1 + random_.below(paste ? 40 : 4);
  std::string text;
  for (std::uint64_t i = 0; i < count; ++i) text += random_.pick(kTypedLetters);
  return text;
}

// More bytes than a leaf of a text has (1,024), in few letters.
std::string ObjectWorkload::large_paste() {
  std::string text;
  for (int i = 0; i < 260; ++i) text += kTypedLetters.back();
  return text;
}

}  // namespace simulation
