// A state join whose pages come from a file. The file has all objects as one run, so none of them
// is skipped as equal, and the pages of any file come in the order in which the join asks for them.

#include <utility>

#include "agent/replica/joining.h"
#include "agent/replica/snapshot_walk.h"

namespace agent {

using Step = ImportState::Step;

base::Status Joining::import(Turn& turn, std::uint64_t ticket, const ImportState& asked) {
  base::Result<Imported> answer = Imported{asked.import, {}};
  if (context_.meta().repair.stage != store::Repair::Stage::kNone) {
    // A file may be old. What is fetched from peers, or found in the old log, must come first.
    if (import_) {
      RETURN_IF_ERROR(
          end(turn, Outcome::kStopped, "this agent fetches its own state again; import it then"));
    }
    answer = base::Error{base::Code::kUnavailable,
                         "the agent fetches its own state again; import the file when the agent is "
                         "ready"};
  } else if (asked.step == Step::kBegin) {
    answer = begin_import(turn);
    if (answer.ok()) RETURN_IF_ERROR(context_.store->staged().clear());
  } else if (!import_ || import_->number != asked.import) {
    answer = base::Error{base::Code::kUnavailable,
                         "the import was given up, because a state join from a peer began or the "
                         "disk failed; nothing was imported; try again"};
  } else if (asked.step == Step::kPage) {
    RETURN_IF_ERROR(import_page(turn, asked, answer));
  } else if (asked.step == Step::kEnd) {
    RETURN_IF_ERROR(end_import(turn, asked, answer));
  } else {
    RETURN_IF_ERROR(end(turn, Outcome::kStopped, asked.why));
  }
  turn.out.maintained.push_back(reply_of(ticket, answer));
  return {};
}

base::Result<Imported> Joining::begin_import(Turn& turn) {
  const bool idle =
      import_ && turn.now.instant - import_->used > context_.options.join.import_idle_max;
  if (join_ && !idle) {
    return base::Error{base::Code::kBusy, import_ ? "another import runs; try again later"
                                                  : "a state join from a peer runs; try again in "
                                                    "some seconds"};
  }
  JoinLimits limits = context_.options.join;
  limits.skipped_max = 0;
  limits.missing_max = 0;
  begin(turn, {}, false, SnapshotWalk::kFirstStep, limits);
  import_ = Import{context_.random.next() >> 1, turn.now.instant, false};
  return Imported{import_->number, {}};
}

base::Status Joining::refuse_import(Turn& turn, std::string why, base::Result<Imported>& answer) {
  turn.out.notices.push_back({Notice::Kind::kJoinRefused, {}, 0, "from a file: " + why});
  answer = base::invalid("the file is not imported, nothing has changed: " + std::move(why));
  return end(turn, Outcome::kRefused);
}

base::Status Joining::import_page(Turn& turn, const ImportState& asked,
                                  base::Result<Imported>& answer) {
  using Next = StateJoin::Next;
  import_->used = turn.now.instant;
  if (import_->complete) return refuse_import(turn, "it has pages after the last one", answer);
  ASSIGN_OR_RETURN(const Next next, take_page(asked.page));
  if (next == Next::kRefused) return refuse_import(turn, join_->why(), answer);
  if (next == Next::kIgnored) return refuse_import(turn, "its pages are not in order", answer);
  if (next == Next::kRestart) {
    return refuse_import(turn, "it has pages of two snapshots", answer);
  }
  import_->complete = next == Next::kComplete;
  if (!join_->knows_vector() || std::exchange(compared_, true)) return {};
  ASSIGN_OR_RETURN(const bool refused, refuse_contradiction(turn));
  if (!refused) return {};
  return refuse_import(turn, "it shows another content for a change that this agent holds", answer);
}

base::Status Joining::end_import(Turn& turn, const ImportState& asked,
                                 base::Result<Imported>& answer) {
  if (!import_->complete) return refuse_import(turn, "its end is missing", answer);
  if (asked.state != join_->state()) {
    return refuse_import(turn, "its end names another state than its pages", answer);
  }
  // Our vector may have moved since the last look.
  ASSIGN_OR_RETURN(const bool refused, refuse_contradiction(turn));
  if (refused) {
    return refuse_import(turn, "it shows another content for a change that this agent holds",
                         answer);
  }
  if (is_superfluous()) return end(turn, Outcome::kNothingNew);
  RETURN_IF_ERROR(finish(turn));
  answer = Imported{asked.import, tally_.counts};
  return inbox_.after_merge(turn);
}

}  // namespace agent
