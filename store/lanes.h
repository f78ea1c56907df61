#pragma once

// A lane numbers what stands below an entry: (field name or none, type of slot). The id of a cell
// row is the id of its entry and the lane in the low byte. Field names repeat over entries, so a
// lane costs a row once; they are never removed. What gets no lane has a row of its own in `names`:
// elements of sets (data, not schema), long field names, and all that comes after the last lane.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "crdt/slot.h"
#include "store/database.h"

namespace store {

inline constexpr int kLanesMax = 255;
inline constexpr int kOwnLane = 0;  // of slots with a names row of their own
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
  base::Status refresh();  // reads again when there are more rows than known

  // nullopt: nothing has been stored there yet.
  std::optional<int> find(const crdt::Slot& slot) const;
  base::Result<int> intern(const crdt::Slot& slot);  // kOwnLane when it gets none
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
