#pragma once

// Compares what a replica holds with what the oracle expects. Of an entry of a catalog: existence,
// shown fields, conflicts, and every live cell with its writer, stamp and text. Of another object:
// what is shown, and how many cells and letters it has. It reports the first difference in words:
// the entry, the vector, what is shown, what is expected, and the operations that led there.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "store/cell_table.h"
#include "tools/simulator/oracle.h"

namespace simulation {

class StateChecker {
 public:
  explicit StateChecker(const Oracle& oracle) : oracle_(oracle) {}

  using Difference = std::optional<std::string>;  // nullopt: there is no difference
  // After a turn: checks the entries that its changes touched (Oracle::touched). Before that it
  // checks that the vector itself has no gap.
  Difference check_entries(store::CellTable& cells, const crdt::VersionVector& vector,
                           const std::vector<EntryName>& touched) const;
  // The same for objects of all types but the catalogs (Oracle::typed_objects).
  Difference check_objects(store::CellTable& cells, const crdt::VersionVector& vector,
                           const std::vector<std::string>& objects) const;
  // Checks everything, each place of an object by each type: no object has an entry too few or too
  // many, and the cell counts of the objects are right.
  Difference check_all(store::CellTable& cells, const crdt::VersionVector& vector) const;

 private:
  struct Look;
  Difference check_entry(const Look& look, const crdt::Entry& entry) const;
  Difference check_object(const Look& look, const std::string& object, std::int64_t& count) const;
  using Counts = std::map<crdt::ObjectKey, std::int64_t>;
  Difference check_counts(const Look& look, Counts counts) const;
  Difference check_places(const Look& look, const std::string& object) const;
  Difference check_conflicts(const Look& look, const std::string& object) const;
  std::string describe(const Look& look, const EntryName& name, const std::string& what) const;
  const Oracle& oracle_;
};

}  // namespace simulation
