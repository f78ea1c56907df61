#include "crdt/slot_codec.h"

#include <algorithm>

namespace crdt::codec {

std::size_t shared_with(const Slot* before, const Slot& slot) {
  if (before == nullptr || before->object != slot.object) return 0;
  auto [a, b] =
      std::mismatch(before->path.begin(), before->path.end(), slot.path.begin(), slot.path.end());
  return 1 + static_cast<std::size_t>(b - slot.path.begin());
}

std::size_t write_slot(Writer& out, const Slot& slot, const Slot* before) {
  const std::size_t shared = shared_with(before, slot);
  const std::size_t rest = 1 + slot.path.size() - shared;
  out.number(shared).array(rest);
  if (shared == 0) out.binary(slot.object);
  for (std::size_t i = shared == 0 ? 0 : shared - 1; i < slot.path.size(); ++i) {
    out.binary(slot.path[i]);
  }
  out.number(static_cast<std::uint64_t>(slot.type));
  return rest + 3;
}

SlotType read_type(Reader& in) { return static_cast<SlotType>(in.number(UINT8_MAX)); }

void read_slot(Reader& in, Slot& slot, const Slot* before) {
  const std::size_t shared = in.number(before == nullptr ? 0 : 1 + before->path.size());
  const std::size_t rest = in.array(1 + kPathDepthMax);
  const std::size_t total = shared + rest;
  if (!in.ok() || total == 0 || total > 1 + kPathDepthMax) return in.fail();
  slot.path.resize(total - 1);
  if (shared == 0) {
    slot.object = in.binary(kObjectNameMax);
  } else {
    slot.object = before->object;
  }
  for (std::size_t i = 0; i + 1 < total; ++i) {
    if (i + 1 < shared) {
      slot.path[i] = before->path[i];
    } else {
      slot.path[i] = in.binary(kPathComponentMax);
    }
  }
  slot.type = read_type(in);
}

}  // namespace crdt::codec
