#pragma once

// The registers of a crdt_map with a key of one component, read from one snapshot. The dictionary
// and the notes of devices are maps of this kind. What else stands in the map is passed over.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "crdt/cell.h"
#include "store/store.h"

namespace agent {

struct MapRegister {
  std::string key;
  crdt::Cells cells;  // never empty; the one that is shown first
};

// Visits them in order of key (bytes), until `visit` returns false. kCorrupt when a row cannot be
// read.
base::Status each_register(store::Reader& reader, const std::string& object,
                           const std::function<bool(MapRegister found)>& visit);
// Those of the keys that have one.
base::Result<std::vector<MapRegister>> registers_at(store::Reader& reader,
                                                    const std::string& object,
                                                    const std::set<std::string>& keys);
// The position of the snapshot: it has every change whose event has this position or a lower one.
base::Result<std::int64_t> snapshot_position(store::Reader& reader);

// What clients see of a cell whose values are strings: the literal of a string. Another value is
// shown as a string of its JSON text. Empty for a removal.
std::string string_shown(const crdt::Cell& cell);
std::string string_shown(std::string_view json);  // the same of a value

// 1 to kPathComponentMax bytes without NUL; else kInvalid.
base::Status check_key(std::string_view key);

}  // namespace agent
