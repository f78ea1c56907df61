#pragma once

// A lane is the number of a (field name or none, type of slot) below an entry of the catalog. The
// id of a cell row is the id of its entry with the lane in the low byte. Field names repeat over
// entries, so a lane needs only one row; lanes are never removed. A slot without a lane has a row
// of its own in `names`: every slot of any other object and below a field (there a path holds data,
// not a schema), elements of sets, long field names, and slots that come after the last lane is
// used.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "crdt/slot.h"
#include "store/database.h"

namespace store {

inline constexpr int kLanesMax = 255;
inline constexpr int kOwnLane = 0;  // for slots with a row of their own in `names`
inline constexpr std::size_t kLaneNameMax = 64;

struct Lane {
  std::optional<std::string> name;  // none: the slot at the path of the entry itself
  crdt::SlotType type = crdt::SlotType::kMap;
  auto operator<=>(const Lane&) const = default;
};

class Lanes {
 public:
  explicit Lanes(Database& database);
  base::Status load();
  base::Status refresh();  // reads again if there are more rows than are known

  // nullopt: nothing was stored in this slot yet.
  std::optional<int> find(const crdt::Slot& slot) const;
  base::Result<int> intern(const crdt::Slot& slot);  // kOwnLane if the slot gets no lane
  base::Result<const Lane*> at(int index) const;
  bool touched() const { return touched_; }
  void committed() { touched_ = false; }

 private:
  base::Error corrupt(std::int64_t row) const;

  Database& database_;
  Query select_;
  Query last_;
  Query insert_;
  std::vector<Lane> lanes_;  // lane n at n - 1
  std::map<Lane, int> numbers_;
  bool touched_ = false;
};

}  // namespace store
