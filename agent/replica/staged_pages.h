#pragma once

// Reads back the staged pages of a join, one after the other. They are never all in memory.

#include <cstdint>
#include <optional>
#include <vector>

#include "crdt/snapshot.h"
#include "store/staged.h"

namespace agent {

class StagedPages {
 public:
  StagedPages(store::Staged& staged, std::int64_t part) : staged_(staged), part_(part) {}
  // Nullopt after the last page. kCorrupt when a page cannot be read.
  base::Result<std::optional<base::Bytes>> next_bytes();
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

// The slots of one part, in order. A slot that was split over several pages comes as one.
class StagedSlots {
 public:
  StagedSlots(store::Staged& staged, std::int64_t part) : pages_(staged, part) {}
  StagedSlots(const StagedSlots&) = delete;  // the reader refers to the page
  StagedSlots& operator=(const StagedSlots&) = delete;
  base::Result<crdt::SnapshotSlot*> peek();  // null at the end; valid until pop()
  void pop() { at_hand_ = false; }

 private:
  base::Result<bool> read(crdt::SnapshotSlot& slot);

  StagedPages pages_;
  base::Bytes page_;
  std::optional<crdt::SnapshotPageReader> reader_;  // of page_
  bool at_hand_ = false;
  crdt::SnapshotSlot slot_;
  bool ahead_ = false;
  crdt::SnapshotSlot next_;  // read in advance to see whether slot_ continues
};

// The dots that the pages of one part name, in the difference form. Ask in the order of a snapshot.
class StagedNames {
 public:
  StagedNames(store::Staged& staged, std::int64_t part) : pages_(staged, part) {}
  StagedNames(const StagedNames&) = delete;  // it refers to the page
  StagedNames& operator=(const StagedNames&) = delete;
  // Goes to the first page that has something of this object. kCorrupt when there is none.
  base::Status begin(const crdt::ObjectKey& object);
  // True if the page in whose range the cell of this object lies names its dot.
  base::Result<bool> contains(const crdt::Slot& slot, const crdt::Dot& dot);

 private:
  base::Result<bool> next_page();
  void find_object();

  StagedPages pages_;
  crdt::SnapshotPage page_;  // without its slots
  crdt::ObjectKey object_;
  const crdt::DotRuns* dots_ = nullptr;  // of the object in page_; null: it has none
};

}  // namespace agent
