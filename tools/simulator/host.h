#pragma once

// One machine: its medium, its clock, and its place in the network. It outlives the processes that
// run on it.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/replica/set_aside.h"
#include "crdt/version_vector.h"
#include "gossip/address.h"
#include "tools/simulator/disk.h"

namespace simulation {

// What the machine shows as time. `error` is added to true time.
struct WallClock {
  base::Duration error;
  bool synchronised = true;
};

// Seconds from 1970 to the beginning of a run: the error of a clock that shows 1970.
inline constexpr std::int64_t kSince1970 = 1'800'000'000;

// The files of a medium, as the replica moves them when it sets a database aside.
class DiskFiles : public agent::DatabaseFiles {
 public:
  explicit DiskFiles(Disk& disk) : disk_(disk) {}
  bool exists(const std::string& path) override { return disk_.exists(path); }
  base::Status move(const std::string& from, const std::string& to) override;
  base::Status remove(const std::string& path) override;

 private:
  Disk& disk_;
};

struct Host {
  Host(std::size_t number, base::Random random);

  std::size_t index;
  std::string name;  // "A", "B", …
  gossip::Address address;
  Disk disk;
  DiskFiles files{disk};
  base::Bytes fingerprint;
  // For a machine that is cloned or rolled back with its memory: the random state of its process.
  // The next start then draws the same actor, so that both copies go on under one actor (rule 2).
  std::optional<base::Random> memory;
  WallClock clock;
  WallClock usual_clock;  // without a fault; a host may have no clock
  bool dead = false;      // the host never returns
  bool failing = false;   // the medium fails calls now, as ordered
  bool rotten = false;    // a bit of the medium flipped
  bool twisted = false;   // its state does not match its vector
  bool healthy() const { return !failing && !rotten; }

  // What this medium must hold after any crash: everything that peers were told is durable and
  // everything that was acknowledged to clients (rules 1 and 3). Cleared when the medium is damaged
  // on purpose.
  crdt::VersionVector promised;
  crdt::HybridTime
      promised_time;  // of the last own change in it: the clock is not before it (rule 9)
  // The state that the replica last called durable.
  crdt::VersionVector durable;
  crdt::StateHash durable_state;
};

inline const std::string kDatabase = "hearsay.db";

}  // namespace simulation
