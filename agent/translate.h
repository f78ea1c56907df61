#pragma once

// Translates between the two machines: an output of one becomes an input of the other. Both drivers
// (the daemon and the simulator) use it, so that neither forgets a field.

#include <optional>
#include <utility>

#include "agent/replica/replica.h"
#include "gossip/actions.h"
#include "store/store.h"

namespace agent {

inline gossip::Holdings holdings_of(const Replica& replica) {
  return {replica.vector(),        replica.state(), replica.left(),
          replica.closed_lately(), replica.alone(), replica.position()};
}

// Reads the part of the log that a peer asked for, inside the snapshot of `reader`.
inline gossip::Fetched range_of(const gossip::Fetch& wanted, store::Reader& reader) {
  gossip::Fetched range;
  range.request = wanted.request;
  auto actors = reader.actors();
  if (!actors.ok()) return range;
  store::RangeLimits limits{wanted.changes_max, wanted.bytes_max};
  auto visited = reader.log().range(
      **actors, wanted.have, limits,
      [&](const store::LogEntry& entry) { range.changes.emplace_back(entry.sealed); });
  using Outcome = gossip::Fetched::Outcome;
  if (visited.ok()) {
    range.outcome = visited->complete ? Outcome::kComplete : Outcome::kMore;
  } else if (visited.error().code == base::Code::kNotFound) {
    range.outcome = Outcome::kBelowFloor;
  }
  return range;
}

inline Input received_of(gossip::Apply&& apply) {
  std::size_t bytes = 0;
  for (const crdt::Opened& opened : apply.changes) bytes += opened.sealed.bytes.size();
  return Received{apply.from, std::move(apply.changes), bytes, apply.number};
}

inline Input seen_of(const gossip::Alarm& alarm) {
  if (alarm.kind == gossip::Alarm::Kind::kDivergence) return DivergenceSeen{alarm.peer};
  if (alarm.kind == gossip::Alarm::Kind::kTwin) return TwinSeen{alarm.peer};
  return EchoSeen{alarm.peer, alarm.actor, alarm.head};
}

// The input for the replica that belongs to an action; nullopt when the action is not for the
// replica.
inline std::optional<Input> input_of(gossip::Action& action) {
  if (auto* apply = std::get_if<gossip::Apply>(&action)) return received_of(std::move(*apply));
  if (auto* confirmed = std::get_if<gossip::Confirmed>(&action)) {
    return ConfirmOwn{confirmed->actor, confirmed->seq, confirmed->hash};
  }
  if (auto* join = std::get_if<gossip::StartStateJoin>(&action)) return StartJoin{join->peer};
  if (auto* page = std::get_if<gossip::StateJoinPage>(&action)) {
    return JoinAnswer{page->from, std::move(page->body)};
  }
  if (auto* ended = std::get_if<gossip::StopStateJoin>(&action)) return StopJoin{ended->peer};
  if (auto* asked = std::get_if<gossip::ReadSnapshot>(&action)) {
    return SnapshotQuery{asked->request, asked->peer, std::move(asked->query), asked->bytes_max};
  }
  if (auto* close = std::get_if<CloseActors>(&action)) return std::move(*close);
  if (auto* alarm = std::get_if<gossip::Alarm>(&action)) return seen_of(*alarm);
  return std::nullopt;
}

// What the node is told of an input that did not reach the replica. Then it fetches these changes
// again, and it knows that a state join cannot begin or go on. Nullopt when the node sends the
// input again by itself.
inline std::optional<Stored> refused_of(const Input& input) {
  Stored refused;
  auto failed = [&](const base::NodeId& peer) {
    refused.join = JoinStep{JoinStep::Kind::kFailed, peer, {}};
    return refused;
  };
  if (const auto* start = std::get_if<StartJoin>(&input)) return failed(start->peer);
  if (const auto* answer = std::get_if<JoinAnswer>(&input)) return failed(answer->peer);
  if (const auto* seen = std::get_if<DivergenceSeen>(&input)) return failed(seen->peer);
  const auto* received = std::get_if<Received>(&input);
  if (!received) return std::nullopt;
  refused.finished = {received->number};
  for (const crdt::Opened& opened : received->changes) {
    refused.forgotten.emplace_back(opened.sealed.actor, opened.sealed.seq);
  }
  return refused;
}

}  // namespace agent
