#pragma once

// What came of a run: the first check that failed, and how often each fault fired and mattered.

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "crdt/base/time.h"
#include "tools/simulator/settings.h"

namespace simulation {

struct Violation {
  std::string checker;  // "acknowledged-write-lost"
  std::string text;
  base::Instant at;
  std::string host;
};

struct FaultCount {
  std::uint64_t fired = 0;
  std::uint64_t mattered = 0;  // changed what somebody held, sent or was told
};

struct Report {
  std::uint64_t seed = 0;
  std::size_t nodes = 0;
  std::optional<Violation> violation;
  std::array<FaultCount, kFaults> faults;
  // Things that must have happened now and then for a sweep to mean anything: "joins", "parked",
  // "actors minted", …
  std::map<std::string, std::uint64_t> events;
  base::Duration virtual_time;
  base::Duration healed;           // from the end of the faults until all were equal
  std::uint64_t hash = 0;          // of everything that happened: equal for equal seeds
  std::vector<std::string> story;  // the last lines of the trace, of a failed run

  bool passed() const { return !violation.has_value(); }
  FaultCount& of(Fault fault) { return faults.at(static_cast<std::size_t>(fault)); }
  void fired(Fault fault) { ++of(fault).fired; }
  void mattered(Fault fault) { ++of(fault).mattered; }
};

// Sums over many runs.
struct Tally {
  std::uint64_t runs = 0;
  std::uint64_t failed = 0;
  std::array<FaultCount, kFaults> faults;
  std::map<std::string, std::uint64_t> events;
  std::map<std::string, std::uint64_t> checkers;  // that failed
  std::vector<std::uint64_t> failed_seeds;
  base::Duration virtual_time;
  base::Duration healed_max;
  void add(const Report& report);
  // Classes of fault that never mattered in any of the runs.
  std::vector<std::string> idle_faults() const;
};

std::string text_of(const Report& report);
std::string json_of(const Report& report);
std::string text_of(const Tally& tally);
std::string json_of(const Tally& tally);

}  // namespace simulation
