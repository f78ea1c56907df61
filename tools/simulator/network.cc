#include "tools/simulator/network.h"

namespace simulation {
namespace {

constexpr std::size_t kHeaderBytes = 28;  // IPv4 and UDP
constexpr base::Duration kRetransmit = base::millis(250);
constexpr base::Duration kSessionPatience = base::seconds(8);

}  // namespace

void Network::listen(const Address& address, Endpoint& endpoint) {
  listeners_[address] = {&endpoint, endpoint.node(), ++lives_};
}

void Network::close(const Address& address) {
  listeners_.erase(address);
  break_sessions(address);
}

base::Duration Network::delay() {
  auto spread = static_cast<std::uint64_t>(weather.delay_spread.nanos) + 1;
  base::Duration extra = base::nanos(static_cast<std::int64_t>(random_.below(spread)));
  if (random_.below(1000) < weather.straggle_permille) {
    ++counts.straggled;
    extra = (extra + weather.delay_min) * 10;
  }
  return weather.delay_min + extra;
}

// --- Datagrams -----------------------------------------------------------------------------------

void Network::send_datagram(const Address& from, const Address& to, base::Bytes bytes) {
  ++counts.datagrams;
  counts.bytes += bytes.size() + kHeaderBytes;
  if (is_cut(from, to)) {
    ++counts.cut;
    return;
  }
  if (udp_blocked || bytes.size() > datagram_bytes_max) {
    ++counts.blocked;
    return;
  }
  if (random_.below(1000) < weather.loss_permille) {
    ++counts.lost;
    return;
  }
  auto listener = listeners_.find(to);
  if (listener == listeners_.end()) return;
  if (random_.below(1000) < weather.duplicate_permille) {
    ++counts.duplicated;
    deliver_datagram(from, to, listener->second.life, bytes);
  }
  if (!bytes.empty() && random_.below(1000) < weather.corrupt_permille) {
    ++counts.corrupted;
    std::uint64_t bit = random_.below(bytes.size() * 8);
    auto& byte = bytes[static_cast<std::size_t>(bit / 8)];
    byte =
        static_cast<base::Bytes::value_type>(static_cast<unsigned char>(byte) ^ (1u << (bit % 8)));
  }
  deliver_datagram(from, to, listener->second.life, std::move(bytes));
}

void Network::deliver_datagram(const Address& from, const Address& to, std::uint64_t life,
                               base::Bytes bytes) {
  schedule_.after(delay(), [this, from, to, life, bytes = std::move(bytes)]() mutable {
    auto listener = listeners_.find(to);
    if (listener == listeners_.end() || listener->second.life != life) return;
    listener->second.endpoint->datagram(from, std::move(bytes));
  });
}

// --- Sessions ------------------------------------------------------------------------------------

Network::Session* Network::open_session(const Address& from, const base::NodeId& to,
                                        const Address& address) {
  Pair pair = pair_of(from, address);
  auto found = sessions_.find(pair);
  if (found != sessions_.end() && found->second.ends.at(address).node == to) {
    return &found->second;
  }
  if (found != sessions_.end()) break_session(pair);
  auto here = listeners_.find(from);
  auto there = listeners_.find(address);
  bool reachable = there != listeners_.end() && there->second.node == to && !tcp_blocked &&
                   !is_cut(from, address) && !is_cut(address, from);
  if (here == listeners_.end() || !reachable) return nullptr;
  Session& session = sessions_[pair];
  session.number = ++sessions_made_;
  session.ends = {{from, here->second}, {address, there->second}};
  base::Instant established = schedule_.now() + delay() * 3;
  session.last = {{from, established}, {address, established}};
  ++counts.sessions;
  return &session;
}

void Network::send_frame(const Address& from, const base::NodeId& to, const Address& address,
                         base::Bytes message) {
  ++counts.frames;
  counts.frame_bytes += message.size();
  Session* session = open_session(from, to, address);
  if (session == nullptr) {
    // A refused or timed out connection: the side that opened it is told.
    auto life = listeners_.contains(from) ? listeners_.at(from).life : 0;
    schedule_.after(base::seconds(1), [this, from, to, life] {
      auto here = listeners_.find(from);
      if (here != listeners_.end() && here->second.life == life) {
        here->second.endpoint->session_closed(to, false);
      }
    });
    return;
  }
  base::Instant& last = session->last.at(address);
  last = std::max(last + base::nanos(1), schedule_.now() + delay());
  session->frames[address].push_back(std::move(message));
  schedule_.at(last, [this, from, address, number = session->number, since = last] {
    deliver_frame(from, address, number, since);
  });
}

// One event for each frame. Each event delivers the first frame that waits, so frames never
// overtake each other.
void Network::deliver_frame(const Address& from, const Address& to, std::uint64_t session,
                            base::Instant since) {
  Pair pair = pair_of(from, to);
  auto found = sessions_.find(pair);
  if (found == sessions_.end() || found->second.number != session) return;
  // Acknowledgements use the other direction, so a link that is cut in one direction stops both.
  if (tcp_blocked || is_cut(from, to) || is_cut(to, from)) {
    ++counts.cut;
    if (schedule_.now() - since >= kSessionPatience) return break_session(pair);
    base::Instant& last = found->second.last.at(to);
    last = std::max(last, schedule_.now() + kRetransmit);
    schedule_.after(kRetransmit,
                    [this, from, to, session, since] { deliver_frame(from, to, session, since); });
    return;
  }
  auto& waiting = found->second.frames[to];
  base::Bytes message = std::move(waiting.front());
  waiting.pop_front();
  base::NodeId sender = found->second.ends.at(from).node;
  found->second.ends.at(to).endpoint->frame(sender, std::move(message));
}

void Network::break_sessions(const Address& of) {
  std::vector<Pair> broken;
  for (const auto& [pair, session] : sessions_) {
    if (pair.first == of || pair.second == of) broken.push_back(pair);
  }
  for (const Pair& pair : broken) break_session(pair);
}

void Network::break_session(const Pair& pair) {
  auto found = sessions_.find(pair);
  if (found == sessions_.end()) return;
  Session session = std::move(found->second);
  sessions_.erase(found);
  ++counts.sessions_broken;
  for (const auto& [address, end] : session.ends) {
    const Address& other = address == pair.first ? pair.second : pair.first;
    base::NodeId node = session.ends.at(other).node;
    schedule_.after(delay(), [this, address = address, life = end.life, node] {
      auto here = listeners_.find(address);
      if (here != listeners_.end() && here->second.life == life) {
        here->second.endpoint->session_closed(node, true);
      }
    });
  }
}

void Network::heal() {
  cuts_.clear();
  udp_blocked = false;
  tcp_blocked = false;
  datagram_bytes_max = 65'507;
}

}  // namespace simulation
