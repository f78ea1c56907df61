#pragma once

// The floor of any replication of this kind: N bare processes, each with its own SQLite file. One
// commits a row durably and sends it to all others in one datagram each; they commit it like agents
// commit received changes. Measured from before the first commit to after the last one. The floor
// has no membership, sealing, causality or HTTP; the additional time of an agent is the cost of
// these.

#include <memory>
#include <string>
#include <vector>

#include "crdt/base/result.h"
#include "tools/bench/child.h"
#include "tools/bench/datagram_socket.h"
#include "tools/bench/work_folder.h"

namespace bench {

inline constexpr std::size_t kPayloadSize = 128;

class FloorMesh {
 public:
  static base::Result<FloorMesh> start(int size, const WorkFolder& folder);
  // One change by the peer with this index: the nanoseconds until all have committed it.
  base::Result<std::int64_t> spread(std::uint64_t number, std::size_t origin);
  std::size_t size() const { return ports_.size(); }

 private:
  explicit FloorMesh(DatagramSocket socket) : socket_(std::move(socket)) {}
  base::Status greet();
  DatagramSocket socket_;
  std::vector<std::unique_ptr<Child>> peers_;
  std::vector<std::uint16_t> ports_;
};

// The main loop of such a process. It serves until its driver ends it or is silent for too long.
int run_floor_peer(std::uint16_t driver_port, const std::string& file);

}  // namespace bench
