#pragma once

// A host that has the mesh key but is no agent. It joins, sends any records that the test wants,
// and keeps the datagrams that it has sent.

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include "gossip/wire/message.h"
#include "gossip/wire/seal.h"

namespace cluster {

class Stranger {
 public:
  // `agent`: "127.0.0.1:7700".
  Stranger(const std::filesystem::path& key_file, const std::string& agent, std::uint64_t seed);
  ~Stranger();
  Stranger(const Stranger&) = delete;
  Stranger& operator=(const Stranger&) = delete;

  // Joins, and answers the challenge. False: no answer came.
  bool join(std::chrono::milliseconds wait);
  void say(const std::vector<gossip::wire::Message>& messages);
  // The first datagram of a start, which asks to join.
  base::Bytes recording();

 private:
  gossip::MemberRecord self() const;
  base::Bytes sealed(const std::vector<gossip::wire::Message>& messages);
  void send(const base::Bytes& datagram);

  int fd_;
  base::NodeId node_;
  gossip::wire::MeshKey key_;
  gossip::wire::DatagramSeal seal_;
};

// A connection from one of this host's addresses, which sends nothing.
int tcp_to(const std::string& to, const std::string& from);

// Sends datagrams from 200 addresses of 127.0.0.0/8 in turn. One thread.
class Flood {
 public:
  explicit Flood(const std::string& to);
  ~Flood();
  Flood(const Flood&) = delete;
  Flood& operator=(const Flood&) = delete;
  void burst(const base::Bytes& datagram, int count);

 private:
  std::string to_;
  std::vector<int> sockets_;
  std::size_t next_ = 0;
};

}  // namespace cluster
