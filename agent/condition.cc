#include "agent/condition.h"

namespace agent {

void Condition::hear(const Notice& notice) {
  switch (notice.kind) {
    case Notice::Kind::kDiskFull:
    case Notice::Kind::kDiskFault:
      fault_ = notice.text;
      return;
    case Notice::Kind::kRecovered:
      fault_.clear();
      return;
    case Notice::Kind::kCorruptRow:
      damage_ = notice.text;
      return;
    case Notice::Kind::kSetAside:
      rebuilding_ = true;
      return;
    case Notice::Kind::kRebuilt:
      rebuilding_ = false;
      return;
    default:
      return;
  }
}

Health Condition::health(bool syncing) const {
  if (degraded()) return Health::kDegraded;
  return rebuilding_ || syncing ? Health::kSyncing : Health::kReady;
}

std::string Condition::reason(bool syncing) const {
  if (!fault_.empty()) return fault_;
  if (!damage_.empty()) return damage_;
  if (rebuilding_)
    return "the database was set aside and the state is fetched from the peers; writes wait until "
           "it is complete";
  return syncing ? "the first exchange with a seed is running" : "";
}

}  // namespace agent
