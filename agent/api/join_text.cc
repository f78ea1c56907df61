#include "agent/api/join_text.h"

#include <algorithm>
#include <cstdio>

namespace agent {
namespace {

std::string_view outcome_name(JoinReport::Outcome outcome) {
  switch (outcome) {
    case JoinReport::Outcome::kMerged:
      return "merged";
    case JoinReport::Outcome::kNothingNew:
      return "nothing_new";
    case JoinReport::Outcome::kRefused:
      return "refused";
    case JoinReport::Outcome::kStopped:
      break;
  }
  return "stopped";
}

std::string seconds_text(base::Duration duration) {
  return std::to_string(std::max<std::int64_t>(0, duration.nanos) / base::seconds(1).nanos);
}

// With three decimals.
std::string exact_seconds_text(base::Duration duration) {
  const long long millis = std::max<std::int64_t>(0, duration.millis());
  char text[32];
  std::snprintf(text, sizeof text, "%lld.%03lld", millis / 1'000, millis % 1'000);
  return text;
}

}  // namespace

void add_counts(JsonObject& out, const JoinCounts& counts) {
  out.raw("objects", JsonObject()
                         .number("new", counts.objects_new)
                         .number("changed", counts.objects_changed)
                         .number("removed", counts.objects_removed)
                         .take());
  out.raw("cells", JsonObject()
                       .number("added", counts.cells_added)
                       .number("removed", counts.cells_removed)
                       .take());
  out.number("texts_changed", counts.texts_changed);
  out.number("own_changes_kept", counts.own_kept);
}

std::string join_text(base::Instant now, const std::optional<LastJoin>& join) {
  if (!join) return "null";
  const JoinReport& report = join->report;
  JsonObject out;
  out.text("outcome", outcome_name(report.outcome));
  out.text("from", report.peer ? report.peer->hex() : "file");
  out.raw("seconds_ago", seconds_text(now - join->ended));
  out.raw("away_seconds", report.away ? seconds_text(*report.away) : "null");
  add_counts(out, report.counts);
  out.number("bytes", report.bytes);
  out.raw("seconds", exact_seconds_text(report.took));
  return out.take();
}

}  // namespace agent
