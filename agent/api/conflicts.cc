#include "agent/api/conflicts.h"

#include <algorithm>
#include <utility>

#include "agent/api/cell_text.h"
#include "agent/api/json_text.h"
#include "agent/api/page_scan.h"
#include "agent/api/paging.h"
#include "agent/replica/store_view.h"
#include "crdt/catalog/entry.h"
#include "crdt/types/conflicts.h"
#include "crdt/types/places.h"

namespace agent {
namespace {

using Rows = std::vector<std::string>;

constexpr std::size_t kTypesMax = 16;  // of objects with one name; there are 7 types

// --- Rows

std::string side_text(const store::Actors& actors, crdt::SlotType type, const crdt::Cell& cell,
                      std::string_view value) {
  return JsonObject()
      .text("type", crdt::type_name(type))
      .raw("value", value)
      .text("stamp", stamp_text(cell.stamp.time))
      .text("writer", writer_of(actors, cell))
      .text("dot", cell.dot.text())
      .take();
}

std::string row_text(const std::string& object, const std::vector<std::string>& path,
                     crdt::SlotType type, const std::string& winner, const std::string& losers,
                     std::string_view rule) {
  return JsonObject()
      .text("object", object)
      .raw("path", json_strings(path))
      .text("type", crdt::type_name(type))
      .raw("winner", winner)
      .raw("losers", "[" + losers + "]")
      .text("rule", rule)
      .take();
}

std::string entry_row(const store::Actors& actors, const crdt::Entry& entry,
                      const crdt::Conflict& conflict) {
  constexpr auto kType = crdt::SlotType::kLwwRegister;
  std::string losers;
  for (const crdt::Cell& loser : conflict.losers) {
    if (!losers.empty()) losers += ',';
    losers += side_text(actors, kType, loser, cell_value(loser));
  }
  // A whole-object write that lacks the field hides it, so it shows nothing.
  const bool hidden = conflict.rule == "reset";
  const std::string value = hidden ? "null" : cell_value(conflict.winner);
  return row_text(entry.object, {entry.id, conflict.field}, kType,
                  side_text(actors, kType, conflict.winner, value), losers, conflict.rule);
}

std::string place_row(const store::Actors& actors, const std::string& object,
                      const crdt::Hidden& hidden) {
  const auto side = [&](const crdt::Side& one) {
    return side_text(actors, one.type, one.cell, one.value);
  };
  std::string losers;
  for (const crdt::Side& loser : hidden.losers) {
    if (!losers.empty()) losers += ',';
    losers += side(loser);
  }
  return row_text(object, hidden.path, hidden.winner.type, side(hidden.winner), losers,
                  hidden.rule);
}

// --- Keys. A unit is an entry of a catalog, an object itself, or a member of an object that is a
// map with everything below it. Its key is a JSON array: ["object"] or ["object","entry or
// member"].

using Key = std::vector<std::string>;

base::Result<Key> parse_key(const std::string& after) {
  Key key;
  if (after.empty()) return key;
  const base::Error wrong =
      base::invalid("after=" + after + ": expected [\"<object>\"] or [\"<object>\",\"<entry>\"]");
  const auto text = crdt::minify_json(after);
  if (!text.ok() || !text->starts_with('[')) return wrong;
  ASSIGN_OR_RETURN(const std::vector<std::string> elements, crdt::array_elements(*text));
  for (const std::string& element : elements) {
    if (!element.starts_with('"')) return wrong;
    key.push_back(crdt::json_unquote(element));
  }
  if (key.empty() || key.size() > 2) return wrong;
  return key;
}

// --- Reading

// A member of a map while its slots are read.
class Member {
 public:
  explicit Member(std::string name) : name_(std::move(name)) {}
  const std::string& name() const { return name_; }
  std::size_t bytes() const { return bytes_; }
  // False only if nothing there is hidden. A text that has no slot here is not considered.
  bool may_hide() const { return may_hide_; }

