#include "tools/simulator/recovery_check.h"

#include <map>
#include <set>
#include <utility>

#include "tools/simulator/requests.h"

namespace simulation {
namespace {

constexpr std::uint32_t kSecondCutOneIn = 8;
constexpr std::uint64_t kSecondCutCalls = 24;  // about as many calls as an open makes
constexpr std::size_t kLogRowsMax = 100'000;

}  // namespace

// One image during the checks.
struct RecoveryCheck::Case {
  const PowerCutHistory& history;
  const PowerCutImage& image;
  Told told;
  agent::ReplicaOptions options;
  std::unique_ptr<agent::Replica> replica;
  Recovery result;

  bool honest() const { return image.cut != Cut::kLying; }
  // A condition that must hold on an honest disk. On a lying disk it only shows that damage was
  // noticed.
  void expect(bool holds, const std::string& what) {
    if (holds) return;
    result.damaged = true;
    if (honest()) violate(what);
  }
  void violate(const std::string& what) {
    result.violations.push_back(std::string(cut_name(image.cut)) +
                                (result.again ? ", twice: " : ": ") + what);
  }
};

RecoveryCheck::RecoveryCheck(base::Random random)
    : random_(std::move(random)), disk_(random_.fork()) {}

Recovery RecoveryCheck::check(const PowerCutHistory& history, const PowerCutImage& image) {
  Case made{history, image, image.told, history.options(), nullptr, {}};
  made.options.store.vfs = disk_.vfs();
  disk_.kill();
  disk_.restore(image.files);
  if (random_.chance(kSecondCutOneIn)) meet_second_cut(made);
  auto opened = open(made);
  if (!opened.ok()) {
    made.result.refused = true;
    if (made.honest()) made.violate("does not open: " + opened.error().message);
    return std::move(made.result);
  }
  made.replica = std::move(*opened);
  judge_file(made);
  judge_log(made);
  judge_state(made);
  judge_identity(made);
  judge_next_write(made);
  return std::move(made.result);
}

base::Result<std::unique_ptr<agent::Replica>> RecoveryCheck::open(const Case& made) {
  return agent::Replica::open(made.history.now(), PowerCutHistory::kFile, made.options, "host",
                              random_.fork());
}

void RecoveryCheck::meet_second_cut(Case& made) {
  made.result.again = true;
  disk_.lose_power_at(1 + random_.below(kSecondCutCalls));
  {
    auto opened = open(made);
    if (opened.ok()) {
      made.told.boot_epoch = (*opened)->boot_epoch();
      made.told.node = (*opened)->node_id();
    }
  }
  const auto how = static_cast<PowerCut>(random_.below(4));
  disk_.power_cut(random_, how);
}

void RecoveryCheck::judge_file(Case& made) {
  auto database =
      store::Database::open(PowerCutHistory::kFile, store::Database::Mode::kReadOnly, disk_.vfs());
  std::string found = "does not run";
  if (database.ok()) {
    auto statement = (*database)->prepare("PRAGMA quick_check(1)");
    if (statement.ok()) {
      auto row = (*statement)->step();
      if (row.ok() && *row) found = (*statement)->text(0);
    }
  }
  made.expect(found == "ok", "quick_check " + found);
  const base::Status verified = made.replica->store().verify_digest();
  made.expect(verified.ok(), "verify_digest: " + (verified.ok() ? "" : verified.error().message));
}

// Rule 7: the log holds every change in (floor, vector] of each actor, exactly once.
void RecoveryCheck::judge_log(Case& made) {
  store::Store& store = made.replica->store();
  std::map<base::ActorId, std::set<std::uint64_t>> held;
  std::int64_t last = 0;
  bool ordered = true;
  const base::Status scanned =
      store.log().scan(store.actors(), 0, kLogRowsMax, [&](const store::LogEntry& entry) {
        const bool fresh = held[entry.actor].insert(entry.seq).second;
        ordered = ordered && fresh && entry.position > last;
        last = entry.position;
        return true;
      });
  made.expect(scanned.ok(), "log: " + (scanned.ok() ? "" : scanned.error().message));
  made.expect(ordered && last < store.meta().next_position, "log: positions");
  for (const auto& [id, actor] : store.actors().all()) {
    const std::set<std::uint64_t>& seqs = held[id];
    for (std::uint64_t seq = actor.floor + 1; seq <= actor.head.seq; ++seq) {
      made.expect(seqs.contains(seq), "rule 7: the log lacks a change above the floor");
    }
    const bool above = !seqs.empty() && *seqs.rbegin() > actor.head.seq;
    made.expect(!above, "rule 6: the log has a change that the vector does not cover");
  }
}

// Rules 1, 3, 5 and 6: the state was committed once, and it is not older than what was told.
void RecoveryCheck::judge_state(Case& made) {
  const std::vector<CommittedState>& states = made.history.states();
  const crdt::VersionVector& vector = made.replica->vector();
  std::size_t found = std::min(made.told.running, states.size() - 1);
  while (found > 0 && states[found].vector != vector) --found;
  if (states[found].vector != vector ||
      states[found].digest != made.replica->store().meta().digest) {
    made.result.invented = !made.result.damaged;
    if (made.honest()) made.violate("rule 6: this state was never committed");
    return;
  }
  made.result.lost_commits = found + 1 < made.told.running;
  made.result.lost_acknowledged = found < made.told.acknowledged;
  if (!made.honest()) return;
  if (found < made.told.acknowledged) made.violate("rule 1: an acknowledged own write is lost");
  if (found < made.told.durable) made.violate("rule 3: a state that was called durable is lost");
}

void RecoveryCheck::judge_identity(Case& made) {
  const agent::Replica& replica = *made.replica;
  if (!replica.own_actor().is_zero()) made.violate("rule 2: the actor was kept over a start");
  if (!made.honest()) return;
  const bool same_node = !made.told.node || *made.told.node == replica.node_id();
  if (!same_node) made.violate("the node id changed on the same host");
  if (replica.boot_epoch() <= made.told.boot_epoch) made.violate("a boot epoch was used twice");
  if (made.replica->store().meta().next_position < made.told.next_position) {
    made.violate("a position of the log would be given twice");
  }
}

// Rule 2: whatever others have been told, the next write uses a number that was never used.
void RecoveryCheck::judge_next_write(Case& made) {
  const std::vector<CommittedState>& states = made.history.states();
  const CommittedState& heard = states[std::min(made.told.running, states.size() - 1)];
  std::vector<agent::Input> inputs;
  inputs.push_back(agent::Write{1, add_entry("snapshots", "after", {{"size", "1"}})});
  const agent::Outputs out = made.replica->turn(made.history.now(), inputs, false);
  const bool written = out.replies.size() == 1 && out.replies[0].result.ok() &&
                       out.replies[0].result->dot && out.facts.durable;
  made.expect(written, "a write after the recovery failed");
  if (!written) return;
  const crdt::Dot& dot = *out.replies[0].result->dot;
  if (heard.vector.covers(dot.actor, dot.seq)) made.violate("rule 2: a dot was used twice");
  if (heard.vector.seq_of(dot.actor) > 0) {
    made.violate("rule 2: an actor was used again");
  }
}

}  // namespace simulation
