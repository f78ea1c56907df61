#pragma once

// Runs our state join (rule 6) in the turns of the replica, at most one at a time. Its pages come
// from a peer or from a file. state_join.h checks and stages the pages, merge.h merges them.

#include <memory>
#include <optional>
#include <span>
#include <string>

#include "agent/replica/absence.h"
#include "agent/replica/context.h"
#include "agent/replica/echo.h"
#include "agent/replica/inbox.h"
#include "agent/replica/merge.h"
#include "agent/replica/state_join.h"
#include "agent/replica/turn.h"

namespace agent {

class Joining {
 public:
  Joining(Context& context, Echo& echo, Inbox& inbox, const Absence& absence)
      : context_(context), echo_(echo), inbox_(inbox), absence_(absence) {}

  base::Status start(Turn& turn, const StartJoin& start);
  base::Status take_answer(Turn& turn, const JoinAnswer& answer);
  base::Status stop(Turn& turn, const StopJoin& stop);
  // A step of an import. The reply is an output; an error of the status is one of the store, and
  // the turn fails.
  base::Status import(Turn& turn, std::uint64_t ticket, const ImportState& asked);
  // Called instead of the three above while our state is about to be set aside. A join that runs or
  // starts then fails.
  base::Status skip(Turn& turn, const Input& input);
  // The turn with these inputs failed. So their joins failed too, because the pages were rolled
  // back.
  void refuse(base::Now now, std::span<Input> inputs, Outputs& out);

 private:
  struct Import {  // the join is of a file
    std::uint64_t number = 0;
    base::Instant used;
    bool complete = false;  // all pages are staged
  };
  using Outcome = JoinReport::Outcome;
  struct Tally {  // of the join that runs, with its restarts
    base::Instant since;
    std::uint64_t pages = 0;
    std::uint64_t bytes = 0;
    JoinCounts counts;
  };
  void begin(Turn& turn, const base::NodeId& peer, bool unite, std::uint64_t first_step,
             const JoinLimits& limits);
  base::Status ask_first(Turn& turn, const base::NodeId& peer, bool unite);
  base::Result<StateJoin::Next> take_page(base::BytesView page);
  std::string source() const;
  base::Result<Imported> begin_import(Turn& turn);
  base::Status import_page(Turn& turn, const ImportState& asked, base::Result<Imported>& answer);
  base::Status end_import(Turn& turn, const ImportState& asked, base::Result<Imported>& answer);
  base::Status refuse_import(Turn& turn, std::string why, base::Result<Imported>& answer);
  void ask(Turn& turn);
  // `why`: of kStopped (join_report.h).
  base::Status end(Turn& turn, Outcome outcome, std::string why = {});
  void report(base::Now now, Outputs& out, Outcome outcome, std::string why = {}) const;
  std::uint64_t own_changes_kept() const;
  bool is_superfluous() const;
  base::Result<bool> refuse_contradiction(Turn& turn);
  base::Status finish(Turn& turn);
  base::Status join_vectors(Turn& turn);

  Context& context_;
  Echo& echo_;
  Inbox& inbox_;
  const Absence& absence_;
  std::unique_ptr<StateJoin> join_;  // the one that runs, if any
  Tally tally_;
  int restarts_ = 0;
  bool whole_ = false;  // the present join asks for no differences, because one did not fit
  std::optional<Import> import_;
  bool compared_ = false;  // our vector was compared with that of the snapshot
};

}  // namespace agent
