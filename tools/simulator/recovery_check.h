#pragma once

// Opens what a power cut left as the agent would, and judges it by what had been told: rules 1, 2,
// 3, 5, 6 and 7 of the design, and that SQLite itself finds nothing wrong. Some images meet a
// second power cut while they recover. After lying syncs nothing that was promised can be kept:
// then only rule 2 is judged, and the rest is counted.

#include <cstdint>
#include <string>
#include <vector>

#include "tools/simulator/power_cut_history.h"

namespace simulation {

struct Recovery {
  bool again = false;              // the power went off once more while it recovered
  bool lost_commits = false;       // a turn that had returned is gone
  bool lost_acknowledged = false;  // one with an own write
  bool refused = false;            // would not open
  bool damaged = false;            // opened, and a check of our own or of SQLite says so
  bool invented = false;           // opened and sound, but a state that never was
  std::vector<std::string> violations;
};

class RecoveryCheck {
 public:
  explicit RecoveryCheck(base::Random random);

  Recovery check(const PowerCutHistory& history, const PowerCutImage& image);

 private:
  struct Case;
  base::Result<std::unique_ptr<agent::Replica>> open(const Case& made);
  void meet_second_cut(Case& made);
  void judge_file(Case& made);
  void judge_log(Case& made);
  void judge_state(Case& made);
  void judge_identity(Case& made);
  void judge_next_write(Case& made);

  base::Random random_;
  Disk disk_;
};

}  // namespace simulation
