#pragma once

// A seeded history of one replica on one disk: own writes, changes of another replica, flushes,
// checkpoints, pruning, kills and clean stops. While it runs it takes images of what a power cut
// would leave at any I/O call, each with what must be found in it afterwards.

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/replica/replica.h"
#include "tools/simulator/disk.h"

namespace simulation {

// Why an image is what it is.
enum class Cut : std::uint8_t { kAll, kSuffix, kSubset, kSectors, kLying };
inline constexpr std::size_t kCuts = 5;
std::string_view cut_name(Cut cut);

// What a history is made of.
enum class Course : std::uint8_t {
  kMixed,      // everything, with tiny bounds
  kOwnWrites,  // own writes only, and a longer log
};

// One committed state of the history. The numbers of states count commits, from 0: nothing.
struct CommittedState {
  crdt::VersionVector vector;
  crdt::Digest digest;
};

// What whoever outlives the power cut has been told or holds.
struct Told {
  std::size_t acknowledged = 0;  // the state with the last own write that was acknowledged
  std::size_t durable = 0;       // the last state that was called durable
  std::size_t running = 1;       // the state being made when the power went off
  std::optional<base::NodeId> node;
  std::uint64_t boot_epoch = 0;
  std::int64_t next_position = 0;
};

struct PowerCutImage {
  Cut cut = Cut::kAll;
  bool mattered = false;  // something that was written is lost or torn
  Told told;
  Disk::Files files;
};

class PowerCutHistory {
 public:
  // Of `steps` steps; in one mixed history of five the syncs of the last ones are lies.
  PowerCutHistory(std::uint64_t seed, Course course, std::uint64_t steps);
  ~PowerCutHistory();

  // One turn, flush or restart; the images taken meanwhile, at most `images_max`.
  std::vector<PowerCutImage> step(std::size_t images_max);
  const std::vector<CommittedState>& states() const { return states_; }
  // What the replica itself did against its word, on a disk without a fault; empty if all is well.
  const std::vector<std::string>& faults() const { return faults_; }
  const agent::ReplicaOptions& options() const { return options_; }
  base::Now now() const;

  static constexpr const char* kFile = "replica.db";

 private:
  class Source;  // the other replica

  void mixed_step();
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
  std::uint64_t lies_from_ = UINT64_MAX;  // the step
  Told told_;
};

}  // namespace simulation
