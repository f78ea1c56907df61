#include "agent/replica/answered.h"

#include "crdt/catalog/entry.h"
#include "store/row.h"

namespace agent {
namespace {

constexpr std::uint64_t kOutcomes = 4;  // numbers that an outcome may have

static_assert(kNamedOpsMax * 6 <= crdt::kRequestDoneMax);  // an operation takes at most six bytes

}  // namespace

base::Bytes encode_done(const std::vector<OpDone>& ops) {
  base::Bytes done;
  if (ops.size() > kNamedOpsMax) return done;
  for (const OpDone& op : ops) {
    const std::uint64_t first = op.first ? std::uint64_t{*op.first} + 1 : 0;
    store::append_varint(done, first * kOutcomes + static_cast<std::uint64_t>(op.outcome));
  }
  return done;
}

std::vector<OpDone> decode_done(base::BytesView done) {
  std::vector<OpDone> ops;
  store::RowParser parser(done);
  while (parser.ok() && !parser.at_end()) {
    const std::uint64_t number = parser.varint();
    const std::uint64_t first = number / kOutcomes;
    const std::uint64_t outcome = number % kOutcomes;
    const bool known = outcome <= static_cast<std::uint64_t>(crdt::Outcome::kSuperseded);
    if (!parser.ok() || !known || first > UINT32_MAX) return {};
    OpDone& op = ops.emplace_back();
    op.outcome = static_cast<crdt::Outcome>(outcome);
    if (first > 0) op.first = static_cast<std::uint32_t>(first - 1);
  }
  return ops;
}

std::optional<crdt::SlotType> type_written(const std::vector<crdt::Effect>& effects) {
  std::optional<crdt::SlotType> type;
  for (const crdt::Effect& effect : effects) {
    if (crdt::is_catalog(effect.slot.object)) return std::nullopt;
    if (!type || *type == crdt::SlotType::kSubtree) type = effect.slot.type;
  }
  return type;
}

store::KnownRequest known_by(const crdt::Change& change) {
  store::KnownRequest known;
  known.content = change.request->content;
  known.dot = change.main_dot();
  known.type = type_written(change.effects);
  known.done = change.request->done;
  return known;
}

Written answer_again(const store::KnownRequest& known) {
  Written written;
  written.type = known.type;
  written.dot = known.dot;
  written.ops = decode_done(known.done);
  return written;
}

}  // namespace agent
