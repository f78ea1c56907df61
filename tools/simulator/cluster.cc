#include "tools/simulator/cluster.h"

#include <algorithm>

#include <fmt/format.h>
#include "crdt/base/check.h"

#include "gossip/wire/message.h"
#include "tools/simulator/words.h"

namespace simulation {
namespace {

constexpr base::Duration kOpenAgain = base::seconds(2);

constexpr std::uint32_t kRetryOneIn = 5;
constexpr std::size_t kNamedMax = 16;

}  // namespace

Cluster::Cluster(const Settings& settings, Trace& trace, Report& report)
    : settings_(settings),
      trace_(trace),
      report_(report),
      random_(base::Random::from_number(settings.seed)),
      network_(schedule_, random_.fork()),
      checker_(schedule_, oracle_, trace, report),
      workload_(random_.fork(), settings.objects_percent),
      retries_(base::Random::from_number(~settings.seed)) {
  network_.weather = settings.weather;
  for (std::size_t i = 0; i < settings.nodes; ++i) add_host();
}

Cluster::~Cluster() {
  for (std::size_t i = 0; i < hosts_.size(); ++i) {
    if (!processes_[i]) continue;
    hosts_[i]->disk.kill();
    processes_[i].reset();
  }
}

void Cluster::add_host() {
  base::Random random = random_.fork();
  hosts_.push_back(std::make_unique<Host>(hosts_.size(), random));
  Host& host = *hosts_.back();
  if (settings_.clockless && host.index > 0) host.usual_clock = {base::seconds(-kSince1970), false};
  host.clock = host.usual_clock;
  processes_.emplace_back();
  before_.emplace_back();
}

// --- Agents --------------------------------------------------------------------------------------

// Two other hosts at random, so that agents enter the mesh at different places.
std::vector<gossip::Address> Cluster::seeds_for(std::size_t host) {
  std::vector<gossip::Address> seeds;
  for (int i = 0; i < 2; ++i) {
    auto other = static_cast<std::size_t>(random_.below(hosts_.size()));
    if (other != host) seeds.push_back(hosts_[other]->address);
  }
  if (hosts_.size() > 1) seeds.push_back(hosts_[host == 0 ? 1 : 0]->address);
  return seeds;
}

void Cluster::start(std::size_t index) {
  Host& host = *hosts_[index];
  if (processes_[index] || host.dead) return;
  base::Error error;
  base::Random random = random_.fork();
  processes_[index] =
      Process::start(host, settings_, schedule_, network_, *this, random, seeds_for(index), error);
  if (!processes_[index]) {
    note(index, "does not open: " + error.message);
    if (host.disk.powered() && host.healthy()) checker_.not_opened(host, error);
    host.disk.kill();
    // The flipped bit says whose file it is: the agent does not touch the file and reports an error
    // to people.
    bool refused = error.code == base::Code::kInvalid || error.code == base::Code::kConflict;
    if (host.rotten && refused) host.dead = true;
    schedule_.after(kOpenAgain, [this, index] { start(index); });
    return;
  }
  Process& process = *processes_[index];
  const agent::Replica& replica = process.replica();
  Before& before = before_[index];
  bool lost = !replica.vector().covers(before.vector);
  bool other_node = !before.node.is_zero() && before.node != replica.node_id();
  if (before.by && (lost || (*before.by == Fault::kClone && other_node))) {
    report_.mattered(*before.by);
  }
  note(index, fmt::format("start {}{}{}", replica.node_id().short_hex(),
                          other_node ? " new node id" : "", lost ? " lost commits" : ""));
  mix(replica.state().vector);
  checker_.opened(process);
}

void Cluster::end(std::size_t index) {
  count_stats(*processes_[index]);
  processes_[index].reset();
}

void Cluster::kill(std::size_t index) {
  if (!processes_[index]) return;
  Process& process = *processes_[index];
  bool busy = !process.idle();
  before_[index] = {process.replica().vector(), process.node(), Fault::kKill};
  if (busy) report_.mattered(Fault::kKill);
  note(index, busy ? "killed while it had work" : "killed");
  hosts_[index]->disk.kill();
  end(index);
}

void Cluster::power_cut(std::size_t index, PowerCut how) {
  if (!processes_[index]) return;
  Process& process = *processes_[index];
  auto by = hosts_[index]->disk.powered() ? Fault::kPowerCut : Fault::kPowerInTurn;
  before_[index] = {process.replica().vector(), process.node(), by};
  if (by == Fault::kPowerInTurn) report_.mattered(by);
  note(index, by == Fault::kPowerInTurn ? "power off in a turn" : "power off");
  hosts_[index]->disk.power_cut(random_, how);
  end(index);
}

void Cluster::stop_cleanly(std::size_t index) {
  if (!processes_[index] || processes_[index]->paused()) return;
  note(index, "clean stop");
  Process& process = *processes_[index];
  before_[index] = {process.replica().vector(), process.node(), Fault::kCleanStop};
  if (!process.replica().own_actor().is_zero()) report_.mattered(Fault::kCleanStop);
  count_stats(process);
  process.stop_cleanly();
  processes_[index].reset();
}

void Cluster::clone(std::size_t from) {
  Disk::Files files = hosts_[from]->disk.snapshot();
  base::NodeId node = processes_[from] ? processes_[from]->node() : before_[from].node;
  add_host();
  std::size_t index = hosts_.size() - 1;
  hosts_[index]->disk.restore(files);
  hosts_[index]->rotten = hosts_[from]->rotten;
  before_[index] = {{}, node, Fault::kClone};
  note(kEverybody, "copy of " + hosts_[from]->name + " as " + hosts_[index]->name);
  start(index);
}

std::size_t Cluster::clone_image(std::size_t from) {
  add_host();
  Host& copy = *hosts_.back();
  copy.disk.restore(hosts_[from]->disk.snapshot());
  copy.fingerprint = hosts_[from]->fingerprint;
  note(kEverybody, "image of " + hosts_[from]->name + " as " + copy.name);
  return copy.index;
}

Cluster::Backup Cluster::back_up(std::size_t index) const {
  return {hosts_[index]->disk.snapshot(), hosts_[index]->rotten};
}

void Cluster::restore(std::size_t index, const Backup& backup) {
  hosts_[index]->disk.restore(backup.files);
  hosts_[index]->rotten = backup.rotten;
  before_[index].by = Fault::kRestore;
  tampered(index);
  note(index, "older copy put back");
}

bool Cluster::lose_cell(std::size_t index) {
  store::Options options;
  options.vfs = hosts_[index]->disk.vfs();
  auto store = store::Store::open(kDatabase, options);
  if (!store.ok()) return false;
  store::CellTable& cells = (*store)->cells();
  auto objects = cells.objects(std::nullopt, 100);
  if (!objects.ok() || objects->empty()) return false;
  const store::ObjectInfo& object = random_.pick(*objects);
  std::vector<store::SlotRow> rows;
  auto keep = [&](const store::SlotRow& row) {
    if (!row.cells.empty()) rows.push_back(row);
    return true;
  };
  if (!cells.scan_slots(object.name, {}, keep).ok() || rows.empty()) return false;
  store::SlotRow& row = random_.pick(rows);
  crdt::Digest lost = crdt::cell_element(row.slot, row.cells.back());
  row.cells.pop_back();
  CHECK((*store)->begin().ok());
  CHECK(cells.save(row).ok());
  CHECK(cells.account(row.slot, -1, lost, {}).ok());
  CHECK((*store)->commit(store::Durability::kFull).ok());
  hosts_[index]->twisted = true;
  note(index, "a cell of " + object.name + " is lost");
  return true;
}

void Cluster::tampered(std::size_t index) {
  hosts_[index]->promised = {};
  hosts_[index]->promised_time = {};
}

void Cluster::die(std::size_t index) {
  kill(index);
  hosts_[index]->dead = true;
  report_.mattered(Fault::kDeath);
  note(index, "never returns");
}

void Cluster::request(std::size_t index) {
  // A write on top of damage that nobody has found yet means something else.
  if (!processes_[index] || hosts_[index]->rotten) return;
  agent::WriteRequest next = workload_.next(oracle_, processes_[index]->replica().vector());
  if (!settings_.retries) return request(index, std::move(next));
  give_name(next);
  request(index, std::move(next));
  // A client that got no answer, or did not wait for one. It may ask another agent than before.
  bool again = retries_.chance(kRetryOneIn) && !named_.empty() && !checker_.allows_forks();
  if (again) request(index, retries_.pick(named_));
}

void Cluster::give_name(agent::WriteRequest& request) {
  auto* write = std::get_if<agent::WriteObject>(&request);
  if (write == nullptr || !retries_.chance(2)) return;
  write->name = agent::RequestName{retries_.id<crdt::RequestTag>(), {}};
  named_.push_back(*write);
  if (named_.size() > kNamedMax) named_.pop_front();
}

void Cluster::request(std::size_t index, agent::WriteRequest request) {
  if (!processes_[index]) return;
  Process& process = *processes_[index];
  agent::Write write{++tickets_, std::move(request)};
  note(index, describe(write.request));
  ++report_.events["requests"];
  if (!process.submit(std::move(write))) ++report_.events["requests refused: busy"];
}

// --- Time ----------------------------------------------------------------------------------------

base::Instant Cluster::next_time() {
  base::Instant next = schedule_.next();
  for (const auto& process : processes_) {
    if (process) next = std::min(next, process->next_deadline());
  }
  return next;
}

void Cluster::step() {
  base::Instant next = next_time();
  if (schedule_.next() <= next) {
    schedule_.step();
    return;
  }
  schedule_.advance_to(next);
  for (const auto& process : processes_) {
    if (process && process->next_deadline() <= next) process->advance();
  }
}

void Cluster::run(base::Duration time) {
  base::Instant until = schedule_.now() + time;
  while (!checker_.failed() && next_time() <= until) step();
  schedule_.advance_to(until);
}

bool Cluster::run_until(const std::function<bool()>& holds, base::Duration at_most) {
  base::Instant until = schedule_.now() + at_most;
  base::Instant look = schedule_.now();
  while (!checker_.failed()) {
    if (schedule_.now() >= look) {
      if (holds()) return true;
      look = schedule_.now() + base::millis(100);
    }
    if (next_time() > until) return holds();
    step();
  }
  return false;
}

// --- Looking -------------------------------------------------------------------------------------

std::vector<Process*> Cluster::running() {
  std::vector<Process*> all;
  for (const auto& process : processes_) {
    if (process) all.push_back(process.get());
  }
  return all;
}

bool Cluster::converged() {
  const Process* first = nullptr;
  for (std::size_t i = 0; i < hosts_.size(); ++i) {
    if (hosts_[i]->dead) continue;
    const Process* process = processes_[i].get();
    if (!process || !process->idle()) return false;
    if (!first) first = process;
    if (process->replica().vector() != first->replica().vector()) return false;
    if (process->replica().state() != first->replica().state()) return false;
  }
  return first != nullptr;
}

bool Cluster::acquainted() { return strangers().empty(); }

std::string Cluster::strangers() {
  std::string text;
  for (Process* one : running()) {
    std::map<base::NodeId, gossip::MemberState> seen;
    for (const gossip::MemberView& view : one->node_machine().members(one->now())) {
      seen[view.record.node] = view.record.state;
    }
    for (Process* other : running()) {
      auto found = seen.find(other->node());
      if (found != seen.end() && found->second == gossip::MemberState::kAlive) continue;
      text += fmt::format("{} holds {} for {}; ", one->host().name, other->host().name,
                          found == seen.end() ? "unknown" : gossip::state_name(found->second));
    }
  }
  return text;
}

bool Cluster::any_rotten() const {
  return std::any_of(hosts_.begin(), hosts_.end(),
                     [](const auto& host) { return !host->dead && host->rotten; });
}

bool Cluster::any_rebuilding() {
  std::vector<Process*> all = running();
  return std::any_of(all.begin(), all.end(), [](Process* process) {
    return process->replica().fetching() || process->replica().replaying();
  });
}

std::string Cluster::differences() {
  std::string text;
  for (Process* process : running()) {
    text +=
        fmt::format("{}: {} changes, state {:016x} {:016x}{}{}; ", process->host().name,
                    crdt::VersionVector{}.lag_behind(process->replica().vector()),
                    process->replica().state().vector, process->replica().state().cells,
                    process->idle() ? "" : ", busy", process->replica().fault() ? ", fault" : "");
  }
  return text + strangers();
}

crdt::VersionVector Cluster::owed() const {
  crdt::VersionVector owed;
  for (const auto& host : hosts_) {
    if (host->dead) continue;
    for (const auto& [actor, head] : host->promised.entries()) {
      if (!owed.covers(actor, head.seq)) owed.set(actor, head);
    }
  }
  return owed;
}

void Cluster::finish() {
  for (Process* process : running()) count_stats(*process);
  for (const auto& host : hosts_) mix(host->disk.counters().bytes_written);
  mix(network_.counts.bytes);
  mix(network_.counts.frame_bytes);
  report_.virtual_time = schedule_.now() - base::Instant{};
}

// FNV-1a over 64-bit words.
void Cluster::mix(std::uint64_t value) { report_.hash = (report_.hash ^ value) * 0x100000001b3ULL; }

// --- Observer ------------------------------------------------------------------------------------

void Cluster::turned(Process& process, const Turn& turn) {
  note_notices(process, turn.outputs);
  for (const agent::Reply& reply : turn.outputs.replies) {
    if (!reply.result.ok()) note(process.host().index, reply.result.error().message);
  }
  checker_.turned(process, turn);
  mix(process.replica().state().cells);
  mix(static_cast<std::uint64_t>(schedule_.now().nanos));
  for (const auto& [actor, head] : turn.outputs.facts.advanced) {
    note(process.host().index, fmt::format("+{}:{}", actor.short_hex(), head.seq));
  }
}

void Cluster::note_notices(Process& process, const agent::Outputs& outputs) {
  using Kind = agent::Notice::Kind;
  for (const agent::Notice& notice : outputs.notices) {
    checker_.noticed(process, notice);
    ++report_.events[std::string(notice_name(notice.kind))];
    note(process.host().index, fmt::format("{} {}:{} {}", notice_name(notice.kind),
                                           notice.actor.short_hex(), notice.seq, notice.text));
    if (notice.kind == Kind::kDivergence) report_.mattered(Fault::kLostCell);
    if (notice.kind == Kind::kDiskFull) report_.mattered(Fault::kFullDisk);
    if (notice.kind == Kind::kDiskFault) report_.mattered(Fault::kDiskError);
    bool damage = notice.kind == Kind::kCorruptRow || notice.kind == Kind::kRowsDropped ||
                  notice.kind == Kind::kSetAside;
    if (damage && process.host().rotten) report_.mattered(Fault::kRot);
    if (notice.kind == Kind::kClockAhead) report_.mattered(Fault::kClockWild);
    if (notice.kind == Kind::kClockRestarted) report_.mattered(Fault::kClockStep);
  }
  for (const agent::JoinReport& join : outputs.joins) {
    if (join.outcome != agent::JoinReport::Outcome::kMerged) continue;
    ++report_.events["joins"];
    note(process.host().index,
         fmt::format("joined: {} cells added, {} removed, {} own changes kept",
                     join.counts.cells_added, join.counts.cells_removed, join.counts.own_kept));
  }
  report_.events["changes forgotten"] += outputs.facts.forgotten.size();
  report_.events["parked"] += outputs.facts.parked.size();
  const auto& join = outputs.facts.join;
  if (join && join->kind == agent::JoinStep::Kind::kFailed) ++report_.events["joins failed"];
}

void Cluster::interrupted(Process& process, const Turn& turn) {
  checker_.interrupted(process, turn);
}

void Cluster::looked(Process& process, const agent::Outputs& outputs) {
  note_notices(process, outputs);
}

void Cluster::told(Process& process, const agent::Outputs& outputs) {
  checker_.told(process, outputs);
}

void Cluster::claimed(Process& process, const Claim& claim) { checker_.claimed(process, claim); }

void Cluster::note_frame(const Process& process, const gossip::SendFrame& send) {
  auto message = gossip::wire::decode(send.message);
  const auto* known = message.ok() ? std::get_if<gossip::wire::Message>(&*message) : nullptr;
  if (known == nullptr) return;
  std::string to = send.to.short_hex();
  for (const auto& other : processes_) {
    if (other && other->node() == send.to) to = other->host().name;
  }
  trace_.add(schedule_.now(), process.host_index(),
             fmt::format("{} to {}", gossip::wire::message_name(*known), to));
}

void Cluster::acted(Process& process, const gossip::Action& action) {
  const auto* frame = std::get_if<gossip::SendFrame>(&action);
  if (trace_.verbose() && frame) note_frame(process, *frame);
  if (std::holds_alternative<gossip::MemberUp>(action)) {
    const auto& member = std::get<gossip::MemberUp>(action).member;
    note(process.host().index, "up " + member.name);
  } else if (std::holds_alternative<gossip::MemberDown>(action)) {
    const auto& member = std::get<gossip::MemberDown>(action).member;
    note(process.host().index, "down " + member.name);
  } else if (std::holds_alternative<gossip::Alarm>(action)) {
    const auto& alarm = std::get<gossip::Alarm>(action);
    if (alarm.kind == gossip::Alarm::Kind::kTwin) return note(process.host().index, "twin");
    bool echo = alarm.kind == gossip::Alarm::Kind::kEcho;
    ++report_.events[echo ? "echoes" : "divergences"];
    note(process.host().index, echo ? "echo" : "divergence");
  } else if (quiet_ && (std::holds_alternative<gossip::Apply>(action) ||
                        std::holds_alternative<gossip::Fetch>(action))) {
    checker_.not_quiet(process, "changes travel");
  }
}

// Not at once, because the process is in the middle of a call.
void Cluster::stopped(Process& process, bool reopen) {
  std::size_t index = process.host().index;
  schedule_.after({}, [this, index, reopen, which = &process] {
    if (processes_[index].get() != which) return;
    if (reopen) {
      kill(index);
      start(index);
      return;
    }
    auto how = static_cast<PowerCut>(random_.below(4));
    power_cut(index, how);
    schedule_.after(kOpenAgain, [this, index] { start(index); });
  });
}

void Cluster::count_stats(Process& process) {
  const gossip::Stats& stats = process.node_machine().stats();
  if (process.late_wakes() > 0) report_.mattered(Fault::kPause);
  if (process.slow_turns() > 0) report_.mattered(Fault::kSlowDisk);
  auto& events = report_.events;
  const store::Texts::Counts& texts = process.replica().store().cells().texts().counts();
  events["texts folded"] += texts.folded;
  events["texts loaded"] += texts.loaded;
  events["texts closed for room"] += texts.closed_for_room;
  events["actors closed"] += stats.actors_closed;
  events["reconciliations"] += stats.reconciliations;
  events["ranges served"] += stats.ranges_served;
  events["below the floor"] += stats.below_floor;
  events["duplicates dropped"] += stats.changes_duplicate;
  events["datagrams replayed"] += stats.refused_replay;
  events["datagrams refused"] += stats.refused_authentication;
}

}  // namespace simulation
