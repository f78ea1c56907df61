#pragma once

// Checks what agents answer to requests with a name that they have done before, or that others have
// done (agent/replica/answered.h). An agent must know a request if it has done it, or if its log
// has a change that did it. It may know others.

#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "tools/simulator/oracle.h"
#include "tools/simulator/process.h"

namespace simulation {

class RetryCheck {
 public:
  explicit RetryCheck(const Oracle& oracle) : oracle_(oracle) {}

  struct Verdict {
    bool is_again = false;             // the answer repeats an earlier one: nothing was written
    std::optional<std::string> wrong;  // what is wrong with it
  };
  // After every turn. An agent judges the age of a request by its hybrid clock, so one whose clock
  // was wrong by half a day may have forgotten what it did.
  void note_clock(Process& process);
  // `time_of`: when a change was sealed, by the clock of its author. Called for the replies of a
  // turn in their order, before the oracle is told of them.
  using TimeOf = std::function<std::int64_t(const crdt::Dot& dot)>;
  Verdict judge(Process& process, const Observer::Turn& turn, const agent::WriteRequest& request,
                const agent::Reply& reply, const TimeOf& time_of);

 private:
  bool must_know(Process& process, const Observer::Turn& turn, const crdt::RequestHash& key,
                 const TimeOf& time_of) const;

  const Oracle& oracle_;
  struct Range {  // of what the clocks of a host have shown, wall clock and hybrid clock
    std::int64_t lowest = std::numeric_limits<std::int64_t>::max();
    std::int64_t highest = 0;
  };
  std::map<const Host*, Range> clocks_;
  std::map<crdt::RequestHash, std::set<crdt::Dot>> done_;  // the changes that did a request
  // Requests that had nothing to do at some agent. It knows them, and so do copies of its files.
  std::set<crdt::RequestHash> idle_;
};

}  // namespace simulation
