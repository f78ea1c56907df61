#include "tools/simulator/object_meaning.h"

#include <algorithm>
#include <limits>
#include <set>
#include <utility>

namespace simulation {
namespace {

using crdt::SlotType;
using crdt::Verb;

constexpr std::size_t kDepthMax = 16;
constexpr std::size_t kOwnIncrementsMax = 16;  // from then on an author says their sum again

bool counts_up(SlotType type) {
  return type == SlotType::kGCounter || type == SlotType::kPnCounter;
}

// The types that an operation may work on, the highest first, and the one that it makes.
std::pair<std::vector<SlotType>, SlotType> types_for(Verb verb) {
  switch (verb) {
    case Verb::kSet:
    case Verb::kAbsent:
      return {{SlotType::kMvRegister, SlotType::kLwwRegister}, SlotType::kLwwRegister};
    case Verb::kReplace:
      return {{SlotType::kSeq, SlotType::kMap, SlotType::kOrSet, SlotType::kMvRegister,
               SlotType::kLwwRegister, SlotType::kPnCounter, SlotType::kGCounter},
              SlotType::kLwwRegister};
    case Verb::kIncrement:
    case Verb::kTotals:
      return {{SlotType::kPnCounter, SlotType::kGCounter}, SlotType::kGCounter};
    case Verb::kDecrement:
      return {{SlotType::kPnCounter}, SlotType::kPnCounter};
    case Verb::kAdd:
    case Verb::kRemove:
      return {{SlotType::kOrSet}, SlotType::kOrSet};
    default:
      return {{SlotType::kSeq}, SlotType::kSeq};
  }
}

bool adds(Verb verb) {
  return verb != Verb::kReplace && verb != Verb::kRemove && verb != Verb::kErase &&
         verb != Verb::kAbsent;
}

bool is_in_range(Total number, SlotType type) {
  if (type == SlotType::kGCounter) {
    return number >= 0 && number <= Total{std::numeric_limits<std::uint64_t>::max()};
  }
  return number >= std::numeric_limits<std::int64_t>::min() &&
         number <= std::numeric_limits<std::int64_t>::max();
}

std::string value_of(const crdt::Op& op) {
  const auto* text = std::get_if<std::string>(&op.argument);
  return text == nullptr ? std::string() : *text;
}

std::string inside(const std::string& enclosed) { return enclosed.substr(1, enclosed.size() - 2); }

// Splits at every `mark` that stands outside of a string.
std::vector<std::string> split(const std::string& text, char mark) {
  std::vector<std::string> parts;
  bool is_quoted = false;
  bool begins = true;
  for (const char c : text) {
    if (c == '"') is_quoted = !is_quoted;
    if (c == mark && !is_quoted) {
      begins = true;
      continue;
    }
    if (std::exchange(begins, false)) parts.emplace_back();
    parts.back() += c;
  }
  return parts;
}

std::vector<std::string> code_points(const std::string& text) {
  std::vector<std::string> points;
  for (const char c : text) {
    const bool goes_on = (static_cast<unsigned char>(c) & 0xc0u) == 0x80u;
    if (!goes_on) points.emplace_back();
    points.back() += c;
  }
  return points;
}

}  // namespace

ObjectMeaning::ObjectMeaning(Facts facts, const Writer& writer, const Covers& seen)
    : facts_(std::move(facts)),
      writer_(writer),
      covers_([seen, own = writer.change](std::size_t c) { return c == own || seen(c); }) {}

void ObjectMeaning::read(const std::vector<crdt::Op>& ops) {
  for (const crdt::Op& op : ops) {
    if (!is_refused_) read(op);
    is_first_ = false;
  }
}

void ObjectMeaning::read(const crdt::Op& op) {
  const bool of_catalog = op.verb == Verb::kPut || op.verb == Verb::kMerge;
  if (of_catalog || op.path.size() > kDepthMax) return refuse();
  // An object that is something else than a map has no places in it.
  const bool has_places = sight().has({}, SlotType::kMap) || sight().types_at({}).empty();
  if (!op.path.empty() && !has_places) return refuse();
  if (op.verb == Verb::kUnset) return take_back(sight().within(op.path));
  const auto type = type_of(op);
  if (!type) return refuse();
  const bool goes_deeper =
      *type == SlotType::kOrSet || (*type == SlotType::kMap && op.verb == Verb::kReplace);
  if (op.path.size() + (goes_deeper ? 1 : 0) > kDepthMax) return refuse();
  // Nobody writes what they would not see themselves.
  if (adds(op.verb) && sight().hides(op.path, *type)) return refuse();
  if (op.verb == Verb::kReplace && sight().blocks(op.path)) return refuse();
  const std::size_t before = facts_.size();
  write(op, *type);
  // Something in an object makes the object.
  if (facts_.size() > before && !op.path.empty()) contain({}, SlotType::kMap);
}

std::optional<SlotType> ObjectMeaning::type_of(const crdt::Op& op) const {
  const auto [fitting, usual] = types_for(op.verb);
  const std::vector<SlotType> there = sight().types_at(op.path);
  const auto is_there = [&](SlotType type) {
    return std::find(there.begin(), there.end(), type) != there.end();
  };
  if (!op.type) {
    const auto found = std::find_if(fitting.begin(), fitting.end(), is_there);
    if (found != fitting.end()) return *found;
    return there.empty() ? std::optional(usual) : std::nullopt;
  }
  if (std::find(fitting.begin(), fitting.end(), *op.type) == fitting.end()) return std::nullopt;
  // Only a replacement changes the type of an object.
  const bool changes_object = op.path.empty() && !there.empty() && !is_there(*op.type);
  if (changes_object && op.verb != Verb::kReplace) return std::nullopt;
  return op.type;
}

void ObjectMeaning::write(const crdt::Op& op, SlotType type) {
  switch (op.verb) {
    case Verb::kSet:
    case Verb::kAbsent:
      return set(op, type);
    case Verb::kReplace:
      return replace(op, type);
    case Verb::kIncrement:
    case Verb::kDecrement:
      return count(op, type);
    case Verb::kTotals:
      return count_nodes(op, type);
    case Verb::kAdd:
      add(op);
      return contain(op.path, type);
    case Verb::kRemove:
      return remove(op);
    case Verb::kInsert:
      return insert(op.path, std::get<crdt::TextInsert>(op.argument));
    default:
      return erase(op.path, std::get<crdt::TextErase>(op.argument));
  }
}

// --- Saying --------------------------------------------------------------------------------------

Fact ObjectMeaning::fact(SlotType type, const Place& place, const std::string& text) const {
  Fact fact;
  fact.type = type;
  fact.place = place;
  fact.text = text;
  fact.stamp = {writer_.time, {}};
  fact.actor = writer_.actor;
  fact.seq = writer_.seq;
  fact.change = writer_.change;
  return fact;
}

// A value must be later than those that its author sees in its place.
void ObjectMeaning::raise(crdt::Stamp& stamp, const FactIds& seen) const {
  for (const FactId id : seen) {
    const crdt::Stamp& other = facts_[id].stamp;
    if (stamp <= other) stamp = {{other.time.nanos, other.time.counter + 1}, {}};
  }
}

// A client may say itself how late its value is. Nullopt: its author already sees one that is as
// late or later, so it comes too late and means nothing. At the same moment of the same writer, a
// value is later than the word that there is none. A client that wants to know of ties leaves the
// values that others said at the same time.
std::optional<FactIds> ObjectMeaning::overtaken(const crdt::Op& op, const FactIds& seen) const {
  if (!op.stamp) return seen;
  FactIds earlier;
  for (const FactId id : seen) {
    const Fact& other = facts_[id];
    const bool both_say = !other.text.empty() && !value_of(op).empty();
    const bool is_tie = op.keeps_ties && both_say && other.text != value_of(op) &&
                        other.stamp.time == op.stamp->time &&
                        other.stamp.writer != op.stamp->writer;
    if (is_tie) continue;
    const bool same_moment = other.stamp == *op.stamp;
    const bool is_earlier =
        same_moment ? other.text.empty() && !value_of(op).empty() : other.stamp < *op.stamp;
    if (!is_earlier) return std::nullopt;
    earlier.push_back(id);
  }
  return earlier;
}

FactId ObjectMeaning::say(Fact fact) {
  changes_ = true;
  facts_.push_back(std::move(fact));
  return facts_.size() - 1;
}

void ObjectMeaning::take_back(const FactIds& ids) {
  for (const FactId id : ids) facts_[id].taken_back_by.push_back(writer_.change);
  changes_ = changes_ || !ids.empty();
}

void ObjectMeaning::contain(const Place& place, SlotType type) {
  if (!sight().containers(place, type).empty()) return;
  Fact mark = fact(type, place, {});
  mark.is_container = true;
  say(std::move(mark));
}

// --- One operation -------------------------------------------------------------------------------

void ObjectMeaning::set(const crdt::Op& op, SlotType type) {
  const FactIds seen = sight().at(op.path, type);
  const auto replaced = overtaken(op, seen);
  if (!replaced) return;
  Fact said = fact(type, op.path, value_of(op));
  raise(said.stamp, seen);
  if (op.stamp) said.stamp = *op.stamp;
  take_back(*replaced);
  say(std::move(said));
}

void ObjectMeaning::count(const crdt::Op& op, SlotType type) {
  const Place& place = op.path;
  const std::uint64_t by = std::get<crdt::Amount>(op.argument).by;
  FactIds own = sight().at(place, type);
  if (by == 0 && !own.empty()) return;
  Fact said = fact(type, place, {});
  said.amount = op.verb == Verb::kDecrement ? -Total{by} : Total{by};
  // Others may have counted out of the range at the same time. The way back is never closed.
  const Total before = sight().sum(place, type);
  const Total after = before + said.amount;
  const bool goes_back = after > 0 ? after < before : after > before;
  const bool fits = is_in_range(after, type) || goes_back;
  if (!fits) return refuse();
  // What this author has counted is said again in one: always where the counter is the object, else
  // when it is much.
  std::erase_if(own, [&](FactId id) {
    return facts_[id].actor != writer_.actor || !facts_[id].node.empty();
  });
  if (place.empty() || own.size() >= kOwnIncrementsMax) {
    for (const FactId id : own) said.amount += facts_[id].amount;
    take_back(own);
  }
  say(std::move(said));
}

// Each node says all that it has ever counted. What it says again, or said before, is no news.
void ObjectMeaning::count_nodes(const crdt::Op& op, SlotType type) {
  std::map<std::string, std::pair<Total, Total>> most;
  for (const crdt::Totals::Node& of : std::get<crdt::Totals>(op.argument).nodes) {
    if (of.taken > 0 && type == SlotType::kGCounter) return refuse();
    auto& [added, taken] = most[of.node];
    added = std::max(added, Total{of.added});
    taken = std::max(taken, Total{of.taken});
  }
  const Total before = sight().sum(op.path, type);
  for (const auto& [node, total] : most) {
    const FactIds here = sight().at(op.path, type);
    Fact said = fact(type, op.path, {});
    said.node = said.stamp.writer = node;
    said.node_added = total.first;
    said.node_taken = total.second;
    FactIds older;
    bool is_news = here.empty();
    Total added = 0;
    Total taken = 0;
    for (const FactId id : here) {
      if (facts_[id].node != node) continue;
      older.push_back(id);
      added = std::max(added, facts_[id].node_added);
      taken = std::max(taken, facts_[id].node_taken);
    }
    is_news = is_news || total.first > added || total.second > taken;
    if (!is_news) continue;
    said.node_added = std::max(added, total.first);
    said.node_taken = std::max(taken, total.second);
    take_back(older);
    say(std::move(said));
  }
  const Total after = sight().sum(op.path, type);
  const bool goes_back = after > 0 ? after < before : after > before;
  if (after != before && !is_in_range(after, type) && !goes_back) refuse();
}

std::string ObjectMeaning::name_of(FactId add) const {
  const Fact& fact = facts_[add];
  return fact.tag.empty() ? fact.actor.hex() + ":" + std::to_string(fact.seq) : fact.tag;
}

// An add with a name of its own stands beside the others, once.
void ObjectMeaning::add(const crdt::Op& op) {
  const FactIds seen = sight().elements(op.path, value_of(op));
  Fact said = fact(SlotType::kOrSet, op.path, value_of(op));
  raise(said.stamp, seen);
  if (op.stamp) said.stamp = *op.stamp;
  if (op.tags.empty()) {
    take_back(seen);
  } else {
    said.tag = op.tags.front();
    const bool known =
        std::any_of(seen.begin(), seen.end(), [&](FactId id) { return name_of(id) == said.tag; });
    if (known) return;
  }
  say(std::move(said));
}

// Without names or a time everything that its author sees.
void ObjectMeaning::remove(const crdt::Op& op) {
  FactIds gone = sight().elements(op.path, value_of(op));
  std::erase_if(gone, [&](FactId id) {
    if (op.tags.empty()) return op.stamp && facts_[id].stamp >= *op.stamp;
    return std::find(op.tags.begin(), op.tags.end(), name_of(id)) == op.tags.end();
  });
  take_back(gone);
}

// Right of the letter before it, if nothing stands to the right of that one; else left of the
// letter that follows. Erased letters keep their places. The letter before it is the one that the
// client names, shown or not, or else the one before the position.
void ObjectMeaning::insert(const Place& place, const crdt::TextInsert& edit) {
  const FactIds shown = sight().shown_letters(place);
  std::optional<FactId> before;
  if (edit.after) {
    before = sight().letter(place, *edit.after);
    if (!before) return refuse();
  } else if (edit.at > shown.size()) {
    return refuse();
  } else if (edit.at > 0) {
    before = shown[edit.at - 1];
  }
  if (edit.text.empty()) return;
  const FactIds order = sight().letters(place);
  auto next = order.begin();
  if (before) next = std::find(order.begin(), order.end(), *before) + 1;
  const bool is_taken = std::any_of(order.begin(), order.end(), [&](FactId id) {
    return facts_[id].right && facts_[id].parent == before;
  });
  std::optional<FactId> parent = is_taken ? std::optional(*next) : before;
  bool right = !is_taken;
  std::uint32_t number = 0;
  for (const std::string& point : code_points(edit.text)) {
    Fact letter = fact(SlotType::kSeq, place, point);
    if (is_first_) letter.number = number++;
    letter.parent = parent;
    letter.right = right;
    parent = say(std::move(letter));
    right = true;
  }
  contain(place, SlotType::kSeq);
}

void ObjectMeaning::erase(const Place& place, const crdt::TextErase& erased) {
  const FactIds shown = sight().shown_letters(place);
  if (!erased.elements.empty()) {
    FactIds gone;
    for (const crdt::DotRun& run : erased.elements) {
      for (std::uint32_t change = 0; change < run.changes; ++change) {
        for (std::uint32_t i = 0; i < run.count; ++i) {
          const auto id = sight().letter(place, {run.actor, run.seq + change, run.index + i});
          if (!id) return refuse();
          if (std::find(shown.begin(), shown.end(), *id) != shown.end()) gone.push_back(*id);
        }
      }
    }
    return take_back(gone);
  }
  if (std::size_t{erased.at} + erased.length > shown.size()) return refuse();
  const auto first = shown.begin() + erased.at;
  take_back({first, first + erased.length});
}

// --- A whole value -------------------------------------------------------------------------------

void ObjectMeaning::replace(const crdt::Op& op, SlotType type) {
  if (counts_up(type)) return replace_count(op.path, type, value_of(op));
  if (type == SlotType::kOrSet) return replace_set(op.path, value_of(op));
  if (type == SlotType::kMap) return replace_map(op.path, value_of(op));
  if (type == SlotType::kSeq) return replace_text(op.path, value_of(op));
  replace_value(op, type);
}

void ObjectMeaning::replace_value(const crdt::Op& op, SlotType type) {
  const FactIds seen = sight().at(op.path, type);
  if (!overtaken(op, seen)) return;
  Fact said = fact(type, op.path, value_of(op));
  raise(said.stamp, seen);
  if (op.stamp) said.stamp = *op.stamp;
  take_back(sight().within(op.path));
  say(std::move(said));
}

void ObjectMeaning::replace_count(const Place& place, SlotType type, const std::string& value) {
  const bool is_number = value.find_first_not_of("-0123456789") == std::string::npos;
  if (!is_number || !is_in_range(std::stoll(value), type)) return refuse();
  Fact said = fact(type, place, {});
  said.amount = std::stoll(value);
  take_back(sight().within(place));
  say(std::move(said));
}

void ObjectMeaning::replace_set(const Place& place, const std::string& value) {
  if (value.front() != '[') return refuse();
  std::map<std::string, std::string> missing;  // by name
  for (const std::string& element : split(inside(value), ',')) {
    missing.try_emplace(element_name(element), element);
  }
  const std::map<std::string, std::string> wanted = missing;
  FactIds gone = sight().within(place);
  std::erase_if(gone, [&](FactId id) {
    const Fact& seen = facts_[id];
    if (seen.place != place || seen.type != SlotType::kOrSet) return false;
    const bool stays = seen.is_container || wanted.contains(element_name(seen.text));
    if (stays && !seen.is_container) missing.erase(element_name(seen.text));
    return stays;
  });
  take_back(gone);
  for (const auto& [name, element] : missing) say(fact(SlotType::kOrSet, place, element));
  contain(place, SlotType::kOrSet);
}

void ObjectMeaning::replace_map(const Place& place, const std::string& value) {
  if (value.front() != '{') return refuse();
  std::vector<Fact> members;
  for (const std::string& member : split(inside(value), ',')) {
    const std::vector<std::string> parts = split(member, ':');
    Place at = place;
    at.push_back(inside(parts.at(0)));
    members.push_back(fact(SlotType::kLwwRegister, at, parts.at(1)));
    raise(members.back().stamp, sight().at(at, SlotType::kLwwRegister));
  }
  FactIds gone = sight().within(place);
  std::erase_if(gone, [&](FactId id) {
    const Fact& seen = facts_[id];
    return seen.place == place && seen.type == SlotType::kMap;
  });
  take_back(gone);
  for (Fact& member : members) say(std::move(member));
  contain(place, SlotType::kMap);
}

void ObjectMeaning::replace_text(const Place& place, const std::string& value) {
  if (value.front() != '"') return refuse();
  FactIds gone = sight().within(place);
  std::erase_if(gone, [&](FactId id) {
    const Fact& seen = facts_[id];
    return seen.place == place && seen.type == SlotType::kSeq && seen.is_container;
  });
  take_back(gone);
  is_first_ = false;  // what it erases comes first, so nobody knows the numbers of its letters
  insert(place, {0, {}, inside(value)});
  contain(place, SlotType::kSeq);
}

}  // namespace simulation
