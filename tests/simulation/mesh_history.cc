#include "mesh_history.h"

#include <utility>

#include "tools/simulator/host.h"
#include "tools/simulator/stamp_bound.h"

namespace simulation {
namespace {

constexpr std::int64_t kSkews[] = {0, 0, 1, -1, 7, -400, 400, -90'000, 90'000};
constexpr std::size_t kReceivedMax = 12;

}  // namespace

MeshHistory::Counts& MeshHistory::Counts::operator+=(const Counts& other) {
  requests += other.requests;
  idle += other.idle;
  refused += other.refused;
  refused_early += other.refused_early;
  conflicts += other.conflicts;
  typed_conflicts += other.typed_conflicts;
  restarts += other.restarts;
  lost_suffixes += other.lost_suffixes;
  folded += other.folded;
  closed_for_room += other.closed_for_room;
  return *this;
}

MeshHistory::MeshHistory(std::uint64_t seed, std::uint64_t objects_percent)
    : random_(base::Random::from_number(seed)),
      workload_(random_.fork(), objects_percent),
      seed_(seed) {
  std::uint64_t count = 3 + random_.below(3);
  for (std::uint64_t i = 0; i < count; ++i) {
    Host host;
    host.disk = std::make_unique<Disk>(random_.fork());
    open(host);
    hosts_.push_back(std::move(host));
  }
}

MeshHistory::~MeshHistory() = default;

void MeshHistory::go(std::size_t requests) {
  while (counts_.requests < requests && difference_.empty()) {
    Host& host = random_.pick(hosts_);
    std::uint64_t step = random_.below(20);
    if (step < 8) {
      write(host);
    } else if (step < 18) {
      deliver(host, 8);
    } else if (step == 18) {
      step_clock(host);
    } else if (random_.chance(4)) {
      restart(host);
    }
  }
}

void MeshHistory::settle() {
  for (Host& host : hosts_) {
    while (difference_.empty()) {
      crdt::VersionVector before = host.replica->vector();
      deliver(host, 0);
      if (host.replica->vector() == before) break;
    }
    if (!difference_.empty()) return;
    auto different = checker_.check_all(host.replica->store().cells(), host.replica->vector());
    if (different) fail(*different);
    count_texts(host);
    for (const std::string& object : oracle_.typed_objects()) {
      const ObjectSight sight = oracle_.object(object, host.replica->vector());
      counts_.typed_conflicts += sight.conflicts().size();
    }
    if (host.replica->vector() != hosts_[0].replica->vector()) fail("vectors differ in the end");
    if (host.replica->state() != hosts_[0].replica->state()) fail("digests differ in the end");
  }
}

// Few different times, in whole seconds. So different hosts often make equal stamps.
base::Now MeshHistory::now_at(const Host& host) {
  seconds_ += random_.chance(10) ? 1 : 0;
  bool synchronised = random_.chance(2);
  return {{}, wall_nanos(host), synchronised};
}

std::int64_t MeshHistory::wall_nanos(const Host& host) const {
  return (kSince1970 + seconds_ + host.skew_seconds) * 1'000'000'000;
}

void MeshHistory::step_clock(Host& host) {
  host.skew_seconds = kSkews[random_.below(std::size(kSkews))];
}

// One turn with one to three requests, after the changes that have just arrived.
void MeshHistory::write(Host& host) {
  bool burst = random_.chance(5);
  std::uint64_t count = burst ? 1 + random_.below(3) : 1;
  std::vector<agent::WriteRequest> requests;
  std::vector<agent::Input> inputs;
  for (std::uint64_t i = 0; i < count; ++i) {
    requests.push_back(workload_.next(oracle_, host.replica->vector()));
    inputs.push_back(agent::Write{i, requests.back()});
  }
  counts_.requests += requests.size();
  crdt::VersionVector before = host.replica->vector();
  agent::Outputs outputs = turn(host, std::move(inputs));
  tell(host, requests, outputs);
  look(host, before);
}

// The past of each request is the vector after the turn, without the changes of the requests after
// it.
void MeshHistory::tell(const Host& host, const std::vector<agent::WriteRequest>& requests,
                       const agent::Outputs& outputs) {
  if (outputs.replies.size() != requests.size()) return fail("a request without a reply");
  std::vector<crdt::VersionVector> pasts(requests.size());
  crdt::VersionVector past = host.replica->vector();
  for (std::size_t i = requests.size(); i-- > 0;) {
    const auto& reply = outputs.replies[i].result;
    if (reply.ok() && reply->dot) past.set(reply->dot->actor, {reply->dot->seq - 1, 0});
    pasts[i] = past;
  }
  std::size_t made = 0;
  for (std::size_t i = 0; i < requests.size(); ++i) {
    const auto& reply = outputs.replies[i].result;
    if (!is_right(host, reply, requests[i], pasts[i])) {
      return fail(describe(requests[i]) + (reply.ok() ? " was taken" : " was refused: ") +
                  (reply.ok() ? "" : reply.error().message));
    }
    counts_.refused += reply.ok() ? 0 : 1;
    if (!reply.ok()) continue;
    bool idle = oracle_.is_idle(requests[i], pasts[i]);
    const auto& dot = reply->dot;
    if (dot.has_value() == idle) {
      return fail(describe(requests[i]) + (idle ? " made a change for nothing" : " was lost"));
    }
    counts_.idle += idle ? 1 : 0;
    if (idle) continue;
    const crdt::SealedChange& sealed = outputs.facts.own.at(made++);
    auto opened = crdt::open_change(sealed.bytes);
    if (!opened) return fail("an own change cannot be opened");
    oracle_.wrote(requests[i], dot->actor, dot->seq, opened->change.time, pasts[i]);
    sent_.push_back(sealed);
  }
  if (made != outputs.facts.own.size()) fail("more changes than requests");
}

// Whether the request was to be taken, or refused, as it was.
bool MeshHistory::is_right(const Host& host, const base::Result<agent::Written>& reply,
                           const agent::WriteRequest& request,
                           const crdt::VersionVector& past) const {
  const ClockSight clock{wall_nanos(host), host.replica->clock().latest().nanos};
  if (reply.ok()) return !must_look_new(clock, request) && !oracle_.is_refused(request, past);
  return may_look_new(clock, request) || oracle_.may_be_refused(request, past);
}

// Gives the replica the first changes that it lacks, with some left out. Changes that depend on
// those come too early.
void MeshHistory::deliver(Host& host, std::uint32_t leave_out_one_in) {
  std::uint64_t most = leave_out_one_in > 0 ? 1 + random_.below(kReceivedMax) : sent_.size();
  std::vector<crdt::SealedChange> batch;
  for (const crdt::SealedChange& sealed : sent_) {
    if (batch.size() >= most) break;
    if (host.replica->vector().covers(sealed.actor, sealed.seq)) continue;
    bool left_out = leave_out_one_in > 0 && random_.chance(leave_out_one_in);
    if (!left_out) batch.push_back(sealed);
  }
  if (batch.empty()) return;
  crdt::VersionVector before = host.replica->vector();
  agent::Outputs outputs = turn(host, {agent::received(batch)});
  counts_.refused_early += outputs.facts.forgotten.size() + outputs.facts.parked.size();
  look(host, before);
}

void MeshHistory::open(Host& host) {
  agent::ReplicaOptions options;
  options.store.vfs = host.disk->vfs();
  options.store.fold_changes = 3;
  options.store.texts_open_bytes = 1;
  std::uint64_t chance = random_.next();
  host.replica = agent::open_replica("a.db", chance, options);
}

// A clean stop, or a power cut that loses what was received since the last sync.
void MeshHistory::restart(Host& host) {
  count_texts(host);
  bool clean = random_.chance(2);
  if (clean) (void)host.replica->close();
  crdt::VersionVector before = host.replica->vector();
  auto how = static_cast<PowerCut>(random_.below(4));
  if (!clean) host.disk->power_cut(random_, how);
  host.replica.reset();
  open(host);
  ++counts_.restarts;
  counts_.lost_suffixes += host.replica->vector() == before ? 0 : 1;
  auto different = checker_.check_all(host.replica->store().cells(), host.replica->vector());
  if (different) fail("after a restart: " + *different);
}

void MeshHistory::count_texts(Host& host) {
  const store::Texts::Counts& texts = host.replica->store().cells().texts().counts();
  counts_.folded += texts.folded;
  counts_.closed_for_room += texts.closed_for_room;
}

agent::Outputs MeshHistory::turn(Host& host, std::vector<agent::Input> inputs) {
  return host.replica->turn(now_at(host), inputs, false);
}

void MeshHistory::look(Host& host, const crdt::VersionVector& before) {
  if (!difference_.empty()) return;
  const crdt::VersionVector& after = host.replica->vector();
  std::vector<EntryName> touched = oracle_.touched(before, after);
  auto different = checker_.check_entries(host.replica->store().cells(), after, touched);
  if (!different) {
    const auto objects = oracle_.typed_objects(before, after);
    different = checker_.check_objects(host.replica->store().cells(), after, objects);
  }
  if (different) return fail(*different);
  for (const EntryName& name : touched) counts_.conflicts += oracle_.conflicts(name, after).size();
}

void MeshHistory::fail(const std::string& what) {
  if (difference_.empty()) difference_ = "seed " + std::to_string(seed_) + ": " + what;
}

}  // namespace simulation
