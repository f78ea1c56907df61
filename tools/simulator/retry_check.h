#pragma once

// Checks what agents answer to requests with a name that they have done before, or that others have
// done (agent/replica/answered.h). An agent must know a request if it has done it, or if its log
// has a change that did it. It may know others.

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
  // Called for the replies of a turn in their order, before the oracle is told of them.
  Verdict judge(Process& process, const Observer::Turn& turn, const agent::WriteRequest& request,
                const agent::Reply& reply);

 private:
  bool must_know(Process& process, const Observer::Turn& turn, const crdt::RequestHash& key) const;

  const Oracle& oracle_;
  std::map<crdt::RequestHash, std::set<crdt::Dot>> done_;  // the changes that did a request
  // Requests that had nothing to do at some agent. It knows them, and so do copies of its files.
  std::set<crdt::RequestHash> idle_;
};

}  // namespace simulation
