#include "tools/simulator/state_checker.h"

#include <algorithm>
#include <array>
#include <limits>
#include <map>
#include <set>
#include <utility>

#include "agent/replica/store_view.h"
#include "crdt/types/conflicts.h"
#include "crdt/types/shown.h"
#include "tools/simulator/entry_check.h"

namespace simulation {
namespace {

constexpr std::string_view kNothing = "nothing";
constexpr std::array kReadableTypes{crdt::SlotType::kGCounter,    crdt::SlotType::kPnCounter,
                                    crdt::SlotType::kLwwRegister, crdt::SlotType::kMvRegister,
                                    crdt::SlotType::kOrSet,       crdt::SlotType::kMap,
                                    crdt::SlotType::kSeq};

std::string text_of(const crdt::VersionVector& vector) {
  std::string text;
  for (const auto& [actor, head] : vector.entries()) {
    text += " " + actor.short_hex() + ":" + std::to_string(head.seq);
  }
  return text;
}

}  // namespace

struct StateChecker::Look {
  store::CellTable& cells;
  const crdt::VersionVector& vector;
  Oracle::View view;
};

StateChecker::Difference StateChecker::check_entries(store::CellTable& cells,
                                                     const crdt::VersionVector& vector,
                                                     const std::vector<EntryName>& touched) const {
  if (auto gap = oracle_.gap(vector)) return *gap + "\nvector" + text_of(vector);
  Look look{cells, vector, oracle_.view(vector)};
  for (const EntryName& name : touched) {
    auto entry = cells.entry(name.object, name.id);
    if (!entry) return describe(look, name, "cannot be read: " + entry.error().message);
    if (auto different = check_entry(look, *entry)) return different;
  }
  return std::nullopt;
}

StateChecker::Difference StateChecker::check_all(store::CellTable& cells,
                                                 const crdt::VersionVector& vector) const {
  if (auto gap = oracle_.gap(vector)) return *gap + "\nvector" + text_of(vector);
  Look look{cells, vector, oracle_.view(vector)};
  Counts counts;
  for (const std::string& object : oracle_.objects()) {
    std::int64_t& count = counts[{object, crdt::SlotType::kMap}];
    if (auto different = check_object(look, object, count)) return different;
  }
  const std::vector<std::string> objects = oracle_.typed_objects();
  if (auto different = check_objects(cells, vector, objects)) return different;
  for (const std::string& object : objects) {
    if (auto different = check_places(look, object)) return different;
    if (auto different = check_conflicts(look, object)) return different;
    for (const auto& [type, count] : oracle_.object(object, vector).counts()) {
      counts[{object, type}] = count;
    }
  }
  return check_counts(look, std::move(counts));
}

StateChecker::Difference StateChecker::check_entry(const Look& look,
                                                   const crdt::Entry& entry) const {
  EntryName name{entry.object, entry.id};
  auto different = difference(entry, oracle_.alive(name, look.view));
  if (!different) return std::nullopt;
  return describe(look, name, *different);
}

StateChecker::Difference StateChecker::check_object(const Look& look, const std::string& object,
                                                    std::int64_t& count) const {
  std::vector<std::string> missing;  // ids that are expected and not yet seen, the last first
  auto ids = oracle_.ids(object);
  std::reverse(ids.begin(), ids.end());
  for (const std::string& id : ids) {
    std::size_t alive = oracle_.alive({object, id}, look.view).count();
    if (alive > 0) missing.push_back(id);
    count += static_cast<std::int64_t>(alive);
  }
  Difference different;
  base::Status scanned = look.cells.scan(object, std::nullopt, [&](const crdt::Entry& entry) {
    EntryName name{object, entry.id};
    if (missing.empty() || entry.id < missing.back()) {
      different =
          describe(look, name, "is in a scan of its object although nothing of it is alive");
    } else if (missing.back() < entry.id) {
      different = describe(look, {object, missing.back()}, "is missing in a scan");
    } else {
      missing.pop_back();
      different = check_entry(look, entry);
    }
    return !different;
  });
  if (!scanned) return "cannot scan " + object + ": " + scanned.error().message;
  if (!different && !missing.empty()) {
    return describe(look, {object, missing.back()}, "is missing in a scan");
  }
  return different;
}

StateChecker::Difference StateChecker::check_counts(const Look& look, Counts counts) const {
  auto stored = look.cells.objects(std::nullopt, std::numeric_limits<std::int32_t>::max());
  if (!stored) return "cannot list objects: " + stored.error().message;
  auto said = [](const crdt::ObjectKey& key, std::int64_t here, std::int64_t meant) {
    std::string type(crdt::type_name(key.second));
    return "object " + key.first + " of type " + type + " counts " + std::to_string(here) +
           " cells, expected are " + std::to_string(meant);
  };
  for (const store::ObjectInfo& object : *stored) {
    std::int64_t meant = std::exchange(counts[object.key()], 0);
    if (object.cells != meant) return said(object.key(), object.cells, meant);
  }
  for (const auto& [key, meant] : counts) {
    if (meant != 0) return said(key, 0, meant);
  }
  return std::nullopt;
}

// --- Objects of the replicated types -------------------------------------------------------------

namespace {

// What readers of this replica get, or why they get nothing.
std::string shown_here(store::CellTable& cells, const std::string& object, const Place& place,
                       std::optional<crdt::SlotType> type) {
  agent::StoreView view(cells, object);
  auto shown = crdt::shown_at(view, place, type, std::numeric_limits<std::size_t>::max());
  if (!shown) return "cannot be read: " + shown.error().message;
  return *shown ? (*shown)->value : std::string(kNothing);
}

std::string difference_of(const std::string& here, const std::string& meant) {
  return "\nshown here:  " + here + "\nshown meant: " + meant;
}

}  // namespace

StateChecker::Difference StateChecker::check_objects(
    store::CellTable& cells, const crdt::VersionVector& vector,
    const std::vector<std::string>& objects) const {
  for (const std::string& object : objects) {
    std::string meant = oracle_.object(object, vector).read({}).value_or(std::string(kNothing));
    std::string here = shown_here(cells, object, {}, std::nullopt);
    if (here != meant) {
      return object + difference_of(here, meant) + "\nvector" + text_of(vector) + "\nrequests:\n" +
             oracle_.object_history(object, vector);
    }
  }
  return std::nullopt;
}

namespace {

// Only a value of a register has one writer.
std::string text_of(const crdt::Side& side) {
  std::string text(crdt::type_name(side.type));
  const bool is_register =
      side.type == crdt::SlotType::kLwwRegister || side.type == crdt::SlotType::kMvRegister;
  if (!is_register) return text;
  return text + " of " + side.cell.dot.actor.short_hex() + ":" + std::to_string(side.cell.dot.seq);
}

std::string text_of(const crdt::Hidden& hidden) {
  std::set<std::string> losers;
  for (const crdt::Side& loser : hidden.losers) losers.insert(text_of(loser));
  std::string text = text_of(hidden.winner) + " over";
  for (const std::string& loser : losers) text += " " + loser + ",";
  return text + " by " + std::string(hidden.rule);
}

std::string text_of(const std::map<Place, std::string>& conflicts) {
  std::string text;
  for (const auto& [place, conflict] : conflicts) {
    text += "\n  ";
    for (const std::string& component : place) text += "/" + component;
    text += " " + conflict;
  }
  return text;
}

}  // namespace

StateChecker::Difference StateChecker::check_conflicts(const Look& look,
                                                       const std::string& object) const {
  std::map<Place, std::string> here;
  agent::StoreView view(look.cells, object);
  const auto status = crdt::conflicts_at(view, {}, [&](const crdt::Hidden& hidden) {
    here[hidden.path] += text_of(hidden);
    return true;
  });
  if (!status) return object + ": conflicts cannot be read: " + status.error().message;
  const std::map<Place, std::string> meant = oracle_.object(object, look.vector).conflicts();
  if (here == meant) return std::nullopt;
  return object + "\nconflicts here: " + text_of(here) + "\nconflicts meant:" + text_of(meant) +
         "\nvector" + text_of(look.vector) + "\nrequests:\n" +
         oracle_.object_history(object, look.vector);
}

// Also what is hidden by another type.
StateChecker::Difference StateChecker::check_places(const Look& look,
                                                    const std::string& object) const {
  const ObjectSight sight = oracle_.object(object, look.vector);
  for (const Place& place : sight.places()) {
    for (const crdt::SlotType type : kReadableTypes) {
      std::string meant = sight.read(place, type).value_or(std::string(kNothing));
      std::string here = shown_here(look.cells, object, place, type);
      if (here == meant) continue;
      std::string at = object;
      for (const std::string& component : place) at += "/" + component;
      return at + " as " + std::string(crdt::type_name(type)) + difference_of(here, meant) +
             "\nvector" + text_of(look.vector) + "\nrequests:\n" +
             oracle_.object_history(object, look.vector);
    }
  }
  return std::nullopt;
}

std::string StateChecker::describe(const Look& look, const EntryName& name,
                                   const std::string& what) const {
  return name.object + "/" + name.id + ": " + what + "\nvector" + text_of(look.vector) +
         "\noperations:\n" + oracle_.history(name, look.vector);
}

}  // namespace simulation
