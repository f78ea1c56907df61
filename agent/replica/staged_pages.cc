#include "agent/replica/staged_pages.h"

#include <iterator>
#include <utility>

namespace agent {

base::Result<std::optional<base::Bytes>> StagedPages::next_bytes() {
  auto body = staged_.get(part_, page_);
  if (body.ok() && *body) ++page_;
  return body;
}

base::Result<std::optional<crdt::SnapshotPage>> StagedPages::next() {
  ASSIGN_OR_RETURN(const auto body, next_bytes());
  if (!body) return std::optional<crdt::SnapshotPage>();
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
  if (at_hand_) return &slot_;
  if (ahead_) {
    std::swap(slot_, next_);
    ahead_ = false;
  } else {
    ASSIGN_OR_RETURN(const bool found, read(slot_));
    if (!found) return nullptr;
  }
  at_hand_ = true;
  while (reader_->slots_left() == 0) {  // the slot may continue in the next page
    ASSIGN_OR_RETURN(const bool found, read(next_));
    if (!found) break;
    ahead_ = next_.slot != slot_.slot || next_.is_text() != slot_.is_text();
    if (ahead_) break;
    std::move(next_.cells.begin(), next_.cells.end(), std::back_inserter(slot_.cells));
    std::move(next_.runs.begin(), next_.runs.end(), std::back_inserter(slot_.runs));
  }
  return &slot_;
}

base::Result<bool> StagedSlots::read(crdt::SnapshotSlot& slot) {
  for (;;) {
    if (reader_) {
      ASSIGN_OR_RETURN(const bool found, reader_->next(slot));
      if (found) return true;
    }
    ASSIGN_OR_RETURN(auto page, pages_.next_bytes());
    if (!page) return false;
    page_ = std::move(*page);
    ASSIGN_OR_RETURN(reader_, crdt::SnapshotPageReader::open(page_));
  }
}

}  // namespace agent
