#pragma once

// The requests of clients, drawn from one seed: many requests on few entries, with all verbs, and
// some that change nothing.

#include <string>
#include <vector>

#include "crdt/base/random.h"
#include "tools/simulator/object_workload.h"
#include "tools/simulator/oracle.h"
#include "tools/simulator/weights.h"

namespace simulation {

class Workload {
 public:
  // `objects_percent` of the requests are on objects of the replicated types, the others on
  // catalogs.
  explicit Workload(base::Random random, std::uint64_t objects_percent = 0);

  // The next request of a client of a replica that has applied `seen` (it may be a little old). It
  // may import, remove or overwrite what is shown there. It becomes at most one change, and the
  // checks of the HTTP API would accept it.
  agent::WriteRequest next(const Oracle& oracle, const crdt::VersionVector& seen);

  const std::vector<std::string>& objects() const { return objects_; }  // catalogs

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
  crdt::Members any_metadata();
  agent::WriteObject patch();
  agent::ImportEntries import(const Oracle& oracle, const crdt::VersionVector& seen);
  agent::WriteObject write_entries();
  void write_entry(const std::string& id, agent::WriteObject& write, bool replaces);

  base::Random random_;
  std::vector<std::string> objects_;
  std::uint64_t ids_ = 1;           // number of ids
  std::uint64_t fields_ = 1;        // number of names used of kFieldNames
  std::uint64_t hot_ids_ = 1;       // the first few ids, used more often
  std::uint32_t hot_one_in_ = 1;    // one of so many draws is a hot id
  std::uint32_t large_one_in_ = 1;  // one of so many values has some kB
  Weights weights_;
  std::uint64_t objects_percent_ = 0;
  ObjectWorkload on_objects_;
};

// A request in words, for traces.
std::string describe(const agent::WriteRequest& request);

}  // namespace simulation
