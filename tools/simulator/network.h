#pragma once

// The network between the hosts, on virtual time, from one seed. Datagrams are lost, delayed,
// duplicated, reordered and corrupted; links are cut in one direction; sessions deliver frames in
// order and break. A cut delays the frames of a session; a long cut breaks the session, as TCP
// does.

#include <deque>
#include <map>
#include <set>

#include "crdt/base/random.h"
#include "gossip/address.h"
#include "tools/simulator/schedule.h"

namespace simulation {

using gossip::Address;

// Applies to every link, while it lasts.
struct Weather {
  std::uint32_t loss_permille = 0;
  std::uint32_t duplicate_permille = 0;
  std::uint32_t corrupt_permille = 0;   // one bit is flipped
  std::uint32_t straggle_permille = 0;  // delayed ten times as long, so that later ones overtake it
  base::Duration delay_min = base::micros(200);
  base::Duration delay_spread = base::millis(1);
};

struct NetworkCounts {
  std::uint64_t datagrams = 0;
  std::uint64_t bytes = 0;  // of datagrams, each with 28 bytes of IP and UDP headers
  std::uint64_t lost = 0;
  std::uint64_t duplicated = 0;
  std::uint64_t corrupted = 0;
  std::uint64_t straggled = 0;
  std::uint64_t cut = 0;      // datagrams and frames that met a cut link
  std::uint64_t blocked = 0;  // dropped: blocked kind of traffic, or larger than the path allows
  std::uint64_t frames = 0;
  std::uint64_t frame_bytes = 0;
  std::uint64_t sessions = 0;
  std::uint64_t sessions_broken = 0;
};

class Network {
 public:
  // A running agent at an address.
  class Endpoint {
   public:
    virtual ~Endpoint() = default;
    virtual base::NodeId node() const = 0;
    virtual void datagram(const Address& from, base::Bytes bytes) = 0;
    virtual void frame(const base::NodeId& from, base::Bytes message) = 0;
    virtual void session_closed(const base::NodeId& peer, bool opened) = 0;
  };

  Network(Schedule& schedule, base::Random random) : schedule_(schedule), random_(random) {}

  void listen(const Address& address, Endpoint& endpoint);
  void close(const Address& address);  // its sessions break; nobody receives what is under way

  void send_datagram(const Address& from, const Address& to, base::Bytes bytes);
  // Opens a session if there is none. `to` must be the agent that listens there, else nothing is
  // delivered.
  void send_frame(const Address& from, const base::NodeId& to, const Address& address,
                  base::Bytes message);

  void cut(const Address& from, const Address& to) { cuts_.insert({from, to}); }
  void mend(const Address& from, const Address& to) { cuts_.erase({from, to}); }
  void heal();  // removes all cuts and blocks
  void break_sessions(const Address& of);

  Weather weather;
  bool udp_blocked = false;
  bool tcp_blocked = false;
  std::size_t datagram_bytes_max = 65'507;  // larger ones vanish: a path MTU black hole
  NetworkCounts counts;

 private:
  using Pair = std::pair<Address, Address>;  // the lower address first
  struct Listener {
    Endpoint* endpoint = nullptr;  // valid while `life` listens
    base::NodeId node;
    std::uint64_t life = 0;
  };
  struct Session {
    std::uint64_t number = 0;
    std::map<Address, Listener> ends;
    std::map<Address, base::Instant> last;              // arrival of the last frame, by receiver
    std::map<Address, std::deque<base::Bytes>> frames;  // under way, by receiver
  };

  base::Duration delay();
  void deliver_datagram(const Address& from, const Address& to, std::uint64_t life,
                        base::Bytes bytes);
  Session* open_session(const Address& from, const base::NodeId& to, const Address& address);
  void deliver_frame(const Address& from, const Address& to, std::uint64_t session,
                     base::Instant since);
  void break_session(const Pair& pair);
  bool is_cut(const Address& from, const Address& to) const { return cuts_.contains({from, to}); }
  static Pair pair_of(const Address& a, const Address& z) {
    return a < z ? Pair{a, z} : Pair{z, a};
  }

  Schedule& schedule_;
  base::Random random_;
  std::uint64_t lives_ = 0;
  std::uint64_t sessions_made_ = 0;
  std::map<Address, Listener> listeners_;
  std::map<Pair, Session> sessions_;
  std::set<Pair> cuts_;  // from, to
};

}  // namespace simulation
