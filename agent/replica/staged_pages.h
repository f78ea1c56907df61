#pragma once

// Reading back what a join has staged: pages one after the other, never all of them in memory.

#include <cstdint>
#include <optional>
#include <vector>

#include "crdt/snapshot.h"
#include "store/staged.h"

namespace agent {

class StagedPages {
 public:
  StagedPages(store::Staged& staged, std::int64_t part) : staged_(staged), part_(part) {}
  // nullopt after the last. kCorrupt when a page cannot be read.
  base::Result<std::optional<crdt::SnapshotPage>> next();

 private:
  store::Staged& staged_;
  std::int64_t part_;
  std::int64_t page_ = 0;
};

// The index of the objects, in order.
class StagedIndex {
 public:
  StagedIndex(store::Staged& staged, std::int64_t part) : pages_(staged, part) {}
  base::Result<const crdt::SnapshotObject*> peek();  // null at the end
  void pop() { ++at_; }

 private:
  StagedPages pages_;
  std::vector<crdt::SnapshotObject> objects_;
  std::size_t at_ = 0;
  bool ended_ = false;
};

// Slots of one part, in order. One that was split over pages comes whole.
class StagedSlots {
 public:
  StagedSlots(store::Staged& staged, std::int64_t part) : pages_(staged, part) {}
  base::Result<crdt::SnapshotSlot*> peek();  // null at the end
  void pop() { slot_.reset(); }

 private:
  base::Result<bool> more();  // a slot stands at at_

  StagedPages pages_;
  std::vector<crdt::SnapshotSlot> slots_;
  std::size_t at_ = 0;
  bool ended_ = false;
  std::optional<crdt::SnapshotSlot> slot_;
};

}  // namespace agent
