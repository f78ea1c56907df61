#include "tools/simulator/entry_check.h"

#include <vector>

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

}  // namespace

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

}  // namespace simulation
