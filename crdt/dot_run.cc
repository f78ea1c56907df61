#include "crdt/dot_run.h"

#include <algorithm>
#include <iterator>
#include <limits>
#include <map>
#include <tuple>

namespace crdt {
namespace {

bool is_valid(const DotRun& run) {
  return run.count > 0 && run.changes > 0 &&
         run.count - 1 <= std::numeric_limits<std::uint32_t>::max() - run.index &&
         run.changes - 1 <= std::numeric_limits<std::uint64_t>::max() - run.seq;
}

bool in_order(const DotRun& before, const DotRun& run) {
  if (before.actor != run.actor) return before.actor < run.actor;
  if (before.seq == run.seq && before.changes == run.changes) {
    return run.index > before.index && run.index - before.index >= before.count;
  }
  return run.seq > before.seq && run.seq - before.seq >= before.changes;
}

// Joins runs of the same indexes in consecutive changes. Changes with several runs are left alone:
// that keeps the order.
DotRuns joined(const DotRuns& runs) {
  DotRuns result;
  const auto alone = [&](std::size_t i) {
    const auto same = [&](std::size_t a, std::size_t b) {
      return runs[a].actor == runs[b].actor && runs[a].seq == runs[b].seq;
    };
    return (i == 0 || !same(i - 1, i)) && (i + 1 == runs.size() || !same(i, i + 1));
  };
  bool open = false;  // the last run of `result` may be made longer
  for (std::size_t i = 0; i < runs.size(); ++i) {
    const DotRun& run = runs[i];
    const bool single = alone(i);
    if (open && single) {
      DotRun& last = result.back();
      if (last.actor == run.actor && run.seq - last.seq == last.changes &&
          last.index == run.index && last.count == run.count &&
          last.changes <= std::numeric_limits<std::uint32_t>::max() - run.changes) {
        last.changes += run.changes;
        continue;
      }
    }
    result.push_back(run);
    open = single;
  }
  return result;
}

struct Indexes {
  std::uint32_t first;
  std::uint32_t last;
};

// The same indexes in order, in as few intervals as possible.
std::vector<Indexes> merged(std::vector<Indexes> intervals) {
  std::sort(intervals.begin(), intervals.end(),
            [](const Indexes& a, const Indexes& b) { return a.first < b.first; });
  std::vector<Indexes> result;
  for (const Indexes& one : intervals) {
    const bool touches = !result.empty() && one.first <= std::uint64_t{result.back().last} + 1;
    if (touches) {
      result.back().last = std::max(result.back().last, one.last);
    } else {
      result.push_back(one);
    }
  }
  return result;
}

// Runs of ordered dots. `reaches` decides whether the run of the last dot goes on to the next dot
// of the same change.
template <typename Reaches>
DotRuns collected(const std::vector<Dot>& dots, const Reaches& reaches) {
  DotRuns runs;
  for (const Dot& dot : dots) {
    if (!runs.empty()) {
      DotRun& last = runs.back();
      const bool same = last.actor == dot.actor && last.seq == dot.seq;
      if (same && last.contains(dot)) continue;
      const bool countable = dot.index - last.index < std::numeric_limits<std::uint32_t>::max();
      if (same && countable && reaches(last, dot)) {
        last.count = dot.index - last.index + 1;
        continue;
      }
    }
    runs.push_back({dot.actor, dot.seq, dot.index});
  }
  return joined(runs);
}

}  // namespace

bool are_ordered(std::span<const DotRun> runs) {
  for (std::size_t i = 0; i < runs.size(); ++i) {
    if (!is_valid(runs[i])) return false;
    if (i > 0 && !in_order(runs[i - 1], runs[i])) return false;
  }
  return true;
}

bool covers(std::span<const DotRun> runs, const Dot& dot) {
  const auto after = [](const Dot& wanted, const DotRun& run) {
    return std::tie(wanted.actor, wanted.seq) < std::tie(run.actor, run.seq);
  };
  auto found = std::upper_bound(runs.begin(), runs.end(), dot, after);
  if (found == runs.begin()) return false;
  const DotRun& group = *std::prev(found);
  if (group.actor != dot.actor || dot.seq - group.seq >= group.changes) return false;
  const auto behind = [&](const Dot& wanted, const DotRun& run) {
    return std::tie(wanted.actor, group.seq, wanted.index) <
           std::tie(run.actor, run.seq, run.index);
  };
  found = std::upper_bound(runs.begin(), runs.end(), dot, behind);
  return found != runs.begin() && std::prev(found)->contains(dot);
}

DotRuns runs_of(std::vector<Dot> dots) {
  std::sort(dots.begin(), dots.end());
  return collected(dots, [](const DotRun& last, const Dot& dot) {
    return dot.index - last.index == last.count;
  });
}

DotRuns ordered_runs(DotRuns runs) {
  if (runs.size() <= 1) return runs;
  DotRuns result;
  std::map<ActorId, std::vector<const DotRun*>> by_actor;
  for (const DotRun& run : runs) by_actor[run.actor].push_back(&run);
  for (const auto& [actor, of_actor] : by_actor) {
    // The changes are cut wherever a run begins or ends, so in each part the runs have all changes
    // or none.
    std::map<std::uint64_t, std::vector<Indexes>> parts;
    std::uint64_t end = 0;
    for (const DotRun* run : of_actor) {
      parts[run->seq];
      const std::uint64_t last = run->seq + (run->changes - 1);
      if (last < UINT64_MAX) parts[last + 1];
      end = std::max(end, last);
    }
    for (const DotRun* run : of_actor) {
      const std::uint64_t last = run->seq + (run->changes - 1);
      for (auto part = parts.find(run->seq); part != parts.end() && part->first <= last; ++part) {
        part->second.push_back({run->index, run->index + (run->count - 1)});
      }
    }
    for (auto part = parts.begin(); part != parts.end(); ++part) {
      const auto next = std::next(part);
      const std::uint64_t changes = (next == parts.end() ? end : next->first - 1) - part->first + 1;
      for (const Indexes& indexes : merged(std::move(part->second))) {
        result.push_back({actor, part->first, indexes.first, indexes.last - indexes.first + 1,
                          static_cast<std::uint32_t>(changes)});
      }
    }
  }
  return joined(result);
}

DotRuns runs_around(std::vector<Dot> dots, std::vector<Dot> kept) {
  std::sort(dots.begin(), dots.end());
  std::sort(kept.begin(), kept.end());
  return collected(dots, [&](const DotRun& last, const Dot& dot) {
    const Dot begin{last.actor, last.seq, last.index};
    const auto next = std::upper_bound(kept.begin(), kept.end(), begin);
    return next == kept.end() || dot < *next;
  });
}

}  // namespace crdt
