#include "tools/simulator/checker.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "crdt/base/check.h"
#include "crdt/catalog/entry.h"
#include "crdt/change.h"
#include "tools/simulator/workload.h"

namespace simulation {
namespace {

std::string text_of(const crdt::VersionVector::Entries& entries) {
  std::string text;
  for (const auto& [actor, head] : entries) {
    text += fmt::format("{}{}:{}", text.empty() ? "" : " ", actor.short_hex(), head.seq);
  }
  return text;
}

const std::string& object_of(const agent::WriteRequest& request) {
  return std::visit([](const auto& one) -> const std::string& { return one.object; }, request);
}

// Whether the first effect of `change` is on an entry or the object that `request` names.
bool may_write(const agent::WriteRequest& request, const crdt::Change& change) {
  const crdt::Slot& slot = change.effects.front().slot;
  if (slot.object != object_of(request)) return false;
  const auto* write = std::get_if<agent::WriteObject>(&request);
  if (!write || typed_write(request)) return true;
  return std::any_of(write->ops.begin(), write->ops.end(), [&](const crdt::Op& op) {
    return op.path.empty() || (!slot.path.empty() && slot.path[0] == op.path[0]);
  });
}

// The time of a change, taken from its live cells: no cell is stamped earlier, unless by a client.
std::optional<crdt::HybridTime> time_in_cells(store::Store& store,
                                              const agent::WriteRequest& request,
                                              const base::ActorId& actor, std::uint64_t seq) {
  std::optional<crdt::HybridTime> time;
  auto scanned = store.cells().scan_slots(object_of(request), {}, [&](const store::SlotRow& row) {
    for (const crdt::Cell& cell : row.cells) {
      const bool own = cell.dot.actor == actor && cell.dot.seq == seq && cell.stamp.writer.empty();
      if (!own) continue;
      time = time ? std::min(*time, cell.stamp.time) : cell.stamp.time;
    }
    return true;
  });
  return scanned.ok() ? time : std::nullopt;
}

}  // namespace

void Checker::fail(const std::string& checker, const Host* host, const std::string& text) {
  if (failed()) return;
  report_.violation = Violation{checker, text, schedule_.now(), host ? host->name : ""};
  trace_.add(schedule_.now(), host ? host->index : kEverybody,
             "VIOLATION " + checker + ": " + text);
}

// --- Every turn ----------------------------------------------------------------------------------

void Checker::turned(Process& process, const Observer::Turn& turn) {
  note_clock(process);
  const crdt::VersionVector& after = process.replica().vector();
  // After a fault the state in memory may be old. Nobody is told of it, and recovery reads it
  // again.
  if (!process.replica().fault() && !after.covers(turn.before)) {
    fail("vector-went-back", &process.host(),
         text_of(after.ahead_in(turn.before)) + " was covered before this turn");
  }
  if (forks_) {
    note_entries(process, turn);
    for (const agent::Notice& notice : turn.outputs.notices) {
      if (notice.kind == agent::Notice::Kind::kSetAside) note_pruned(process, notice);
    }
    return check_digest(process);
  }
  check_own(process, turn);
  if (failed()) return;  // the oracle must only be told of sound histories
  check_replies(process, turn);
  adopt(process);
  check_digest(process);
  check_state(process, turn);
}

// A turn may start the clock again from the wall clock (rule 9), and the process may end before it
// tells anybody.
void Checker::note_clock(Process& process) {
  crdt::HybridTime& promised = process.host().promised_time;
  promised = std::min(promised, process.replica().clock().latest());
}

void Checker::interrupted(Process& process, const Observer::Turn& turn) {
  note_clock(process);
  if (turn.writes.empty() || forks_) return;
  CHECK(turn.writes.size() == 1);
  in_doubt_.push_back(
      {process.node(), turn.writes.front().request, turn.before, turn.writes_first});
}

// A change of which nobody was told stands in a recovered file or comes back with a backup. It can
// only be a write whose outcome was in doubt. If its row has rotted, nobody will ever see the
// change again.
void Checker::adopt(Process& process) {
  if (in_doubt_.empty() || process.replica().fault()) return;
  for (const auto& [actor, head] : process.replica().vector().entries()) {
    if (!oracle_.knows(actor, head.seq)) adopt(process, actor, head.seq);
  }
}

void Checker::adopt(Process& process, const base::ActorId& actor, std::uint64_t seq) {
  store::Store& store = process.replica().store();
  auto found = store.log().find(store.actors(), actor, seq);
  if (!found.ok() && process.host().rotten) return;
  CHECK(found.ok());
  // If the budget of the log is smaller than the change, its own commit has pruned it.
  std::optional<crdt::Change> change;
  if (*found) change = std::move(crdt::open_change(**found)->change);
  auto doubt = std::find_if(in_doubt_.rbegin(), in_doubt_.rend(), [&](const InDoubt& one) {
    crdt::Head before = one.before.head_of(actor);
    bool own = store.actors().find(actor)->node == one.node;
    if (!own || before.seq + 1 != seq || oracle_.is_refused(one.request, one.before)) return false;
    return !change || (before.hash == change->prev && may_write(one.request, *change));
  });
  if (doubt == in_doubt_.rend()) return;
  auto time = change ? change->time : time_in_cells(store, doubt->request, actor, seq);
  // Letters and removals have no stamps.
  if (!time && typed_write(doubt->request)) time = crdt::HybridTime();
  if (!time) return;
  crdt::VersionVector past = doubt->writes_first ? doubt->before : process.replica().vector();
  past.set(actor, doubt->before.head_of(actor));
  sealed_[actor][seq] = {process.replica().vector().head_of(actor).hash, *time,
                         process.host().name};
  oracle_.wrote(doubt->request, actor, seq, *time, past);
}

// Rule 2: one number has one content. Rule 9: the times of an actor grow.
void Checker::check_own(Process& process, const Observer::Turn& turn) {
  for (const crdt::SealedChange& change : turn.outputs.facts.own) {
    auto& of_actor = sealed_[change.actor];
    auto opened = crdt::open_change(change.bytes);
    CHECK(opened.ok());
    Sealed fresh{change.hash, opened->change.time, process.host().name};
    auto [known, added] = of_actor.emplace(change.seq, fresh);
    if (!added) {
      return fail("dot-twice", &process.host(),
                  fmt::format("{}:{} sealed here was sealed on {} before", change.actor.short_hex(),
                              change.seq, known->second.host));
    }
    if (known == of_actor.begin()) continue;
    const Sealed& former = std::prev(known)->second;
    if (fresh.time <= former.time) {
      return fail("time-went-back", &process.host(),
                  fmt::format("{}:{} at {} after {}", change.actor.short_hex(), change.seq,
                              fresh.time.nanos, former.time.nanos));
    }
  }
  // A change applied from others must be the one that its owner sealed.
  for (const auto& [actor, head] : turn.outputs.facts.advanced) {
    auto of_actor = sealed_.find(actor);
    if (of_actor == sealed_.end()) continue;
    auto known = of_actor->second.find(head.seq);
    if (known != of_actor->second.end() && known->second.hash != head.hash) {
      fail("two-contents", &process.host(),
           fmt::format("{}:{} is not what {} sealed", actor.short_hex(), head.seq,
                       known->second.host));
    }
  }
}

// What the first own write of the turn had seen.
crdt::VersionVector Checker::past_of_writes(const Process& process,
                                            const Observer::Turn& turn) const {
  if (turn.writes_first) return turn.before;
  crdt::VersionVector past = process.replica().vector();
  for (const crdt::SealedChange& change : turn.outputs.facts.own) {
    past.set(change.actor, turn.before.head_of(change.actor));
  }
  return past;
}

// Checked only by the answers to clients.
void Checker::note_entries(const Process& process, const Observer::Turn& turn) {
  for (const agent::Reply& reply : turn.outputs.replies) {
    auto write = std::find_if(turn.writes.begin(), turn.writes.end(),
                              [&](const auto& one) { return one.ticket == reply.ticket; });
    if (!reply.result.ok() || write == turn.writes.end()) continue;
    Acknowledged noted{std::nullopt, process.host_index(), ++acknowledgements_, reply.result->dot};
    const auto* one = std::get_if<agent::WriteObject>(&write->request);
    if (!one || typed_write(write->request) || one->ops.size() != 1) continue;
    const crdt::Op& op = one->ops[0];
    if (op.path.size() != 1) continue;
    const bool adds = op.verb == crdt::Verb::kSet;
    if (adds) noted.metadata = fields_of(std::get<crdt::Members>(op.argument));
    if (adds || op.verb == crdt::Verb::kUnset) acknowledged_[{one->object, op.path[0]}] = noted;
  }
}

// A fork is found, and the tail of the log is sealed again. What was sealed after the machine was
// put back and is in the log no longer cannot be sealed again.
void Checker::note_pruned(Process& process, const agent::Notice& aside) {
  const auto since = put_back_.find(process.host_index());
  if (aside.actor.is_zero() || since == put_back_.end()) return;
  store::Store& store = process.replica().store();
  lost_with_log_ += std::erase_if(acknowledged_, [&](const auto& one) {
    const Acknowledged& noted = one.second;
    if (noted.host != process.host_index() || noted.number <= since->second) return false;
    if (!noted.dot || noted.dot->actor != aside.actor || noted.dot->seq > aside.seq) return false;
    const auto kept = store.log().find(store.actors(), noted.dot->actor, noted.dot->seq);
    return kept.ok() && !*kept;
  });
}

std::size_t Checker::rolled_back(const Host& host, std::uint64_t since,
                                 const std::vector<Process*>& others) {
  put_back_[host.index] = acknowledgements_;
  return std::erase_if(acknowledged_, [&](const auto& one) {
    const auto& [name, noted] = one;
    if (noted.host != host.index || noted.number <= since) return false;
    return std::none_of(
        others.begin(), others.end(), [&, &id = name, &fields = noted.metadata](Process* process) {
          return process->host_index() != host.index && !difference(*process, id, fields);
        });
  });
}

std::optional<std::string> Checker::difference(Process& process, const EntryName& name,
                                               const std::optional<Fields>& metadata) {
  auto entry = process.replica().store().cells().entry(name.object, name.id);
  CHECK(entry.ok());
  bool shown = crdt::exists(*entry);
  bool same = shown == metadata.has_value();
  if (same && (!shown || fields_of(crdt::shown(*entry)) == *metadata)) return {};
  return name.id + (shown ? " shows " + crdt::shown_text(*entry) : " is not there");
}

void Checker::readable_somewhere(const std::vector<Process*>& processes) {
  for (const auto& [name, noted] : acknowledged_) {
    if (!noted.metadata) continue;
    bool there = std::any_of(processes.begin(), processes.end(),
                             [&, &id = name, &fields = noted.metadata](Process* process) {
                               return !difference(*process, id, fields);
                             });
    if (!there) fail("acknowledged-write-lost", nullptr, name.id + " is on no agent");
  }
}

void Checker::check_digest(Process& process) {
  bool known_wrong = process.host().rotten || process.host().twisted || split_;
  if (known_wrong || process.replica().fault()) return;
  store::Store& store = process.replica().store();
  const crdt::Digest& vector = store.actors().vector_digest();
  const crdt::Digest& cells = store.cells().total_digest();
  auto [known, added] = digests_.try_emplace(vector, cells, process.host().name);
  if (added || known->second.first == cells) return;
  fail("equal-vectors-unequal-digests", &process.host(),
       "differs from what " + known->second.second + " held with this vector");
}

void Checker::check_state(Process& process, const Observer::Turn& turn) {
  // While writing is stopped, readers serve what is on the disk and not what is in memory.
  const Host& host = process.host();
  if (!host.healthy() || host.twisted || process.replica().fault()) return;
  const crdt::VersionVector& after = process.replica().vector();
  store::CellTable& cells = process.replica().store().cells();
  // A state join may damage entries that no new change touched.
  bool joined = std::any_of(turn.outputs.joins.begin(), turn.outputs.joins.end(),
                            [](const agent::JoinReport& join) {
                              return join.outcome == agent::JoinReport::Outcome::kMerged;
                            });
  auto difference = joined
                        ? state_.check_all(cells, after)
                        : state_.check_entries(cells, after, oracle_.touched(turn.before, after));
  if (!joined && !difference) {
    const std::vector<std::string> objects = oracle_.typed_objects(turn.before, after);
    difference = state_.check_objects(cells, after, objects);
  }
  if (difference) fail("state-is-not-what-was-meant", &process.host(), *difference);
}

// --- Promises ------------------------------------------------------------------------------------

// Rule 1: what clients were told, and what peers are about to be told.
void Checker::told(Process& process, const agent::Outputs& outputs) {
  if (outputs.facts.durable) {
    process.host().durable = process.replica().vector();
    process.host().durable_state = outputs.facts.state;
  }
  for (const crdt::SealedChange& change : outputs.facts.own) {
    process.host().promised.set(change.actor, {change.seq, change.hash});
    process.host().promised_time = sealed_[change.actor][change.seq].time;
  }
}

// Damage in a run in which nothing was damaged is a false alarm, or a row that we wrote wrongly.
void Checker::noticed(Process& process, const agent::Notice& notice) {
  using Kind = agent::Notice::Kind;
  if (notice.kind != Kind::kCorruptRow && notice.kind != Kind::kRowsDropped) return;
  const Host& host = process.host();
  bool known = forks_ || host.rotten || host.twisted || report_.of(Fault::kRot).fired > 0 ||
               report_.of(Fault::kLostCell).fired > 0;
  if (!known) fail("damage-without-cause", &host, notice.text);
}

// Rule 3.
void Checker::claimed(Process& process, const Observer::Claim& claim) {
  if (process.replica().fault()) return;  // the state in memory may be old
  if (claim.current && *claim.current != process.host().durable_state) {
    fail("claims-what-is-not-durable", &process.host(),
         "the process claims a state that was never called durable");
  }
  crdt::VersionVector& promised = process.host().promised;
  for (const crdt::Dependency& entry : claim.entries) {
    if (!process.replica().vector().covers(entry.actor, entry.head.seq)) {
      fail("claims-what-it-lacks", &process.host(),
           fmt::format("{}:{}", entry.actor.short_hex(), entry.head.seq));
    }
    if (!process.host().durable.covers(entry.actor, entry.head.seq)) {
      fail("claims-what-is-not-durable", &process.host(),
           fmt::format("{}:{}", entry.actor.short_hex(), entry.head.seq));
    }
    if (!promised.covers(entry.actor, entry.head.seq)) promised.set(entry.actor, entry.head);
  }
}

void Checker::opened(Process& process) {
  const crdt::VersionVector& vector = process.replica().vector();
  process.host().durable = vector;
  process.host().durable_state = process.replica().state();
  if (forks_) return check_digest(process);
  if (process.replica().fetching()) set_aside(process.host());
  const crdt::VersionVector& promised = process.host().promised;
  adopt(process);
  if (!vector.covers(promised)) {
    fail("promise-broken", &process.host(),
         "lost after a restart: " + text_of(vector.ahead_in(promised)));
  }
  if (process.replica().clock().latest() < process.host().promised_time) {
    fail("time-went-back", &process.host(),
         fmt::format("the clock is {} after a restart, the last own change has {}",
                     process.replica().clock().latest().nanos, process.host().promised_time.nanos));
  }
  if (process.host().rotten || process.host().twisted) return;
  store::CellTable& cells = process.replica().store().cells();
  auto difference = state_.check_entries(cells, vector, oracle_.touched({}, vector));
  if (!difference) difference = state_.check_objects(cells, vector, oracle_.typed_objects());
  if (difference) fail("state-is-not-what-was-meant", &process.host(), *difference);
  check_digest(process);
}

// The state was set aside and comes back from peers and from the old log. A damaged medium may have
// lost what only this host held.
void Checker::set_aside(Host& host) {
  if (!host.rotten) {
    for (const auto& [actor, head] : host.promised.entries()) {
      if (!owed_.covers(actor, head.seq)) owed_.set(actor, head);
    }
  }
  host.promised = {};
  host.promised_time = {};
  host.rotten = false;
}

void Checker::not_opened(const Host& host, const base::Error& error) {
  fail("does-not-open", &host, error.message);
}

// --- After healing -------------------------------------------------------------------------------

void Checker::healed(const std::vector<Process*>& processes, const crdt::VersionVector& promised) {
  crdt::VersionVector owed = promised;
  for (const auto& [actor, head] : owed_.entries()) {
    if (!owed.covers(actor, head.seq)) owed.set(actor, head);
  }
  for (Process* process : processes) {
    if (forks_) {
      for (const auto& [name, noted] : acknowledged_) {
        auto wrong = difference(*process, name, noted.metadata);
        if (wrong) fail("acknowledged-write-lost", &process->host(), *wrong);
      }
      base::Status digest = process->replica().store().verify_digest();
      if (!digest.ok()) fail("digest-is-not-its-rows", &process->host(), digest.error().message);
      continue;
    }
    // Damage that the scrub has not reached yet may still be there.
    if (process->host().rotten) continue;
    const crdt::VersionVector& vector = process->replica().vector();
    if (!vector.covers(owed)) {
      fail("acknowledged-write-lost", &process->host(),
           "no agent brought back " + text_of(vector.ahead_in(owed)));
    }
    auto difference = state_.check_all(process->replica().store().cells(), vector);
    if (difference) fail("state-is-not-what-was-meant", &process->host(), *difference);
    base::Status digest = process->replica().store().verify_digest();
    if (!digest.ok()) fail("digest-is-not-its-rows", &process->host(), digest.error().message);
  }
}

void Checker::not_converged(const std::string& why) { fail("no-convergence", nullptr, why); }

void Checker::not_quiet(const Process& process, const std::string& what) {
  // Processes are only read here.
  fail("payload-after-convergence", nullptr, what + " at " + process.node().short_hex());
}

}  // namespace simulation