  // Only a register with several values hides something, or a place whose types are not all the
  // same. If all slots are of one type and of one depth, no place has two types.
  void add(const crdt::Slot& slot, const crdt::Cells& cells) {
    const std::pair kind(crdt::depth_of(slot), slot.type);
    if (!kind_) kind_ = kind;
    const bool several = slot.type == crdt::SlotType::kLwwRegister && cells.size() > 1;
    may_hide_ = may_hide_ || several || kind != *kind_;
    for (const std::string& component : slot.path) bytes_ += component.size();
    for (const crdt::Cell& cell : cells) bytes_ += cell.body.size();
  }

 private:
  std::string name_;
  std::size_t bytes_ = 0;
  bool may_hide_ = false;
  std::optional<std::pair<std::optional<std::size_t>, crdt::SlotType>> kind_;
};

class Reading {
 public:
  Reading(store::Reader& reader, PageSlice& slice)
      : reader_(reader), cells_(reader.cells()), slice_(slice) {}

  base::Status run(const Key& after) {
    crdt::ObjectKey first;
    if (!after.empty()) first = {after[0], crdt::SlotType()};
    while (goes_on_) {
      ASSIGN_OR_RETURN(const std::vector<store::ObjectInfo> types, types_of_next(first));
      if (types.empty()) return {};
      const std::string& name = types[0].name;
      const bool begun = !after.empty() && after[0] == name;
      RETURN_IF_ERROR(read_object(types, begun, begun && after.size() > 1 ? &after[1] : nullptr));
      first = store::key_above(name);
    }
    return {};
  }

 private:
  // The objects of the first name from `first` on.
  base::Result<std::vector<store::ObjectInfo>> types_of_next(const crdt::ObjectKey& first) {
    ASSIGN_OR_RETURN(auto found, cells_.objects_from(first, kTypesMax));
    std::erase_if(found, [name = found.empty() ? "" : found[0].name](const auto& info) {
      return info.name != name;
    });
    return found;
  }

  base::Status read_object(const std::vector<store::ObjectInfo>& types, bool begun,
                           const std::string* member) {
    const std::string& name = types[0].name;
    if (crdt::is_catalog(name)) return read_catalog(name, member);
    if (!begun) {
      ASSIGN_OR_RETURN(const Rows rows, object_rows(types));
      take({name}, name.size(), rows);
    }
    for (const store::ObjectInfo& info : types) {
      const bool is_map = info.type == crdt::SlotType::kMap && info.cells > 0;
      if (goes_on_ && is_map) RETURN_IF_ERROR(read_members(info, member));
    }
    return {};
  }

  base::Status read_catalog(const std::string& name, const std::string* after) {
    base::Status status;
    RETURN_IF_ERROR(cells_.scan(name, after ? *after : "", [&](const crdt::Entry& entry) {
      const auto rows = entry_rows(entry);
      if (!rows.ok()) status = rows.error();
      return rows.ok() && take({name, entry.id}, bytes_of(entry), *rows);
    }));
    return status;
  }

  base::Result<Rows> entry_rows(const crdt::Entry& entry) {
    Rows rows;
    const std::vector<crdt::Conflict> found = crdt::conflicts(entry);
    if (found.empty()) return rows;
    ASSIGN_OR_RETURN(const store::Actors* actors, reader_.actors());
    for (const crdt::Conflict& conflict : found) {
      rows.push_back(entry_row(*actors, entry, conflict));
    }
    return rows;
  }

  // The conflict of the object itself: of its values, or with objects of other types.
  base::Result<Rows> object_rows(const std::vector<store::ObjectInfo>& types) {
    const bool may_hide = types.size() > 1 || types[0].type == crdt::SlotType::kLwwRegister;
    if (!may_hide) return Rows();
    StoreView view(cells_, types[0].name);
    crdt::PlaceTypes there;
    for (const store::ObjectInfo& info : types) {
      RETURN_IF_ERROR(add_type(view, info, there));
    }
    const auto conflict = there.conflict({});
    if (!conflict) return Rows();
    ASSIGN_OR_RETURN(const store::Actors* actors, reader_.actors());
    return Rows{place_row(*actors, types[0].name, *conflict)};
  }

