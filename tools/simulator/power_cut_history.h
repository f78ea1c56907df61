#pragma once

// A seeded history of one replica on one disk: own writes, changes of another replica, flushes,
// checkpoints, pruning, kills and clean stops. During the run it takes images of what a power cut
// at any I/O call would leave, together with what must be found in each image.

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/replica/replica.h"
#include "tools/simulator/disk.h"

namespace simulation {

// What the power cut did to the unsynced writes of an image.
enum class Cut : std::uint8_t { kAll, kSuffix, kSubset, kSectors, kLying };
inline constexpr std::size_t kCuts = 5;
std::string_view cut_name(Cut cut);

// The kind of a history.
enum class Course : std::uint8_t {
  kMixed,      // all operations, with tiny bounds
  kOwnWrites,  // own writes only, and a longer log
};

// One committed state of the history. States are numbered by their commits; 0 is the empty state.
struct CommittedState {
  crdt::VersionVector vector;
  crdt::Digest digest;
};

// What others have been told or hold when the power goes off.
struct Told {
  std::size_t acknowledged = 0;  // the state with the last own write that was acknowledged
  std::size_t durable = 0;       // the last state that was called durable
  std::size_t running = 1;       // the state that was being made when the power went off
  std::optional<base::NodeId> node;
  std::uint64_t boot_epoch = 0;
  std::int64_t next_position = 0;
};

struct PowerCutImage {
  Cut cut = Cut::kAll;
  bool mattered = false;  // something that had been written is lost or torn
  Told told;
  Disk::Files files;
};

class PowerCutHistory {
 public:
  // Has `steps` steps. In one of five mixed histories the syncs of the last steps lie.
  PowerCutHistory(std::uint64_t seed, Course course, std::uint64_t steps);
  ~PowerCutHistory();

  // Does one turn, flush or restart, and returns the images taken meanwhile, at most `images_max`.
  std::vector<PowerCutImage> step(std::size_t images_max);
  const std::vector<CommittedState>& states() const { return states_; }
  // Errors of the replica itself, on a disk without a fault; empty if there are none.
  const std::vector<std::string>& faults() const { return faults_; }
  const agent::ReplicaOptions& options() const { return options_; }
  base::Now now() const;

  static constexpr const char* kFile = "replica.db";

 private:
  class Source;  // the replica whose changes are received

  void mixed_step();
  void spend_positions();
  void start(bool clean);
  void turn(std::vector<agent::Input> inputs);
  void flush();
  void heard(const agent::Outputs& out, bool wrote);
  void commit_seen();
  agent::Input own_write();
  std::vector<agent::Input> remote();
  void take_image();

  base::Random random_;
  base::Random images_random_;
  Disk disk_;
  Course course_;
  agent::ReplicaOptions options_;
  std::unique_ptr<agent::Replica> replica_;
  std::unique_ptr<Source> source_;
  std::vector<CommittedState> states_;
  std::vector<PowerCutImage> images_;
  std::vector<std::string> faults_;
  std::size_t images_max_ = 0;
  std::uint64_t steps_ = 0;
  std::uint64_t tickets_ = 0;
  std::uint64_t lies_from_ = UINT64_MAX;  // the first step whose syncs lie
  Told told_;
};

}  // namespace simulation
