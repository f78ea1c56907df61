#include "agent/api/device_ledger.h"

#include <utility>

#include "agent/api/limits.h"

namespace agent {
namespace {

// What is to be written; nullopt: the mesh knows it already.
base::Result<std::optional<Acknowledged>> joined_with_known(store::Reader& reader,
                                                            const std::string& device,
                                                            const Acknowledged& received) {
  ASSIGN_OR_RETURN(const crdt::Cells row,
                   reader.cells().cells_at(kAcknowledgedObject, {kDeviceDoor, device},
                                           crdt::SlotType::kLwwRegister));
  ASSIGN_OR_RETURN(const Acknowledged known, read_acknowledged(reader, kDeviceDoor, device));
  Acknowledged all = known;
  all.join(received);
  if (!row.empty() && all == known) return std::optional<Acknowledged>();
  return std::optional(std::move(all));
}

}  // namespace

void DeviceLedger::acknowledge(const std::string& device, const Acknowledged& received) {
  const auto work = [ledger = weak_from_this(), device,
                     received](store::Reader& reader) -> std::function<void()> {
    auto found = std::make_shared<base::Result<std::optional<Acknowledged>>>(
        joined_with_known(reader, device, received));
    return [ledger, device, found] {
      const auto self = ledger.lock();
      if (self && found->ok() && **found) self->write(device, ***found);
    };
  };
  if (data_.read(work)) return;
  timers_.later(kRetryMillis, [ledger = weak_from_this(), device, received] {
    if (auto self = ledger.lock()) self->acknowledge(device, received);
  });
}

void DeviceLedger::write(const std::string& device, const Acknowledged& all) {
  auto op = op_to_acknowledge(kDeviceDoor, device, all);
  if (!op.ok()) return;
  WriteObject request{kAcknowledgedObject, {}};
  request.ops.push_back(std::move(*op));
  data_.write(std::move(request), [](const base::Result<Written>&) {});
}

}  // namespace agent
