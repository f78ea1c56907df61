#pragma once

// What the operations of one request (crdt/types/op.h) do to the entries of a catalog. They are
// folded into one write for each entry, so a field that is set twice is one effect. The place of an
// operation is the catalog, an entry, or a field of its metadata:
//   catalog             unset (removes every entry)
//   catalog, id         set (adds the entry), put, merge, unset
//   catalog, id, field  set, unset

#include <functional>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "crdt/catalog/entry.h"
#include "crdt/types/op.h"

namespace crdt {

struct EntryWrite {
  enum class Whole : std::uint8_t {
    kKeep,    // only `fields` and `unset`
    kPut,     // plan_put() of `fields`
    kAdd,     // plan_add() of `fields`
    kRemove,  // removes all cells, then sets `fields`, which are hidden until the next add
  };
  std::string_view id;
  Whole whole = Whole::kKeep;
  Fields fields;
  FieldNames unset;  // empty unless kKeep
  // What the client brought (Op). Then the operations of the request on this entry all brought the
  // same, and there is one, or each sets fields.
  std::optional<Stamp> stamp = {};
  std::span<const std::string> tags = {};
};
struct CatalogWrite {
  bool clears = false;              // the entries that are not named are removed
  std::vector<EntryWrite> entries;  // each id once, in the order in which they are first named
};

// The result has views into `ops`. kInvalid for an argument of the wrong kind, kUnprocessable for
// an operation that does not fit the place.
base::Result<CatalogWrite> fold(const std::vector<Op>& ops);

// The effects of a write. `when` is asked for only if the write leaves a value. A write with a
// client's stamp or tags has those of the plans for them (entry.h).
std::vector<Effect> plan(const Entry& entry, const EntryWrite& write,
                         const std::function<HybridTime()>& when);

// What became of the write that was planned as `effects`.
Outcome outcome_of(const Entry& entry, const EntryWrite& write, const std::vector<Effect>& effects);

// The type of a place: crdt_map for a catalog and its entries, lww_register for a field.
SlotType catalog_type(const Path& path);
// kUnprocessable when a client names another type.
base::Status check_catalog_type(const Path& path, SlotType type);

}  // namespace crdt
