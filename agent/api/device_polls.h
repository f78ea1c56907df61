#pragma once

// Answers to polls of devices that wait for their acknowledgement. An answer to a poll may be lost,
// and the device then asks again. So a poll acknowledges an answer only if its `last_ack` is the
// answer's ack_timestamp and the device cannot have that number from before: the poll that was
// answered had another `last_ack`. Example: a device polls with last_ack 5 and gets ack_timestamp
// 9; a poll with last_ack 9 acknowledges that answer, one with last_ack 5 gets its changes again.
// Of several answers with one ack_timestamp the first counts, because a device that has any of them
// has received at least what the first one gives.

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "agent/api/acknowledged.h"

namespace agent {

class DevicePolls {
 public:
  // What the device has received, if a poll with this `last_ack` says so. `explicitly`: it is a
  // message sync_ack, so it names an answer that the device has.
  std::optional<Acknowledged> acknowledged(const std::string& device, std::int64_t last_ack,
                                           bool explicitly);
  void answered(const std::string& device, std::int64_t last_ack, std::int64_t ack_timestamp,
                const Acknowledged& received);

 private:
  struct Answer {
    std::int64_t ack_timestamp = 0;
    bool is_new = false;  // the device did not have the ack_timestamp before
    Acknowledged received;
    std::uint64_t number = 0;  // in the order of the answers
  };
  std::map<std::string, Answer> answers_;  // the one that waits, of each device
  std::uint64_t next_number_ = 1;
};

}  // namespace agent
