#include "agent/api/map_registers.h"

#include <utility>

#include "crdt/content.h"
#include "crdt/types/register.h"
#include "crdt/value.h"

namespace agent {
namespace {

constexpr auto kRegister = crdt::SlotType::kLwwRegister;

}  // namespace

base::Status each_register(store::Reader& reader, const std::string& object,
                           const std::function<bool(MapRegister found)>& visit) {
  ASSIGN_OR_RETURN(const store::ObjectInfo* found,
                   reader.cells().find_object(object, crdt::SlotType::kMap));
  if (found == nullptr) return {};
  const store::ObjectInfo map = *found;
  return reader.cells().scan_object(map, nullptr, [&](store::SlotRow& row) {
    const bool fits = row.slot.type == kRegister && row.slot.path.size() == 1 && !row.cells.empty();
    if (!fits) return true;
    return visit({std::move(row.slot.path[0]), crdt::best_first(std::move(row.cells))});
  });
}

base::Result<std::vector<MapRegister>> registers_at(store::Reader& reader,
                                                    const std::string& object,
                                                    const std::set<std::string>& keys) {
  std::vector<MapRegister> found;
  for (const std::string& key : keys) {
    ASSIGN_OR_RETURN(crdt::Cells cells, reader.cells().cells_at(object, {key}, kRegister));
    if (!cells.empty()) found.push_back({key, crdt::best_first(std::move(cells))});
  }
  return found;
}

base::Result<std::int64_t> snapshot_position(store::Reader& reader) {
  ASSIGN_OR_RETURN(const store::Meta meta, reader.meta());
  return meta.next_position - 1;
}

std::string string_shown(const crdt::Cell& cell) { return string_shown(crdt::shown_value(cell)); }

std::string string_shown(std::string_view json) {
  if (json.empty() || json.front() == '"') return std::string(json);
  return crdt::json_quote(json);
}

base::Status check_key(std::string_view key) {
  if (key.empty()) return base::invalid("the key is empty; it needs 1 to 1,024 bytes");
  if (key.size() > crdt::kPathComponentMax) {
    return base::invalid("the key has " + std::to_string(key.size()) +
                         " bytes; at most 1,024 are possible");
  }
  if (key.find('\0') != std::string_view::npos) return base::invalid("the key has a NUL byte");
  return {};
}

}  // namespace agent
