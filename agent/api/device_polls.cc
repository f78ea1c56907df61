#include "agent/api/device_polls.h"

#include <algorithm>
#include <utility>

#include "agent/api/limits.h"

namespace agent {

std::optional<Acknowledged> DevicePolls::acknowledged(const std::string& device,
                                                      std::int64_t last_ack, bool explicitly) {
  const auto found = answers_.find(device);
  if (found == answers_.end()) return std::nullopt;
  const Answer& answer = found->second;
  if (answer.ack_timestamp != last_ack || !(answer.is_new || explicitly)) return std::nullopt;
  Acknowledged received = std::move(found->second.received);
  answers_.erase(found);
  return received;
}

void DevicePolls::answered(const std::string& device, std::int64_t last_ack,
                           std::int64_t ack_timestamp, const Acknowledged& received) {
  const auto found = answers_.find(device);
  if (found != answers_.end() && found->second.ack_timestamp == ack_timestamp) return;
  answers_[device] = {ack_timestamp, ack_timestamp != last_ack, received, next_number_++};
  if (answers_.size() <= kPolledDevicesMax) return;
  answers_.erase(std::min_element(
      answers_.begin(), answers_.end(),
      [](const auto& a, const auto& b) { return a.second.number < b.second.number; }));
}

}  // namespace agent
