#include "agent/replica/staged_pages.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "crdt/base/plant.h"

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

base::Status StagedNames::begin(const crdt::ObjectKey& object) {
  object_ = object;
  find_object();
  while (!dots_) {
    ASSIGN_OR_RETURN(const bool found, next_page());
    const bool planted = PLANTED(kVectorWithFirstPage) || PLANTED(kMixedSnapshots);
    if (!found && planted) return {};
    if (!found) {
      return base::Error{base::Code::kCorrupt,
                         "no staged page names the cells of the object " + object.first};
    }
  }
  return {};
}

base::Result<bool> StagedNames::contains(const crdt::Slot& slot, const crdt::Dot& dot) {
  while (page_.until && crdt::is_of(page_.until->slot, object_) &&
         crdt::is_behind(*page_.until, slot, dot)) {
    ASSIGN_OR_RETURN(const bool found, next_page());
    if (!found) return base::Error{base::Code::kCorrupt, "a staged page is missing"};
  }
  return dots_ && crdt::covers(*dots_, dot);
}

base::Result<bool> StagedNames::next_page() {
  ASSIGN_OR_RETURN(const auto body, pages_.next_bytes());
  if (!body) return false;
  ASSIGN_OR_RETURN(const auto reader, crdt::SnapshotPageReader::open(*body));
  page_ = reader.head();
  find_object();
  return true;
}

void StagedNames::find_object() {
  const auto& named = page_.named;
  const auto found = std::lower_bound(
      named.begin(), named.end(), object_,
      [](const crdt::SnapshotNamed& item, const crdt::ObjectKey& key) { return item.key < key; });
  dots_ = found != named.end() && found->key == object_ ? &found->dots : nullptr;
}

}  // namespace agent
