#pragma once

// The messages between the processes of the floor: one letter, a number, and values. Only this
// program reads them, on loopback, so they are plain text.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace bench {

struct FloorMessage {
  enum class Kind : char {
    kHello = 'h',   // peer to driver: the peer has started
    kPeers = 'p',   // driver to peer: the ports of all peers, in `values`
    kGo = 'g',      // driver to peer: write change `number`
    kChange = 'c',  // peer to peer: change `number`, in `payload`
    kStart = 's',   // origin to driver: the instant before its commit, in `values`
    kDone = 'd',    // peer to driver: the instant after its commit, in `values`
  };
  Kind kind = Kind::kHello;
  std::uint64_t number = 0;
  std::vector<std::int64_t> values;
  std::string payload;
};
std::string encode(const FloorMessage& message);
std::optional<FloorMessage> decode_floor_message(const std::string& bytes);

}  // namespace bench
