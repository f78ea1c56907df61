#include "tests/gossip/mesh.h"

#include <algorithm>

namespace gossip::testing {

Mesh::Mesh(std::uint64_t seed, Options options)
    : options_(options), random_(base::Random::from_number(seed)) {}

Address Mesh::address(std::size_t index) {
  return *Address::parse("10.0." + std::to_string(index / 250) + "." +
                         std::to_string(index % 250 + 1) + ":7700");
}

wire::MeshKey Mesh::key() {
  auto random = base::Random::from_number(77);
  return wire::MeshKey::generate(random);
}

std::size_t Mesh::add(const std::vector<std::size_t>& seeds) { return add(seeds, options_); }

std::size_t Mesh::add(const std::vector<std::size_t>& seeds, const Options& options) {
  auto host = std::make_unique<Host>();
  host->index = hosts_.size();
  host->options = options;
  host->identity.node = random_.id<base::NodeTag>();
  host->identity.name = "n" + std::to_string(host->index);
  host->identity.advertised = address(host->index);
  host->identity.key = key();
  host->replica = std::make_unique<ReplicaDouble>(random_.id<base::ActorTag>());
  hosts_.push_back(std::move(host));
  start(hosts_.size() - 1, seeds);
  return hosts_.size() - 1;
}

void Mesh::start(std::size_t index, const std::vector<std::size_t>& seeds) {
  Host& host = *hosts_[index];
  ++host.identity.boot_epoch;
  ++host.life;
  host.turning = false;
  host.flushing = false;
  host.up.clear();
  host.apply_bytes.clear();
  host.node =
      std::make_unique<Node>(host.identity, host.options, host.replica->holdings(), random_.fork());
  host.node->own_actor(host.replica->actor());
  std::vector<Address> addresses;
  for (std::size_t seed : seeds) addresses.push_back(address(seed));
  Actions actions;
  host.node->seeds(now(), addresses, actions);
  perform(host, actions);
}

void Mesh::crash(std::size_t index) {
  Host& host = *hosts_[index];
  host.node.reset();
  host.replica->crash();
  ++host.life;
  for (std::size_t other = 0; other < hosts_.size(); ++other) {
    if (other == index) continue;
    at(base::millis(1), [this, other, index] { close_session(other, index); });
  }
}

void Mesh::close_session(std::size_t host, std::size_t peer, bool opened) {
  if (hosts_[host]->node == nullptr) return;
  Actions actions;
  hosts_[host]->node->session_closed(now(), hosts_[peer]->identity.node, opened, actions);
  perform(*hosts_[host], actions);
}

void Mesh::write(std::size_t index, std::size_t bytes) {
  hosts_[index]->replica->write(bytes);
  schedule_turn(*hosts_[index]);
}

void Mesh::leave(std::size_t index) {
  Actions actions;
  hosts_[index]->node->leave(now(), actions);
  perform(*hosts_[index], actions);
}

base::Status Mesh::set_presence(std::size_t index, const std::string& topic, const std::string& key,
                                const base::Bytes& body) {
  Actions actions;
  base::Status set = hosts_[index]->node->set_presence(now(), topic, key, body, actions);
  perform(*hosts_[index], actions);
  return set;
}

bool Mesh::drop_presence(std::size_t index, const std::string& topic, const std::string& key) {
  Actions actions;
  bool dropped = hosts_[index]->node->drop_presence(now(), topic, key, actions);
  perform(*hosts_[index], actions);
  return dropped;
}

void Mesh::remember(std::size_t index, const std::vector<MemberRecord>& members) {
  Actions actions;
  hosts_[index]->node->remember(now(), members, actions);
  perform(*hosts_[index], actions);
}

void Mesh::rejoin(std::size_t index) {
  Actions actions;
  hosts_[index]->node->rejoin(now(), actions);
  perform(*hosts_[index], actions);
}

void Mesh::ask_holders(std::size_t index, const HolderWish& wish) {
  Actions actions;
  hosts_[index]->node->ask_holders(now(), wish, actions);
  perform(*hosts_[index], actions);
}

void Mesh::cut_both(std::size_t a, std::size_t z) {
  cut(a, z);
  cut(z, a);
}

void Mesh::cut_datagrams(std::size_t a, std::size_t z) {
  datagram_cuts_.insert({a, z});
  datagram_cuts_.insert({z, a});
}

void Mesh::heal() {
  cuts_.clear();
  datagram_cuts_.clear();
}

void Mesh::thaw(std::size_t index) {
  Host& host = *hosts_[index];
  host.frozen = false;
  Actions actions;
  if (host.node->next_deadline() <= now_) host.node->advance(now(), actions);
  perform(host, actions);
  for (const auto& read : std::exchange(host.unread, {})) read();
}

void Mesh::inject(const Address& from, std::size_t to, base::BytesView bytes) {
  Host& host = *hosts_[to];
  if (host.node == nullptr) return;
  if (host.frozen) {
    host.unread.push_back([this, from, to, copy = base::Bytes(bytes)] { inject(from, to, copy); });
    return;
  }
  Actions actions;
  host.node->receive(now(), from, bytes, actions);
  perform(host, actions);
}

void Mesh::frame(std::size_t from, std::size_t to, const wire::Message& message) {
  Host& host = *hosts_[to];
  Actions actions;
  host.node->receive_frame(now(), hosts_[from]->identity.node, wire::encode(message), actions);
  perform(host, actions);
}

void Mesh::at(base::Duration from_now, std::function<void()> what) {
  events_[{now_ + from_now, ++order_}] = std::move(what);
}

// --- What a driver does --------------------------------------------------------------------------

void Mesh::perform(Host& host, Actions& actions) {
  for (Action& action : actions) {
    if (auto* datagram = std::get_if<SendDatagram>(&action)) {
      send_datagram(host, *datagram);
    } else if (auto* frame = std::get_if<SendFrame>(&action)) {
      send_frame(host, *frame);
    } else if (auto* apply = std::get_if<Apply>(&action)) {
      ++host.applies;
      std::size_t& bytes = host.apply_bytes[apply->number];
      for (const auto& change : apply->changes) bytes += change.sealed.bytes.size();
      std::size_t waiting = 0;
      for (const auto& [number, part] : host.apply_bytes) waiting += part;
      host.apply_bytes_waiting_max = std::max(host.apply_bytes_waiting_max, waiting);
      host.replica->receive(std::move(*apply));
      schedule_turn(host);
    } else if (auto* fetch = std::get_if<Fetch>(&action)) {
      at(commit_time, [this, &host, life = host.life, wanted = *fetch] {
        if (host.life != life) return;
        Actions more;
        host.node->fetched(now(), host.replica->fetch(wanted), more);
        perform(host, more);
      });
    } else if (auto* join = std::get_if<StartStateJoin>(&action)) {
      host.replica->start_join(*join);
      schedule_turn(host);
    } else if (auto* page = std::get_if<StateJoinPage>(&action)) {
      host.replica->take_page(std::move(*page));
      schedule_turn(host);
    } else if (auto* ended = std::get_if<StopStateJoin>(&action)) {
      host.replica->end_join(*ended);
      schedule_turn(host);
    } else if (auto* asked = std::get_if<ReadSnapshot>(&action)) {
      at(commit_time, [this, &host, life = host.life, asked = *asked] {
        if (host.life != life) return;
        Actions more;
        SnapshotRead read = host.replica->read_snapshot(now().instant, asked);
        if (busy_percent > 0 && random_.below(100) < busy_percent) {
          read.outcome = SnapshotRead::Outcome::kBusy;
        }
        host.node->snapshot_read(now(), read, more);
        perform(host, more);
      });
    } else if (auto* close = std::get_if<CloseActors>(&action)) {
      for (const base::ActorId& actor : close->actors) host.replica->close(actor);
    } else if (auto* up = std::get_if<MemberUp>(&action)) {
      ++host.ups;
      host.up[up->member.node] = true;
    } else if (auto* down = std::get_if<MemberDown>(&action)) {
      ++host.downs;
      bool declared = down->member.accuser == host.identity.node;
      if (declared) host.declared_dead.push_back(down->member.node);
      host.up[down->member.node] = false;
    } else if (auto* confirmed = std::get_if<Confirmed>(&action)) {
      host.confirmed.push_back(*confirmed);
    } else if (auto* alarm = std::get_if<Alarm>(&action)) {
      host.alarms.push_back(*alarm);
    } else if (std::holds_alternative<TwinHeard>(action)) {
      ++host.twins_heard;
    } else if (auto* held = std::get_if<HeldBy>(&action)) {
      host.held_by[held->ticket] = std::move(held->nodes);
    }
  }
  actions.clear();
}

base::Duration Mesh::delay() {
  auto spread = static_cast<std::uint64_t>((faults.delay_max - faults.delay_min).nanos);
  auto extra = random_.below(spread + 1);
  return faults.delay_min + base::nanos(static_cast<std::int64_t>(extra));
}

void Mesh::send_datagram(Host& host, const SendDatagram& send) {
  Captured captured{address(host.index), send.to, send.bytes};
  datagram_bytes_max = std::max(datagram_bytes_max, send.bytes.size());
  if (capture != nullptr) capture->push_back(captured);
  if (tap) tap(captured);
  for (auto& to : hosts_) {
    if (address(to->index) != send.to) continue;
    if (cuts_.contains({host.index, to->index})) return;
    if (datagram_cuts_.contains({host.index, to->index})) return;
    if (send.bytes.size() > faults.datagram_bytes_max) return;
    auto lost = random_.below(100);
    if (lost < faults.loss_percent) return;
    auto doubled = random_.below(100);
    int copies = doubled < faults.duplicate_percent ? 2 : 1;
    for (int i = 0; i < copies; ++i) {
      at(delay(),
         [this, captured, index = to->index] { inject(captured.from, index, captured.bytes); });
    }
    return;
  }
}

void Mesh::send_frame(Host& host, const SendFrame& send) {
  ++host.frames_sent;
  auto message = wire::decode(send.message);
  const auto* vector = std::get_if<wire::Vector>(std::get_if<wire::Message>(&*message));
  host.session_bytes += send.message.size();
  if (vector != nullptr) {
    ++host.vectors_sent;
    host.vector_bytes += send.message.size();
    for (const crdt::Dependency& entry : vector->entries) {
      host.claims_too_early += entry.head.seq > 0 && !host.replica->is_durable(entry);
    }
  }
  std::size_t from = host.index;
  for (auto& to : hosts_) {
    if (to->identity.node != send.to) continue;
    std::size_t index = to->index;
    bool up =
        to->node != nullptr && !cuts_.contains({from, index}) && !cuts_.contains({index, from});
    up &= !faults.sessions_blocked && !to->frozen;
    bool opened = up;
    std::size_t& carried = carried_[std::minmax(from, index)];
    carried += send.message.size();
    if (carried > carried_max) {
      carried = 0;
      up = false;
    }
    if (!up) {
      // Both ends of a session learn that it broke. If it never opened, only the side that tried
      // learns it.
      at(base::millis(500), [this, from, index, opened] {
        close_session(from, index, opened);
        if (opened) close_session(index, from);
      });
      return;
    }
    base::Instant& last = frame_order_[{from, index}];
    last = std::max(last + base::nanos(1), now_ + delay());
    events_[{last, ++order_}] = [this, from, index, life = to->life, message = send.message] {
      Host& receiver = *hosts_[index];
      if (receiver.life != life) return;
      Actions actions;
      receiver.node->receive_frame(now(), hosts_[from]->identity.node, message, actions);
      perform(receiver, actions);
    };
    return;
  }
}

void Mesh::schedule_turn(Host& host) {
  if (host.turning || host.node == nullptr) return;
  host.turning = true;
  at(commit_time, [this, &host, life = host.life] {
    if (host.life != life) return;
    host.turning = false;
    give_facts(host, host.replica->turn());
    if (!host.replica->unsynced() || host.flushing) return;
    host.flushing = true;
    at(base::millis(20), [this, &host, life] {
      if (host.life != life) return;
      host.flushing = false;
      if (host.replica->unsynced()) give_facts(host, host.replica->flush());
    });
  });
}

void Mesh::give_facts(Host& host, const Stored& facts) {
  for (std::uint64_t number : facts.finished) host.apply_bytes.erase(number);
  Actions actions;
  host.node->stored(now(), facts, actions);
  perform(host, actions);
}

// --- Time ----------------------------------------------------------------------------------------

base::Instant Mesh::next_time() const {
  base::Instant next = base::Instant::never();
  if (!events_.empty()) next = events_.begin()->first.first;
  for (const auto& host : hosts_) {
    if (host->node != nullptr && !host->frozen) next = std::min(next, host->node->next_deadline());
  }
  return next;
}

void Mesh::step() {
  now_ = std::max(now_, next_time());
  while (!events_.empty() && events_.begin()->first.first <= now_) {
    auto event = std::move(events_.begin()->second);
    events_.erase(events_.begin());
    event();
  }
  for (auto& host : hosts_) {
    if (host->node == nullptr || host->frozen || host->node->next_deadline() > now_) continue;
    Actions actions;
    host->node->advance(now(), actions);
    perform(*host, actions);
  }
}

void Mesh::run(base::Duration time) {
  base::Instant until = now_ + time;
  while (next_time() <= until) step();
  now_ = until;
}

bool Mesh::run_until(const std::function<bool()>& holds, base::Duration at_most) {
  base::Instant until = now_ + at_most;
  while (!holds()) {
    if (next_time() > until) return false;
    step();
  }
  return true;
}

bool Mesh::converged() const {
  const ReplicaDouble* first = nullptr;
  for (const auto& host : hosts_) {
    if (host->node == nullptr) continue;
    if (!host->replica->idle()) return false;
    if (first == nullptr) first = host->replica.get();
    if (host->replica->vector() != first->vector()) return false;
  }
  return true;
}

bool Mesh::acquainted() const {
  for (const auto& a : hosts_) {
    if (a->node == nullptr) continue;
    for (const auto& z : hosts_) {
      if (z->node == nullptr || a == z) continue;
      auto up = a->up.find(z->identity.node);
      if (up == a->up.end() || !up->second) return false;
    }
  }
  return true;
}

MemberState Mesh::state_of(std::size_t seen_by, std::size_t about) {
  for (const MemberView& view : node(seen_by).members(now())) {
    if (view.record.node == hosts_[about]->identity.node) return view.record.state;
  }
  return MemberState::kSuspect;  // the host does not know this member
}

std::string Mesh::describe() const {
  std::string text;
  for (const auto& host : hosts_) {
    text += host->identity.name + (host->node == nullptr ? " down" : "") + " log " +
            std::to_string(host->replica->size()) + "; ";
  }
  return text;
}

}  // namespace gossip::testing
