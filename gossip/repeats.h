#pragma once

// Recognises a datagram that is sent to us again and again. An honest sender never sends the same
// datagram twice. So copies beyond the few that a network makes are a replay; they are dropped
// before they are decoded. Remembers the last datagram in each of kRepeatPlaces places; a later one
// replaces it. So this only saves work: it never causes another sender to get no answer.

#include <array>
#include <cstdint>

#include "crdt/base/time.h"
#include "gossip/wire/seal.h"

namespace gossip {

inline constexpr std::size_t kRepeatPlaces = 512;
// Copies of one datagram that are answered, a second.
inline constexpr std::uint32_t kRepeatsAnswered = 4;

class Repeats {
 public:
  // Counts this copy. True: the datagram has been answered often enough in this second.
  bool too_many(base::Instant now, const wire::DatagramSeal::Opened& datagram) {
    std::uint64_t start = base::read_be64(reinterpret_cast<const char*>(datagram.start.data()));
    Place& place = places_[(start ^ datagram.counter) % kRepeatPlaces];
    bool same = place.start == start && place.counter == datagram.counter &&
                now - place.since < base::seconds(1);
    if (!same) place = {start, datagram.counter, now, 0};
    return ++place.copies > kRepeatsAnswered;
  }

 private:
  struct Place {
    std::uint64_t start = 0;
    std::uint64_t counter = 0;
    base::Instant since{INT64_MIN / 2};
    std::uint32_t copies = 0;
  };
  std::array<Place, kRepeatPlaces> places_{};
};

}  // namespace gossip
