#pragma once

// The result of a run: the first check that failed, and how often each fault fired and mattered.

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
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
  std::uint64_t mattered = 0;  // it changed what an agent held or sent, or what a client was told
};

struct Report {
  std::uint64_t seed = 0;
  std::size_t nodes = 0;
  std::optional<Violation> violation;
  std::array<FaultCount, kFaults> faults;
  // Events that must happen from time to time, or a sweep proves nothing: "joins", "parked",
  // "actors minted", …
  std::map<std::string, std::uint64_t> events;
  base::Duration virtual_time;
  base::Duration healed;           // from the end of the faults until all agents were equal
  std::uint64_t hash = 0;          // of all events of the run: equal seeds give equal hashes
  std::vector<std::string> story;  // the last lines of the trace, for a failed run

  bool passed() const { return !violation.has_value(); }
  FaultCount& of(Fault fault) { return faults.at(static_cast<std::size_t>(fault)); }
  void fired(Fault fault) { ++of(fault).fired; }
  void mattered(Fault fault) { ++of(fault).mattered; }
};

// What must happen to objects of the replicated types in some of many runs.
inline constexpr std::array<std::string_view, 5> kObjectEvents = {
    "requests refused: wrong", "requests answered again", "texts folded", "texts loaded",
    "texts closed for room"};

// Sums over many runs.
struct Tally {
  std::uint64_t runs = 0;
  std::uint64_t failed = 0;
  std::array<FaultCount, kFaults> faults;
  std::map<std::string, std::uint64_t> events;
  std::map<std::string, std::uint64_t> checkers;  // how often each check failed
  std::vector<std::uint64_t> failed_seeds;
  base::Duration virtual_time;
  base::Duration healed_max;
  void add(const Report& report);
  // The classes of faults that mattered in none of the runs, and the events (kObjectEvents)
  // that happened in none of them.
  std::vector<std::string> idle_classes() const;
};

std::string text_of(const Report& report);
std::string json_of(const Report& report);
std::string text_of(const Tally& tally);
std::string json_of(const Tally& tally);

}  // namespace simulation
