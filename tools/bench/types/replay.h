#pragma once

// Replays a history: every step is typed into a replica that has exactly what its agent had seen,
// and emits its edits as other agents would receive them. Any graph is replayed rightly.
//
// A few replicas (branches) stand at different versions. A step takes one that is at its parents,
// or brings one there that is behind. If all that are behind are needed by others, it is copied; if
// none is behind, a new one is made.

#include <cstdint>
#include <vector>

#include "crdt/base/result.h"
#include "crdt/types/sequence/sequence.h"
#include "tools/bench/types/edit.h"
#include "tools/bench/types/history.h"
#include "tools/bench/types/step_graph.h"

namespace bench {

class Replay {
 public:
  // Replicas at once. When all are in use, the one that was not used for longest is given up.
  static constexpr std::size_t kBranchesMax = 16;

  // `history` must live longer, as edits point into its text.
  explicit Replay(const History& history);
  // Types all steps. kInvalid names the step with a position that is not in its text.
  base::Status run();

  // In the order of the steps; edits of step i: edit_at(i) up to edit_at(i + 1).
  const std::vector<Edit>& edits() const { return edits_; }
  std::size_t edit_at(std::size_t step) const { return edit_at_[step]; }
  // The text of all steps together.
  const crdt::Sequence& text() const { return branches_.front().text; }
  std::int64_t local_nanos() const { return local_nanos_; }  // typing alone
  std::size_t branches_made() const { return branches_made_; }

 private:
  struct Branch {
    crdt::Sequence text;
    StepGraph::Heads heads;
    std::uint32_t agent = 0;      // of its last own step
    std::uint64_t last_used = 0;  // counts up
  };
  Branch& branch_for(std::uint32_t step);
  Branch& add_branch(Branch branch);
  void bring_to(Branch& branch, const StepGraph::Heads& version,
                const std::vector<std::uint32_t>& missing);
  base::Result<std::uint32_t> type_from(Branch& branch, std::uint32_t step);
  base::Status type_step(crdt::Sequence& text, std::uint32_t step);

  const History& history_;
  StepGraph graph_;
  std::vector<crdt::Dot> authors_;
  std::vector<std::uint32_t> children_left_;  // steps to come that have this one as parent
  std::vector<std::size_t> edit_at_;
  std::vector<Edit> edits_;
  std::vector<Branch> branches_;
  std::uint64_t uses_ = 0;
  std::size_t branches_made_ = 0;
  std::int64_t local_nanos_ = 0;
};

}  // namespace bench
