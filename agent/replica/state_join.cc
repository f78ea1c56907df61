#include "agent/replica/state_join.h"

#include <algorithm>
#include <utility>

#include "crdt/base/plant.h"

namespace agent {

StateJoin::StateJoin(const base::NodeId& peer, bool unite, std::uint64_t first_step,
                     const JoinLimits& limits, crdt::VersionVector ours)
    : peer_(peer), unite_(unite), limits_(limits), start_(std::move(ours)) {
  query_.step = first_step;
}

base::Result<StateJoin::Next> StateJoin::take(store::Store& store, base::BytesView body) {
  auto reader = crdt::SnapshotPageReader::open(body);
  if (!reader.ok()) return refuse(reader.error().message);
  const crdt::SnapshotPage& page = reader->head();
  if (page.step != query_.step) return Next::kIgnored;
  if (name_ && page.name != *name_ && !PLANTED(kMixedSnapshots)) return Next::kRestart;
  staged_bytes_ += body.size();
  if (staged_bytes_ > limits_.staged_bytes_max)
    return refuse("the state has more bytes than may be staged");
  name_ = page.name;
  query_.snapshot = page.name.id;
  ++query_.step;
  auto next = query_.run ? take_cells(store, *reader, body) : take_head(store, *reader, body);
  if (next.ok() || next.error().code != base::Code::kInvalid) return next;
  if (unfit_ && by_difference()) return Next::kUnfit;
  return refuse(next.error().message);
}

StateJoin::Next StateJoin::refuse(std::string why) {
  why_ = std::move(why);
  return Next::kRefused;
}

// Wrong in the difference form may also be what we hold.
base::Error StateJoin::unfit(std::string what) {
  unfit_ = true;
  return wrong(std::move(what));
}

base::Result<StateJoin::Next> StateJoin::take_head(store::Store& store,
                                                   crdt::SnapshotPageReader& reader,
                                                   base::BytesView body) {
  const crdt::SnapshotPage& page = reader.head();
  if (reader.slots_left() > 0 || !page.named.empty() || page.until)
    return wrong("a head page has cells");
  RETURN_IF_ERROR(reader.next(slot_));
  if (!add_actors(page) || !add_objects(page))
    return wrong("the actors or objects of a head page are not in order");
  if (page.more && page.actors.empty() && page.objects.empty())
    return wrong("a head page is empty although more pages are announced");
  clock_ = page.clock;
  RETURN_IF_ERROR(stage(store, kHead, head_pages_++, body));
  if (page.more) return Next::kAsk;
  if (crdt::state_hash(vector_sum_, objects_sum_) != name_->state) {
    return wrong("the vector and the index do not match the state hash that the pages name");
  }
  find_missing(store.actors().vector());
  planned_ = std::make_unique<StagedIndex>(store.staged(), kHead);
  expected_ = std::make_unique<StagedIndex>(store.staged(), kHead);
  return next_run(store);
}

bool StateJoin::add_actors(const crdt::SnapshotPage& page) {
  if (!page.actors.empty() && query_.head.object) return false;  // actors come before objects
  for (const crdt::SnapshotActor& actor : page.actors) {
    if (query_.head.actor && actor.actor <= *query_.head.actor) return false;
    if (vector_.entries().size() >= crdt::kSnapshotActorsMax) return false;
    vector_.set(actor.actor, actor.head);
    vector_sum_.add(crdt::vector_element(actor.actor, actor.head));
    query_.head.actor = actor.actor;
  }
  return true;
}

bool StateJoin::add_objects(const crdt::SnapshotPage& page) {
  const auto& after = query_.head.object;
  if (!page.objects.empty() && after && page.objects.front().key.first <= *after) return false;
  for (const crdt::SnapshotObject& object : page.objects) objects_sum_.add(object.digest);
  if (!page.objects.empty()) query_.head.object = page.objects.back().key.first;
  return true;
}

// What we have seen now we have seen at the merge too.
void StateJoin::find_missing(const crdt::VersionVector& ours) {
  if (unite_ || limits_.missing_max == 0 || ours.empty()) return;
  const auto ahead = ours.ahead_in(vector_);
  if (ahead.size() > std::min(limits_.missing_max, crdt::kSnapshotMissingMax)) return;
  for (const auto& [actor, head] : ahead) missing_.emplace(actor, ours.seq_of(actor));
}

base::Result<StateJoin::Next> StateJoin::take_cells(store::Store& store,
                                                    crdt::SnapshotPageReader& reader,
                                                    base::BytesView body) {
  if (query_.run->wanted) return take_lacking(store, reader);
  const crdt::SnapshotPage& page = reader.head();
  if (!page.actors.empty() || !page.objects.empty())
    return wrong("a page of cells has actors or objects");
  if (page.more && reader.slots_left() == 0 && page.named.empty())
    return wrong("a page of cells is empty although more pages are announced");
  place_ = query_.run->after;
  shares_.clear();
  for (;;) {
    ASSIGN_OR_RETURN(const bool found, reader.next(slot_));
    if (!found) break;
    RETURN_IF_ERROR(check_slot(slot_));
  }
  if (!by_difference() && (page.until || !page.named.empty()))
    return wrong("a page names dots that were not asked for");
  more_ = page.more;
  until_ = page.until;
  lacking_.clear();
  if (by_difference()) {
    RETURN_IF_ERROR(check_names(page));
    for (const crdt::SnapshotNamed& named : page.named) RETURN_IF_ERROR(add_own(store, named));
  }
  bool late = !late_.empty();
  std::int64_t part = late ? kLate + static_cast<std::int64_t>(late_.size()) - 1 : kCells;
  RETURN_IF_ERROR(stage(store, part, pages_++, body));
  if (PLANTED(kVectorWithFirstPage)) return Next::kComplete;
  std::sort(lacking_.begin(), lacking_.end());
  return lacking_.empty() || PLANTED(kMixedSnapshots) ? settle_page(store) : ask_lacking();
}

// Adds the page to the sums of its objects. When an object ends, the count and the digest of its
// cells must be those of the index.
base::Result<StateJoin::Next> StateJoin::settle_page(store::Store& store) {
  for (const auto& [key, share] : shares_) {
    if (!current_ || current_->key != key) RETURN_IF_ERROR(begin_object(key));
    current_sum_.add(share.sum);
    current_cells_ += share.cells;
    if (current_cells_ > current_->cells && !PLANTED(kMixedSnapshots))
      return unfit("an object has more cells than the index names");
  }
  query_.run->after = by_difference() ? until_ : place_;
  if (more_) return Next::kAsk;
  bool ended = current_ && current_->key == query_.run->last && object_complete();
  if (!ended && !PLANTED(kMixedSnapshots)) return unfit("cells that the index names are missing");
  current_.reset();
  return late_.empty() ? next_run(store) : check_skipped(store);
}

// Checks one slot. Every cell must be in order, belong to an object that was asked for, and be
// covered by the vector.
base::Status StateJoin::check_slot(const crdt::SnapshotSlot& slot) {
  const crdt::SnapshotRun& run = *query_.run;
  if (shares_.empty() || !crdt::is_of(slot.slot, shares_.rbegin()->first)) {
    crdt::ObjectKey object = crdt::object_of(slot.slot);
    if (object < run.first || run.last < object)
      return wrong("a page has an object that was not asked for");
    shares_.try_emplace(std::move(object));
  }
  if (place_) {
    auto order = crdt::compare_slots(place_->slot, slot.slot);
    // The elements of a text have no order that could be checked here; its digest is checked.
    const bool goes_on =
        order == 0 && (slot.is_text() || (!place_->text && place_->dot < slot.cells.front().dot));
    if (order >= 0 && !goes_on) return wrong("the cells of a page are not in order");
  }
  Share& share = shares_.rbegin()->second;
  if (slot.is_text()) return check_text(slot, share);
  for (const crdt::Cell& cell : slot.cells) {
    if (!vector_.covers(cell.dot.actor, cell.dot.seq) && !PLANTED(kMixedSnapshots)) {
      return wrong("a page has a cell that the vector does not cover");
    }
    share.sum.add(crdt::cell_element(slot.slot, cell));
  }
  share.cells += slot.cells.size();
  place_ = {slot.slot, slot.cells.back().dot, false};
  return {};
}

base::Status StateJoin::check_text(const crdt::SnapshotSlot& slot, Share& share) {
  if (!text_hash_ || text_slot_ != slot.slot) {
    text_hash_.emplace(slot.slot);
    text_slot_ = slot.slot;
  }
  for (const crdt::TextRun& run : slot.runs) {
    if (!vector_.covers(run.dots.actor, run.dots.seq + (run.dots.changes - 1)) &&
        !PLANTED(kMixedSnapshots)) {
      return wrong("a page has an element that the vector does not cover");
    }
    share.cells += run.size();
    share.sum.add(text_hash_->of(run));
  }
  const crdt::TextRun& last = slot.runs.back();
  place_ = {slot.slot, last.dot_of(last.size() - 1), true};
  return {};
}

base::Status StateJoin::begin_object(const crdt::ObjectKey& object) {
  bool whole = !current_ || object_complete() || PLANTED(kMixedSnapshots);
  if (!whole) return unfit("cells that the index names are missing");
  bool first = !current_;
  current_sum_ = {};
  current_cells_ = 0;
  if (!late_.empty()) {
    current_ = skipped_.at(object);
    return {};
  }
  // Follows the index from the start of the run. No object of the run may be left out.
  bool found = false;
  while (!found) {
    ASSIGN_OR_RETURN(const crdt::SnapshotObject* next, expected_->peek());
    if (!next || object < next->key)
      return wrong("a page has cells of an object that the index lacks");
    found = next->key == object;
    bool passed_over = first ? next->key < query_.run->first : false;
    if (!found && !passed_over && !PLANTED(kMixedSnapshots)) {
      return unfit("cells that the index names are missing");
    }
    current_ = *next;
    expected_->pop();
  }
  return {};
}

bool StateJoin::object_complete() const {
  return current_cells_ == current_->cells && current_sum_ == current_->digest;
}

// Asks for the next objects in a row that differ from ours.
base::Result<StateJoin::Next> StateJoin::next_run(store::Store& store) {
  std::optional<crdt::ObjectKey> first;
  crdt::ObjectKey last;
  for (;;) {
    ASSIGN_OR_RETURN(const crdt::SnapshotObject* object, planned_->peek());
    if (!object) break;
    ASSIGN_OR_RETURN(const bool equal, equals_ours(store, *object));
    if (equal && skipped_.size() < limits_.skipped_max) {
      if (first) break;
      skipped_.emplace(object->key, *object);
    } else {
      if (!first) first = object->key;
      last = object->key;
    }
    planned_->pop();
  }
  if (!first) return check_skipped(store);
  ask_run(*first, last);
  return Next::kAsk;
}

base::Result<bool> StateJoin::equals_ours(store::Store& store, const crdt::SnapshotObject& object) {
  ASSIGN_OR_RETURN(const store::ObjectInfo* ours,
                   store.cells().find_object(object.key.first, object.key.second));
  return ours && static_cast<std::uint64_t>(ours->cells) == object.cells &&
         ours->digest == object.digest;
}

base::Result<StateJoin::Next> StateJoin::check_skipped(store::Store& store) {
  if (PLANTED(kEqualObjectSkipped)) return Next::kComplete;
  for (const auto& [key, object] : skipped_) {
    if (late_.contains(key)) continue;
    ASSIGN_OR_RETURN(const bool equal, equals_ours(store, object));
    if (equal) continue;
    late_.emplace(key, kLate + static_cast<std::int64_t>(late_.size()));
    pages_ = 0;
    ask_run(key, key);
    return Next::kAsk;
  }
  return Next::kComplete;
}

void StateJoin::ask_run(const crdt::ObjectKey& first, const crdt::ObjectKey& last) {
  query_.run = crdt::SnapshotRun{first, last, std::nullopt};
  if (by_difference()) query_.run->missing = missing_;
  current_.reset();
}

std::optional<std::int64_t> StateJoin::late_part(const crdt::ObjectKey& object) const {
  auto found = late_.find(object);
  if (found == late_.end()) return std::nullopt;
  return found->second;
}

base::Status StateJoin::stage(store::Store& store, std::int64_t part, std::int64_t page,
                              base::BytesView body) {
  return store.staged().put(part, page, body);
}

}  // namespace agent
