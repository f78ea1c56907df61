#pragma once

// An entry of a catalog map: OR-Set presence, a reset register, and one register a metadata field.
// `add` and PUT write the whole object under one stamp after killing the fields they see; a field
// that loses against the winning reset by (stamp, actor, seq) is hidden and listed among the
// conflicts, so one of two concurrent whole objects stands whole. Without presence the entry does
// not exist for readers. Pure: reads cells, plans effects; the replica applies them.

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

// A request whose effects do not fit into one change, because the entry has more fields than that.
// `shown` is all that readers can see of the request: one change, or the request is refused.
// `hidden` removes what `shown` hides from readers; it may follow in any number of changes, and
// whoever has applied only some of them shows the same. A kill of `hidden` with seq 0 names a dot
// of the change of `shown`, by its index.
struct SplitPlan {
  std::vector<Effect> shown;
  std::vector<Effect> hidden;
  void append(SplitPlan more);  // the plan of another entry
};
// Of what the other plans give, a removal excepted.
SplitPlan split(std::vector<Effect> effects);
// A removal, after which the fields of `set` are written (plan_patch). Until the last field is
// gone an empty object hides them: else a concurrent add with a lower stamp, of an author that had
// seen none of them, would bring a part of them back.
SplitPlan split_remove(const Entry& entry, const Members& set, HybridTime time);

}  // namespace crdt
