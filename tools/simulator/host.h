#pragma once

// One machine: its medium, its clock, and where it is in the network. It outlives the processes
// that run on it.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/replica/set_aside.h"
#include "crdt/version_vector.h"
#include "gossip/address.h"
#include "tools/simulator/disk.h"

namespace simulation {

// What the machine believes the time to be. `error` is added to true time.
struct WallClock {
  base::Duration error;
  bool synchronised = true;
};

// Seconds from 1970 to the beginning of a run: the error of a clock that says 1970.
inline constexpr std::int64_t kSince1970 = 1'800'000'000;

// Whole files of a medium, as the replica moves them when it sets a database aside.
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
  // Of a machine that is cloned or put back with its memory: what its process had drawn. The next
  // start draws the same actor, so that both copies go on under one (rule 2, last resort).
  std::optional<base::Random> memory;
  WallClock clock;
  WallClock usual_clock;  // what it shows when no fault touches it: a host may have none
  bool dead = false;      // never returns
  bool failing = false;   // the medium fails on demand just now
  bool rotten = false;    // a bit of it flipped
  bool twisted = false;   // its state is not what its vector says
  bool healthy() const { return !failing && !rotten; }

  // What this medium must hold after any crash: all that was told to peers as durable and all that
  // was acknowledged to clients (rules 1 and 3). Taken back when the medium is tampered with.
  crdt::VersionVector promised;
  // What the replica last called durable.
  crdt::VersionVector durable;
  crdt::StateHash durable_state;
};

inline const std::string kDatabase = "hearsay.db";

}  // namespace simulation
