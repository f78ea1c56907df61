#pragma once

// The hybrid logical clock (Kulkarni et al. 2014, "Logical Physical Clocks") and the stamps of
// values. The two are never mixed. `HybridTime` is the agent's own clock in a change. `Stamp`
// decides between concurrent values and may come from a client.

#include <compare>
#include <cstddef>
#include <cstdint>
#include <string>

#include "crdt/base/time.h"

namespace crdt {

struct HybridTime {
  std::int64_t nanos = 0;  // since the Unix epoch
  std::uint32_t counter = 0;
  auto operator<=>(const HybridTime&) const = default;
  HybridTime next() const;  // the smallest time above this one; the largest time returns itself
};

inline constexpr std::size_t kWriterBytesMax = 256;

struct Stamp {
  HybridTime time;
  std::string writer;  // empty: the agent itself; otherwise the client's node or device id
  auto operator<=>(const Stamp&) const = default;
};

// Rule 9. Never goes back. Its owner stores it. It takes over the times that it receives unless
// they are more than `drift` ahead of a trusted wall clock. The wall clock is trusted when it is
// after the build date and either at most `drift` behind the stored clock or reported as
// synchronised. Times after the year 2200 are wrong: they are never taken over, and a wall clock
// with such a time is not trusted.
class HybridClock {
 public:
  struct Options {
    base::Duration drift = base::seconds(300);
    std::int64_t build_nanos = 0;  // wall clocks before this are not trusted
  };
  // KAhead: not merged; the caller counts it and raises an alarm.
  enum class Merge { kMerged, kAhead };

  HybridClock(HybridTime persisted, Options options);

  HybridTime tick(const base::Now& now);  // a time above every earlier one
  Merge merge(const base::Now& now,
              HybridTime remote);  // after kMerged tick() is above `remote`
  bool trusts(const base::Now& now) const;
  // Our own clock is ahead of a trusted wall clock by more than the drift. Its owner then makes a
  // new actor and calls restart_from_wall().
  bool runs_ahead(const base::Now& now) const;
  void restart_from_wall(const base::Now& now);
  HybridTime latest() const { return latest_; }
  // How far it is ahead of the wall clock. 0 when it is behind, because the next tick catches up.
  // At most the largest number, whatever the wall clock says.
  std::int64_t offset_nanos(const base::Now& now) const;

 private:
  HybridTime latest_;
  Options options_;
};

}  // namespace crdt
