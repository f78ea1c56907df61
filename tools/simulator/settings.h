#pragma once

// The settings of a run: how many hosts, how long, which faults and how often, how tight the
// bounds. The seed determines all of them; an operator may override some.

#include <cstdint>
#include <set>
#include <string>
#include <string_view>

#include "agent/replica/pump.h"
#include "agent/replica/replica.h"
#include "gossip/options.h"
#include "tools/simulator/network.h"

namespace simulation {

// A class of faults. The report counts how often each class fired and how often it mattered
// (report.h).
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
  kKill,         // the process dies; what was written stays
  kPowerCut,     // what was not synced is lost, kept or torn
  kPowerInTurn,  // a power cut at an I/O call inside a turn
  kCleanStop,
  kPause,     // stopped and continued, as with SIGSTOP
  kSlowDisk,  // a sync takes 500 ms
  kFullDisk,
  kDiskError,  // one I/O call fails
  kClockStep,
  kClockWild,  // the clock shows 1970 or a year ahead
  kClone,      // a copied data directory, both agents run
  kRestore,    // an older copy of the data directory is restored
  kRot,        // a bit of the database file flips
  kLostCell,   // a cell is lost, rows and digest agree: like a bug of an earlier version
  kDeath,      // a host that never returns
  kLeave,      // leaves the mesh and joins again
};
inline constexpr std::size_t kFaults = static_cast<std::size_t>(Fault::kLeave) + 1;
std::string_view fault_name(Fault fault);  // "power-cut"
std::optional<Fault> fault_from_name(std::string_view name);

struct Settings {
  std::uint64_t seed = 1;
  std::size_t nodes = 5;
  base::Duration chaos = base::seconds(40);  // time of faults and writes
  base::Duration heal = base::seconds(180);  // time in which all must become equal
  base::Duration quiet = base::seconds(10);  // time after healing in which no payload may be sent
  std::size_t requests = 150;                // of clients, during the chaos
  std::uint64_t objects_percent = 0;         // of them: on objects of the replicated types
  // Some clients give their requests names, and send some of them again, also to other agents.
  bool retries = false;
  std::size_t faults = 14;  // number of faults during the chaos
  std::set<Fault> enabled;
  // All hosts except the first have no clock and believe that it is 1970. After an exchange their
  // stamps follow from the same highest time, so equal stamps are common.
  bool clockless = false;
  Weather weather;  // of the network during the chaos
  gossip::Options node;
  agent::ReplicaOptions replica;
  // A queue above this bound refuses clients, but not what was received.
  agent::PumpOptions pump{.inputs_max = 1u << 20, .bytes_max = 1u << 30};

  // Swarm testing: every seed has its own mixture of faults, rates and bounds. Many bounds are
  // tiny, because tight bounds find live-locks about ten times faster.
  static Settings draw(std::uint64_t seed, std::size_t nodes);
  // Exactly these faults. Their weather is drawn; the delays are kept.
  void allow(const std::set<Fault>& wanted);
};

}  // namespace simulation
