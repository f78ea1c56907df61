#pragma once

// Requests as clients make them, drawn from one seed: many on few entries, in all verbs, and some
// that change nothing. Weights are drawn once a run, so that runs differ in kind (swarm testing).

#include <string>
#include <vector>

#include "crdt/base/random.h"
#include "tools/simulator/oracle.h"

namespace simulation {

class Workload {
 public:
  explicit Workload(base::Random random);

  // The next request of a client of a replica that has applied `seen` (a little old does no harm):
  // what is shown there is imported again, removed, overwritten. It becomes one change at most, and
  // no door refuses it.
  agent::WriteRequest next(const Oracle& oracle, const crdt::VersionVector& seen);

  const std::vector<std::string>& objects() const { return objects_; }

 private:
  enum class Verb { kAdd, kPut, kPatch, kRemove, kRemoveObject, kImport, kWrite, kCount };

  Verb any_verb();
  std::string any_object();
  std::string any_id();
  std::string any_field();
  std::string any_value();
  std::string any_text();
  crdt::Members any_fields(std::size_t most);
  std::vector<std::string> any_unset(const crdt::Members& but);
  std::string any_metadata();
  agent::PatchEntry patch();
  agent::ImportEntries import(const Oracle& oracle, const crdt::VersionVector& seen);
  agent::WriteEntries write_entries();
  agent::EntryWrite entry_write(std::string id);

  base::Random random_;
  std::vector<std::string> objects_;
  std::uint64_t ids_ = 1;           // how many there are
  std::uint64_t fields_ = 1;        // of kFieldNames
  std::uint64_t hot_ids_ = 1;       // the first few, taken more often
  std::uint32_t hot_one_in_ = 1;    // one draw in so many is from the hot ones
  std::uint32_t large_one_in_ = 1;  // one value in so many is of some kB
  std::vector<std::uint64_t> weights_;
};

// A short name of the verb and what it is done to, for traces.
std::string describe(const agent::WriteRequest& request);

}  // namespace simulation
