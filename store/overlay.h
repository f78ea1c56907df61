#pragma once

// The slots that hide rows of `names` and `cells`: those of the open transaction, then those of the
// memtable. And a walk over names that are in the file, or hidden, or both.

#include <cstdint>
#include <optional>
#include <vector>

#include "store/memtable_rows.h"
#include "store/memtable_version.h"
#include "store/names.h"

namespace store {

class Overlay {
 public:
  // A slot that is held here. Valid until it is saved again or the version changes.
  struct Held {
    std::uint8_t lane = 0;
    std::optional<base::BytesView> cells;  // nullopt: it has none
  };

  bool empty() const { return pending_.empty() && version_.empty(); }
  std::optional<Held> find(CellKey key) const;
  std::vector<Held> of_name(base::BytesView name) const;  // in order of lane
  // The first name at or above `from`, or above `name`; nullopt: none.
  std::optional<base::BytesView> name_from(base::BytesView from) const;
  std::optional<base::BytesView> name_above(base::BytesView name) const;

  PendingSlots& pending() { return pending_; }
  const PendingSlots& pending() const { return pending_; }
  const MemtableVersion& version() const { return version_; }
  void set_version(MemtableVersion version) { version_ = std::move(version); }

 private:
  PendingSlots pending_;
  MemtableVersion version_;
};

// Walks the names from `from` to `bound`. No cursor of SQLite is open while a caller looks at one.
class OverlayWalk {
 public:
  OverlayWalk(Names& names, const Overlay& overlay, base::BytesView from, base::BytesView bound);
  // The id is 0 if the name is not in the file. Null at the end.
  base::Result<const NameRow*> next();
  void skip_to(base::BytesView key);  // forward only

 private:
  void look_up(base::BytesView from);

  NameWalk walk_;
  const Overlay& overlay_;
  base::Bytes bound_;
  const NameRow* file_ = nullptr;    // read and not given yet
  std::optional<base::Bytes> held_;  // the same of the overlay
  NameRow only_held_;
};

}  // namespace store
