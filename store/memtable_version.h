#pragma once

// What is in memory of the table `recent` of one committed state of the database, and where
// connections find what another one has made.

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "store/memtable.h"

namespace store {

// Names the rows of `recent` that a snapshot has. The sum covers the content of all of them, so two
// databases with the same name have the same rows.
struct RecentName {
  std::int64_t first = 0;  // position of the oldest row; 0: there is none
  std::int64_t last = 0;
  std::uint64_t sum = 0;  // of the last row
  bool operator==(const RecentName&) const = default;
};

// The entries of `active` and `frozen` up to name.last. A slot in `active` hides the same slot in
// `frozen`, and both hide the rows of `names` and `cells`.
struct MemtableVersion {
  RecentName name;
  std::shared_ptr<const Memtable> active;  // null: empty
  std::shared_ptr<const Memtable> frozen;

  bool empty() const { return !active && !frozen; }
  // Null: `names` and `cells` have this slot, or nothing has it.
  const Memtable::Entry* find(CellKey key) const;
};

// A reader finds here the version that belongs to its snapshot. Safe to use from any thread.
class MemtableShare {
 public:
  // A reader looks within a moment after it has taken its snapshot. If so many commits came
  // meanwhile, it reads the rows itself.
  static constexpr std::size_t kVersionsMax = 64;

  void put(const MemtableVersion& version);
  std::optional<MemtableVersion> find(const RecentName& name) const;
  void clear();  // nothing is in memory any more

 private:
  // The newest last. Only the writer changes it. Read and written as a whole (std::atomic_load,
  // std::atomic_store).
  using Versions = std::vector<std::shared_ptr<const MemtableVersion>>;
  std::shared_ptr<const Versions> versions_ = std::make_shared<Versions>();
};

}  // namespace store
