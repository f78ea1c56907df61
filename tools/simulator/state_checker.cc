#include "tools/simulator/state_checker.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "tools/simulator/entry_check.h"

namespace simulation {
namespace {

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
  std::map<std::string, std::int64_t> counts;
  for (const std::string& object : oracle_.objects()) {
    if (auto different = check_object(look, object, counts[object])) return different;
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

StateChecker::Difference StateChecker::check_counts(
    const Look& look, std::map<std::string, std::int64_t> counts) const {
  auto stored = look.cells.objects(std::nullopt, std::numeric_limits<std::int32_t>::max());
  if (!stored) return "cannot list objects: " + stored.error().message;
  auto said = [](const std::string& name, std::int64_t here, std::int64_t meant) {
    return "object " + name + " counts " + std::to_string(here) + " cells, expected are " +
           std::to_string(meant);
  };
  for (const store::ObjectInfo& object : *stored) {
    if (object.type != crdt::SlotType::kMap)
      return object.name + " is no map: no request wrote this type";
    std::int64_t meant = std::exchange(counts[object.name], 0);
    if (object.cells != meant) return said(object.name, object.cells, meant);
  }
  for (const auto& [name, meant] : counts) {
    if (meant != 0) return said(name, 0, meant);
  }
  return std::nullopt;
}

std::string StateChecker::describe(const Look& look, const EntryName& name,
                                   const std::string& what) const {
  return name.object + "/" + name.id + ": " + what + "\nvector" + text_of(look.vector) +
         "\noperations:\n" + oracle_.history(name, look.vector);
}

}  // namespace simulation
