#pragma once

// The table of objects: name, type, number of live cells, digest. Rows are read when needed and
// kept in a bounded cache. A changed row stays in memory until flush() has written it. An object
// without cells loses its row.

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "crdt/digest.h"
#include "crdt/slot.h"
#include "crdt/snapshot.h"
#include "store/database.h"
#include "store/meta_table.h"

namespace store {

struct ObjectInfo {
  std::int64_t index = 0;
  std::string name;
  crdt::SlotType type = crdt::SlotType::kMap;
  std::int64_t cells = 0;
  crdt::Digest digest;
  crdt::ObjectKey key() const { return {name, type}; }
};

// The smallest key above `key`.
crdt::ObjectKey key_above(const crdt::ObjectKey& key);
// The smallest key above all types of a name.
crdt::ObjectKey key_above(std::string_view name);

class Objects {
 public:
  // Unchanged rows that are kept in memory. Above that the cache is emptied.
  static constexpr std::size_t kCachedMax = 4096;

  // True if an object has cells.
  using HasCells = std::function<base::Result<bool>(std::int64_t index)>;
  Objects(Database& database, HasCells has_cells);
  // Totals and the next index, which is above `used`; forgets all rows.
  base::Status load(std::int64_t used);

  base::Result<const ObjectInfo*> find(std::string_view name, crdt::SlotType type);
  base::Result<std::vector<ObjectInfo>> named(std::string_view name);
  // At most `limit` objects in order of (name, type), from `first` on.
  base::Result<std::vector<ObjectInfo>> from(const crdt::ObjectKey& first, std::size_t limit);
  const CellTotals& totals() const { return totals_; }

  base::Result<const ObjectInfo*> intern(std::string_view name, crdt::SlotType type);
  base::Status account(std::string_view name, crdt::SlotType type, std::int64_t cells,
                       const crdt::Digest& before, const crdt::Digest& after);
  base::Status flush();
  bool touched() const { return touched_; }
  void committed() { touched_ = false; }

 private:
  struct Cached {
    ObjectInfo info;
    bool stored = false;
    bool dirty = false;
  };
  using Key = std::pair<std::string, crdt::SlotType>;
  using KeyView = std::pair<std::string_view, crdt::SlotType>;
  struct Less {
    using is_transparent = void;
    bool operator()(const KeyView& a, const KeyView& b) const { return a < b; }
  };

  base::Result<Cached*> lookup(std::string_view name, crdt::SlotType type);
  bool is_dirty(std::string_view name) const;
  base::Result<Cached*> note_absent(std::string_view name);
  base::Result<Cached*> lookup_or_add(std::string_view name, crdt::SlotType type);
  base::Result<ObjectInfo> parse(const Loan& row) const;
  base::Status insert(const ObjectInfo& info);
  base::Status erase(const ObjectInfo& info);

  Database& database_;
  HasCells has_cells_;
  MetaTable meta_;
  Query select_;
  Query any_named_;
  Query select_named_;
  Query select_from_;
  Query last_index_;
  Query insert_;
  Query erase_;
  std::map<Key, Cached, Less> cache_;
  // Neither a row nor the cache has this name. A plan for a new object asks for each type of it.
  std::optional<std::string> absent_;
  std::set<Key> dirty_;
  CellTotals totals_;
  CellTotals stored_totals_;
  std::int64_t next_index_ = 1;
  bool touched_ = false;
};

}  // namespace store
