#include "tools/bench/workload.h"

namespace bench {

base::Result<std::vector<agent::Input>> as_received(const std::vector<crdt::Opened>& changes) {
  agent::Received received;
  for (const crdt::Opened& change : changes) {
    ASSIGN_OR_RETURN(crdt::Opened opened, crdt::open_change(change.sealed.bytes));
    received.bytes += opened.sealed.bytes.size();
    received.changes.push_back(std::move(opened));
  }
  std::vector<agent::Input> inputs;
  inputs.emplace_back(std::move(received));
  return inputs;
}

base::Status merge(agent::Replica& replica, std::vector<agent::Input>& inputs) {
  agent::Outputs out = replica.turn(now_of(1), inputs, false);
  if (out.facts.forgotten.empty()) return {};
  return base::Error{base::Code::kInternal, "a change was dropped"};
}

}  // namespace bench
