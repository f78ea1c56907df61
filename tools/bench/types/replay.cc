#include "tools/bench/types/replay.h"

#include <fmt/format.h>

#include <algorithm>

#include "crdt/base/check.h"
#include "tools/bench/clock.h"
#include "tools/bench/types/authors.h"

namespace bench {

Replay::Replay(const History& history)
    : history_(history),
      graph_(history),
      authors_(authors_of(history, graph_)),
      children_left_(history.steps.size(), 0) {
  edit_at_.push_back(0);
  for (const Step& step : history.steps) {
    for (std::uint32_t parent : step.parents) ++children_left_[parent];
    edit_at_.push_back(edit_at_.back() + step.patches.size());
  }
  edits_.resize(edit_at_.back());  // touches the memory before it is measured
  branches_.reserve(kBranchesMax);
}

base::Status Replay::run() {
  for (std::uint32_t step = 0; step < history_.steps.size();) {
    Branch& branch = branch_for(step);
    ASSIGN_OR_RETURN(step, type_from(branch, step));
  }
  // The branch with the most of it becomes the text of all.
  if (branches_.empty()) add_branch({});
  const StepGraph::Heads all = graph_.heads();
  std::size_t best = 0;
  for (std::size_t i = 1; i < branches_.size(); ++i) {
    if (graph_.missing(branches_[i].heads, all)->size() <
        graph_.missing(branches_[best].heads, all)->size()) {
      best = i;
    }
  }
  std::swap(branches_.front(), branches_[best]);
  bring_to(branches_.front(), all, *graph_.missing(branches_.front().heads, all));
  return {};
}

// The branch of the step's own agent if it is at or behind the parents, else the one that lacks
// least. The latter is copied when other steps build on its version.
Replay::Branch& Replay::branch_for(std::uint32_t step) {
  const StepGraph::Heads& parents = history_.steps[step].parents;
  const std::uint32_t agent = history_.steps[step].agent;
  Branch* best = nullptr;
  std::vector<std::uint32_t> least;
  for (Branch& branch : branches_) {
    auto missing = graph_.missing(branch.heads, parents);
    if (!missing) continue;
    const bool own = branch.agent == agent;
    if (best && !own && missing->size() >= least.size()) continue;
    best = &branch;
    least = std::move(*missing);
    if (own) break;
  }
  for (std::uint32_t parent : parents) --children_left_[parent];
  if (!best) {
    best = &add_branch({});
    least = *graph_.missing({}, parents);
  } else if (best->agent != agent &&
             std::any_of(best->heads.begin(), best->heads.end(),
                         [&](std::uint32_t head) { return children_left_[head] > 0; })) {
    best = &add_branch(Branch(*best));
  }
  bring_to(*best, parents, least);
  best->agent = agent;
  best->last_used = ++uses_;
  return *best;
}

Replay::Branch& Replay::add_branch(Branch branch) {
  ++branches_made_;
  if (branches_.size() < kBranchesMax) return branches_.emplace_back(std::move(branch));
  auto oldest = std::min_element(
      branches_.begin(), branches_.end(),
      [](const Branch& one, const Branch& other) { return one.last_used < other.last_used; });
  *oldest = std::move(branch);
  return *oldest;
}

void Replay::bring_to(Branch& branch, const StepGraph::Heads& version,
                      const std::vector<std::uint32_t>& missing) {
  for (std::uint32_t step : missing) {
    for (std::size_t i = edit_at_[step]; i < edit_at_[step + 1]; ++i) {
      CHECK(apply(branch.text, edits_[i]));
    }
  }
  branch.heads = version;
}

// Types `step` and those behind it that the same agent made next. Returns the first step that it
// has not typed.
base::Result<std::uint32_t> Replay::type_from(Branch& branch, std::uint32_t step) {
  const std::int64_t begin = monotonic_nanos();
  for (;;) {
    RETURN_IF_ERROR(type_step(branch.text, step));
    const std::uint32_t next = step + 1;
    const bool goes_on =
        next < history_.steps.size() && history_.steps[next].agent == branch.agent &&
        history_.steps[next].parents.size() == 1 && history_.steps[next].parents.front() == step;
    if (!goes_on) break;
    --children_left_[step];
    step = next;
  }
  local_nanos_ += monotonic_nanos() - begin;
  branch.heads = {step};
  return step + 1;
}

base::Status Replay::type_step(crdt::Sequence& text, std::uint32_t step) {
  crdt::Dot dot = authors_[step];
  std::size_t at = edit_at_[step];
  for (const Patch& patch : history_.steps[step].patches) {
    if (patch.position > text.size() || patch.removed > text.size() - patch.position) {
      return base::invalid(fmt::format(
          "step {}: it deletes {} characters and inserts at position {}, but the text there has {}",
          step, patch.removed, patch.position, text.size()));
    }
    Edit& edit = edits_[at++];
    edit.first = dot;
    if (patch.removed > 0) edit.erased = text.erase(patch.position, patch.removed);
    if (!patch.inserted.empty()) {
      edit.text = patch.inserted;
      edit.anchor = text.insert(patch.position, dot, patch.inserted);
    }
    ++dot.seq;
  }
  return {};
}

}  // namespace bench
