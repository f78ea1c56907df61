#pragma once

// Figures about the merging of changes of others, for each object and for all: GET /crdt/metrics.
// They begin at zero with every start. The objects that were merged last are known; of all others
// the figures are zero. Loop thread only.

#include <array>
#include <cstdint>
#include <list>
#include <map>
#include <string>
#include <vector>

#include "agent/api/about.h"
#include "agent/replica/requests.h"
#include "crdt/base/time.h"

namespace agent {

inline constexpr std::size_t kMeteredObjectsMax = 1'024;  // above: the one merged first goes

class SyncMeter {
 public:
  void add(const base::Now& now, const std::vector<Merge>& merges);
  SyncFigures figures(base::Instant now, const std::string& object) const;  // empty: of all

 private:
  // Counts of the last `kSlots` units of time. A slot that is older than that counts as zero.
  template <std::size_t kSlots>
  class Recent {
   public:
    void add(std::int64_t unit, std::uint64_t count) {
      Slot& slot = slots_[static_cast<std::size_t>(unit) % kSlots];
      if (slot.unit != unit) slot = {unit, 0};
      slot.count += static_cast<std::uint32_t>(count);
    }
    std::uint64_t sum(std::int64_t unit) const {
      std::uint64_t sum = 0;
      for (const Slot& slot : slots_) {
        if (unit - slot.unit < static_cast<std::int64_t>(kSlots)) sum += slot.count;
      }
      return sum;
    }

   private:
    struct Slot {
      std::int64_t unit = INT64_MIN / 2;
      std::uint32_t count = 0;
    };
    std::array<Slot, kSlots> slots_{};
  };

  struct Meter {
    std::int64_t lag_nanos = 0;
    std::int64_t wall_nanos = 0;
    Recent<13> conflicts;  // in units of five minutes
    Recent<13> merges;     // in units of five seconds
    std::list<std::string>::iterator turn;
  };
  static void count(Meter& meter, const base::Now& now, const Merge& merge);
  Meter& meter_of(const std::string& object);

  std::list<std::string> order_;  // the object that was merged last is the last one
  std::map<std::string, Meter> meters_;
  Meter all_{};
  bool any_ = false;
};

}  // namespace agent
