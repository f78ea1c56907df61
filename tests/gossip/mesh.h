#pragma once

// Several Nodes with replica doubles on one virtual time and one simulated network. One seed
// decides everything: which datagrams are lost, doubled, delayed, reordered or cut off. Frames of a
// session arrive in order, and all of them arrive as long as their link is up.

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "gossip/node.h"
#include "gossip/wire/message.h"
#include "tests/gossip/replica_double.h"

namespace gossip::testing {

struct Faults {
  std::uint32_t loss_percent = 0;
  std::uint32_t duplicate_percent = 0;
  bool sessions_blocked = false;
  std::size_t datagram_bytes_max = 65'535;  // larger ones are lost
  base::Duration delay_min = base::micros(200);
  base::Duration delay_max = base::millis(2);
};

struct Captured {
  Address from;
  Address to;
  base::Bytes bytes;
};

class Mesh {
 public:
  struct Host {
    std::size_t index = 0;
    Identity identity;
    Options options;
    std::unique_ptr<Node> node;  // null while down
    std::unique_ptr<ReplicaDouble> replica;
    bool turning = false;
    bool flushing = false;
    std::uint64_t life = 0;
    std::map<NodeId, bool> up;  // from MemberUp and MemberDown
    std::vector<Alarm> alarms;
    std::size_t twins_heard = 0;
    std::map<std::uint64_t, std::vector<NodeId>> held_by;  // by ticket
    std::vector<Confirmed> confirmed;
    std::size_t frames_sent = 0;
    std::size_t session_bytes = 0;  // sum over its messages
    std::size_t vectors_sent = 0;
    std::size_t vector_bytes = 0;
    std::size_t claims_too_early = 0;  // claims that a crash would make untrue (rule 3)
    std::size_t applies = 0;
    std::size_t apply_bytes_waiting_max = 0;
    std::map<std::uint64_t, std::size_t> apply_bytes;  // of each unfinished Apply
    std::vector<NodeId> declared_dead;                 // by this host, not by others
    bool frozen = false;
    std::vector<std::function<void()>> unread;  // what has arrived while frozen
    std::size_t ups = 0;
    std::size_t downs = 0;
  };

  explicit Mesh(std::uint64_t seed, Options options = {});

  // Adds a host with a new identity, starts it, and lets it join `seeds`.
  std::size_t add(const std::vector<std::size_t>& seeds = {});
  std::size_t add(const std::vector<std::size_t>& seeds, const Options& options);
  void crash(std::size_t host);
  void start(std::size_t host,
             const std::vector<std::size_t>& seeds = {});  // raises the boot epoch
  void write(std::size_t host, std::size_t bytes = 20);
  void turn(std::size_t host) { schedule_turn(*hosts_[host]); }
  void leave(std::size_t host);
  base::Status set_presence(std::size_t host, const std::string& topic, const std::string& key,
                            const base::Bytes& body);
  bool drop_presence(std::size_t host, const std::string& topic, const std::string& key);
  void remember(std::size_t host, const std::vector<MemberRecord>& members);
  void rejoin(std::size_t host);
  void ask_holders(std::size_t host, const HolderWish& wish);
  void cut(std::size_t from, std::size_t to) { cuts_.insert({from, to}); }
  void cut_both(std::size_t a, std::size_t z);
  // Cuts off datagrams only. Sessions still work.
  void cut_datagrams(std::size_t a, std::size_t z);
  void heal();
  // Stops the process. When it goes on, its timers run before it reads its socket.
  void freeze(std::size_t host) { hosts_[host]->frozen = true; }
  void thaw(std::size_t host);
  void inject(const Address& from, std::size_t to, base::BytesView bytes);
  void frame(std::size_t from, std::size_t to, const wire::Message& message);
  void close_session(std::size_t host, std::size_t peer, bool opened = true);
  void at(base::Duration from_now, std::function<void()> what);

  void run(base::Duration time);
  bool run_until(const std::function<bool()>& holds, base::Duration at_most);
  bool converged() const;   // all running hosts claim equal vectors
  bool acquainted() const;  // each running host counts each other one as alive

  Host& host(std::size_t index) { return *hosts_[index]; }
  Node& node(std::size_t index) { return *hosts_[index]->node; }
  std::size_t size() const { return hosts_.size(); }
  base::Now now() const { return {now_, 0, false}; }
  static Address address(std::size_t index);
  static wire::MeshKey key();
  MemberState state_of(std::size_t seen_by, std::size_t about);
  std::string describe() const;

  Faults faults;
  std::size_t datagram_bytes_max = 0;  // the largest seen
  std::vector<Captured>* capture = nullptr;
  std::function<void(const Captured&)> tap;
  base::Duration commit_time = base::millis(2);
  std::uint32_t busy_percent = 0;  // share of snapshot queries that are answered "busy"
  // A session breaks before a frame that would bring it above this number of bytes.
  std::size_t carried_max = SIZE_MAX;

 private:
  using Key = std::pair<base::Instant, std::uint64_t>;
  void perform(Host& host, Actions& actions);
  void send_datagram(Host& host, const SendDatagram& send);
  void send_frame(Host& host, const SendFrame& send);
  void schedule_turn(Host& host);
  void give_facts(Host& host, const Stored& facts);
  void make_node(Host& host);
  void step();
  base::Instant next_time() const;
  base::Duration delay();

  Options options_;
  base::Random random_;
  base::Instant now_{1'000'000'000};
  std::uint64_t order_ = 0;
  std::map<Key, std::function<void()>> events_;
  std::vector<std::unique_ptr<Host>> hosts_;
  std::set<std::pair<std::size_t, std::size_t>> cuts_;
  std::set<std::pair<std::size_t, std::size_t>> datagram_cuts_;
  std::map<std::pair<std::size_t, std::size_t>, base::Instant> frame_order_;
  std::map<std::pair<std::size_t, std::size_t>, std::size_t> carried_;  // both directions
};

inline std::uint64_t exchanges(Mesh& mesh) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < mesh.size(); ++i) sum += mesh.node(i).stats().reconciliations;
  return sum;
}

// Two hosts that have met.
struct Pair {
  explicit Pair(std::uint64_t seed, Options options = {}) : mesh(seed, options) {
    mesh.add();
    mesh.add({0});
    mesh.run(base::seconds(2));
  }
  Mesh mesh;
  static constexpr std::size_t a = 0;
  static constexpr std::size_t z = 1;
};

}  // namespace gossip::testing
