#pragma once

// A bad network in user space. Every agent advertises a front (an address of this relay) instead of
// its own address. What is sent to a front is passed on late, twice, damaged, or not at all. Both
// sides see each other only by their fronts. For UDP the relay knows both ends; for a TCP
// connection it knows only the target. It runs on a thread of its own; its random choices come from
// the seed. Its memory is bounded: kWaitingMax datagrams wait, further ones are lost, and a
// connection buffers 256 KiB in each direction.

#include <netinet/in.h>

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <queue>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "tools/probe/connection.h"
#include "tools/probe/relay_pipe.h"

namespace probe {

// What happens to datagrams of one direction. Chances are of a thousand.
struct DatagramFaults {
  unsigned loss = 0;
  unsigned duplicate = 0;
  unsigned corrupt = 0;  // one bit flipped
  Millis delay_min{0};
  Millis delay_max{0};               // drawn for each: they overtake one another
  std::size_t length_max = 100'000;  // longer ones are lost, as behind a small MTU
  bool cut = false;                  // nothing passes
};

struct RelayCounts {
  std::uint64_t passed = 0;  // datagrams handed on, copies included
  std::uint64_t lost = 0;
  std::uint64_t duplicated = 0;
  std::uint64_t corrupted = 0;
  std::uint64_t too_long = 0;
  std::uint64_t cut = 0;
  std::uint64_t strangers = 0;  // from an address that no agent was said to have
  std::uint64_t connections = 0;
  std::uint64_t bytes = 0;  // of connections
  std::uint64_t bytes_corrupted = 0;
};

class Relay {
 public:
  static constexpr std::size_t kWaitingMax = 100'000;

  explicit Relay(std::uint64_t seed);
  ~Relay();
  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;

  // Makes a new front. front(i) is the address that agent i advertises and that others join.
  std::size_t add();
  std::string front(std::size_t agent) const;
  // The address at which the agent listens. Before this call nothing reaches the agent.
  void attach(std::size_t agent, const std::string& bind);

  void set_all(const DatagramFaults& faults);
  void set(std::size_t from, std::size_t to, const DatagramFaults& faults);
  void set_streams(const StreamFaults& faults);  // of all connections, open ones too
  RelayCounts counts() const;

 private:
  struct Front {
    int udp = -1;
    int listener = -1;
    std::string address;
    sockaddr_in agent{};
    bool attached = false;
  };
  struct Waiting {
    std::int64_t due_millis;
    std::uint64_t order;
    std::size_t from;
    std::size_t to;
    std::string bytes;
    bool operator<(const Waiting& other) const {  // for a queue whose top is the next one due
      return due_millis != other.due_millis ? due_millis > other.due_millis : order > other.order;
    }
  };
  void run();
  int millis_to_wait() const;
  void receive(std::size_t to);
  void take(std::size_t from, std::size_t to, std::string bytes);
  void wait(const DatagramFaults& faults, std::size_t from, std::size_t to, std::string bytes);
  void send_due();
  void accept(std::size_t to);
  bool chance(unsigned of_thousand) { return random_() % 1'000 < of_thousand; }

  mutable std::mutex mutex_;  // all below; the thread holds it but while it waits
  std::mt19937_64 random_;
  std::vector<Front> fronts_;
  DatagramFaults all_;
  std::map<std::pair<std::size_t, std::size_t>, DatagramFaults> faults_;
  StreamFaults streams_;
  std::priority_queue<Waiting> waiting_;
  std::uint64_t order_ = 0;
  std::vector<std::unique_ptr<RelayPipe>> pipes_;
  RelayCounts counts_;
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

}  // namespace probe
