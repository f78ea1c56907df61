#include "intent.h"

#include <algorithm>
#include <cstdlib>
#include <tuple>

namespace intent {
namespace {

using Kind = Place::Kind;

std::vector<Place> places_written(const Operation& operation) {
  std::vector<Place> places;
  bool whole = operation.verb == Verb::kAdd || operation.verb == Verb::kPut;
  if (operation.verb == Verb::kAdd) places.push_back({Kind::kPresence, ""});
  if (whole) places.push_back({Kind::kWhole, ""});
  for (const auto& [field, value] : operation.values) places.push_back({Kind::kField, field});
  return places;
}

// Whether the author meant that what it saw at this place should be gone afterwards.
bool meant_to_replace(const Operation& operation, const Place& place) {
  switch (operation.verb) {
    case Verb::kAdd:
    case Verb::kRemove:
      return true;
    case Verb::kPut:
      return place.kind != Kind::kPresence;
    case Verb::kPatch:
      return place.kind == Kind::kField && operation.values.count(place.field) > 0;
    case Verb::kUnset:
      return place.kind == Kind::kField && operation.unset.count(place.field) > 0;
  }
  return false;
}

// Whether a write must be stamped above what it sees there.
bool must_beat(const Operation& operation, const Place& place) {
  if (place.kind == Kind::kWhole) return true;
  return meant_to_replace(operation, place) || operation.verb == Verb::kPut;
}

}  // namespace

std::size_t Model::record(Operation operation) {
  if (operations_.size() == kOperationsMax) std::abort();
  Time stamp = operation.clock;
  for (const auto& [place, marks] : live(operation.past, operation.id)) {
    if (!must_beat(operation, place)) continue;
    for (std::size_t mark : marks) {
      Time seen = operations_[mark].stamp;
      if (stamp <= seen) stamp = {seen.nanos, seen.counter + 1};
    }
  }
  operation.stamp = stamp;
  operations_.push_back(std::move(operation));
  return operations_.size() - 1;
}

std::map<Place, std::set<std::size_t>> Model::live(const Known& known,
                                                   const std::string& id) const {
  std::vector<std::size_t> relevant;
  for (std::size_t i = 0; i < operations_.size(); ++i) {
    if (known[i] && operations_[i].id == id) relevant.push_back(i);
  }
  std::map<Place, std::set<std::size_t>> marks;
  for (std::size_t writer : relevant) {
    for (const Place& place : places_written(operations_[writer])) {
      bool gone = std::any_of(relevant.begin(), relevant.end(), [&](std::size_t other) {
        return operations_[other].past[writer] && meant_to_replace(operations_[other], place);
      });
      if (!gone) marks[place].insert(writer);
    }
  }
  return marks;
}

bool Model::loses(std::size_t a, std::size_t b) const {
  const Operation& x = operations_[a];
  const Operation& y = operations_[b];
  return std::tie(x.stamp, x.author, x.change, x.step) <
         std::tie(y.stamp, y.author, y.change, y.step);
}

std::size_t Model::best(const std::set<std::size_t>& marks) const {
  return *std::max_element(marks.begin(), marks.end(),
                           [this](std::size_t a, std::size_t b) { return loses(a, b); });
}

bool Model::written_over(std::size_t field_mark, const std::set<std::size_t>& whole) const {
  return std::any_of(whole.begin(), whole.end(), [&](std::size_t write) {
    return operations_[field_mark].stamp < operations_[write].stamp;
  });
}

bool Model::exists(const Known& known, const std::string& id) const {
  return live(known, id).count({Kind::kPresence, ""}) > 0;
}

std::map<std::string, std::string> Model::shown(const Known& known, const std::string& id) const {
  auto marks = live(known, id);
  const std::set<std::size_t> whole = marks[{Kind::kWhole, ""}];
  std::map<std::string, std::string> fields;
  for (const auto& [place, writers] : marks) {
    if (place.kind != Kind::kField) continue;
    std::size_t winner = best(writers);
    if (written_over(winner, whole)) continue;
    fields[place.field] = operations_[winner].values.at(place.field);
  }
  return fields;
}

std::vector<Conflict> Model::conflicts(const Known& known, const std::string& id) const {
  auto marks = live(known, id);
  if (marks.count({Kind::kPresence, ""}) == 0) return {};
  const std::set<std::size_t> whole = marks[{Kind::kWhole, ""}];
  std::vector<Conflict> found;
  for (const auto& [place, writers] : marks) {
    if (place.kind != Kind::kField) continue;
    Conflict conflict{place.field, best(writers), {writers.begin(), writers.end()}, ""};
    std::sort(conflict.losers.begin(), conflict.losers.end(),
              [this](std::size_t a, std::size_t b) { return loses(b, a); });
    if (written_over(conflict.winner, whole)) {
      conflict.winner = best(whole);
      conflict.rule = "reset";
    } else {
      conflict.losers.erase(conflict.losers.begin());
      if (conflict.losers.empty()) continue;
      bool tie = operations_[conflict.losers[0]].stamp == operations_[conflict.winner].stamp;
      conflict.rule = tie ? "dot" : "stamp";
    }
    found.push_back(std::move(conflict));
  }
  return found;
}

}  // namespace intent
