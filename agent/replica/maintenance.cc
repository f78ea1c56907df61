// What clients ask of their own agent: settings, compaction, export and import. The first and the
// last are part of the transaction of the turn; the others come after its commit.

#include <utility>

#include "agent/replica/impl.h"

namespace agent {

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

void Replica::Impl::maintain_after(Turn& turn, const Maintain& asked) {
  const auto tell = [&](MaintenanceReply reply) {
    const bool damaged = !reply.result.ok() && reply.result.error().code == base::Code::kCorrupt;
    if (damaged) repair.note_damage(turn.out, reply.result.error().message);
    turn.out.maintained.push_back(std::move(reply));
  };
  if (const auto* compact = std::get_if<Compact>(&asked.what)) {
    return tell(reply_of(asked.ticket, compaction.step(*compact)));
  }
  const auto* exported = std::get_if<ExportState>(&asked.what);
  if (exported == nullptr) return;  // it was done in the turn
  if (context.meta().repair.stage != store::Repair::Stage::kNone) {
    return tell({asked.ticket,
                 base::Error{base::Code::kUnavailable,
                             "the agent fetches its own state again; export when it is ready"}});
  }
  tell(reply_of(asked.ticket,
                snapshots.export_page(turn.now, *exported, *context.store, turn.synced)));
}

}  // namespace agent
