#pragma once

// The floor under any replication of this kind: N bare processes, each with an SQLite file of its
// own. One commits a row durably and sends it to all others in one datagram each; they commit it as
// agents commit what they receive. Measured from before the first commit to after the last. No
// membership, sealing, causality or HTTP: what an agent takes longer is what these cost.

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
  // One change by the peer of that index: nanoseconds until all have committed it.
  base::Result<std::int64_t> spread(std::uint64_t number, std::size_t origin);
  std::size_t size() const { return ports_.size(); }

 private:
  explicit FloorMesh(DatagramSocket socket) : socket_(std::move(socket)) {}
  base::Status greet();
  DatagramSocket socket_;
  std::vector<std::unique_ptr<Child>> peers_;
  std::vector<std::uint16_t> ports_;
};

// The life of one such process: serves until its driver ends it, or is silent for too long.
int run_floor_peer(std::uint16_t driver_port, const std::string& file);

}  // namespace bench
