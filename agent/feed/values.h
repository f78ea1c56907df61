#pragma once

// Reads what the objects of a filter show, in pages. Each page is one snapshot, so two pages may be
// of different positions. ValueCover keeps which names were read at which position, so that a
// listener gets exactly the changes that its values do not have.

#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "agent/feed/events.h"
#include "agent/feed/filter.h"
#include "store/store.h"

namespace agent {

// An entry of a catalog, or with an empty `entry` any other object. In the order of the reading.
struct ValueKey {
  std::string object;
  std::string entry;
  auto operator<=>(const ValueKey&) const = default;
};
ValueKey key_of(const Event& event);

struct ValuePage {
  std::vector<Value> values;
  std::int64_t position = 0;     // of the snapshot
  std::optional<ValueKey> next;  // the next page begins after this key; nullopt: nothing is left
};
// The values after `after` (nullopt: from the first), at most kValuePageUnits and about
// kValuePageBytes. kCorrupt when a row cannot be read.
base::Result<ValuePage> read_values(store::Reader& reader, const Filter& filter,
                                    const std::optional<ValueKey>& after);

// Which changes are in the values that were read.
class ValueCover {
 public:
  // A page was read at `position`, from the end of the last one up to `upto` (nullopt: to the end).
  void add(std::optional<ValueKey> upto, std::int64_t position);
  // True: the value of this place was read after the change.
  bool covers(const Event& event) const;
  bool empty() const { return parts_.empty(); }
  std::int64_t first() const { return parts_.front().position; }  // of the first page

 private:
  struct Part {
    std::optional<ValueKey> upto;
    std::int64_t position = 0;
  };
  std::vector<Part> parts_;  // in the order of keys, and of positions
};

}  // namespace agent
