#pragma once

// The hosts of a mesh benchmark. As root each host has a network namespace with one interface on a
// bridge, where packets are dropped, blocked or counted. Otherwise all hosts are addresses of the
// loopback, and measurements that need isolation are left out.

#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "crdt/base/result.h"
#include "tools/bench/work_folder.h"
#include "tools/probe/network.h"

namespace bench {

inline constexpr int kMeshPort = 7700;

class MeshNetwork {
 public:
  static base::Result<std::unique_ptr<MeshNetwork>> make(int hosts, const WorkFolder& folder);
  static bool can_isolate();  // true as root, with `ip` and `nft`

  bool isolated() const { return !hosts_.empty(); }
  std::string host(int index) const;  // the address of the host, without a port
  // Runs `what` on this host.
  base::Status on(int index, const std::function<base::Status()>& what) const;

  // Only if isolated().
  base::Status lose_datagrams(int percent);       // drops UDP datagrams on all links
  base::Status mute(const std::set<int>& hosts);  // blocks all packets of these hosts; empty: heals
  base::Result<std::uint64_t> bytes_sent(int index) const;  // bytes of IP packets with headers
  base::Result<std::uint64_t> bytes_received(int index) const;

 private:
  explicit MeshNetwork(const WorkFolder& folder) : folder_(folder) {}
  base::Status connect(int hosts);
  base::Status set_rules();
  base::Status run_tool(const char* name, const std::string& option,
                        const std::string& lines) const;
  enum class Way { kIn, kOut };
  base::Result<std::uint64_t> ip_counter(int index, Way way) const;

  const WorkFolder& folder_;
  std::unique_ptr<probe::Network> hub_;
  std::vector<std::unique_ptr<probe::Network>> hosts_;
  int loss_percent_ = 0;
  std::set<int> muted_;
};

}  // namespace bench
