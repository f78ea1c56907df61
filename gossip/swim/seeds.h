#pragma once

// Addresses to join through, each with its back-off: three tries in the first second, then ever
// rarer. A seed is content while the node that answered from it lives; else it is tried again for
// ever, so seeds that come up late, or lost everybody, bring two halves together.

#include <map>
#include <optional>
#include <vector>

#include "crdt/base/random.h"
#include "crdt/base/time.h"
#include "gossip/swim/member_table.h"

namespace gossip {

inline constexpr std::size_t kSeedsMax = 64;  // further ones are ignored
inline constexpr base::Duration kFirstSeedGap = base::millis(300);
// Who knows no living member has nothing else to send: some seed is tried so often at least.
inline constexpr base::Duration kAloneSeedGap = base::seconds(5);

class Seeds {
 public:
  // `gap_max`: between two tries of a seed that stays silent.
  Seeds(base::Duration gap_max, base::Random random) : gap_max_(gap_max), random_(random) {}

  // Replaces the list. Our own address is skipped.
  void assign(base::Instant now, const std::vector<Address>& seeds, const Address& self);
  // Every seed is tried from now on as if it was new.
  void restart(base::Instant now);
  void stop();
  // Somebody at `from` let us in. Whether it is one of the seeds.
  bool answered(const Address& from, const NodeId& node);
  // The start of whoever holds `address` was just proven: a join to it now will be taken. True if
  // that is a seed that has not answered.
  bool waits_for(const Address& address, const MemberTable& table) const;

  // Whether a seed at `address` has let us in and lives.
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
