#pragma once

// An entry of a catalog map: an OR-Set presence, a reset register, and one register for each
// metadata field. `add` and PUT write the whole object under one stamp after they kill the fields
// that they see. A field that loses against the winning reset by (stamp, actor, seq) is hidden and
// listed as a conflict. So of two concurrent whole objects one is shown completely. An entry
// without presence does not exist for readers. Pure: it reads cells and plans effects; the replica
// applies them.

#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "crdt/base/result.h"
#include "crdt/cell.h"
#include "crdt/value.h"

namespace crdt {

bool is_catalog(std::string_view object);  // "snapshots" or "images"

// All live cells of one entry, as a store returns them.
struct Entry {
  std::string object;  // "snapshots"
  std::string id;
  Cells presence;  // slot (object, [id], kMap)
  Cells reset;     // slot (object, [id], kReset)
  std::map<std::string, Cells, std::less<>>
      fields;  // slot (object, [id, field], kLwwRegister), by code point
};

Slot entry_slot(std::string_view object, std::string_view id);  // its subtree
Slot presence_slot(std::string_view object, std::string_view id);
Slot reset_slot(std::string_view object, std::string_view id);
Slot field_slot(std::string_view object, std::string_view id, std::string_view field);

bool exists(const Entry& entry);
// The fields that are shown, ordered by code point of the key. `absent` fields and fields older
// than the winning reset are left out. Valid only if exists().
Members shown(const Entry& entry);
std::string shown_text(const Entry& entry);  // the same as a JSON object

// Every field whose winner has losers, and every field that the reset hides; the best loser first.
// Empty when the entry does not exist.
struct Conflict {
  std::string field;
  Cell winner;  // of kind kReset when a whole-object write hides the loser
  std::vector<Cell> losers;
  std::string_view rule;  // "stamp", "dot", "reset"
};
std::vector<Conflict> conflicts(const Entry& entry);

// Fields that a request names, by code point, each with its minified JSON text. They are views into
// the request.
using FieldNames = std::set<std::string_view>;
using Fields = std::map<std::string_view, std::string_view>;
Fields fields_of(const Members& members);

// The stamp for all effects of a request in this entry: the larger of `time` and one above the
// highest stamp at the slots that it writes and at the reset. `fields` are those that a request
// sets one by one; null means the whole entry.
Stamp stamp_for(const Entry& entry, HybridTime time, const Fields* fields);

// The effects of a request. A plan is empty when nothing would change, with two exceptions:
// `plan_add` always renews the presence, and `plan_put` always writes a reset. The order is
// presence, reset, then fields by code point. What a plan removes and does not replace is one
// effect on the subtree of the entry, for any number of fields.
std::vector<Effect> plan_add(const Entry& entry, const Fields& metadata, HybridTime time);
std::vector<Effect> plan_put(const Entry& entry, const Fields& metadata, HybridTime time);
std::vector<Effect> plan_merge(const Entry& entry, const Fields& fields, HybridTime time);
std::vector<Effect> plan_unset(const Entry& entry, const FieldNames& fields);
std::vector<Effect> plan_remove(const Entry& entry);

// The same for a request with a client's stamp. What it would write over something with a stamp
// that is not below its own is left out, and so is all of the metadata if the winning reset has
// one. So what is shown does not depend on which of two writes with stamps an agent gets first. A
// plan is empty when everything is left out.
std::vector<Effect> plan_put_at(const Entry& entry, const Fields& metadata, const Stamp& stamp);
std::vector<Effect> plan_merge_at(const Entry& entry, const Fields& fields, const Stamp& stamp);
// Only the presence of plan_add(): with a tag it replaces no other one, and nothing is added if one
// with this tag is there.
std::vector<Effect> plan_presence(const Entry& entry, const Stamp& stamp,
                                  std::span<const std::string> tags);
// Removes the presences that the tags name; without tags those below the stamp. The metadata goes
// with the last presence (with a stamp: what is below it), and before that what the author saw.
std::vector<Effect> plan_remove(const Entry& entry, const std::optional<Stamp>& stamp,
                                std::span<const std::string> tags);

}  // namespace crdt
