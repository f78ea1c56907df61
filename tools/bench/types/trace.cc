#include "tools/bench/types/trace.h"

#include <fmt/format.h>
#include <malloc.h>

#include "tools/bench/clock.h"
#include "tools/bench/summary.h"
#include "tools/bench/types/replay.h"
#include "tools/bench/types/stored_form.h"
#include "tools/bench/types/three_agents.h"

namespace bench {
namespace {

constexpr std::int64_t kLong = 2 * kSecond;  // no further run after this time

// Bytes in use on the heap; 0 where the C library does not tell (under a sanitizer).
std::size_t heap_bytes() {
  const struct mallinfo2 info = ::mallinfo2();
  return info.uordblks + info.hblkhd;
}

struct Run {
  double local_ms = 0;
  double remote_ms = 0;
  double load_ms = 0;
  bool ok = false;
};

std::size_t inserted_points(const History& history) {
  std::size_t points = 0;
  for (const Step& step : history.steps) {
    for (const Patch& patch : step.patches) points += unit_count(patch) - patch.removed;
  }
  return points;
}

base::Result<Run> measure_once(const History& history, TraceResult& result) {
  Replay replay(history);
  RETURN_IF_ERROR(replay.run());
  Run run;
  run.local_ms = millis_of(replay.local_nanos());

  const std::size_t heap_before = heap_bytes();
  crdt::Sequence remote;
  const std::int64_t begin = monotonic_nanos();
  bool applied = true;
  for (const Edit& edit : replay.edits()) applied = apply(remote, edit) && applied;
  run.remote_ms = millis_of(monotonic_nanos() - begin);
  const std::size_t heap = heap_bytes() - heap_before;
  run.ok = applied && replay.text().text() == history.end && remote.text() == history.end;

  const StoredText stored = stored_form(remote);
  const std::int64_t load_begin = monotonic_nanos();
  const auto loaded = load(stored);
  const std::string text = loaded.ok() ? loaded->text() : std::string();
  run.load_ms = millis_of(monotonic_nanos() - load_begin);
  run.ok = run.ok && loaded.ok() && text == history.end;
  result.stored_bytes = stored.bytes();
  result.edits = replay.edits().size();
  result.characters = remote.size();
  if (result.edits > 0 && result.bytes_per_edit == 0) {
    result.bytes_per_edit =
        static_cast<double>(wire_bytes(replay.edits())) / static_cast<double>(result.edits);
  }
  const std::size_t points = inserted_points(history);
  if (heap > 0 && points > 0 && !result.memory_per_char) {
    result.memory_per_char = static_cast<double>(heap) / static_cast<double>(points);
  }
  return run;
}

}  // namespace

base::Result<TraceResult> measure_trace(const History& history, int runs) {
  TraceResult result;
  result.ok = true;
  std::vector<double> local;
  std::vector<double> remote;
  std::vector<double> loading;
  const std::int64_t begin = monotonic_nanos();
  for (int i = 0; i < runs && (i == 0 || monotonic_nanos() - begin < kLong); ++i) {
    ASSIGN_OR_RETURN(const Run run, measure_once(history, result));
    local.push_back(run.local_ms);
    remote.push_back(run.remote_ms);
    loading.push_back(run.load_ms);
    result.ok = result.ok && run.ok;
  }
  result.local_ms = summarise(local).median;
  result.remote_ms = summarise(remote).median;
  result.load_ms = summarise(loading).median;
  return result;
}

HistoriesResult check_histories(const HistoryFile& file, std::uint64_t seed) {
  HistoriesResult result;
  result.cases = file.histories.size();
  for (std::size_t i = 0; i < file.histories.size(); ++i) {
    const History& history = file.histories[i];
    std::string note;
    Replay replay(history);
    if (const base::Status done = replay.run(); !done.ok()) {
      note = done.error().message;
    } else if (replay.text().text() != history.end) {
      note = "the text at the end is not the expected one";
    } else {
      std::size_t wrong = 0;
      for (const std::string& text : exchange(history, replay, seed + i)) {
        if (text != history.end) ++wrong;
      }
      if (wrong > 0) note = fmt::format("{} of 3 agents end in another text", wrong);
    }
    if (note.empty()) {
      ++result.right;
      continue;
    }
    result.wrong.push_back(i);
    result.notes.push_back(fmt::format("{}: history {}: {}", file.path, i, note));
  }
  return result;
}

}  // namespace bench
