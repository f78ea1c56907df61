#include "agent/daemon.h"

#include <sodium.h>

#include <algorithm>
#include <csignal>
#include <utility>

#include "agent/api/api.h"
#include "agent/api/credentials.h"
#include "agent/api/scoped_address.h"
#include "agent/clock.h"
#include "agent/database_files.h"
#include "agent/host_fingerprint.h"
#include "agent/host_port.h"
#include "agent/translate.h"
#include "crdt/value.h"

namespace agent {
namespace {

constexpr std::uint64_t kHttpGraceMillis = 1'000;
constexpr std::size_t kDeferredMax = 64;  // inputs that wait for the store thread; above: refused
constexpr std::uint64_t kDeferredMillis = 20;
constexpr const char* kTwinStays =
    "another agent runs under the node id of this one; one of them takes a new node id, at most "
    "once an hour";

base::Random kernel_random() {
  base::Random::Seed seed;
  randombytes_buf(seed.data(), seed.size());
  return base::Random(seed);
}

std::string member_text(const gossip::MemberRecord& member) {
  return member.name.empty() ? member.node.short_hex() : member.name;
}

}  // namespace

Daemon::Daemon(DaemonOptions options, Log& log)
    : options_(std::move(options)),
      log_(log),
      random_(kernel_random()),
      access_(random_.fork()),
      repair_watch_(options_.lonely_after),
      joins_(log) {}

Daemon::~Daemon() {
  if (!loop_open_) return;
  // start() may have failed half-way: close what it has opened.
  if (!stopping_) stop();
  uv_run(&loop_, UV_RUN_DEFAULT);
  CHECK(uv_loop_close(&loop_) == 0);
}

// --- start ---------------------------------------------------------------------------------------

base::Status Daemon::start() {
  started_ = read_clock().instant;
  RETURN_IF_ERROR(open_store());
  if (int status = uv_loop_init(&loop_); status != 0) {
    return base::Error{base::Code::kUnavailable,
                       std::string("open the event loop: ") + uv_strerror(status)};
  }
  loop_open_ = true;
  RETURN_IF_ERROR(open_sockets());
  RETURN_IF_ERROR(catch_signals());
  announce();
  watch_rest();
  return {};
}

base::Status Daemon::open_store() {
  ASSIGN_OR_RETURN(directory_, DataDirectory::open(options_.data_dir));
  bool made = false;
  auto key = options_.key_file.empty() ? own_key(*directory_, random_, made)
                                       : read_key_file(options_.key_file);
  if (!key.ok()) return key.error();
  if (made) {
    log_.info("key_made", {{"file", directory_->key_path()}, {"hint", hint_about_new_key()}});
  }
  ASSIGN_OR_RETURN(auth::KeyFile keys, auth::read_keys(directory_->path()));
  access_.set(keys, started_);
  options_.replica.clock.build_nanos = build_nanos();
  directory_->on_lock_made_again([this] {
    log_.error("lock_removed", {{"file", directory_->path() + "/lock"},
                                {"meaning",
                                 "somebody removed or replaced this file; it was made and locked "
                                 "again; do not delete it"}});
  });
  files_ = std::make_unique<HostDatabaseFiles>(*directory_);
  options_.replica.files = files_.get();
  base::Random replica_random = random_.fork();
  ASSIGN_OR_RETURN(opened_,
                   Replica::open(read_clock(), directory_->database_path(), options_.replica,
                                 host_fingerprint(directory_->path()), replica_random));
  clock_at_start_ = crdt::HybridClock(opened_->store().meta().clock, options_.replica.clock);
  RETURN_IF_ERROR(directory_->watch_database());
  if (opened_->fetching() || opened_->replaying()) condition_.opened_rebuilding();
  self_ = MeshSelf{opened_->node_id(),    opened_->signing_seed(),    *key,
                   opened_->boot_epoch(), opened_->has_new_node_id(), holdings_of(*opened_)};
  return {};
}

// Agents with different keys do not hear each other.
std::string_view Daemon::hint_about_new_key() const {
  if (options_.join.empty()) {
    return "a new mesh key was made; copy this file to the other hosts and start them with "
           "--key-file";
  }
  return "a new mesh key was made, and the agents to join (--join) have another one; stop this "
         "agent, copy the key of their mesh to this file, or start it with --key-file";
}

base::Status Daemon::open_sockets() {
  store_thread_ = std::make_unique<StoreThread>(
      &loop_, std::move(opened_), options_.pump,
      [this](std::vector<Outputs> outputs) { deliver(std::move(outputs)); });
  auto on_damage = [this](std::string what) { hand_over(DamageSeen{std::move(what)}); };
  ASSIGN_OR_RETURN(readers_, ReaderPool::open(&loop_, directory_->database_path(),
                                              options_.replica.store, options_.readers, on_damage));
  ASSIGN_OR_RETURN(mesh_reader_,
                   ReaderPool::open(&loop_, directory_->database_path(), options_.replica.store,
                                    options_.mesh_reader, on_damage));
  options_.mesh.name = options_.name;
  base::Random mesh_random = random_.fork();
  ASSIGN_OR_RETURN(mesh_, Mesh::open(&loop_, options_.mesh, self_, mesh_random, mesh_hooks()));
  memory_ = std::make_unique<MemberMemory>(&loop_, directory_->members_path(),
                                           [this](const std::string& problem) {
                                             log_.warn("members_file", {{"problem", problem}});
                                           });
  mesh_->tell(&gossip::Node::remember, memory_->load());
  resolver_ = std::make_unique<SeedResolver>(&loop_, [this](std::vector<gossip::Address> seeds) {
    mesh_->tell(&gossip::Node::seeds, std::move(seeds));
  });
  isolation_ = std::make_unique<IsolationWatch>(&loop_, *mesh_, *resolver_, self_,
                                                options_.mesh.node.profile.ping_interval,
                                                random_.fork(), log_);
  resolver_->set(options_.join);
  watch_isolation();
  figures_.moved();

  facts_.name = options_.name;
  facts_.version = HEARSAY_VERSION;
  facts_.bind = scoped_text(mesh_->bound());
  facts_.topology = gossip::topology_name(options_.mesh.node.topology);
  facts_.profile = options_.mesh.node.profile.name;
  facts_.node_id = self_.node;
  facts_.mesh = self_.key.mark();
  facts_.clock = options_.replica.clock;
  facts_.compaction = {options_.replica.compaction.automatic, options_.replica.store.fold_changes};
  add_routes(*this, router_);
  add_nonce_route(
      access_, [this] { return access_time(); }, router_);
  options_.http.judge = judge_by(access_, [this] { return access_time(); });
  options_.http.still_allowed = [this](const std::string& caller, const http::Peer& peer) {
    return may_go_on(access_, access_time(), caller, peer);
  };
  ASSIGN_OR_RETURN(
      auto port, open_http_port(&loop_,
                                {options_.http_host, options_.http_port, directory_->socket_path(),
                                 options_.tls, options_.http},
                                router_, log_));
  server_ = std::move(port.server);
  has_http_socket_ = port.has_socket;
  facts_.http = server_->address();
  return {};
}

void Daemon::set_seeds(const std::vector<std::string>& seeds) {
  options_.join = seeds;
  resolver_->set(seeds);
}

void Daemon::set_topology(gossip::Topology topology) {
  options_.mesh.node.topology = topology;
  mesh_->topology(topology);
  facts_.topology = gossip::topology_name(topology);
}

void Daemon::set_tls(const TlsFiles& files) {
  options_.tls = files;
  reload_tls(*server_, files, log_);
}

void Daemon::watch_isolation() {
  isolation_->look(read_clock().instant);
  later(kIsolationLookMillis, [this] { watch_isolation(); });
}

void Daemon::announce() {
  std::string json = "{\"pid\":" + std::to_string(uv_os_getpid());
  json += ",\"name\":" + crdt::json_quote(facts_.name);
  json += ",\"node_id\":" + crdt::json_quote(facts_.node_id.hex());
  json += ",\"bind\":" + crdt::json_quote(facts_.bind);
  json += ",\"http\":" + crdt::json_quote(facts_.http);
  if (has_http_socket_) json += ",\"socket\":" + crdt::json_quote(directory_->socket_path());
  json += "}\n";
  if (auto written = directory_->write_agent_json(json); !written.ok()) {
    log_.warn("agent_json", {{"problem", written.error().message}});
  }
  log_.info("ready", {{"pid", uv_os_getpid()},
                      {"name", facts_.name},
                      {"node_id", facts_.node_id.hex()},
                      {"bind", facts_.bind},
                      {"http", facts_.http}});
  warn_without_keys();
}

base::Status Daemon::catch_signals() {
  signal(SIGPIPE, SIG_IGN);
  ASSIGN_OR_RETURN(signals_, Signals::open(&loop_, [this](int number) {
                     if (number != SIGHUP) return stop();
                     log_.info("reload", {});
                     if (reload_) reload_();
                   }));
  return {};
}

int Daemon::run() {
  uv_run(&loop_, UV_RUN_DEFAULT);
  CHECK(uv_loop_close(&loop_) == 0);
  loop_open_ = false;
  std::unique_ptr<Replica> replica = store_thread_->take_back();
  if (auto closed = replica->close(); !closed.ok()) {
    log_.warn("close", {{"problem", closed.error().message}});
  }
  replica.reset();  // the last COMMIT and checkpoint are done
  log_.info("stopped", {{"name", facts_.name}});
  return 0;
}

// Tells the mesh, lets HTTP answers finish, then closes the parts in the reverse order of their
// construction.
void Daemon::stop() {
  if (stopping_) return;
  stopping_ = true;
  if (memory_ && met_anybody_) save_members();
  if (isolation_) isolation_->close();
  if (resolver_) resolver_->close();  // requests that wait for a nameserver are answered
  if (mesh_ && !mesh_->node().has_left()) mesh_->tell(&gossip::Node::leave);
  if (signals_) signals_->close();
  timers_.close();
  if (directory_) directory_->remove_agent_json();
  if (server_) {
    server_->close(kHttpGraceMillis, [this] { stop_store(); });
  } else {
    stop_store();
  }
}

void Daemon::stop_store() {
  auto close_mesh = [this] {
    if (mesh_) mesh_->close([] {});
  };
  auto stop_mesh_reader = [this, close_mesh] {
    if (mesh_reader_) return mesh_reader_->stop(close_mesh);
    close_mesh();
  };
  auto stop_readers = [this, stop_mesh_reader] {
    if (readers_) return readers_->stop(stop_mesh_reader);
    stop_mesh_reader();
  };
  if (store_thread_) return store_thread_->stop(stop_readers);
  stop_readers();
}

// --- between the machines
// -------------------------------------------------------------------------

Mesh::Hooks Daemon::mesh_hooks() {
  Mesh::Hooks hooks;
  hooks.input = [this](Input input) { hand_over(std::move(input)); };
  hooks.fetch = [this](gossip::Fetch wanted) { fetch(std::move(wanted)); };
  hooks.member = [this](const gossip::MemberRecord& member, bool up) {
    // The rate limit is per member: when a whole site goes down or comes up, the log names each of
    // its members.
    log_.info(up ? "member_up" : "member_down",
              {{"member", member_text(member)},
               {"address", scoped_text(member.address)},
               {"state", gossip::state_name(member.state)}},
              member.node.hex());
    // A readiness probe that requires peers must see the first peer at once.
    if (up) later(0, [this] { isolation_->look(read_clock().instant); });
    if (!up || std::exchange(met_anybody_, true)) return;
    later(kMemorySoonMillis, [this] { remember_members(); });
  };
  // The answer comes in the middle of a call of the node: clients hear of it after that.
  hooks.held = [this](const gossip::HeldBy& held) {
    later(0, [this, held] {
      auto waiting = holding_.extract(held.ticket);
      if (waiting.empty()) return;
      std::vector<std::string> names;
      for (const base::NodeId& node : held.nodes) names.push_back(member_name(node));
      waiting.mapped()(std::move(names));
    });
  };
  hooks.twin = [this](const gossip::TwinHeard& twin) {
    base::Duration wait = twin.until - read_clock().instant;
    log_.error("twin_stays", {{"meaning", kTwinStays},
                              {"told_by", twin.peer.hex()},
                              {"new_id_in_s", wait.millis() / 1'000}});
  };
  return hooks;
}

// Passes an input of the node to the replica. When the queue is full, each kind of input has its
// own answer. The answers come later, because the node is in the middle of a call.
void Daemon::hand_over(Input input) {
  // The steps of a state join must keep their order.
  bool waits = !deferred_.empty() && !std::holds_alternative<Received>(input);
  if (!waits && store_thread_->submit(std::move(input))) return;
  if (const auto* asked = std::get_if<SnapshotQuery>(&input)) {
    gossip::SnapshotRead busy{asked->request, gossip::SnapshotRead::Outcome::kBusy, {}};
    return later(0, [this, busy] { mesh_->tell(&gossip::Node::snapshot_read, busy); });
  }
  bool fetched_again = std::holds_alternative<Received>(input);
  if (fetched_again || deferred_.size() >= kDeferredMax) return refuse(input);
  if (std::holds_alternative<ConfirmOwn>(input)) return;  // the node sends it again after a turn
  deferred_.push_back(std::move(input));
  if (deferred_.size() == 1) later(kDeferredMillis, [this] { hand_over_deferred(); });
}

void Daemon::hand_over_deferred() {
  while (!deferred_.empty()) {
    if (!store_thread_->submit(std::move(deferred_.front()))) {
      return later(kDeferredMillis, [this] { hand_over_deferred(); });
    }
    deferred_.pop_front();
  }
}

void Daemon::refuse(const Input& input) {
  auto refused = refused_of(input);
  if (!refused) return;
  refused->state = self_.held.state;
  later(0, [this, refused = std::move(*refused)] { mesh_->tell(&gossip::Node::stored, refused); });
}

void Daemon::fetch(gossip::Fetch wanted) {
  std::uint64_t request = wanted.request;
  bool taken = mesh_reader_->submit([this, wanted = std::move(wanted)](store::Reader& reader) {
    return [this, range = range_of(wanted, reader)] { mesh_->tell(&gossip::Node::fetched, range); };
  });
  if (taken) return;
  gossip::Fetched failed;
  failed.request = request;
  later(0, [this, failed] { mesh_->tell(&gossip::Node::fetched, failed); });
}

void Daemon::deliver(std::vector<Outputs> outputs) {
  // The order of effects, for the whole agent: clients, log, mesh, watchers. All of it happens
  // after the COMMIT.
  for (Outputs& output : outputs) {
    for (Reply& reply : output.replies) {
      auto waiting = waiting_.find(reply.ticket);
      if (waiting == waiting_.end()) continue;
      auto done = std::move(waiting->second);
      waiting_.erase(waiting);
      reply.result.ok() ? ++writes_ : ++writes_refused_;
      done(std::move(reply.result));
    }
    for (MaintenanceReply& reply : output.maintained) {
      auto waiting = maintaining_.extract(reply.ticket);
      if (!waiting.empty()) waiting.mapped()(std::move(reply.result));
    }
    for (const Notice& notice : output.notices) note(notice);
    for (const JoinReport& join : output.joins) {
      joins_.add(read_clock().instant, join, peer_name(join));
    }
    changes_applied_ += output.facts.advanced.size();
    sync_meter_.add(read_clock(), output.merges);
    if (self_.held.state != output.facts.state) figures_.moved();
    self_.held.state = output.facts.state;
    if (output.damaged) {
      if (auto source = RepairWatch::find_source(members())) hand_over(*source);
    }
    if (output.fetching) {
      auto complete = repair_watch_.look(read_clock().instant, members());
      if (complete) hand_over(std::move(*complete));
    }
    mesh_->tell(&gossip::Node::stored, output.facts);
    for (const SnapshotRead& page : output.pages) mesh_->tell(&gossip::Node::snapshot_read, page);
    if (output.reopen) start_again();
  }
  tell_watchers(outputs);
}

// The replica takes no more writes. When it is opened again it sets the database aside or takes
// another node id. Leaving the mesh is right: after a set-aside the agent comes back as another
// node, and a twin that keeps the node id contradicts the leave.
void Daemon::start_again() {
  if (stopping_) return;
  again_ = true;
  log_.error("opened_again",
             {{"meaning",
               "the agent closes its database and opens it again: the state is checked or fetched "
               "again, or the node id changes; writes wait until then"}});
  stop();
}

DaemonOptions Daemon::again_options() const {
  DaemonOptions options = options_;
  if (auto bound = parse_scoped(facts_.bind)) options.mesh.bind = *bound;
  if (auto http = HostPort::parse(facts_.http)) options.http_port = http->port;
  return options;
}

void Daemon::tell_watchers(const std::vector<Outputs>& outputs) {
  for (const Outputs& output : outputs) {
    if (output.events.empty() && !output.events_cut) continue;
    auto watchers = watchers_;  // a watcher may be removed during the calls
    for (const auto& [number, watcher] : watchers) {
      if (watchers_.count(number) != 0) watcher(output.events, output.events_cut);
    }
  }
}

std::string Daemon::peer_name(const JoinReport& join) const {
  if (!join.peer) return "a file";
  return member_name(*join.peer);
}

std::string Daemon::member_name(const base::NodeId& node) const {
  for (const gossip::MemberView& member : members()) {
    if (member.record.node == node) return member_text(member.record);
  }
  return node.short_hex();
}

void Daemon::note(const Notice& notice) {
  NoticeWords words = words_for(notice.kind);
  ++notice_counts_[static_cast<std::size_t>(notice.kind)];
  condition_.hear(notice);
  if (notice.kind == Notice::Kind::kActorMinted) mesh_->own_actor(notice.actor);
  std::string actor = notice.actor.is_zero() ? "" : notice.actor.hex();
  log_.write(
      words.level, words.event,
      {{"meaning", words.meaning}, {"actor", actor}, {"seq", notice.seq}, {"detail", notice.text}},
      actor);
}

// --- what handlers ask
// ----------------------------------------------------------------------------

void Daemon::write(WriteRequest request, std::function<void(base::Result<Written>)> done) {
  if (again_)
    return done(
        base::Error{base::Code::kUnavailable,
                    "the agent opens its database again; send the write again in some seconds"});
  std::uint64_t ticket = next_ticket_++;
  Write write{ticket, std::move(request)};
  if (!store_thread_->submit(std::move(write))) {
    ++writes_refused_;
    done(base::Error{base::Code::kBusy, "too many writes wait for the disk; try again"});
    return;
  }
  waiting_.emplace(ticket, std::move(done));
}

bool Daemon::read(Work work) {
  ++reads_;
  return readers_->submit(std::move(work));
}

bool Daemon::has_twin() const { return mesh_->node().has_twin(read_clock()); }

Health Daemon::health() const {
  return has_twin() ? Health::kDegraded : condition_.health(mesh_->node().syncing());
}

std::string Daemon::health_reason() const {
  return has_twin() ? kTwinStays : condition_.reason(mesh_->node().syncing());
}

base::Now Daemon::now() const { return read_clock(); }
base::Duration Daemon::uptime() const { return read_clock().instant - started_; }
std::vector<gossip::MemberView> Daemon::members() const {
  return mesh_->node().members(read_clock());
}

std::uint64_t Daemon::watch(Watcher watcher, std::function<void()> ready) {
  watchers_.emplace(next_watcher_, std::move(watcher));
  store_thread_->watch(std::move(ready));
  return next_watcher_++;
}

void Daemon::unwatch(std::uint64_t watcher) {
  watchers_.erase(watcher);
  if (watchers_.empty()) store_thread_->unwatch();
}

}  // namespace agent
