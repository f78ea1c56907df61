#include "tools/bench/types/edit.h"

#include <map>

#include "crdt/base/check.h"
#include "crdt/change.h"
#include "store/packed_change.h"

namespace bench {
namespace {

constexpr std::size_t kBatch = 100;               // changes
constexpr std::int64_t kEditNanos = 150'000'000;  // from one edit to the next

crdt::Change change_of(const Edit& edit, std::int64_t nanos) {
  crdt::Change change;
  change.actor = edit.first.actor;
  change.seq = edit.first.seq;
  change.time.nanos = nanos;
  crdt::Effect effect;
  effect.slot.object = "notes";
  effect.slot.path = {"text"};
  effect.slot.type = crdt::SlotType::kSeq;
  effect.stamp.time.nanos = nanos;
  if (!edit.text.empty()) {
    crdt::Effect insert = effect;
    insert.kind = crdt::EffectKind::kInsert;
    insert.body = base::Bytes(edit.text);
    insert.anchor = edit.anchor;
    change.effects.push_back(std::move(insert));
  }
  if (!edit.erased.empty()) {
    effect.kind = crdt::EffectKind::kErase;
    effect.kills = crdt::ordered_runs(edit.erased);
    change.effects.push_back(std::move(effect));
  }
  return change;
}

}  // namespace

bool apply(crdt::Sequence& text, const Edit& edit) {
  for (const crdt::DotRun& run : edit.erased) text.apply_erase(run);
  return edit.text.empty() || text.apply_insert(edit.anchor, edit.first, edit.text);
}

std::size_t wire_bytes(const std::vector<Edit>& edits) {
  std::map<crdt::ActorId, crdt::HeadHash> heads;
  std::size_t bytes = 0;
  base::Bytes batch;
  for (std::size_t i = 0; i < edits.size(); ++i) {
    crdt::Change change = change_of(edits[i], static_cast<std::int64_t>(i) * kEditNanos);
    crdt::HeadHash& head = heads[change.actor];
    change.prev = head;
    const auto sealed = crdt::seal(change);
    CHECK(sealed.ok());
    head = sealed->hash;
    batch += sealed->bytes;
    if ((i + 1) % kBatch != 0 && i + 1 < edits.size()) continue;
    const auto packed = store::pack_change(batch);
    bytes += packed ? packed->size() : batch.size();
    batch.clear();
  }
  return bytes;
}

}  // namespace bench