  // Adds the first slot of the type that is shown.
  base::Status add_type(StoreView& view, const store::ObjectInfo& info, crdt::PlaceTypes& there) {
    base::Status status;
    const auto add = [&](const crdt::Slot& slot, const crdt::Cells& live) {
      auto shown = crdt::is_shown(view, slot.path, slot.type, live);
      if (shown.ok() && *shown) status = there.add(view, info.type, slot, live);
      if (!shown.ok()) status = shown.error();
      return status.ok() && !*shown;
    };
    if (info.type == crdt::SlotType::kSeq) {  // it may have no cell
      ASSIGN_OR_RETURN(const crdt::Cells marker, view.cells({}, info.type));
      add({info.name, {}, info.type}, marker);
      return status;
    }
    RETURN_IF_ERROR(cells_.scan_object(info, nullptr, [&](store::SlotRow& row) {
      return !crdt::depth_of(row.slot) || add(row.slot, row.cells);
    }));
    return status;
  }

  base::Status read_members(const store::ObjectInfo& info, const std::string* after) {
    ASSIGN_OR_RETURN(const bool has_texts, any_text(info));
    std::optional<Member> member;
    base::Status status;
    const auto close = [&] {
      const auto rows = member_rows(info.name, *member, has_texts);
      if (!rows.ok()) status = rows.error();
      return rows.ok() && take({info.name, member->name()}, member->bytes(), *rows);
    };
    const crdt::Slot above{info.name, {after ? *after + '\0' : ""}, crdt::SlotType::kSubtree};
    RETURN_IF_ERROR(cells_.scan_object(info, after ? &above : nullptr, [&](store::SlotRow& row) {
      // The marker of the map, or what only a later version shows.
      if (row.slot.path.empty() || !crdt::depth_of(row.slot)) return true;
      const bool same = member && member->name() == row.slot.path[0];
      if (member && !same && !close()) return false;
      if (!same) member.emplace(row.slot.path[0]);
      member->add(row.slot, row.cells);
      return true;
    }));
    if (status.ok() && goes_on_ && member) close();
    return status;
  }

  base::Result<bool> any_text(const store::ObjectInfo& info) {
    bool any = false;
    RETURN_IF_ERROR(cells_.texts().visit(info, {}, [&](const crdt::Slot&, const store::TextRow&) {
      any = true;
      return false;
    }));
    return any;
  }

  base::Result<Rows> member_rows(const std::string& object, const Member& member, bool has_texts) {
    Rows rows;
    if (!member.may_hide() && !has_texts) return rows;
    StoreView view(cells_, object);
    ASSIGN_OR_RETURN(const store::Actors* actors, reader_.actors());
    RETURN_IF_ERROR(crdt::conflicts_at(view, {member.name()}, [&](const crdt::Hidden& hidden) {
      rows.push_back(place_row(*actors, object, hidden));
      return true;
    }));
    return rows;
  }

  bool take(const Key& key, std::size_t bytes, const Rows& rows) {
    return goes_on_ = slice_.take(json_strings(key), bytes, rows);
  }

  store::Reader& reader_;
  store::CellTable& cells_;
  PageSlice& slice_;
  bool goes_on_ = true;
};

base::Status read_conflicts(store::Reader& reader, const std::string& after, PageSlice& slice) {
  ASSIGN_OR_RETURN(const Key key, parse_key(after));
  return Reading(reader, slice).run(key);
}

void list_conflicts(Data& data, Timers& timers, const ExchangePtr& exchange,
                    const std::shared_ptr<PageLinks>& links) {
  auto page = page_of(exchange->request().target, *links);
  if (!page.ok()) return exchange->fail(page.error());
  if (page->nothing) return exchange->respond(http::json_response("[]"));
  auto key = parse_key(page->after);
  if (!key.ok()) return exchange->fail(key.error());
  PageScan scan;
  scan.path = "/v1/conflicts";
  scan.page = std::move(*page);
  scan.read = read_conflicts;
  answer_page(data, timers, exchange, links, std::move(scan));
}

}  // namespace

void add_conflict_route(Data& data, Timers& timers, http::Router& router) {
  auto links = std::make_shared<PageLinks>(timers.now().wall_nanos);
  router.add({http::Verb::kGet,
              "/v1/conflicts",
              [&data, &timers, links](const ExchangePtr& exchange) {
                list_conflicts(data, timers, exchange, links);
              },
              "Places where a concurrent write is hidden, in pages",
              {"limit", "after", "page"}});
}

}  // namespace agent
