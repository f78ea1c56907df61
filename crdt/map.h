#pragma once

// An entry of a catalog map: OR-Set presence, a reset register, and one register a metadata field
// (design section 4, Catalog). `add` and PUT write the whole object under one stamp after killing
// the fields they see; a field older than the winning reset is hidden and listed among the
// conflicts, so of two concurrent whole-object writes the later stands whole. Without presence the
// entry does not exist for readers. Pure: reads cells, plans effects; the replica applies them.

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "crdt/base/result.h"
#include "crdt/cell.h"
#include "crdt/value.h"

namespace crdt {

// Every live cell of one entry, as a store hands it over.
struct Entry {
  std::string object;  // "snapshots"
  std::string id;
  Cells presence;                       // slot (object, [id], kMap)
  Cells reset;                          // slot (object, [id], kReset)
  std::map<std::string, Cells> fields;  // slot (object, [id, field], kLwwRegister), by code point
};

Slot presence_slot(std::string_view object, std::string_view id);
Slot reset_slot(std::string_view object, std::string_view id);
Slot field_slot(std::string_view object, std::string_view id, std::string_view field);

bool exists(const Entry& entry);
// The fields then shown, by code point of the key; `absent` fields and fields older than the
// winning reset are left out. Meaningful only when exists().
Members shown(const Entry& entry);
std::string shown_text(const Entry& entry);  // the same as a JSON object

// Every field whose winner has losers, and every field hidden by the reset; losers best first.
// None when the entry does not exist.
struct Conflict {
  std::string field;
  Cell winner;  // of kReset kind when the loser is hidden by a whole-object write
  std::vector<Cell> losers;
  std::string_view rule;  // "stamp", "dot", "reset"
};
std::vector<Conflict> conflicts(const Entry& entry);

// The stamp for all effects of a request in this entry: the larger of `time` and one above the
// highest stamp it sees at the slots it writes and at the reset. `fields` names the slots of a
// PATCH; null means the whole entry.
Stamp stamp_for(const Entry& entry, HybridTime time, const std::vector<std::string>* fields);

// What a request writes. All plans are empty when nothing would change except `plan_add`, which
// always renews the presence, and `plan_put`, which always writes a reset. `metadata` must come
// from object_members() of a minified object. Effects come as presence, reset, fields by code
// point.
std::vector<Effect> plan_add(const Entry& entry, const Members& metadata, HybridTime time);
std::vector<Effect> plan_put(const Entry& entry, const Members& metadata, HybridTime time);
std::vector<Effect> plan_patch(const Entry& entry, const Members& metadata, HybridTime time);
std::vector<Effect> plan_unset(const Entry& entry, const std::vector<std::string>& fields);
std::vector<Effect> plan_remove(const Entry& entry);

}  // namespace crdt
