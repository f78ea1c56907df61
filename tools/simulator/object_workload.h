#pragma once

// Requests on objects of all types but the catalogs, drawn from one seed: few objects and few
// places, so that authors meet. Some requests are wrong on purpose. What is done how often differs
// from run to run.

#include <string>
#include <vector>

#include "crdt/base/random.h"
#include "tools/simulator/oracle.h"
#include "tools/simulator/weights.h"

namespace simulation {

class ObjectWorkload {
 public:
  explicit ObjectWorkload(base::Random random);

  // The next request of a client of a replica that has applied `seen`. It becomes at most one
  // change. A text is not much longer than kLettersMax.
  agent::WriteObject next(const Oracle& oracle, const crdt::VersionVector& seen);

  static constexpr std::size_t kLettersMax = 120;  // shown ones

 private:
  enum class Deed { kGrow, kCount, kLatest, kAll, kSet, kText, kReplace, kUnset, kWrong, kDeeds };

  crdt::Op any_op(const std::string& object, const ObjectSight& sight);
  static std::optional<crdt::SlotType> type_of(Deed deed);
  crdt::Op any_wrong(const ObjectSight& sight, Place place);
  crdt::Op any_edit(const ObjectSight& sight, Place place);
  std::optional<crdt::Dot> any_letter(const ObjectSight& sight, const Place& place);
  crdt::Op any_replacement(Place place);
  crdt::Op any_count(Place place, crdt::SlotType type);
  crdt::Op any_set(Place place, crdt::SlotType type);
  std::optional<crdt::Stamp> any_stamp();
  crdt::Op any_element_op(Place place);
  crdt::Op any_totals(Place place, crdt::SlotType type);
  Deed any_deed();
  Place any_place();
  std::string any_value();
  std::string any_element();
  std::string any_letters();
  static std::string large_paste();

  base::Random random_;
  std::uint64_t objects_ = 1;
  std::uint64_t names_ = 1;        // number of names that a component may have
  std::uint64_t depth_ = 1;        // components of a path at most
  std::uint32_t root_one_in_ = 1;  // one of so many operations is on the object itself
  Weights weights_;
};

}  // namespace simulation
