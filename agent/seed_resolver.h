#pragma once

// Turns "host:port" seeds into addresses, again from time to time: a name may answer later or move.
// Those of the configuration stay; of those that were joined by request, the newest that fit beside
// them into what gossip takes (kSeedsMax addresses). Loop thread only.

#include <uv.h>

#include <deque>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "agent/lookup_thread.h"
#include "crdt/base/result.h"
#include "gossip/address.h"

namespace agent {

inline constexpr std::size_t kJoinsWaitingMax = 64;  // for a nameserver; above: busy

class SeedResolver {
 public:
  using Addresses = std::vector<gossip::Address>;
  using Resolved = std::function<void(const base::Result<Addresses>&)>;

  // `found` gets all addresses known so far whenever they change, joined ones first.
  SeedResolver(uv_loop_t* loop, std::function<void(Addresses)> found,
               LookupThread::LookUp look_up = ask_system);
  ~SeedResolver();  // close() must have been called and the loop run

  void set(const std::vector<std::string>& seeds);  // instead of all before, joined ones too
  // By request. Not kept if it has no address now: that, or that it was not looked up, is the error
  // (invalid; busy, unavailable). Above the bound the oldest that was added makes place.
  void add(const std::string& seed, Resolved resolved);
  // Each of them, those of the configuration first, with what is known of it.
  struct Seed {
    std::string text;
    Addresses addresses;
    bool unknown = false;  // the last look-up found nothing; without that and addresses: none came
  };
  std::vector<Seed> seeds() const;
  void look_up_again();  // every name; on a timer
  void close();          // waits for no nameserver; who waits for one is told

 private:
  struct Joined {
    std::string seed;
    Addresses addresses;
  };
  void answered(const std::string& seed, const Addresses& addresses);
  void keep(const std::string& seed, const Addresses& addresses, bool asked_for);
  void make_place();
  void tell();

  std::function<void(Addresses)> found_;
  std::map<std::string, Addresses> configured_;
  std::deque<Joined> joined_;      // the oldest first
  std::set<std::string> unknown_;  // names of these that have no address now
  std::multimap<std::string, Resolved> waiting_;
  Addresses told_;
  LookupThread lookups_;
  uv_timer_t* timer_;  // null once closed
};

}  // namespace agent
