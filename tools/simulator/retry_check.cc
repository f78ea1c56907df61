#include "tools/simulator/retry_check.h"

#include <algorithm>

namespace simulation {
namespace {

bool is_of_host(base::Code code) {
  return code != base::Code::kInvalid && code != base::Code::kUnprocessable &&
         code != base::Code::kConflict && code != base::Code::kTooLarge;
}

}  // namespace

RetryCheck::Verdict RetryCheck::judge(Process& process, const Observer::Turn& turn,
                                      const agent::WriteRequest& request,
                                      const agent::Reply& reply) {
  const auto* write = std::get_if<agent::WriteObject>(&request);
  if (write == nullptr || !write->name) return {};
  if (!reply.result.ok() && is_of_host(reply.result.error().code)) return {};
  const crdt::RequestHash& key = write->name->key;
  const std::optional<crdt::Dot> dot = reply.result.ok() ? reply.result->dot : std::nullopt;
  if (reply.result.ok() && !dot && !idle_.insert(key).second) return {true, {}};
  const bool is_again = dot && oracle_.knows(dot->actor, dot->seq);
  if (is_again && !done_[key].contains(*dot)) {
    // It may be the change of a write whose outcome was in doubt.
    done_[key].insert(*dot);
    return {true, {}};
  }
  if (!is_again && !idle_.contains(key) && must_know(process, turn, key)) {
    return {false, "a request that was done was sent again, and it was done again or refused"};
  }
  if (dot) done_[key].insert(*dot);
  return {is_again, {}};
}

bool RetryCheck::must_know(Process& process, const Observer::Turn& turn,
                           const crdt::RequestHash& key) const {
  const auto known = done_.find(key);
  if (known == done_.end()) return false;
  store::Store& store = process.replica().store();
  return std::any_of(known->second.begin(), known->second.end(), [&](const crdt::Dot& dot) {
    if (!turn.before.covers(dot.actor, dot.seq)) return false;
    const auto logged = store.log().find(store.actors(), dot.actor, dot.seq);
    return logged.ok() && logged->has_value();
  });
}

}  // namespace simulation
