#include "tools/bench/floor.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "tools/bench/clock.h"
#include "tools/bench/floor_message.h"

namespace bench {
namespace {

constexpr std::int64_t kFloorStart = 30 * kSecond;
constexpr std::int64_t kChangeTimeout = 10 * kSecond;

}  // namespace

base::Result<FloorMesh> FloorMesh::start(int size, const WorkFolder& folder) {
  ASSIGN_OR_RETURN(auto socket, DatagramSocket::open());
  FloorMesh mesh(std::move(socket));
  for (int i = 0; i < size; ++i) {
    std::string file = (folder / fmt::format("floor-{}-{}", size, i)).string();
    ASSIGN_OR_RETURN(auto peer,
                     Child::start({own_program(), "floor-peer", "--driver",
                                   std::to_string(mesh.socket_.port()), "--file", file + ".db"},
                                  {}, file + ".log"));
    mesh.peers_.push_back(std::move(peer));
  }
  RETURN_IF_ERROR(mesh.greet());
  return mesh;
}

// Learns the ports of all peers and sends them to all peers.
base::Status FloorMesh::greet() {
  std::set<std::uint16_t> heard;
  std::int64_t deadline = monotonic_nanos() + kFloorStart;
  while (heard.size() < peers_.size()) {
    auto datagram = socket_.receive(deadline - monotonic_nanos());
    if (!datagram) {
      return base::Error{base::Code::kTimeout, fmt::format("{} of {} floor processes started",
                                                           heard.size(), peers_.size())};
    }
    auto message = decode_floor_message(datagram->bytes);
    if (message && message->kind == FloorMessage::Kind::kHello) heard.insert(datagram->from);
  }
  ports_.assign(heard.begin(), heard.end());
  FloorMessage peers{FloorMessage::Kind::kPeers, 0, {ports_.begin(), ports_.end()}, ""};
  for (std::uint16_t port : ports_) socket_.send(port, encode(peers));
  return {};
}

base::Result<std::int64_t> FloorMesh::spread(std::uint64_t number, std::size_t origin) {
  socket_.send(ports_[origin], encode({FloorMessage::Kind::kGo, number, {}, ""}));
  std::int64_t deadline = monotonic_nanos() + kChangeTimeout;
  std::int64_t started = 0;
  std::int64_t last = 0;
  std::set<std::uint16_t> done;
  while (started == 0 || done.size() < ports_.size()) {
    auto datagram = socket_.receive(deadline - monotonic_nanos());
    if (!datagram) {
      return base::Error{base::Code::kTimeout,
                         fmt::format("change {} reached {} of {} floor processes", number,
                                     done.size(), ports_.size())};
    }
    auto message = decode_floor_message(datagram->bytes);
    if (!message || message->number != number || message->values.size() != 1) continue;
    if (message->kind == FloorMessage::Kind::kStart) started = message->values[0];
    if (message->kind == FloorMessage::Kind::kDone && done.insert(datagram->from).second) {
      last = std::max(last, message->values[0]);
    }
  }
  return last - started;
}

}  // namespace bench
