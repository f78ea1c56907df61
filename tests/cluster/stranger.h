#pragma once

// A host of a test that speaks the wire with the mesh key and is no agent: it joins, says what it
// likes, and records what it sent.

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

  // Joins, and proves itself. False: nobody answered.
  bool join(std::chrono::milliseconds wait);
  void say(const std::vector<gossip::wire::Message>& messages);
  // A datagram that asks to be let in, as any start sends it first.
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
