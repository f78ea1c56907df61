#include "tools/simulator/object_facts.h"

#include <algorithm>
#include <cstdlib>
#include <set>
#include <tuple>

namespace simulation {
namespace {

using crdt::SlotType;

std::string digits_of(Total number) {
  if (number < 0) return "-" + digits_of(-number);
  std::string digits(1, static_cast<char>('0' + static_cast<int>(number % 10)));
  return number < 10 ? digits : digits_of(number / 10) + digits;
}

std::optional<std::string> enclosed(char open, const std::vector<std::string>& parts, char close,
                                    bool is_there) {
  if (parts.empty() && !is_there) return std::nullopt;
  std::string text(1, open);
  for (const std::string& part : parts) text += (text.size() > 1 ? "," : "") + part;
  return text + close;
}

}  // namespace

std::string element_name(const std::string& json) {
  const bool number = json.front() == '-' || (json.front() >= '0' && json.front() <= '9');
  if (!number) return json;
  return std::to_string(static_cast<long long>(std::strtod(json.c_str(), nullptr)));
}

bool is_within(const Place& outer, const Place& place) {
  return outer.size() <= place.size() && std::equal(outer.begin(), outer.end(), place.begin());
}

ObjectSight::ObjectSight(const Facts& facts, const Covers& covers) : facts_(facts) {
  for (FactId id = 0; id < facts.size(); ++id) {
    const Fact& fact = facts[id];
    if (!covers(fact.change)) continue;
    const bool is_alive =
        std::none_of(fact.taken_back_by.begin(), fact.taken_back_by.end(), covers);
    if (!is_alive && !fact.is_letter()) continue;
    Spot& spot = spots_[fact.place][fact.type];
    if (fact.is_letter()) spot.letters.push_back(id);
    if (is_alive) (fact.is_container ? spot.containers : spot.facts).push_back(id);
  }
}

const ObjectSight::Spot* ObjectSight::spot(const Place& place, SlotType type) const {
  const auto types = spots_.find(place);
  if (types == spots_.end()) return nullptr;
  const auto found = types->second.find(type);
  return found == types->second.end() ? nullptr : &found->second;
}

FactIds ObjectSight::at(const Place& place, SlotType type) const {
  const Spot* found = spot(place, type);
  return found == nullptr ? FactIds() : found->facts;
}

FactIds ObjectSight::elements(const Place& place, const std::string& element) const {
  FactIds ids = at(place, SlotType::kOrSet);
  const std::string name = element_name(element);
  std::erase_if(ids, [&](FactId id) { return element_name(facts_[id].text) != name; });
  return ids;
}

FactIds ObjectSight::containers(const Place& place, SlotType type) const {
  const Spot* found = spot(place, type);
  return found == nullptr ? FactIds() : found->containers;
}

FactIds ObjectSight::within(const Place& place) const {
  FactIds ids;
  for (const auto& [at, types] : spots_) {
    if (!is_within(place, at)) continue;
    for (const auto& [type, spot] : types) {
      ids.insert(ids.end(), spot.facts.begin(), spot.facts.end());
      ids.insert(ids.end(), spot.containers.begin(), spot.containers.end());
    }
  }
  return ids;
}

std::vector<SlotType> ObjectSight::types_at(const Place& place) const {
  std::set<SlotType> found;
  for (const FactId id : within(place)) {
    const Fact& fact = facts_[id];
    if (says_nothing(fact.place, fact.type)) continue;
    found.insert(fact.place == place ? fact.type : SlotType::kMap);
  }
  return {found.begin(), found.end()};
}

bool ObjectSight::has(const Place& place, SlotType type) const {
  const std::vector<SlotType> types = types_at(place);
  return std::find(types.begin(), types.end(), type) != types.end();
}

std::optional<Place> ObjectSight::blocks(const Place& place) const {
  for (std::size_t depth = 0; depth < place.size(); ++depth) {
    const Place above(place.begin(), place.begin() + static_cast<std::ptrdiff_t>(depth));
    const std::vector<SlotType> types = types_at(above);
    const bool is_shown_as_map = !types.empty() && types.back() == SlotType::kMap;
    if (!types.empty() && !is_shown_as_map) return above;
  }
  return std::nullopt;
}

std::optional<Place> ObjectSight::hides(const Place& place, SlotType type) const {
  if (const auto above = blocks(place)) return above;
  const std::vector<SlotType> there = types_at(place);
  const bool is_set = std::find(there.begin(), there.end(), type) != there.end();
  bool hidden = !there.empty() && there.back() > type;
  if (type == SlotType::kOrSet && is_set) {
    hidden =
        !containers(place, SlotType::kMap).empty() || !containers(place, SlotType::kSeq).empty();
  }
  return hidden ? std::optional(place) : std::nullopt;
}

Total ObjectSight::sum(const Place& place, SlotType type) const {
  Total sum = 0;
  std::map<std::string, std::pair<Total, Total>> most;  // of each node: added, taken
  for (const FactId id : at(place, type)) {
    const Fact& fact = facts_[id];
    sum += fact.amount;
    auto& [added, taken] = most[fact.node];
    added = std::max(added, fact.node_added);
    taken = std::max(taken, fact.node_taken);
  }
  for (const auto& [node, total] : most) sum += total.first - total.second;
  return sum;
}

// --- Texts ---------------------------------------------------------------------------------------

// A tree of single letters, read from left to right: first what stands to the left of a letter,
// then the letter, then what stands to its right. Of several on one side, the order is that of
// their authors' names, then that in which one author wrote them.
FactIds ObjectSight::letters(const Place& place) const {
  const Spot* found = spot(place, SlotType::kSeq);
  if (found == nullptr) return {};
  FactIds all = found->letters;
  std::sort(all.begin(), all.end(), [&](FactId a, FactId b) {
    const Fact &x = facts_[a], &y = facts_[b];
    return std::tie(x.actor, x.seq, a) > std::tie(y.actor, y.seq, b);  // the last one first
  });
  std::map<std::pair<std::optional<FactId>, bool>, FactIds> beside;
  for (const FactId id : all) beside[{facts_[id].parent, facts_[id].right}].push_back(id);
  struct Step {
    FactId id = 0;
    bool is_open = false;  // what stands to its left has been read
  };
  std::vector<Step> steps;
  const auto push = [&](std::optional<FactId> parent, bool right) {
    for (const FactId id : beside[{parent, right}]) steps.push_back({id, false});
  };
  FactIds order;
  push(std::nullopt, true);
  while (!steps.empty()) {
    const Step step = steps.back();
    steps.pop_back();
    if (step.is_open) {
      order.push_back(step.id);
      continue;
    }
    push(step.id, true);
    steps.push_back({step.id, true});
    push(step.id, false);
  }
  return order;
}

FactIds ObjectSight::shown_letters(const Place& place) const {
  const FactIds alive = at(place, SlotType::kSeq);
  const std::set<FactId> shown(alive.begin(), alive.end());
  FactIds order = letters(place);
  std::erase_if(order, [&](FactId id) { return !shown.contains(id); });
  return order;
}

std::vector<crdt::Dot> ObjectSight::names(const Place& place) const {
  std::vector<crdt::Dot> names;
  const Spot* found = spot(place, SlotType::kSeq);
  if (found == nullptr) return names;
  for (const FactId id : found->letters) {
    const Fact& letter = facts_[id];
    if (letter.number) names.push_back({letter.actor, letter.seq, *letter.number});
  }
  return names;
}

std::optional<FactId> ObjectSight::letter(const Place& place, const crdt::Dot& name) const {
  const Spot* found = spot(place, SlotType::kSeq);
  if (found == nullptr) return std::nullopt;
  for (const FactId id : found->letters) {
    const Fact& letter = facts_[id];
    const bool is_it =
        letter.actor == name.actor && letter.seq == name.seq && letter.number == name.index;
    if (is_it) return id;
  }
  return std::nullopt;
}

// --- Reading -------------------------------------------------------------------------------------

FactIds ObjectSight::best_first(FactIds ids) const {
  std::sort(ids.begin(), ids.end(), [&](FactId a, FactId b) {
    const Fact &x = facts_[a], &y = facts_[b];
    const bool x_says = !x.text.empty(), y_says = !y.text.empty();
    return std::tie(x.stamp, x_says, x.actor, x.seq, a) >
           std::tie(y.stamp, y_says, y.actor, y.seq, b);
  });
  return ids;
}

// The latest that was said of the value is that there is none.
bool ObjectSight::says_nothing(const Place& place, SlotType type) const {
  if (type != SlotType::kLwwRegister && type != SlotType::kMvRegister) return false;
  const FactIds here = best_first(at(place, type));
  return !here.empty() && facts_[here.front()].text.empty();
}

std::string ObjectSight::all_of(const FactIds& ids) const {
  std::string text;
  for (const FactId id : ids) text += facts_[id].text;
  return text;
}

std::optional<std::string> ObjectSight::read_set(const Place& place) const {
  std::map<std::string, std::string> elements;
  for (const FactId id : best_first(at(place, SlotType::kOrSet))) {
    elements.try_emplace(element_name(facts_[id].text), facts_[id].text);
  }
  std::vector<std::string> parts;
  for (const auto& [name, text] : elements) parts.push_back(text);
  return enclosed('[', parts, ']', !containers(place, SlotType::kOrSet).empty());
}

std::optional<std::string> ObjectSight::read_map(const Place& place) const {
  std::set<std::string> keys;
  for (const FactId id : within(place)) {
    const Place& at = facts_[id].place;
    if (at.size() > place.size()) keys.insert(at[place.size()]);
  }
  std::vector<std::string> parts;
  for (const std::string& key : keys) {
    Place member = place;
    member.push_back(key);
    const auto value = read(member);
    if (!value && types_at(member).empty()) continue;  // only values that say that there is none
    parts.push_back('"' + key + "\":" + value.value_or("nothing"));
  }
  return enclosed('{', parts, '}', !containers(place, SlotType::kMap).empty());
}

std::optional<std::string> ObjectSight::read(const Place& place, SlotType type) const {
  const FactIds here = best_first(at(place, type));
  switch (type) {
    case SlotType::kOrSet:
      return read_set(place);
    case SlotType::kMap:
      return read_map(place);
    case SlotType::kSeq:
      if (here.empty() && containers(place, type).empty()) return std::nullopt;
      return '"' + all_of(shown_letters(place)) + '"';
    default:
      break;
  }
  if (here.empty() || says_nothing(place, type)) return std::nullopt;
  if (type == SlotType::kLwwRegister) return facts_[here.front()].text;
  if (type != SlotType::kMvRegister) return digits_of(sum(place, type));
  std::vector<std::string> values;
  for (const FactId id : here) {
    if (!facts_[id].text.empty()) values.push_back(facts_[id].text);
  }
  return enclosed('[', values, ']', true);
}

std::optional<std::string> ObjectSight::read(const Place& place) const {
  const std::vector<SlotType> types = types_at(place);
  if (types.empty()) return std::nullopt;
  return read(place, types.back());
}

// Each value of a register has its writer; whatever else is there is one thing of many writers.
std::set<std::string> ObjectSight::said_at(const Place& place, SlotType type) const {
  const std::string name(crdt::type_name(type));
  if (type != SlotType::kLwwRegister && type != SlotType::kMvRegister) return {name};
  // What is said twice with one stamp is one client's word that came over two agents.
  std::set<std::string> said;
  std::set<std::pair<crdt::Stamp, std::string>> words;
  for (const FactId id : best_first(at(place, type))) {
    const bool is_new = words.emplace(facts_[id].stamp, facts_[id].text).second;
    if (is_new) said.insert(name + " of " + writer_of(id));
  }
  return said;
}

std::string ObjectSight::writer_of(FactId id) const {
  return facts_[id].actor.short_hex() + ":" + std::to_string(facts_[id].seq);
}

std::optional<std::string> ObjectSight::conflict_at(const Place& place) const {
  const std::vector<SlotType> types = types_at(place);
  if (types.empty()) return std::nullopt;
  const SlotType shown = types.back();
  std::set<std::string> hidden;
  for (const SlotType type : types) {
    if (type != shown) hidden.merge(said_at(place, type));
  }
  std::string winner(crdt::type_name(shown));
  std::string rule = "type";
  if (shown == SlotType::kLwwRegister || shown == SlotType::kMvRegister) {
    const FactIds values = best_first(at(place, shown));
    winner += " of " + writer_of(values.front());
    const auto other = std::find_if(values.begin(), values.end(), [&](FactId id) {
      return facts_[id].stamp != facts_[values[0]].stamp ||
             facts_[id].text != facts_[values[0]].text;
    });
    if (shown == SlotType::kLwwRegister && other != values.end()) {
      const bool is_later = facts_[values[0]].stamp > facts_[*other].stamp;
      const bool over_nothing = facts_[*other].text.empty();
      if (hidden.empty()) rule = is_later ? "stamp" : over_nothing ? "add_wins" : "dot";
      std::set<std::string> losers = said_at(place, shown);
      losers.erase(winner);
      hidden.merge(losers);
    }
  }
  if (hidden.empty()) return std::nullopt;
  std::string text = winner + " over";
  for (const std::string& loser : hidden) text += " " + loser + ",";
  return text + " by " + rule;
}

std::map<Place, std::string> ObjectSight::conflicts() const {
  std::map<Place, std::string> conflicts;
  std::set<Place> all{{}};
  for (Place place : places()) {
    for (; !place.empty(); place.pop_back()) all.insert(place);
  }
  for (const Place& place : all) {
    if (auto conflict = conflict_at(place)) conflicts[place] = *conflict;
  }
  return conflicts;
}

std::map<SlotType, std::int64_t> ObjectSight::counts() const {
  std::map<SlotType, std::int64_t> counts;
  for (const auto& [place, types] : spots_) {
    for (const auto& [type, spot] : types) {
      const std::size_t said = type == SlotType::kSeq ? spot.letters.size() : spot.facts.size();
      const std::size_t count = said + spot.containers.size();
      const SlotType object = place.empty() ? type : SlotType::kMap;
      if (count > 0) counts[object] += static_cast<std::int64_t>(count);
    }
  }
  return counts;
}

std::vector<Place> ObjectSight::places() const {
  std::vector<Place> places;
  for (const auto& [place, types] : spots_) places.push_back(place);
  return places;
}

}  // namespace simulation
