#include "tools/simulator/state_checker.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "crdt/map.h"

namespace simulation {
namespace {

std::string text_of(const Fields& fields) {
  std::string text = "{";
  for (const auto& [name, value] : fields) text += " " + name + "=" + value;
  return text + " }";
}

std::string text_of(const std::vector<Conflict>& conflicts) {
  std::string text = "[";
  for (const Conflict& conflict : conflicts) {
    text += " " + conflict.field + ": " + conflict.winner + " by " + conflict.rule + " over";
    for (const std::string& loser : conflict.losers) text += " " + loser;
    text += ";";
  }
  return text + " ]";
}

std::string text_of(const Marks& marks) {
  std::string text;
  for (const Mark& mark : marks) {
    text += " " + mark.actor.short_hex() + ":" + std::to_string(mark.seq) + "@" +
            std::to_string(mark.stamp.nanos) + "+" + std::to_string(mark.stamp.counter) + " " +
            std::string(mark.value) + ",";
  }
  return text;
}

std::string text_of(const Alive& alive) {
  std::string text = "presence" + text_of(alive.presence) + " whole" + text_of(alive.whole);
  for (const auto& [field, marks] : alive.fields) text += " " + field + text_of(marks);
  return text;
}

std::string text_of(const crdt::VersionVector& vector) {
  std::string text;
  for (const auto& [actor, head] : vector.entries()) {
    text += " " + actor.short_hex() + ":" + std::to_string(head.seq);
  }
  return text;
}

Marks marks_of(const crdt::Cells& cells) {
  Marks marks;
  for (const crdt::Cell& cell : cells) {
    marks.push_back({cell.dot.actor, cell.dot.seq, cell.stamp.time, cell.body});
  }
  return marks;
}

Alive alive_of(const crdt::Entry& entry) {
  Alive alive{marks_of(entry.presence), marks_of(entry.reset), {}};
  for (const auto& [field, cells] : entry.fields) {
    if (!cells.empty()) alive.fields[field] = marks_of(cells);
  }
  return alive;
}

Fields shown_of(const crdt::Entry& entry) {
  crdt::Members members = crdt::shown(entry);
  return {members.begin(), members.end()};
}

std::vector<Conflict> conflicts_of(const crdt::Entry& entry) {
  std::vector<Conflict> found;
  for (const crdt::Conflict& conflict : crdt::conflicts(entry)) {
    Conflict said{conflict.field, conflict.winner.body, {}, std::string(conflict.rule)};
    for (const crdt::Cell& loser : conflict.losers) said.losers.push_back(loser.body);
    found.push_back(std::move(said));
  }
  return found;
}

// What differs, as readers would meet it first.
std::optional<std::string> difference(const crdt::Entry& entry, const Alive& expected) {
  auto said = [](const std::string& what, const std::string& here, const std::string& must) {
    return what + " here:  " + here + "\n" + what + " meant: " + must;
  };
  bool exists = !expected.presence.empty();
  if (crdt::exists(entry) != exists) {
    return said("exists", exists ? "no" : "yes", exists ? "yes" : "no");
  }
  if (exists) {
    Fields here = shown_of(entry), meant = Oracle::shown(expected);
    if (here != meant) return said("shown", text_of(here), text_of(meant));
  }
  auto conflicts_here = conflicts_of(entry), conflicts_meant = Oracle::conflicts(expected);
  if (conflicts_here != conflicts_meant) {
    return said("conflicts", text_of(conflicts_here), text_of(conflicts_meant));
  }
  Alive held = alive_of(entry);
  if (held != expected) return said("cells", text_of(held), text_of(expected));
  return std::nullopt;
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
  std::vector<std::string> missing;  // expected and not yet met, the last first
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
      different = describe(look, name, "is in a scan of its object, and nothing of it lives");
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
    return "object " + name + " counts " + std::to_string(here) + " cells, meant are " +
           std::to_string(meant);
  };
  for (const store::ObjectInfo& object : *stored) {
    if (object.type != crdt::SlotType::kMap) return object.name + " is no map: nobody wrote that";
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
