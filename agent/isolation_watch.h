#pragma once

// Watches whether this agent hears its mesh (Isolation), asks at the known addresses when it does
// not (ContactProbe), and logs one line when the isolation begins and one when it ends. It checks
// once a second; this costs nothing while somebody is heard. Loop thread only.

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "agent/contact_probe.h"
#include "agent/isolation.h"
#include "agent/log.h"
#include "agent/mesh.h"
#include "agent/seed_resolver.h"

namespace agent {

inline constexpr std::uint64_t kIsolationLookMillis = 1'000;
inline constexpr std::size_t kSeedsAskedMax = 16;   // addresses in a round; the others: not asked
inline constexpr std::size_t kMembersAskedMax = 3;  // members in one round

class IsolationWatch {
 public:
  // All arguments must outlive it. It asks with the key of `self`.
  IsolationWatch(uv_loop_t* loop, const Mesh& mesh, const SeedResolver& resolver,
                 const MeshSelf& self, base::Duration ping_interval, base::Random random, Log& log);

  void look(base::Instant now);  // call it every kIsolationLookMillis
  const std::string& reason() const { return isolation_.reason(); }
  const std::string& without_peers() const { return isolation_.without_peers(); }

  // Finds out what is at these addresses and tells the highest Contact. `told` is called at once or
  // from the loop.
  void ask(const std::vector<gossip::Address>& addresses, ContactProbe::Told told);
  void close();

 private:
  void ask_around(base::Instant now);
  Solitude facts();
  AskedPlace place_of(const SeedResolver::Seed& seed) const;
  Contact contact_at(const gossip::Address& address) const;
  // True if the address is surely our own. Then it is not probed.
  bool is_own(const gossip::Address& address) const;
  void say(Isolation::Turn turn, base::Instant now);

  const Mesh& mesh_;
  const SeedResolver& resolver_;
  Log& log_;
  ContactProbe probe_;
  Isolation isolation_;
  // For the present silence: which addresses were probed, and the results.
  std::map<gossip::Address, Contact> found_;
  std::vector<gossip::MemberRecord> members_;
  std::set<gossip::Address> left_;  // addresses of agents that have left
  std::size_t awaited_ = 0;
  bool asked_ = false;
  std::optional<base::Instant> ask_at_;
};

}  // namespace agent
