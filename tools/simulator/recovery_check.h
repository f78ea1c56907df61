#pragma once

// Opens what a power cut left, as the agent would, and checks it against what had been told: rules
// 1, 2, 3, 5, 6 and 7, and that SQLite itself finds no error. Some images get a second power cut
// during their recovery. If syncs lied, no promise can be kept: then only rule 2 is checked and the
// rest is counted.

#include <cstdint>
#include <string>
#include <vector>

#include "tools/simulator/power_cut_history.h"

namespace simulation {

struct Recovery {
  bool again = false;              // the power went off a second time during the recovery
  bool lost_commits = false;       // a turn that had returned is lost
  bool lost_acknowledged = false;  // a lost turn had an own write
  bool refused = false;            // the database could not be opened
  bool damaged = false;            // it opened, but our check or SQLite's finds damage
  bool invented = false;           // it opened without damage, but with a state that never existed
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
