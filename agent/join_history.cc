#include "agent/join_history.h"

namespace agent {
namespace {

struct Words {
  std::string_view event;
  std::string_view meaning;
};

Words words_for(JoinReport::Outcome outcome, bool file) {
  switch (outcome) {
    case JoinReport::Outcome::kMerged:
      return {"joined", file ? "the state in the file was merged into ours"
                             : "the whole state of the other side was merged into ours"};
    case JoinReport::Outcome::kNothingNew:
      return {"joined", file ? "this agent knew all that is in the file"
                             : "meanwhile the change log had brought all that the other side has"};
    case JoinReport::Outcome::kRefused:
      return {"join_ended", "refused; nothing was merged; the line join_refused has the reason"};
    case JoinReport::Outcome::kStopped:
      break;
  }
  if (!file) return {"join_ended", "given up; nothing was merged; it is tried again when needed"};
  return {"join_ended", "given up; nothing was merged; import the file again"};
}

// The reason of a join that was given up stands before what to do. A reason about a file says what
// to do itself.
std::string meaning_of(const JoinReport& report, std::string_view words) {
  const bool stopped = report.outcome == JoinReport::Outcome::kStopped;
  if (!stopped || report.why.empty()) return std::string(words);
  std::string text = "given up, nothing was merged: " + report.why;
  return report.peer ? text + "; it is tried again when needed" : text;
}

void add_to(JoinCounts& sum, const JoinCounts& counts) {
  sum.objects_new += counts.objects_new;
  sum.objects_changed += counts.objects_changed;
  sum.objects_removed += counts.objects_removed;
  sum.cells_added += counts.cells_added;
  sum.cells_removed += counts.cells_removed;
  sum.texts_changed += counts.texts_changed;
  sum.own_kept += counts.own_kept;
}

}  // namespace

void JoinHistory::add(base::Instant now, const JoinReport& report, const std::string& name) {
  last_ = LastJoin{report, now};
  totals_.bytes += report.bytes;
  if (report.outcome == JoinReport::Outcome::kMerged) {
    if (changed_something(report.counts)) last_merge_ = last_;
    add_to(totals_.counts, report.counts);
    if (!report.peer) ++totals_.imports;
  }
  // The notice of a refusal is an error line of its own, so here it is a detail.
  const bool refused = report.outcome == JoinReport::Outcome::kRefused;
  const Words words = words_for(report.outcome, !report.peer);
  const JoinCounts& counts = report.counts;
  log_.write(refused ? LogLevel::kDebug : LogLevel::kInfo, words.event,
             {{"meaning", meaning_of(report, words.meaning)},
              {"from", name},
              {"node", report.peer ? report.peer->hex() : ""},
              {"away_s", report.away ? std::to_string(report.away->millis() / 1'000) : ""},
              {"objects_new", counts.objects_new},
              {"objects_changed", counts.objects_changed},
              {"objects_removed", counts.objects_removed},
              {"cells_added", counts.cells_added},
              {"cells_removed", counts.cells_removed},
              {"texts_changed", counts.texts_changed},
              {"own_changes_kept", counts.own_kept},
              {"whole_again", report.whole_again},
              {"bytes", report.bytes},
              {"seconds", static_cast<double>(report.took.millis()) / 1e3}},
             name);
}

}  // namespace agent
