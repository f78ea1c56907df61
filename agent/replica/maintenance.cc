// What clients ask of their own agent: settings, compaction, export and import. The first and the
// last are part of the transaction of the turn; compaction comes after its commit. An export only
// reads, so it also comes after a turn that failed.

#include <utility>

#include "agent/replica/impl.h"

namespace agent {
namespace {

void tell_maintained(MaintenanceReply reply, Repair& repair, Outputs& out) {
  const bool damaged = !reply.result.ok() && reply.result.error().code == base::Code::kCorrupt;
  if (damaged) repair.note_damage(out, reply.result.error().message);
  out.maintained.push_back(std::move(reply));
}

}  // namespace

base::Status Replica::Impl::maintain(Turn& turn, const Maintain& asked) {
  if (const auto* import = std::get_if<ImportState>(&asked.what)) {
    return joining.import(turn, asked.ticket, *import);
  }
  if (const auto* set = std::get_if<SetCompaction>(&asked.what)) {
    auto done = compaction.set(*set);
    turn.out.maintained.push_back(reply_of(asked.ticket, done));
  }
  return {};
}

void Replica::Impl::compact(std::span<Input> inputs, Outputs& out) {
  for (const Input& input : inputs) {
    const auto* asked = std::get_if<Maintain>(&input);
    const auto* compact = asked ? std::get_if<Compact>(&asked->what) : nullptr;
    if (compact) tell_maintained(reply_of(asked->ticket, compaction.step(*compact)), repair, out);
  }
}

void Replica::Impl::export_page(base::Now now, const Maintain& asked,
                                const Snapshots::Source& source, Outputs& out) {
  const auto* exported = std::get_if<ExportState>(&asked.what);
  if (exported == nullptr) return;
  if (gives_up || context.meta().repair.stage != store::Repair::Stage::kNone) {
    out.maintained.emplace_back(
        asked.ticket,
        base::Error{base::Code::kUnavailable,
                    "the agent fetches its own state again; export when it is ready"});
    return;
  }
  tell_maintained(reply_of(asked.ticket, snapshots.export_page(now, *exported, source)), repair,
                  out);
}

}  // namespace agent
