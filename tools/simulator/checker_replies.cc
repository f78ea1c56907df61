// What the checker holds against the answers of clients: what was taken, refused, or done already.

#include <algorithm>
#include <limits>
#include <map>

#include "tools/simulator/checker.h"
#include "tools/simulator/stamp_bound.h"
#include "tools/simulator/workload.h"

namespace simulation {
namespace {

ClockSight sight_of(const Process& process) {
  return {process.now().wall_nanos, process.replica().clock().latest().nanos};
}

}  // namespace

bool Checker::is_repeated(Process& process, const Observer::Turn& turn,
                          const agent::WriteRequest& request, const agent::Reply& reply) {
  const RetryCheck::Verdict verdict = retries_.judge(process, turn, request, reply);
  if (verdict.wrong) fail("retry-done-again", &process.host(), *verdict.wrong);
  if (verdict.is_again) ++report_.events["requests answered again"];
  return verdict.is_again;
}

void Checker::check_replies(Process& process, const Observer::Turn& turn) {
  crdt::VersionVector past = past_of_writes(process, turn);
  std::map<std::uint64_t, const agent::WriteRequest*> requests;
  for (const agent::Write& write : turn.writes) requests[write.ticket] = &write.request;
  for (const agent::Reply& reply : turn.outputs.replies) {
    const agent::WriteRequest& request = *requests.at(reply.ticket);
    if (!reply.result.ok() && reply.result.error().code == base::Code::kIndeterminate) {
      in_doubt_.push_back({process.node(), request, turn.before, turn.writes_first});
    }
    if (is_repeated(process, turn, request, reply)) continue;
    if (failed()) return;
    check_refusal(process, request, reply, past);
    if (!reply.result.ok()) continue;
    if (failed()) return;  // the oracle must not be told of a request that means nothing
    bool idle = oracle_.is_idle(request, past);
    if (!reply.result->dot) {
      if (!idle) {
        fail("write-did-nothing", &process.host(),
             "a request that had something to do made no change");
      }
      continue;
    }
    if (idle) {
      fail("write-did-too-much", &process.host(), "a request that had nothing to do made a change");
    }
    const crdt::Dot& dot = *reply.result->dot;
    auto sealed = sealed_[dot.actor].find(dot.seq);
    if (sealed == sealed_[dot.actor].end()) {
      return fail("reply-without-change", &process.host(),
                  "the answer has a dot of a change that was not sealed");
    }
    oracle_.wrote(request, dot.actor, dot.seq, sealed->second.time, past);
    past.set(dot.actor, {dot.seq, sealed->second.hash});
  }
}

// A client gets an error for its request exactly where the oracle says so. Errors of the host may
// come at any time.
void Checker::check_refusal(Process& process, const agent::WriteRequest& request,
                            const agent::Reply& reply, const crdt::VersionVector& past) {
  using base::Code;
  const bool too_new = must_look_new(sight_of(process), request);
  if (reply.result.ok()) {
    if (too_new) fail("future-stamp-taken", &process.host(), describe(request));
    if (!oracle_.is_refused(request, past)) return;
    return fail("wrong-request-taken", &process.host(), describe(request));
  }
  Code code = reply.result.error().code;
  bool of_request = code == Code::kInvalid || code == Code::kUnprocessable ||
                    code == Code::kConflict || code == Code::kTooLarge;
  if (!of_request) return;
  ++report_.events["requests refused: wrong"];
  if (code == Code::kInvalid && may_look_new(sight_of(process), request)) return;
  if (oracle_.may_be_refused(request, past)) return;
  fail("right-request-refused", &process.host(),
       describe(request) + ": " + reply.result.error().message);
}

}  // namespace simulation
