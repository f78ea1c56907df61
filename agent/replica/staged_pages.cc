#include "agent/replica/staged_pages.h"

#include <iterator>
#include <utility>

namespace agent {

base::Result<std::optional<crdt::SnapshotPage>> StagedPages::next() {
  ASSIGN_OR_RETURN(const auto body, staged_.get(part_, page_));
  if (!body) return std::optional<crdt::SnapshotPage>();
  ++page_;
  ASSIGN_OR_RETURN(crdt::SnapshotPage page, crdt::decode_snapshot_page(*body));
  return std::optional(std::move(page));
}

base::Result<const crdt::SnapshotObject*> StagedIndex::peek() {
  while (at_ == objects_.size()) {
    if (ended_) return nullptr;
    ASSIGN_OR_RETURN(auto page, pages_.next());
    objects_.clear();
    at_ = 0;
    ended_ = !page.has_value();
    if (page) objects_ = std::move(page->objects);
  }
  return &objects_[at_];
}

base::Result<crdt::SnapshotSlot*> StagedSlots::peek() {
  if (slot_) return &*slot_;
  ASSIGN_OR_RETURN(bool found, more());
  if (!found) return nullptr;
  slot_ = std::move(slots_[at_++]);
  for (;;) {
    ASSIGN_OR_RETURN(found, more());
    if (!found || slots_[at_].slot != slot_->slot) return &*slot_;
    crdt::Cells& rest = slots_[at_++].cells;
    std::move(rest.begin(), rest.end(), std::back_inserter(slot_->cells));
  }
}

base::Result<bool> StagedSlots::more() {
  while (at_ == slots_.size()) {
    if (ended_) return false;
    ASSIGN_OR_RETURN(auto page, pages_.next());
    slots_.clear();
    at_ = 0;
    ended_ = !page.has_value();
    if (page) slots_ = std::move(page->slots);
  }
  return true;
}

}  // namespace agent
