// The difference form of a state join: the peer names the dots of cells that we have seen. Our own
// cells must then make up for what it does not send. Those that we no longer hold, because we have
// seen or made a later change, the peer adds up for us.

#include <algorithm>
#include <iterator>
#include <utility>

#include "agent/replica/cell_range.h"
#include "agent/replica/state_join.h"
#include "crdt/base/plant.h"
#include "crdt/dot_run_codec.h"

namespace agent {
namespace {

// A query for lacking cells has about so many bytes of dots at most. With the places in it, it
// stays below kSnapshotQueryBytesMax.
constexpr std::size_t kLackingBytes = 20u << 10;
constexpr std::size_t kDotBytes = 18;    // of most dots
constexpr std::size_t kActorBytes = 32;  // of one more actor, and of the first dot of it

std::vector<crdt::Dot> dots_of(const crdt::DotRuns& runs) {
  std::vector<crdt::Dot> dots;
  dots.reserve(crdt::codec::count_dots(runs));
  for (const crdt::DotRun& run : runs) {
    for (std::uint32_t change = 0; change < run.changes; ++change) {
      for (std::uint32_t i = 0; i < run.count; ++i) {
        dots.push_back({run.actor, run.seq + change, run.index + i});
      }
    }
  }
  std::sort(dots.begin(), dots.end());
  return dots;
}

}  // namespace

// The names must be of objects that were asked for, in the range of the page, and of dots that both
// sides have seen.
base::Status StateJoin::check_names(const crdt::SnapshotPage& page) {
  const crdt::SnapshotRun& run = *query_.run;
  if (page.more != page.until.has_value()) return wrong("a page does not say how far it reaches");
  for (const crdt::SnapshotNamed& named : page.named) {
    const bool asked_for = !(named.key < run.first) && !(run.last < named.key) &&
                           !(run.after && named.key < crdt::object_of(run.after->slot));
    if (!asked_for) return wrong("a page names dots of an object that was not asked for");
    const bool seen = std::all_of(named.dots.begin(), named.dots.end(),
                                  [this](const crdt::DotRun& dots) { return has_seen(dots); });
    if (!seen && !PLANTED(kMixedSnapshots)) {
      return wrong("a page names a dot that one of the two sides has not seen");
    }
    shares_.try_emplace(named.key);
  }
  if (shares_.size() != page.named.size()) return wrong("a page does not name all its objects");
  if (!page.until) return {};
  const bool of_last = !page.named.empty() && crdt::is_of(page.until->slot, page.named.back().key);
  const bool in_order = place_ == page.until || !place_ ||
                        (!page.until->text && crdt::is_behind(*place_, *page.until));
  const bool goes_on = !run.after || crdt::is_behind(*run.after, *page.until);
  if (!of_last || !in_order || !goes_on) return wrong("a page ends outside of its range");
  return {};
}

// A dot that we have not seen must come with its cell: we have no body for it, and after the join
// we will count it as seen.
bool StateJoin::has_seen(const crdt::DotRun& run) const {
  const std::uint64_t last = run.seq + (run.changes - 1);
  const auto found = missing_.find(run.actor);
  if (found != missing_.end() && last > found->second) return false;
  return vector_.covers(run.actor, last);
}

base::Status StateJoin::add_own(store::Store& store, const crdt::SnapshotNamed& named) {
  const std::uint64_t wanted = crdt::codec::count_dots(named.dots);
  if (wanted == 0) return {};
  Share& share = shares_[named.key];
  std::vector<crdt::Dot> found;
  ASSIGN_OR_RETURN(const store::ObjectInfo* known,
                   store.cells().find_object(named.key.first, named.key.second));
  if (known) {
    const store::ObjectInfo object = *known;
    const auto& after = query_.run->after;
    const auto visit = [&](const crdt::Slot& slot, const crdt::Cell& cell) {
      if (crdt::covers(named.dots, cell.dot)) {
        share.sum.add(crdt::cell_element(slot, cell));
        ++share.cells;
        found.push_back(cell.dot);
      }
      return found.size() < wanted;
    };
    RETURN_IF_ERROR(visit_cells(store.cells(), object, after ? &*after : nullptr,
                                until_ ? &*until_ : nullptr, visit));
  }
  if (found.size() == wanted) return {};
  std::sort(found.begin(), found.end());
  const std::vector<crdt::Dot> all = dots_of(named.dots);
  std::set_difference(all.begin(), all.end(), found.begin(), found.end(),
                      std::back_inserter(lacking_));
  return {};
}

// Asks for the sums of as many lacking cells as a query can name.
StateJoin::Next StateJoin::ask_lacking() {
  std::vector<crdt::Dot> dots;
  for (std::size_t bytes = 0; !lacking_.empty(); lacking_.pop_back()) {
    const bool same = !dots.empty() && dots.back().actor == lacking_.back().actor;
    bytes += same ? kDotBytes : kActorBytes + kDotBytes;
    if (bytes > kLackingBytes) break;
    dots.push_back(lacking_.back());
  }
  asked_ = dots.size();
  query_.run->missing.reset();
  query_.run->wanted = crdt::SnapshotRun::Wanted{until_, crdt::runs_of(std::move(dots))};
  return Next::kAsk;
}

base::Result<StateJoin::Next> StateJoin::take_lacking(store::Store& store,
                                                      crdt::SnapshotPageReader& reader) {
  const crdt::SnapshotPage& page = reader.head();
  const bool sums_alone = page.actors.empty() && reader.slots_left() == 0 && page.named.empty() &&
                          !page.until && !page.more;
  if (!sums_alone) return wrong("a page has more than the sums that were asked for");
  RETURN_IF_ERROR(reader.next(slot_));
  for (const crdt::SnapshotObject& object : page.objects) {
    const auto share = shares_.find(object.key);
    if (share == shares_.end()) return wrong("a page has the sum of an object not asked for");
    if (object.cells > asked_) return unfit("a page counts more cells than were asked for");
    asked_ -= object.cells;
    share->second.cells += object.cells;
    share->second.sum.add(object.digest);
  }
  if (asked_ > 0) return unfit("the peer does not hold cells whose dots it has named");
  query_.run->wanted.reset();
  query_.run->missing = missing_;
  return lacking_.empty() ? settle_page(store) : ask_lacking();
}

}  // namespace agent
