#pragma once

// One TCP connection through a Relay: two sockets, and the bytes between them.

#include <poll.h>

#include <cstdint>
#include <random>
#include <string>
#include <vector>

namespace probe {

// What happens to the bytes of connections.
struct StreamFaults {
  unsigned corrupt = 0;               // chance of a thousand that a read has one bit flipped
  std::size_t cut_at = 0;             // a connection ends after so many bytes; 0: never
  std::size_t bytes_a_turn = 65'536;  // small ones split every message
  bool refuse = false;                // new connections end at once; open ones move no bytes
};

class RelayPipe {
 public:
  RelayPipe(int accepted, int connecting);  // takes both over
  ~RelayPipe();
  RelayPipe(const RelayPipe&) = delete;
  RelayPipe& operator=(const RelayPipe&) = delete;

  struct Moved {
    std::size_t bytes = 0;
    std::size_t corrupted = 0;
  };
  // The events that poll waits for, and those that it found.
  void ask(std::vector<pollfd>& polls) const;
  // Moves the bytes that can be moved. False: the connection has ended.
  bool move(const StreamFaults& faults, std::mt19937_64& random, Moved& moved);

 private:
  struct Way {
    std::string bytes;
    bool ended = false;     // no more will come
    bool finished = false;  // and the other side knows
  };
  bool pull(int from, Way& way, const StreamFaults& faults, std::mt19937_64& random, Moved& moved);
  bool push(int to, Way& way);
  int sockets_[2];
  Way ways_[2];  // from sockets_[i] to the other
  std::size_t total_ = 0;
};

}  // namespace probe
