#pragma once

// What a run is made of: how many hosts, how long, which faults and how often, how tight the
// bounds. Everything follows from the seed; an operator may set what he wants to try.

#include <cstdint>
#include <set>
#include <string>
#include <string_view>

#include "agent/replica/pump.h"
#include "agent/replica/replica.h"
#include "gossip/options.h"
#include "tools/simulator/network.h"

namespace simulation {

// A class of fault. Each is counted as fired and as having mattered (report.h).
enum class Fault : std::uint8_t {
  kLoss,
  kDuplication,
  kReordering,
  kCorruption,
  kOneWayCut,
  kPartition,
  kSessionBreak,
  kUdpBlocked,
  kTcpBlocked,
  kKill,         // the process: what was written stays
  kPowerCut,     // what was not synced is lost, kept or torn
  kPowerInTurn,  // the same, at an I/O call inside a turn
  kCleanStop,
  kPause,     // stopped and continued, as by SIGSTOP
  kSlowDisk,  // a sync takes 500 ms
  kFullDisk,
  kDiskError,  // one I/O call fails
  kClockStep,
  kClockWild,  // 1970, or a year ahead
  kClone,      // a copied data directory, both running
  kRestore,    // an older copy of the data directory put back
  kRot,        // a bit of the database file flips
  kLostCell,   // a cell is gone, rows and digest agree: as by a bug of an earlier version
  kDeath,      // a host that never returns
  kLeave,      // leaves the mesh and joins again
};
inline constexpr std::size_t kFaults = static_cast<std::size_t>(Fault::kLeave) + 1;
std::string_view fault_name(Fault fault);  // "power-cut"
std::optional<Fault> fault_from_name(std::string_view name);

struct Settings {
  std::uint64_t seed = 1;
  std::size_t nodes = 5;
  base::Duration chaos = base::seconds(40);  // faults and writes
  base::Duration heal = base::seconds(180);  // at most, until all are equal
  base::Duration quiet = base::seconds(10);  // after it: no payload may travel
  std::size_t requests = 150;                // of clients, over the chaos
  std::size_t faults = 14;                   // events, over the chaos
  std::set<Fault> enabled;
  // All hosts but the first have no clock and believe that it is 1970. What they stamp after an
  // exchange follows from the same highest time, so equal stamps are the rule.
  bool clockless = false;
  Weather weather;  // while the chaos lasts
  gossip::Options node;
  agent::ReplicaOptions replica;
  // Clients are refused before this; what was received is not.
  agent::PumpOptions pump{.inputs_max = 1u << 20, .bytes_max = 1u << 30};

  // The swarm: every seed has its own mixture of faults, rates and bounds, many of them tiny,
  // because tight bounds find live-locks ten times faster (research/model.md section 6).
  static Settings draw(std::uint64_t seed, std::size_t nodes);
  // These faults and no other. Their weather is drawn for them; delays stay as they are.
  void allow(const std::set<Fault>& wanted);
};

}  // namespace simulation
