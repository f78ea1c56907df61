#include "agent/api/foreign_clock.h"

#include <algorithm>
#include <set>
#include <utility>

#include "agent/api/body.h"
#include "agent/api/json_text.h"
#include "agent/api/limits.h"
#include "crdt/value.h"

namespace agent {
namespace {

// The entry of a clock that counts the deltas of its sender. Empty if none can be told.
std::string own_entry(const std::string& node, const ClockEntries& clock) {
  if (clock.contains(node)) return node;
  return clock.size() == 1 ? clock.begin()->first : std::string();
}

}  // namespace

ForeignClock ForeignClock::parse(std::string_view json) {
  ForeignClock clock;
  const auto checked = crdt::minify_json(json);
  if (!checked.ok() || !checked->starts_with('[')) return clock;
  const auto origins = crdt::array_elements(*checked);
  if (!origins.ok()) return clock;
  for (const std::string& text : *origins) {
    if (!text.starts_with('[')) return {};
    const auto parts = crdt::array_elements(text);
    if (!parts.ok() || parts->size() != 3 || !parts->at(0).starts_with('"') ||
        !parts->at(2).starts_with('[')) {
      return {};
    }
    const auto number = number_member({{"n", parts->at(1)}}, "n", UINT64_MAX);
    const auto taken = crdt::array_elements(parts->at(2));
    if (!number.ok() || !taken.ok()) return {};
    Origin& origin = clock.latest(crdt::json_unquote(parts->at(0)));
    origin.number = *number;
    clock.names_ -= origin.taken.size();
    origin.taken.clear();
    for (const std::string& name : *taken) {
      if (name.starts_with('"')) origin.taken.push_back(crdt::json_unquote(name));
    }
    clock.names_ += origin.taken.size();
  }
  clock.keep_bounds();
  return clock;
}

std::string ForeignClock::text() const {
  std::string text = "[";
  for (const auto& [turn, name] : turns_) {
    const Origin& origin = origins_.at(name);
    if (text.size() > 1) text += ',';
    text += '[' + crdt::json_quote(name) + ',' + std::to_string(origin.number) + ',' +
            json_strings(origin.taken) + ']';
  }
  return text + ']';
}

void ForeignClock::join(const ForeignClock& other) {
  for (const auto& [turn, entry] : other.turns_) {
    const Origin& theirs = other.origins_.at(entry);
    const Origin* known = find(entry);
    if (known != nullptr && known->number > theirs.number) continue;
    Origin& ours = latest(entry);
    names_ -= ours.taken.size();
    if (ours.number < theirs.number) ours.taken.clear();
    ours.number = theirs.number;
    const std::set<std::string> has(ours.taken.begin(), ours.taken.end());
    for (const std::string& name : theirs.taken) {
      if (!has.contains(name)) ours.taken.push_back(name);
    }
    names_ += ours.taken.size();
  }
  keep_bounds();
}

bool ForeignClock::is_stale(const std::string& node, const ClockEntries& clock,
                            const std::string& name) const {
  bool equal = true;
  for (const auto& [entry, number] : clock) {
    const Origin* known = find(entry);
    const std::uint64_t taken = known == nullptr ? 0 : known->number;
    if (number > taken) return false;
    equal &= number == taken;
  }
  const std::string own = own_entry(node, clock);
  const Origin* origin = find(own);
  if (origin == nullptr) return !equal;
  if (own.empty() ? !equal : clock.at(own) < origin->number) return true;
  const auto& taken = origin->taken;
  return std::find(taken.begin(), taken.end(), name) != taken.end();
}

void ForeignClock::take(const std::string& node, const ClockEntries& clock,
                        const std::string& name) {
  bool rose = false;
  for (const auto& [entry, number] : clock) {
    const Origin* known = find(entry);
    if (known != nullptr && known->number >= number) continue;
    Origin& origin = latest(entry);
    origin.number = number;
    names_ -= origin.taken.size();
    origin.taken.clear();
    rose = true;
  }
  const std::string own = own_entry(node, clock);
  Origin& origin = latest(own);
  if (own.empty() && rose) {
    names_ -= origin.taken.size();
    origin.taken.clear();
  }
  origin.taken.push_back(name);
  ++names_;
  keep_bounds();
}

const ForeignClock::Origin* ForeignClock::find(const std::string& name) const {
  const auto found = origins_.find(name);
  return found == origins_.end() ? nullptr : &found->second;
}

ForeignClock::Origin& ForeignClock::latest(const std::string& name) {
  const auto [at, added] = origins_.try_emplace(name);
  if (!added) turns_.erase(at->second.turn);
  at->second.turn = next_turn_++;
  turns_.emplace(at->second.turn, name);
  return at->second;
}

void ForeignClock::forget_first() {
  const auto first = turns_.begin();
  const auto found = origins_.find(first->second);
  names_ -= found->second.taken.size();
  origins_.erase(found);
  turns_.erase(first);
}

void ForeignClock::keep_bounds() {
  while (origins_.size() > kForeignOriginsMax) forget_first();
  for (auto turn = turns_.begin(); names_ > kForeignNamesMax; ++turn) {
    std::vector<std::string>& taken = origins_.at(turn->second).taken;
    const std::size_t surplus = std::min(names_ - kForeignNamesMax, taken.size());
    taken.erase(taken.begin(), taken.begin() + static_cast<std::ptrdiff_t>(surplus));
    names_ -= surplus;
  }
}

}  // namespace agent
