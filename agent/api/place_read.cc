#include "agent/api/place_read.h"

#include <utility>

#include "agent/api/json_text.h"
#include "agent/api/limits.h"
#include "agent/api/object_read.h"
#include "crdt/catalog/entry_write.h"
#include "crdt/types/register.h"

namespace agent {
namespace {

using crdt::Cell;
using crdt::Cells;
using crdt::Entry;

// Collects what one place shows: value, vector and, if asked for, dots.
class Gathering {
 public:
  Gathering(const store::Actors* actors, const Place& place) : actors_(actors), place_(place) {
    shown_.type = crdt::catalog_type(place.path);
  }

  base::Result<std::optional<Shown>> whole_object(store::CellTable& cells) {
    bool full = false;
    shown_.value = "{";
    RETURN_IF_ERROR(cells.scan(place_.object, "", [&](const Entry& entry) {
      add_cells(entry);
      if (crdt::exists(entry)) {
        if (shown_.value.size() > 1) shown_.value += ',';
        crdt::append_json_quoted(shown_.value, entry.id);
        shown_.value += ':';
        shown_.value += crdt::shown_text(entry);
      }
      full = too_large();
      return !full;
    }));
    if (full) return too_large_error();
    shown_.value += '}';
    if (shown_.vector.empty()) return std::optional<Shown>();
    return finish();
  }

  base::Result<std::optional<Shown>> one_entry(const Entry& entry) {
    if (!crdt::exists(entry)) return std::optional<Shown>();
    shown_.value = crdt::shown_text(entry);
    add_cells(entry);
    if (too_large()) return too_large_error();
    return finish();
  }

  base::Result<std::optional<Shown>> one_field(const Entry& entry, const std::string& field) {
    auto found = entry.fields.find(field);
    if (!crdt::exists(entry) || found == entry.fields.end()) return std::optional<Shown>();
    for (auto& [name, value] : crdt::shown(entry)) {
      if (name == field) shown_.value = std::move(value);
    }
    if (shown_.value.empty()) return std::optional<Shown>();
    collect(found->second, shown_.vector);
    if (actors_) add_register({entry.id, field}, found->second, "lww_register", "");
    return finish();
  }

 private:
  void add_cells(const Entry& entry) {
    collect(entry.presence, shown_.vector);
    collect(entry.reset, shown_.vector);
    for (const auto& [field, cells] : entry.fields) collect(cells, shown_.vector);
    if (actors_) inspect(entry);
  }

  void inspect(const Entry& entry) {
    for (const Cell& cell : entry.presence) {
      add_dot({entry.id}, "crdt_map", cell, "true", true, "add_wins");
    }
    std::string_view absence = crdt::exists(entry) ? "" : "absent";
    add_register({entry.id}, entry.reset, "reset", absence);
    crdt::Members shown;
    if (crdt::exists(entry)) shown = crdt::shown(entry);
    auto next = shown.begin();  // both are sorted by field
    for (const auto& [field, cells] : entry.fields) {
      bool is_shown = next != shown.end() && next->first == field;
      if (is_shown) ++next;
      std::string_view hidden_by = is_shown ? "" : absence.empty() ? "reset" : absence;
      add_register({entry.id, field}, cells, "lww_register", hidden_by);
    }
  }

  // A winner is shown (`hidden_by` is empty), or it is hidden by a later whole-object write or
  // because its entry is absent. The rule of a shown winner is the rule that decided against the
  // strongest loser.
  void add_register(const std::vector<std::string>& path, const Cells& cells, std::string_view type,
                    std::string_view hidden_by) {
    auto won = crdt::winner(cells);
    if (!won) return;
    const Cell& winner = cells[*won];
    const Cell* closest = nullptr;
    for (const Cell& cell : cells) {
      if (&cell != &winner && (!closest || crdt::loses(*closest, cell))) closest = &cell;
    }
    for (const Cell& cell : cells) {
      if (&cell != &winner) {
        add_dot(path, type, cell, cell_value(cell), false, crdt::rule_between(winner, cell));
      } else if (!hidden_by.empty()) {
        add_dot(path, type, cell, cell_value(cell), false, hidden_by);
      } else {
        std::string_view rule = closest ? crdt::rule_between(winner, *closest) : "only";
        add_dot(path, type, cell, cell_value(cell), true, rule);
      }
    }
  }

  void add_dot(const std::vector<std::string>& path, std::string_view type, const Cell& cell,
               std::string_view value, bool is_shown, std::string_view rule) {
    shown_.dots += shown_.dots.empty() ? '[' : ',';
    shown_.dots += JsonObject()
                       .text("dot", cell.dot.text())
                       .text("stamp", stamp_text(cell.stamp.time))
                       .text("writer", writer_of(*actors_, cell))
                       .raw("value", value)
                       .boolean("live", true)
                       .text("rule", rule)
                       .raw("path", json_strings(path))
                       .text("type", type)
                       .boolean("shown", is_shown)
                       .take();
  }

  bool too_large() const {
    return shown_.value.size() > kAnswerBytesMax || shown_.dots.size() > kAnswerBytesMax;
  }
  base::Error too_large_error() const {
    return {base::Code::kTooLarge,
            "the value of " + place_.object + " is larger than 8 MiB: read it by path"};
  }
  std::optional<Shown> finish() {
    if (actors_) shown_.dots += ']';
    return std::move(shown_);
  }

  const store::Actors* actors_;  // null: no dots are wanted
  const Place& place_;
  Shown shown_;
};

}  // namespace

base::Result<std::optional<Shown>> read_place(store::Reader& reader, const Place& place,
                                              bool inspect) {
  if (!is_catalog(place.object)) return read_object(reader, place, inspect);
  if (place.path.size() > 2) return std::optional<Shown>();
  const store::Actors* actors = nullptr;
  if (inspect) {
    ASSIGN_OR_RETURN(actors, reader.actors());
  }
  Gathering gathering(actors, place);
  if (place.path.empty()) return gathering.whole_object(reader.cells());
  ASSIGN_OR_RETURN(Entry entry, reader.cells().entry(place.object, place.path[0]));
  if (place.path.size() == 1) return gathering.one_entry(entry);
  return gathering.one_field(entry, place.path[1]);
}

}  // namespace agent
