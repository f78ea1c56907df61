#include "gossip/transport/session_table.h"

#include <algorithm>
#include <tuple>

#include "crdt/base/check.h"

namespace transport {
namespace {

using gossip::wire::SessionSeal;

constexpr std::size_t kSessionsPerPeerMax = 2;  // above that the least recently used closes

// Unauthenticated connections are counted for each IPv4 address, and for each /64 with IPv6, where
// one host has any number of addresses.
bool same_origin(const Address& a, const Address& z) {
  auto compared = a.ip.begin() + (a.is_v4() ? 16 : 8);
  return a.is_v4() == z.is_v4() && std::equal(a.ip.begin(), compared, z.ip.begin());
}

}  // namespace

SessionTable::SessionTable(uv_loop_t* loop, const Options& options, Stats& stats,
                           const gossip::wire::MeshKey& key, const SessionSeal::Identity& self,
                           base::Random random, const Handlers& handlers)
    : loop_(loop),
      options_(options),
      stats_(stats),
      key_(key),
      self_(self),
      random_(random),
      handlers_(handlers) {}

SessionTable::~SessionTable() { CHECK(sessions_.empty()); }

Session& SessionTable::add(SessionSeal::Role role) {
  SessionSeal seal(role, key_, self_, options_.message_bytes_max, random_.fork(), &firsts_);
  Session::Owner& owner = *this;
  sessions_.push_back(std::make_unique<Session>(loop_, options_, stats_, owner, std::move(seal)));
  return *sessions_.back();
}

void SessionTable::accept(uv_stream_t* server) {
  auto& session = add(SessionSeal::Role::kResponder);
  // Unwanted connections are accepted too. Otherwise they would stay in the kernel's queue.
  if (!session.accept(server) || closing_) return session.end();
  session.set_of_member(handlers_.is_member && handlers_.is_member(session.remote()));
  make_room_for(session);
}

void SessionTable::make_room_for(const Session& newcomer) {
  std::vector<Session*> others = unfinished_beside(newcomer);
  auto from = [&](const Address& address) {
    return static_cast<std::size_t>(std::count_if(
        others.begin(), others.end(),
        [&](const Session* session) { return same_origin(session->remote(), address); }));
  };
  std::size_t here = from(newcomer.remote());
  bool all_full = others.size() >= options_.handshakes_max;
  if (!all_full && here < options_.handshakes_per_ip_max) return;
  // The highest rank closes; of equal ranks the first.
  using Rank = std::tuple<std::size_t, bool>;
  Session* leaving = nullptr;
  Rank highest;
  for (Session* other : others) {
    bool own_address = same_origin(other->remote(), newcomer.remote());
    if (here >= options_.handshakes_per_ip_max && !own_address) continue;
    Rank rank{from(other->remote()) + (own_address ? 1 : 0), !other->begun()};
    if (leaving != nullptr && rank <= highest) continue;
    leaving = other;
    highest = rank;
  }
  if (leaving == nullptr) return;
  ++stats_.handshakes_displaced;
  leaving->fail();
}

// The other unfinished sessions, in the order in which they came.
std::vector<Session*> SessionTable::unfinished_beside(const Session& newcomer) const {
  std::vector<Session*> others;
  for (const auto& session : sessions_) {
    bool unfinished = session->accepted() && !session->established() && !session->ended();
    if (!unfinished || session.get() == &newcomer) continue;
    if (session->of_member() == newcomer.of_member()) others.push_back(session.get());
  }
  return others;
}

bool SessionTable::send(const NodeId& peer, const Address& address, base::Bytes message) {
  bool sendable = !closing_ && peer != self_.node && message.size() <= options_.message_bytes_max;
  auto found = sending_.find(peer);
  Session* session = nullptr;
  if (sendable) session = found != sending_.end() ? found->second : open(peer, address);
  if (!session || session->queued_bytes() + message.size() > options_.session_queue_bytes_max) {
    ++stats_.frames_dropped;
    return false;
  }
  session->send(std::move(message));
  return true;
}

Session* SessionTable::open(const NodeId& peer, const Address& address) {
  auto opening = std::count_if(sessions_.begin(), sessions_.end(), [](const auto& session) {
    return !session->ended() && !session->established() && !session->accepted();
  });
  if (static_cast<std::size_t>(opening) >= options_.openings_max) return nullptr;
  if (address.port == 0) return nullptr;
  auto& session = add(SessionSeal::Role::kInitiator);
  if (!session.connect(address, peer)) {
    session.end();
    return nullptr;
  }
  sending_[peer] = &session;
  return &session;
}

void SessionTable::established(Session& session) {
  ++(session.accepted() ? stats_.sessions_accepted : stats_.sessions_opened);
  choose_for_sending(session);
  make_room(session);
}

void SessionTable::choose_for_sending(Session& session) {
  auto [at, is_first] = sending_.try_emplace(session.peer(), &session);
  Session* current = at->second;
  if (current == &session) return;
  if (!current->established()) {
    // Our own session is still connecting. Its waiting messages go over this one.
    at->second = &session;
    for (auto& message : current->take_unsent()) session.send(std::move(message));
    return;
  }
  // A peer opens a session only when it has none. Within the time of a handshake both sides may
  // open one at once. Later it means that the peer has restarted and the old session is dead.
  std::uint64_t age = session.established_millis() - current->established_millis();
  if (session.accepted() && age > options_.handshake_timeout_millis) at->second = &session;
}

void SessionTable::make_room(const Session& newcomer) {
  const NodeId& peer = newcomer.peer();
  if (count_established(&peer) > kSessionsPerPeerMax) least_recently_used(newcomer, &peer)->end();
  if (count_established(nullptr) > options_.sessions_max) {
    if (auto* oldest = least_recently_used(newcomer, nullptr)) oldest->end();
  }
}

std::size_t SessionTable::count_established(const NodeId* peer) const {
  auto count = std::count_if(sessions_.begin(), sessions_.end(), [peer](const auto& session) {
    return session->established() && !session->ended() && (!peer || session->peer() == *peer);
  });
  return static_cast<std::size_t>(count);
}

Session* SessionTable::least_recently_used(const Session& newcomer, const NodeId* peer) const {
  Session* oldest = nullptr;
  for (const auto& session : sessions_) {
    bool candidate = session->established() && !session->ended() && session.get() != &newcomer &&
                     (!peer || session->peer() == *peer);
    if (!candidate) continue;
    if (!oldest || session->active_millis() < oldest->active_millis()) oldest = session.get();
  }
  return oldest;
}

void SessionTable::message(Session& session, base::BytesView message) {
  if (!closing_) handlers_.on_frame(session.peer(), message);
}

// May be called from within send(), so no handler is called here.
void SessionTable::ended(Session& session) {
  bool unfinished = !session.established();
  if (unfinished && (session.accepted() || session.failed())) ++stats_.handshakes_refused;
  stats_.frames_dropped += session.take_unsent().size();
  auto served = std::find_if(sending_.begin(), sending_.end(),
                             [&](const auto& entry) { return entry.second == &session; });
  if (served == sending_.end()) return;
  NodeId peer = served->first;
  sending_.erase(served);
  lost_.emplace_back(&session, peer);
  auto another = std::find_if(sessions_.begin(), sessions_.end(), [&](const auto& other) {
    return other->established() && !other->ended() && other->peer() == peer;
  });
  if (another != sessions_.end()) sending_[peer] = another->get();
}

void SessionTable::released(Session& session) {
  std::optional<NodeId> told;
  bool opened = session.established();
  auto lost = std::find_if(lost_.begin(), lost_.end(),
                           [&](const auto& entry) { return entry.first == &session; });
  if (lost != lost_.end()) {
    told = lost->second;
    lost_.erase(lost);
  }
  std::erase_if(sessions_, [&](const auto& owned) { return owned.get() == &session; });
  if (!closing_) {
    if (told) handlers_.on_session_closed(*told, opened);
  } else if (sessions_.empty()) {
    // The callback may delete this table.
    auto closed = std::move(closed_);
    closed();
  }
}

void SessionTable::close(std::function<void()> closed) {
  closing_ = true;
  if (sessions_.empty()) return closed();
  closed_ = std::move(closed);
  for (const auto& session : sessions_) session->end();
}

}  // namespace transport
