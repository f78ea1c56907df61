#pragma once

// The addresses that we join through, each with its own back-off: three tries in the first second,
// then less and less often. A seed is content while the node that answered from its address lives.
// Otherwise it is tried for ever. So a seed that starts late, or that was cut off, connects two
// halves of a mesh again.

#include <map>
#include <optional>
#include <vector>

#include "crdt/base/random.h"
#include "crdt/base/time.h"
#include "gossip/swim/member_table.h"

namespace gossip {

inline constexpr std::size_t kSeedsMax = 64;  // further ones are ignored
inline constexpr base::Duration kFirstSeedGap = base::millis(300);
// A node that knows no living member tries one seed at least this often, in turns.
inline constexpr base::Duration kAloneSeedGap = base::seconds(5);

class Seeds {
 public:
  // `gap_max`: the longest time between two tries of a seed that does not answer.
  Seeds(base::Duration gap_max, base::Random random) : gap_max_(gap_max), random_(random) {}

  // Replaces the list. Our own address is skipped.
  void assign(base::Instant now, const std::vector<Address>& seeds, const Address& self);
  // Every seed is tried again like a new one.
  void restart(base::Instant now);
  void stop();
  // The node at `from` let us in. Returns whether `from` is a seed.
  bool answered(const Address& from, const NodeId& node);
  // The node at `address` has just proven its start, so it would take a join now. True if `address`
  // is a seed that has not answered.
  bool waits_for(const Address& address, const MemberTable& table) const;

  // True if a seed at `address` has let us in and lives.
  bool content(const Address& address, const MemberTable& table) const;

  std::vector<Address> due(base::Instant now, const MemberTable& table);
  base::Instant next_deadline() const;

 private:
  struct Seed {
    base::Instant next;
    base::Duration gap;
    std::optional<NodeId> node;
  };
  static bool content(const Seed& seed, const MemberTable& table);

  base::Duration gap_max_;
  base::Random random_;
  bool stopped_ = false;
  std::map<Address, Seed> seeds_;
};

}  // namespace gossip
