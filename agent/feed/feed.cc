#include "agent/feed/feed.h"

#include <algorithm>
#include <utility>

#include "agent/feed/limits.h"

namespace agent {

// What is needed only while a listener is behind.
struct Feed::CatchUp {
  bool values = false;            // values are read now
  std::optional<ValueKey> after;  // the values up to here were given
  std::vector<Value> page;        // read; given up to `sent`
  bool last_page = false;
  ValueCover cover;                     // of the values that were read; until the log is at its end
  std::unique_ptr<const Events> slice;  // read from the log; given up to `sent`
  std::int64_t slice_position = 0;
  bool slice_end = false;
  std::size_t sent = 0;
  // Of the turns since the snapshot of the slice was asked for.
  std::vector<std::shared_ptr<const Events>> held;
  std::size_t held_events = 0;
  std::size_t held_bytes = 0;
  bool overflowed = false;  // held events were dropped: read the log again
};

struct Feed::Subscription {
  std::uint64_t number = 0;
  std::shared_ptr<Listener> listener;
  Filter filter;
  bool wants_values = false;
  bool begun = false;
  bool up_to_date = false;  // was told, since the begin or the last reset
  // The cursor is of another agent, and nothing is known of its position: the log is read from
  // its beginning.
  bool foreign = false;
  bool unknown = false;  // the cursor is none
  // All changes up to here were given. Nullopt: the next read decides.
  std::optional<std::int64_t> position;
  std::unique_ptr<CatchUp> catch_up;  // null: live
};

Start Start::at(std::string_view cursor) {
  auto parsed = Cursor::parse(cursor);
  if (!parsed) return {Kind::kUnknown, {}, false};
  return {Kind::kCursor, std::move(*parsed), false};
}

Feed::Feed(FeedSource& source, Timers& timers) : source_(source), timers_(timers) {}
Feed::~Feed() = default;

std::uint64_t Feed::open(std::shared_ptr<Listener> listener, Filter filter, Start start) {
  node_ = source_.short_node_id();
  auto opened = std::make_shared<Subscription>();
  opened->number = next_number_++;
  opened->listener = std::move(listener);
  opened->filter = std::move(filter);
  opened->wants_values = start.values;
  opened->unknown = start.kind == Start::Kind::kUnknown;
  const bool cursor = start.kind == Start::Kind::kCursor;
  if (cursor) opened->position = position_of(start.cursor);
  opened->foreign = cursor && !opened->position;
  if (opened->foreign || start.kind == Start::Kind::kBeginning) opened->position = 0;
  opened->catch_up = std::make_unique<CatchUp>();
  opened->catch_up->values = start.values && start.kind == Start::Kind::kNow;
  subscriptions_.push_back(opened);
  const std::uint64_t number = opened->number;
  if (armed_) {
    read_on(opened);
  } else if (!watcher_) {
    arm();
  }
  return number;
}

// Where the client of this cursor goes on in our log. Nullopt: it must begin at the beginning.
std::optional<std::int64_t> Feed::position_of(const Cursor& cursor) const {
  const std::int64_t complete = cursor.complete_position();
  return cursor.node == node_ ? complete : source_.position_here(cursor.node, complete);
}

void Feed::close(std::uint64_t number) {
  const auto found = std::find_if(subscriptions_.begin(), subscriptions_.end(),
                                  [&](const auto& one) { return one->number == number; });
  if (found != subscriptions_.end()) drop(*found);
}

// --- watching --------------------------------------------------------------------------------

// `armed` comes when every later turn reports its events, and what was missed is in the log.
void Feed::arm() {
  auto heard = [feed = weak_from_this()](const std::vector<Event>& events, bool cut) {
    auto self = feed.lock();
    if (!self) return;
    cut ? self->missed_some() : self->heard(events);
  };
  std::uint64_t round = ++round_;
  watcher_ = source_.watch(heard, [feed = weak_from_this(), round] {
    auto self = feed.lock();
    if (self && self->round_ == round) self->armed();
  });
}

void Feed::armed() {
  if (std::exchange(armed_, true)) return;
  for (const SubscriptionPtr& one : std::vector(subscriptions_)) read_on(one);
}

// Called when the last listener is gone. Never called from inside the source's call of heard().
void Feed::rest() {
  if (!subscriptions_.empty() || !watcher_) return;
  source_.unwatch(*watcher_);
  watcher_.reset();
  ++round_;
  armed_ = false;
}

// --- catching up -----------------------------------------------------------------------------

void Feed::read_on(const SubscriptionPtr& to) {
  if (!to->listener) return;
  to->catch_up->values ? read_values_on(to) : read_log_on(to);
}

// The pointers are weak: the last reference to a listener must not be dropped on a reader thread.
template <typename Read, typename Done>
void Feed::read(const SubscriptionPtr& to, Read read, Done done) {
  auto job = [feed = weak_from_this(), reading = std::weak_ptr(to), read = std::move(read),
              done](store::Reader& reader) -> std::function<void()> {
    auto found = std::make_shared<decltype(read(reader))>(read(reader));
    return [feed, reading, found, done] {
      auto self = feed.lock();
      auto waiting = reading.lock();
      if (self && waiting && waiting->listener) ((*self).*done)(waiting, std::move(*found));
    };
  };
  if (!source_.read(std::move(job))) wait(to, kFeedRetryMillis, &Feed::read_on);
}

void Feed::read_values_on(const SubscriptionPtr& to) {
  read(
      to,
      [filter = to->filter, after = to->catch_up->after](store::Reader& reader) {
        return read_values(reader, filter, after);
      },
      &Feed::values_read);
}

void Feed::values_read(const SubscriptionPtr& to, base::Result<ValuePage> page) {
  if (!page.ok()) return fail(to, page.error());
  if (!begin(to, std::nullopt)) return drop(to);
  CatchUp& catch_up = *to->catch_up;
  catch_up.cover.add(page->next, page->position);
  catch_up.page = std::move(page->values);
  catch_up.sent = 0;
  catch_up.last_page = !page->next;
  catch_up.after = std::move(page->next);
  send_values(to);
}

void Feed::send_values(const SubscriptionPtr& to) {
  if (!to->listener) return;
  CatchUp& catch_up = *to->catch_up;
  const std::vector<Value>& page = catch_up.page;
  while (catch_up.sent < page.size()) {
    const std::size_t room = to->listener->room();
    const std::size_t first = catch_up.sent;
    std::size_t bytes = 0;
    while (catch_up.sent < page.size()) {
      bytes += bytes_of(page[catch_up.sent]);
      const bool alone = room == Listener::kIdle && catch_up.sent == first;
      if (!alone && bytes > std::min(room, kCatchUpBytes)) break;
      ++catch_up.sent;
    }
    if (catch_up.sent == first) return wait(to, kCatchUpPauseMillis, &Feed::send_values);
    if (!to->listener->values(std::span(page).subspan(first, catch_up.sent - first))) {
      return drop(to);
    }
  }
  if (to->listener->room() == 0) return wait(to, kCatchUpPauseMillis, &Feed::send_values);
  catch_up.page = {};
  if (catch_up.last_page) {
    catch_up.values = false;
    to->position = catch_up.cover.first();
    if (!to->listener->values_end(cursor_at(*to->position))) return drop(to);
  }
  read_on(to);
}

void Feed::read_log_on(const SubscriptionPtr& to) {
  // The snapshot that will be read contains the events held so far.
  CatchUp& catch_up = *to->catch_up;
  catch_up.held.clear();
  catch_up.held_events = catch_up.held_bytes = 0;
  catch_up.overflowed = false;
  read(
      to,
      [after = to->position](store::Reader& reader) {
        return after ? read_log_slice(reader, *after) : read_log_end(reader);
      },
      &Feed::slice_read);
}

void Feed::slice_read(const SubscriptionPtr& to, base::Result<LogSlice> slice) {
  if (!slice.ok()) return fail(to, slice.error());
  const bool own = to->position && !to->foreign && !to->unknown;
  if (!begin(to, own ? std::optional(cursor_at(*to->position)) : std::nullopt)) return drop(to);
  std::string lost = std::move(slice->lost);
  if (!lost.empty() && to->foreign) {
    lost =
        "the cursor is of another agent, and the log of this agent does not "
        "reach back to its beginning";
  }
  if (std::exchange(to->unknown, false)) {
    lost = "the cursor is none that an agent gives";
  }
  if (!lost.empty()) return lose(to, slice->position, lost);
  CatchUp& catch_up = *to->catch_up;
  catch_up.slice = std::make_unique<const Events>(std::move(slice->events), false);
  catch_up.slice_position = slice->position;
  catch_up.slice_end = slice->end;
  catch_up.sent = 0;
  send_slice(to);
}

bool Feed::begin(const SubscriptionPtr& to, const std::optional<Cursor>& at) {
  return std::exchange(to->begun, true) || to->listener->begin(at);
}

// Changes up to `position` are lost for this listener.
void Feed::lose(const SubscriptionPtr& to, std::int64_t position, const std::string& reason) {
  CatchUp& catch_up = *to->catch_up;
  to->foreign = false;
  to->up_to_date = false;
  std::optional<Cursor> at;
  if (!to->wants_values) at = cursor_at(position);
  if (!to->listener->reset(at, reason)) return drop(to);
  catch_up.cover = {};
  if (to->wants_values) {
    catch_up.values = true;
    catch_up.after.reset();
    to->position.reset();
    return read_on(to);
  }
  catch_up.slice = std::make_unique<const Events>(std::vector<Event>(), false);
  catch_up.slice_position = position;
  catch_up.slice_end = true;
  slice_sent(to);
}

// The events of one change may be more bytes than a listener keeps for its client. Then the client
// would be cut at the same place every time, however fast it reads. So reading the log waits for
// the client.
void Feed::send_slice(const SubscriptionPtr& to) {
  if (!to->listener) return;
  CatchUp& catch_up = *to->catch_up;
  const Events& events = *catch_up.slice;
  while (catch_up.sent < events.list().size()) {
    wanted_.clear();
    const bool waits = !next_batch(*to, wanted_);
    if (!wanted_.empty() && !to->listener->changes({events, wanted_})) return drop(to);
    if (waits) return wait(to, kCatchUpPauseMillis, &Feed::send_slice);
  }
  if (to->listener->room() == 0) return wait(to, kCatchUpPauseMillis, &Feed::send_slice);
  slice_sent(to);
}

// Takes the events from the slice for which there is room now. False: the next one has none.
bool Feed::next_batch(Subscription& to, std::vector<std::size_t>& wanted) {
  CatchUp& catch_up = *to.catch_up;
  const std::vector<Event>& events = catch_up.slice->list();
  const std::size_t room = to.listener->room();
  std::size_t bytes = 0;
  for (; catch_up.sent < events.size(); ++catch_up.sent) {
    const Event& event = events[catch_up.sent];
    if (!to.filter.passes(event.object) || catch_up.cover.covers(event)) continue;
    bytes += bytes_of(event);
    const bool alone = room == Listener::kIdle && wanted.empty();
    if (!alone && bytes > std::min(room, kCatchUpBytes)) return room == Listener::kIdle;
    wanted.push_back(catch_up.sent);
  }
  return true;
}

void Feed::slice_sent(const SubscriptionPtr& to) {
  CatchUp& catch_up = *to->catch_up;
  // If held events overflow from here on, the log is read again from this position.
  to->position = catch_up.slice_position;
  to->foreign = false;
  catch_up.slice.reset();
  catch_up.slice_end && !catch_up.overflowed ? join_live(to) : read_log_on(to);
}

// The snapshot of this slice is not older than that of any page of values, so no cover is needed.
void Feed::join_live(const SubscriptionPtr& to) {
  const std::unique_ptr<CatchUp> done = std::move(to->catch_up);
  if (!std::exchange(to->up_to_date, true) && !to->listener->up_to_date(cursor_at(*to->position))) {
    return drop(to);
  }
  for (const auto& events : done->held) {
    if (!send_live(*to, *events)) return drop(to);
  }
}

// --- live ------------------------------------------------------------------------------------

void Feed::heard(const std::vector<Event>& list) {
  auto events = std::make_shared<const Events>(list, true);
  for (const SubscriptionPtr& one : std::vector(subscriptions_)) {
    if (!one->listener) continue;
    if (one->catch_up) {
      hold(*one->catch_up, events);
    } else if (!send_live(*one, *events)) {
      drop(one);
    }
  }
}

// Some events were not reported. Each listener reads the log after the commit; the log tells it
// where it can go on, and that events are lost.
void Feed::missed_some() {
  for (const SubscriptionPtr& one : std::vector(subscriptions_)) {
    if (!one->listener) continue;
    if (!one->catch_up) {
      one->catch_up = std::make_unique<CatchUp>();
      read_on(one);
    } else {
      one->catch_up->held.clear();
      one->catch_up->overflowed = true;  // an older snapshot does not reach the end of the log
    }
  }
}

void Feed::hold(CatchUp& catch_up, const std::shared_ptr<const Events>& events) {
  if (catch_up.values || catch_up.overflowed) return;  // the log is read after this
  catch_up.held_events += events->list().size();
  catch_up.held_bytes += events->bytes();
  catch_up.overflowed =
      catch_up.held_events > kHeldEventsMax || catch_up.held_bytes > kHeldBytesMax;
  if (catch_up.overflowed) {
    catch_up.held.clear();
  } else {
    catch_up.held.push_back(events);
  }
}

bool Feed::send_live(Subscription& to, const Events& events) {
  const std::vector<Event>& list = events.list();
  wanted_.clear();
  for (std::size_t i = 0; i < list.size(); ++i) {
    if (list[i].position > *to.position && to.filter.passes(list[i].object)) wanted_.push_back(i);
  }
  if (!list.empty()) to.position = std::max(*to.position, list.back().position);
  return wanted_.empty() || to.listener->changes({events, wanted_});
}

// --- ends --------------------------------------------------------------------------------------

void Feed::fail(const SubscriptionPtr& to, const base::Error& error) {
  to->listener->fail(error);
  drop(to);
}

void Feed::wait(const SubscriptionPtr& to, std::uint64_t millis,
                void (Feed::*then)(const SubscriptionPtr&)) {
  timers_.later(millis, [feed = weak_from_this(), waiting = std::weak_ptr(to), then] {
    auto self = feed.lock();
    auto again = waiting.lock();
    if (self && again && again->listener) ((*self).*then)(again);
  });
}

void Feed::drop(const SubscriptionPtr& to) {
  SubscriptionPtr kept = to;  // `to` may refer to the list itself
  kept->listener.reset();
  std::erase(subscriptions_, kept);
  if (!subscriptions_.empty()) return;
  timers_.later(0, [feed = weak_from_this()] {
    if (auto self = feed.lock()) self->rest();
  });
}

}  // namespace agent
