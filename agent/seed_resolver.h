#pragma once

// Turns seeds ("host:port") into addresses, and looks names up again from time to time: a name may
// get an address later or move. Seeds of the configuration are always kept. Seeds that were added
// by request get the rest of the kSeedsMax addresses; the newest ones are kept. Loop thread only.

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

// Requests that wait for a nameserver. A further one gets the error kBusy.
inline constexpr std::size_t kJoinsWaitingMax = 64;

class SeedResolver {
 public:
  using Addresses = std::vector<gossip::Address>;
  using Resolved = std::function<void(const base::Result<Addresses>&)>;

  // `found` gets all known addresses whenever they change, those added by request first.
  SeedResolver(uv_loop_t* loop, std::function<void(Addresses)> found,
               LookupThread::LookUp look_up = ask_system);
  ~SeedResolver();  // close() must have been called and the loop have run

  void set(const std::vector<std::string>& seeds);  // replaces all, added ones too
  // Adds a seed by request. It is not kept if it has no address now; the error is then kInvalid, or
  // kBusy or kUnavailable if it was not looked up. Above the bound the oldest added seed is
  // removed.
  void add(const std::string& seed, Resolved resolved);
  // All seeds, those of the configuration first, with what is known of each.
  struct Seed {
    std::string text;
    Addresses addresses;
    bool unknown = false;  // the last look-up found nothing; false and no addresses: no answer yet
  };
  std::vector<Seed> seeds() const;
  void look_up_again();  // looks up every name; also called by a timer
  void close();          // does not wait for a nameserver; requests that wait get an error

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
  std::set<std::string> unknown_;  // configured names that have no address now
  std::multimap<std::string, Resolved> waiting_;
  Addresses told_;
  LookupThread lookups_;
  uv_timer_t* timer_;  // null after close()
};

}  // namespace agent
