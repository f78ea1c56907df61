#pragma once

// Hosts with a network of their own each, joined by a switch, all inside of this process's network
// namespaces: nothing of the machine's own network is touched and nothing is left behind. What goes
// wrong on a path is an nft rule of a host. Needs root, `ip` and `nft`: see missing().

#include <memory>
#include <string>
#include <vector>

#include "crdt/base/result.h"
#include "tools/probe/network.h"

namespace support {

class Lab {
 public:
  // Why there can be no lab here, for GTEST_SKIP; empty if there can.
  static std::string missing();
  static base::Result<std::unique_ptr<Lab>> make(std::size_t hosts);

  const probe::Network& network(std::size_t host) const { return *hosts_.at(host); }
  std::string ip(std::size_t host) const;
  std::string address(std::size_t host) const { return ip(host) + ":7700"; }

  // A condition and a verdict of nft for what comes in at a host, such as "udp dport 7700 drop".
  // Rules are counted, and are asked in the order they were added.
  base::Status rule(std::size_t host, const std::string& text);
  base::Status clear(std::size_t host);
  // Packets that met a rule of this host since they were last cleared.
  std::uint64_t hits(std::size_t host) const;

 private:
  Lab() = default;
  base::Status plug_in(std::size_t host);
  std::unique_ptr<probe::Network> hub_;
  std::vector<std::unique_ptr<probe::Network>> hosts_;
};

}  // namespace support
