#pragma once

// Compares what a replica holds with what the oracle says it must: existence, fields shown,
// conflicts, and every live cell by its writer, stamp and text. Says the first difference in words:
// the entry, the vector, shown here, expected, and the operations that led there.

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

  using Difference = std::optional<std::string>;  // nothing: all is as it must be
  // After a turn, with what its changes touched (Oracle::touched). The vector's own soundness
  // first: no gap.
  Difference check_entries(store::CellTable& cells, const crdt::VersionVector& vector,
                           const std::vector<EntryName>& touched) const;
  // Everything: nothing missing, nothing more in any object, and the cells that each object counts.
  Difference check_all(store::CellTable& cells, const crdt::VersionVector& vector) const;

 private:
  struct Look;
  Difference check_entry(const Look& look, const crdt::Entry& entry) const;
  Difference check_object(const Look& look, const std::string& object, std::int64_t& count) const;
  Difference check_counts(const Look& look, std::map<std::string, std::int64_t> counts) const;
  std::string describe(const Look& look, const EntryName& name, const std::string& what) const;
  const Oracle& oracle_;
};

}  // namespace simulation
