#pragma once

// Remembers in the mesh what devices have received (agent/api/acknowledged.h). Loop thread only.

#include <memory>
#include <string>

#include "agent/api/device_notes.h"
#include "agent/api/host.h"

namespace agent {

class DeviceLedger : public std::enable_shared_from_this<DeviceLedger> {
 public:
  DeviceLedger(Data& data, Timers& timers) : data_(data), timers_(timers) {}

  // The device has received this too. A device of which nothing is known is known from then on,
  // also with an empty vector. If the write fails, the device gets some changes again.
  void acknowledge(const std::string& device, const Acknowledged& received);

 private:
  void write(const std::string& device, const Acknowledged& all);

  Data& data_;
  Timers& timers_;
};

}  // namespace agent
