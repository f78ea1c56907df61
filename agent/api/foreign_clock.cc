#include "agent/api/foreign_clock.h"

#include <algorithm>
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
    Origin origin{crdt::json_unquote(parts->at(0)), *number, {}};
    for (const std::string& name : *taken) {
      if (name.starts_with('"')) origin.taken.push_back(crdt::json_unquote(name));
    }
    clock.origins_.push_back(std::move(origin));
  }
  return clock;
}

std::string ForeignClock::text() const {
  std::string text = "[";
  for (const Origin& origin : origins_) {
    if (text.size() > 1) text += ',';
    text += '[' + crdt::json_quote(origin.name) + ',' + std::to_string(origin.number) + ',' +
            json_strings(origin.taken) + ']';
  }
  return text + ']';
}

void ForeignClock::join(const ForeignClock& other) {
  for (const Origin& theirs : other.origins_) {
    const Origin* known = find(theirs.name);
    if (known != nullptr && known->number > theirs.number) continue;
    Origin& ours = latest(theirs.name);
    if (ours.number < theirs.number) ours = {theirs.name, theirs.number, {}};
    for (const std::string& name : theirs.taken) {
      const bool has = std::find(ours.taken.begin(), ours.taken.end(), name) != ours.taken.end();
      if (!has) ours.taken.push_back(name);
    }
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
    origin.taken.clear();
    rose = true;
  }
  const std::string own = own_entry(node, clock);
  Origin& origin = latest(own);
  if (own.empty() && rose) origin.taken.clear();
  origin.taken.push_back(name);
  keep_bounds();
}

const ForeignClock::Origin* ForeignClock::find(const std::string& name) const {
  const auto found = std::find_if(origins_.begin(), origins_.end(),
                                  [&](const Origin& origin) { return origin.name == name; });
  return found == origins_.end() ? nullptr : &*found;
}

ForeignClock::Origin& ForeignClock::latest(const std::string& name) {
  const auto found = std::find_if(origins_.begin(), origins_.end(),
                                  [&](const Origin& origin) { return origin.name == name; });
  if (found == origins_.end()) return origins_.emplace_back(Origin{name, 0, {}});
  std::rotate(found, std::next(found), origins_.end());
  return origins_.back();
}

void ForeignClock::keep_bounds() {
  while (origins_.size() > kForeignOriginsMax) origins_.erase(origins_.begin());
  std::size_t names = 0;
  for (const Origin& origin : origins_) names += origin.taken.size();
  for (Origin& origin : origins_) {
    if (names <= kForeignNamesMax) return;
    const std::size_t surplus = std::min(names - kForeignNamesMax, origin.taken.size());
    origin.taken.erase(origin.taken.begin(),
                       origin.taken.begin() + static_cast<std::ptrdiff_t>(surplus));
    names -= surplus;
  }
}

}  // namespace agent
