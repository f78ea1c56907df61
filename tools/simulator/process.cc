#include "tools/simulator/process.h"

#include <algorithm>

#include "agent/translate.h"
#include "crdt/base/check.h"
#include "crdt/snapshot.h"

namespace simulation {
namespace {

constexpr base::Duration kTurnTime = base::micros(300);
constexpr base::Duration kSlowTurn = base::millis(100);
constexpr base::Duration kReadTime = base::micros(200);
constexpr base::Duration kWakeTime = base::micros(20);
constexpr base::Duration kLonelyAfter = base::seconds(60);
constexpr std::size_t kWaitingMax = 4'096;
constexpr std::size_t kAsleepMax = 2'000;  // like the buffer of a socket; above: datagrams are lost
constexpr std::int64_t kEpochWall = 1'800'000'000'000'000'000;  // true time at virtual time 0

gossip::wire::MeshKey mesh_key() {
  base::Random random = base::Random::from_number(77);
  return gossip::wire::MeshKey::generate(random);
}

}  // namespace

// --- Start and end -------------------------------------------------------------------------------

std::unique_ptr<Process> Process::start(Host& host, const Settings& settings, Schedule& schedule,
                                        Network& network, Observer& observer, base::Random random,
                                        const std::vector<gossip::Address>& seeds,
                                        base::Error& error) {
  std::unique_ptr<Process> process(
      new Process(host, settings, schedule, network, observer, random));
  base::Status opened = process->open(seeds);
  if (opened.ok()) return process;
  error = opened.error();
  return nullptr;
}

Process::Process(Host& host, const Settings& settings, Schedule& schedule, Network& network,
                 Observer& observer, base::Random random)
    : host_(host),
      settings_(settings),
      schedule_(schedule),
      network_(network),
      observer_(observer),
      random_(random),
      pump_(settings.pump),
      single_writes_(settings.enabled.contains(Fault::kPowerInTurn) ||
                     settings.enabled.contains(Fault::kDiskError)),
      repair_watch_(kLonelyAfter) {}

Process::~Process() {
  *alive_ = false;
  if (node_) network_.close(host_.address);
}

base::Status Process::open(const std::vector<gossip::Address>& seeds) {
  settings_.replica.store.vfs = host_.disk.vfs();
  settings_.replica.files = &host_.files;
  base::Random replica_random = random_.fork();
  if (host_.memory) replica_random = *std::exchange(host_.memory, std::nullopt);
  ASSIGN_OR_RETURN(replica_, agent::Replica::open(now(), kDatabase, settings_.replica,
                                                  host_.fingerprint, replica_random));
  ASSIGN_OR_RETURN(reader_, store::Reader::open(kDatabase, settings_.replica.store));
  id_ = replica_->node_id();
  gossip::Identity self;
  self.node = id_;
  self.name = host_.name;
  self.advertised = host_.address;
  self.key = mesh_key();
  self.boot_epoch = replica_->boot_epoch();
  self.fresh = replica_->has_new_node_id();
  base::Random node_random = random_.fork();
  node_ = std::make_unique<gossip::Node>(self, settings_.node, agent::holdings_of(*replica_),
                                         node_random);
  network_.listen(host_.address, *this);
  drive([&](gossip::Node& node, base::Now time, gossip::Actions& out) {
    node.seeds(time, seeds, out);
  });
  go_on();
  return {};
}

void Process::stop_cleanly() {
  while (pump_.waiting() > 0 && !replica_->fault()) turn();
  drive([](gossip::Node& node, base::Now time, gossip::Actions& out) { node.leave(time, out); });
  (void)replica_->close();
  reader_.reset();
  replica_.reset();
}

base::Now Process::now() const {
  std::int64_t wall = kEpochWall + schedule_.now().nanos + host_.clock.error.nanos;
  return {schedule_.now(), wall, host_.clock.synchronised};
}

// --- Pausing -------------------------------------------------------------------------------------

void Process::pause(base::Duration time) {
  paused_until_ = std::max(paused_until_, schedule_.now() + time);
  wake_at_end();
}

void Process::wake() {
  if (!paused()) return;
  paused_until_ = schedule_.now();
  wake_at_end();
}

void Process::wake_at_end() {
  schedule_.at(paused_until_, [this, alive = alive_] {
    if (!*alive || paused()) return;
    std::deque<std::function<void()>> asleep = std::move(asleep_);
    asleep_.clear();
    if (!asleep.empty()) ++late_wakes_;
    for (std::function<void()>& what : asleep) {
      if (!*alive) return;
      what();
    }
  });
}

void Process::when_awake(std::function<void()> what) {
  // This also holds at the instant of waking: what came earlier is handled first.
  if (paused() || !asleep_.empty()) {
    asleep_.push_back(std::move(what));
  } else {
    what();
  }
}

void Process::later(base::Duration wait, std::function<void()> what) {
  schedule_.after(wait, [this, alive = alive_, what = std::move(what)]() mutable {
    if (*alive) when_awake(std::move(what));
  });
}

// --- The node ------------------------------------------------------------------------------------

template <typename Call>
void Process::drive(Call call) {
  gossip::Actions actions;
  call(*node_, now(), actions);
  if (node_->next_deadline() <= schedule_.now()) node_->advance(now(), actions);
  perform(actions);
}

base::Instant Process::next_deadline() const {
  return std::max(node_->next_deadline(), paused_until_);
}

void Process::advance() {
  drive([](gossip::Node&, base::Now, gossip::Actions&) {});
}

void Process::datagram(const gossip::Address& from, base::Bytes bytes) {
  if (paused() && asleep_.size() >= kAsleepMax) return;
  when_awake([this, from, bytes = std::move(bytes)] {
    drive([&](gossip::Node& node, base::Now time, gossip::Actions& out) {
      node.receive(time, from, bytes, out);
    });
  });
}

void Process::frame(const base::NodeId& from, base::Bytes message) {
  when_awake([this, from, message = std::move(message)] {
    drive([&](gossip::Node& node, base::Now time, gossip::Actions& out) {
      node.receive_frame(time, from, message, out);
    });
  });
}

void Process::session_closed(const base::NodeId& peer, bool opened) {
  when_awake([this, peer, opened] {
    drive([&](gossip::Node& node, base::Now time, gossip::Actions& out) {
      node.session_closed(time, peer, opened, out);
    });
  });
}

void Process::leave() {
  when_awake([this] {
    drive([](gossip::Node& node, base::Now time, gossip::Actions& out) { node.leave(time, out); });
  });
}

void Process::rejoin() {
  when_awake([this] {
    drive([](gossip::Node& node, base::Now time, gossip::Actions& out) {
      if (node.has_left()) node.rejoin(time, out);
    });
  });
}

void Process::perform(gossip::Actions& actions) {
  for (gossip::Action& action : actions) {
    observer_.acted(*this, action);
    perform(action);
  }
}

void Process::perform(gossip::Action& action) {
  if (auto* datagram = std::get_if<gossip::SendDatagram>(&action)) {
    network_.send_datagram(host_.address, datagram->to, std::move(datagram->bytes));
  } else if (auto* send = std::get_if<gossip::SendFrame>(&action)) {
    send_frame(*send);
  } else if (auto* wanted = std::get_if<gossip::Fetch>(&action)) {
    later(kReadTime, [this, wanted = *wanted] { fetch(wanted); });
  } else if (auto input = agent::input_of(action)) {
    enqueue(std::move(*input));
  }
}

void Process::send_frame(gossip::SendFrame& send) {
  auto decoded = gossip::wire::decode(send.message);
  CHECK(decoded.ok());
  if (const auto* message = std::get_if<gossip::wire::Message>(&*decoded)) note_claim(*message);
  network_.send_frame(host_.address, send.to, send.address, std::move(send.message));
}

void Process::note_claim(const gossip::wire::Message& message) {
  if (const auto* vector = std::get_if<gossip::wire::Vector>(&message)) {
    return observer_.claimed(*this, {vector->entries, vector->state});
  }
  const auto* page = std::get_if<gossip::wire::SnapshotAnswer>(&message);
  if (page == nullptr || page->outcome != gossip::wire::SnapshotAnswer::Outcome::kPage) return;
  auto reader = crdt::SnapshotPageReader::open(page->body);
  CHECK(reader.ok());
  Observer::Claim claim;
  for (const crdt::SnapshotActor& actor : reader->head().actors) {
    claim.entries.push_back({actor.actor, actor.head});
  }
  observer_.claimed(*this, claim);
}

// Like the reader threads of the daemon.
void Process::fetch(const gossip::Fetch& wanted) {
  gossip::Fetched range;
  range.request = wanted.request;
  if (reader_->begin().ok()) {
    range = agent::range_of(wanted, *reader_);
    reader_->end();
    if (auto damage = reader_->take_damage()) enqueue(agent::DamageSeen{std::move(*damage)});
  }
  drive([&](gossip::Node& node, base::Now time, gossip::Actions& out) {
    node.fetched(time, range, out);
  });
}

// --- The replica ---------------------------------------------------------------------------------

bool Process::submit(agent::Write write) {
  if (waiting() >= kWaitingMax) return false;
  when_awake([this, write = std::move(write)]() mutable {
    if (!single_writes_) return enqueue(std::move(write));
    held_back_.push_back(std::move(write));
    if (held_back_.size() == 1) enqueue(held_back_.front());
  });
  return true;
}

void Process::enqueue(agent::Input input) {
  CHECK(pump_.offer(std::move(input)));
  go_on();
}

agent::Pump::Condition Process::condition() const {
  return {replica_->unsynced(), replica_->fault().has_value(), replica_->replaying()};
}

// Called after everything that may change the next step.
void Process::go_on() {
  if (working_) return;
  std::uint64_t nap = ++naps_;
  agent::Pump::Step step = pump_.next(schedule_.now(), condition());
  base::Duration wait = kWakeTime;
  if (step == agent::Pump::Step::kWait) {
    wait = std::max(wait, pump_.deadline(condition()) - schedule_.now());
  }
  working_ = step != agent::Pump::Step::kWait;
  later(wait, [this, step, nap] {
    if (step != agent::Pump::Step::kWait) return work(step);
    if (nap == naps_) go_on();
  });
}

void Process::work(agent::Pump::Step step) {
  using Step = agent::Pump::Step;
  if (step == Step::kTurn) return turn();
  if (step == Step::kFlush) return flush();
  if (step == Step::kScrub) return scrub();
  pump_.did_read_ahead(replica_->read_ahead());
  finish(kReadTime, {});
}

// Writes stand together, before or after what was received. So we know what each of them had seen
// without asking the code under test.
void Process::turn() {
  std::vector<agent::Input> inputs = pump_.take_turn();
  bool writes_first = random_.below(2) == 0;
  auto is_write = [](const agent::Input& input) {
    return std::holds_alternative<agent::Write>(input);
  };
  std::stable_partition(inputs.begin(), inputs.end(),
                        [&](const agent::Input& input) { return is_write(input) == writes_first; });
  std::vector<agent::Write> writes;
  for (const agent::Input& input : inputs) {
    if (is_write(input)) writes.push_back(std::get<agent::Write>(input));
  }
  if (replica_->fault() && !recover()) return;
  crdt::VersionVector before = replica_->vector();
  agent::Outputs outputs = replica_->turn(now(), inputs, false);
  Observer::Turn turn{before, writes, outputs, writes_first};
  if (!host_.disk.powered()) {
    observer_.interrupted(*this, turn);
    return observer_.stopped(*this, false);
  }
  observer_.turned(*this, turn);
  pump_.did_turn(schedule_.now(), condition(), outputs.damaged);
  if (!writes.empty() && single_writes_) {
    held_back_.pop_front();
    if (!held_back_.empty()) CHECK(pump_.offer(held_back_.front()));
  }
  base::Duration time = kTurnTime + host_.disk.take_cost();
  if (time >= kSlowTurn) ++slow_turns_;
  finish(time, std::move(outputs));
}

// The results of the step are delivered after the time that it takes.
void Process::finish(base::Duration cost, agent::Outputs outputs) {
  working_ = true;
  later(cost, [this, outputs = std::move(outputs)]() mutable {
    working_ = false;
    deliver(std::move(outputs));
  });
}

// A turn without inputs, so that the findings of the recovery are seen before anything else
// happens. False: this process has stopped.
bool Process::recover() {
  crdt::VersionVector before;
  agent::Outputs outputs = replica_->turn(now(), {}, false);
  if (!host_.disk.powered()) return true;
  observer_.turned(*this, {before, {}, outputs, true});
  const bool stays = !outputs.reopen;
  deliver(std::move(outputs));
  return stays;
}

void Process::deliver(agent::Outputs outputs) {
  observer_.told(*this, outputs);
  for (const agent::Notice& notice : outputs.notices) {
    if (notice.kind == agent::Notice::Kind::kActorMinted) node_->own_actor(notice.actor);
  }
  bool reopen = outputs.reopen;
  drive([&](gossip::Node& node, base::Now time, gossip::Actions& out) {
    node.stored(time, outputs.facts, out);
    for (const agent::SnapshotRead& page : outputs.pages) {
      node.snapshot_read(time, page, out);
    }
  });
  if (reopen) return observer_.stopped(*this, true);
  if (outputs.damaged) {
    auto source = agent::RepairWatch::find_source(node_->members(now()));
    if (source) enqueue(*source);
  }
  if (outputs.fetching) {
    auto complete = repair_watch_.look(schedule_.now(), node_->members(now()));
    if (complete) enqueue(*complete);
  }
  go_on();
}

void Process::scrub() {
  agent::Outputs outputs = replica_->scrub(now());
  if (!host_.disk.powered()) return observer_.stopped(*this, false);
  observer_.looked(*this, outputs);
  pump_.did_scrub(schedule_.now());
  finish(kReadTime + host_.disk.take_cost(), std::move(outputs));
}

void Process::flush() {
  agent::Outputs outputs = replica_->flush(now());
  if (!host_.disk.powered()) return observer_.stopped(*this, false);
  observer_.looked(*this, outputs);
  pump_.did_flush(schedule_.now(), condition());
  finish(kTurnTime + host_.disk.take_cost(), std::move(outputs));
}

}  // namespace simulation
