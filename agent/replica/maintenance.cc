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
    base::Result<Maintained> result = Maintained();
    done.ok() ? result = Maintained(*done) : result = done.error();
    turn.out.maintained.push_back({asked.ticket, std::move(result)});
  }
  return {};
}

void Replica::Impl::maintain_after(Turn& turn, const Maintain& asked) {
  base::Result<Maintained> result = Maintained();
  if (const auto* compact = std::get_if<Compact>(&asked.what)) {
    auto done = compaction.step(*compact);
    done.ok() ? result = Maintained(std::move(*done)) : result = done.error();
  } else if (const auto* exported = std::get_if<ExportState>(&asked.what)) {
    auto done = context.meta().repair.stage == store::Repair::Stage::kNone
                    ? snapshots.export_page(turn.now, *exported, *context.store, turn.synced)
                    : base::Result<StatePage>(base::Error{
                          base::Code::kUnavailable,
                          "the agent fetches its own state again; export when it is ready"});
    done.ok() ? result = Maintained(std::move(*done)) : result = done.error();
  } else {
    return;  // it was done in the turn
  }
  if (!result.ok() && result.error().code == base::Code::kCorrupt) {
    repair.note_damage(turn.out, result.error().message);
  }
  turn.out.maintained.push_back({asked.ticket, std::move(result)});
}

}  // namespace agent
