#pragma once

// The parts of a replica and the turn that drives them. Each part owns its state and knows only
// parts that stand above it here.

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "agent/replica/absence.h"
#include "agent/replica/compaction.h"
#include "agent/replica/context.h"
#include "agent/replica/disk_faults.h"
#include "agent/replica/echo.h"
#include "agent/replica/identity.h"
#include "agent/replica/inbox.h"
#include "agent/replica/joining.h"
#include "agent/replica/own_writes.h"
#include "agent/replica/repair.h"
#include "agent/replica/replay.h"
#include "agent/replica/replica.h"
#include "agent/replica/snapshots.h"
#include "agent/replica/turn.h"
#include "agent/replica/unconfirmed.h"

namespace agent {

struct Replica::Impl {
  Context context;
  Identity identity{context};
  Unconfirmed unconfirmed;
  DiskFaults disk{context, identity};
  Repair repair{context};
  Echo echo{context, identity};
  Inbox inbox{context, echo};
  OwnWrites own_writes{context, identity, unconfirmed, repair};
  Replay replay{context, echo, inbox, own_writes, unconfirmed};
  Absence absence{context};
  Joining joining{context, echo, inbox, absence};
  Compaction compaction{context};
  Snapshots snapshots;  // destroyed before the store, so its readers are closed first
  bool unsynced = false;
  // A turn that failed has found that our state must be set aside. The next commit clears it: a
  // peer that shows a fork or a divergence shows it again.
  bool gives_up = false;
  Outputs carried;  // what the open found; the next turn reports it

  // What a turn changes in memory, for a turn that fails.
  struct Memory {
    crdt::HybridClock clock;
    Unconfirmed unconfirmed;
    std::int64_t replayed_until;
    Echo::State echo;
  };

  Impl(std::string file, const ReplicaOptions& options, base::Random chance)
      : context(std::move(file), options, std::move(chance)),
        snapshots(context.path, options.store, options.snapshots, context.random) {}

  // start.cc
  base::Status start(base::Now now, const base::Bytes& host);

  // turn.cc
  base::Status apply_all(Turn& turn, std::span<Input> inputs);
  base::Status apply_each(Turn& turn, std::span<Input> inputs);
  base::Status apply_input(Turn& turn, Input& input);
  base::Status apply_join_input(Turn& turn, const Input& input);
  base::Status confirm(Turn& turn, const ConfirmOwn& confirmed);
  void close_actors(const CloseActors& close);
  base::Status prune();
  Memory memory() const { return {context.clock, unconfirmed, replay.until(), echo.state()}; }
  void roll_back(Memory&& before, const Turn& failed);
  // The pages of our state for peers and for an export. They come from committed states, so a turn
  // that failed gives them too (rule 13).
  void answer_reads(base::Now now, std::span<Input> inputs, const Snapshots::Source& source,
                    Outputs& out);
  void answer_reads_without_commit(base::Now now, std::span<Input> inputs, Outputs& out);
  base::Status maintain(Turn& turn, const Maintain& asked);
  void compact(std::span<Input> inputs, Outputs& out);  // after the commit
  void export_page(base::Now now, const Maintain& asked, const Snapshots::Source& source,
                   Outputs& out);
  Outputs refuse(Turn& turn, std::span<Input> inputs, const base::Error& error);
  // Nullopt when the database files are at their path. Else the outputs of a turn that was refused
  // before it touched them.
  std::optional<Outputs> refuse_displaced(Turn& turn, std::span<Input> inputs);
  Outputs take_back(Turn& turn, std::span<Input> inputs, const base::Error& error);
  void tell(Outputs& before, Outputs& out);
};

}  // namespace agent
