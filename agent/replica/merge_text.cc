#include "agent/replica/merge_text.h"

#include <algorithm>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "crdt/base/plant.h"
#include "crdt/types/sequence/points.h"

namespace agent {
namespace {

void names_alone(const crdt::Sequence&) {}  // a text whose elements need not be loaded

// The elements of `run` from number `from` on.
crdt::TextRun rest_of(const crdt::TextRun& run, std::uint32_t from) {
  if (from == 0) return run;
  crdt::TextRun rest = run;
  const crdt::Dot first = run.dot_of(from);
  const bool typed = run.dots.changes > 1;
  rest.dots = {first.actor, first.seq, first.index, typed ? 1 : run.dots.count - from,
               typed ? run.dots.changes - from : 1};
  rest.anchor = {run.dot_of(from - 1), true};
  if (run.live) rest.text = run.text.substr(crdt::bytes_of_points(run.text, from));
  return rest;
}

// Elements that this side lacks. Those of one actor come in the order of their dots, and an element
// comes after its parent.
class Missing {
 public:
  Missing(store::Texts& texts, const crdt::Slot& slot) : texts_(texts), slot_(slot) {}

  base::Status add(const crdt::TextRun& run) {
    ASSIGN_OR_RETURN(const crdt::Sequence* text, texts_.open(slot_, names_alone));
    // What is known of a run is its beginning, because an actor's changes are applied in order.
    std::uint32_t known = 0;
    std::uint32_t end = text ? run.size() : 0;
    while (known < end) {
      const std::uint32_t middle = known + (end - known) / 2;
      if (text->contains(run.dot_of(middle))) {
        known = middle + 1;
      } else {
        end = middle;
      }
    }
    if (known < run.size()) {
      crdt::TextRun rest = rest_of(run, known);
      queues_[run.dots.actor].push_back(std::move(rest));
    }
    return {};
  }

  base::Result<std::uint64_t> insert_all() {
    for (auto& [actor, queue] : queues_) {
      std::sort(queue.begin(), queue.end(),
                [](const auto& a, const auto& b) { return a.dots < b.dots; });
    }
    std::uint64_t inserted = 0;
    for (bool progress = true; progress;) {
      progress = false;
      for (auto& [actor, queue] : queues_) {
        while (!queue.empty()) {
          ASSIGN_OR_RETURN(const bool ready, is_ready(queue.front()));
          if (!ready) break;
          inserted += queue.front().size();
          RETURN_IF_ERROR(insert(queue.front()));
          queue.pop_front();
          progress = true;
        }
      }
    }
    for (const auto& [actor, queue] : queues_) {
      if (!queue.empty()) return base::invalid("a joined text has an element without its parent");
    }
    return inserted;
  }

 private:
  base::Result<bool> is_ready(const crdt::TextRun& run) {
    if (!run.anchor.parent) return true;
    ASSIGN_OR_RETURN(const crdt::Sequence* text, texts_.open(slot_, names_alone));
    return text && text->contains(*run.anchor.parent);
  }

  // An erased element is inserted with any letter, and erased then.
  base::Status insert(const crdt::TextRun& run) {
    const std::string letters = run.live ? run.text : std::string(run.size(), 'x');
    if (run.dots.changes == 1) {
      RETURN_IF_ERROR(texts_.insert(slot_, run.dot_of(0), run.anchor, letters));
    } else {
      std::string_view rest = letters;
      crdt::Anchor anchor = run.anchor;
      for (std::uint32_t i = 0; i < run.size(); ++i) {
        const std::size_t bytes = crdt::bytes_of_points(rest, 1);
        RETURN_IF_ERROR(texts_.insert(slot_, run.dot_of(i), anchor, rest.substr(0, bytes)));
        rest.remove_prefix(bytes);
        anchor = {run.dot_of(i), true};
      }
    }
    if (run.live) return {};
    const auto erased = texts_.erase(slot_, {run.dots});
    return erased.ok() ? base::Status() : erased.error();
  }

  store::Texts& texts_;
  const crdt::Slot& slot_;
  std::map<crdt::ActorId, std::deque<crdt::TextRun>> queues_;
};

}  // namespace

base::Result<MergedText> merge_text(store::Texts& texts, const crdt::SnapshotSlot& theirs) {
  MergedText merged;
  Missing missing(texts, theirs.slot);
  for (const crdt::TextRun& run : theirs.runs) RETURN_IF_ERROR(missing.add(run));
  // What they have erased of that which we have already.
  for (const crdt::TextRun& run : theirs.runs) {
    if (run.live || PLANTED(kErasedForgottenByJoin)) continue;
    ASSIGN_OR_RETURN(const bool erased, texts.erase(theirs.slot, {run.dots}));
    merged.erased += erased ? 1 : 0;
  }
  ASSIGN_OR_RETURN(merged.inserted, missing.insert_all());
  return merged;
}

}  // namespace agent
