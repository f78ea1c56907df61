#pragma once

// The changes of this agent for all its listeners, from wherever each of them stands, as values
// without text. One feed serves every door of the agent. Opening a listener writes nothing.
//
// A listener first gets what is behind: values if it wants them, then the log from its cursor, one
// part in one snapshot, and no faster than it takes them. Events that happen meanwhile are held. At
// the end of the log it takes the live events above its last position, so no event is missing or
// repeated. If events are lost (pruned from the log, or too many in one state join), it gets a
// reset.
//
// Values are read in pages of one snapshot each. A change comes after the value of its place only
// if the value was read before the change, so with the values a listener never goes back.
//
// While a listener is live the feed keeps its filter and its position, nothing else. Loop thread
// only.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/feed/events.h"
#include "agent/feed/filter.h"
#include "agent/feed/listener.h"
#include "agent/feed/log_slice.h"
#include "agent/feed/source.h"
#include "agent/feed/timers.h"
#include "agent/feed/values.h"

namespace agent {

// Where a listener begins.
struct Start {
  enum class Kind : std::uint8_t { kNow, kBeginning, kCursor, kUnknown } kind = Kind::kNow;
  Cursor cursor;  // for kCursor
  // Values come first. With a cursor from which the log can go on, no values come: the client has
  // them.
  bool values = false;

  static Start now() { return {}; }
  static Start beginning() { return {Kind::kBeginning, {}, false}; }
  // A text that is no cursor is kUnknown: the listener begins with a reset. With a cursor of
  // another agent the listener goes on where our log has no more than that agent's log had there
  // (FeedSource::position_here). If this is not known, it gets our whole log, or a reset if the log
  // does not reach back to its beginning.
  static Start at(std::string_view cursor);
};

class Feed : public std::enable_shared_from_this<Feed> {
 public:
  Feed(FeedSource& source, Timers& timers);
  ~Feed();

  // Returns a number for close(). The listener is not called from inside open(), and it calls
  // neither open() nor close() from inside its own functions.
  std::uint64_t open(std::shared_ptr<Listener> listener, Filter filter, Start start);
  // The client is gone. Nothing more is called. Unknown numbers are ignored.
  void close(std::uint64_t number);
  std::size_t listeners() const { return subscriptions_.size(); }

 private:
  struct CatchUp;
  struct Subscription;
  using SubscriptionPtr = std::shared_ptr<Subscription>;

  std::optional<std::int64_t> position_of(const Cursor& cursor) const;
  void arm();
  void armed();
  void read_on(const SubscriptionPtr& to);
  void read_values_on(const SubscriptionPtr& to);
  void read_log_on(const SubscriptionPtr& to);
  template <typename Read, typename Done>
  void read(const SubscriptionPtr& to, Read read, Done done);
  void values_read(const SubscriptionPtr& to, base::Result<ValuePage> page);
  void send_values(const SubscriptionPtr& to);
  void slice_read(const SubscriptionPtr& to, base::Result<LogSlice> slice);
  bool begin(const SubscriptionPtr& to, const std::optional<Cursor>& at);
  void lose(const SubscriptionPtr& to, std::int64_t position, const std::string& reason);
  void send_slice(const SubscriptionPtr& to);
  bool next_batch(Subscription& to, std::vector<std::size_t>& wanted);
  void slice_sent(const SubscriptionPtr& to);
  void join_live(const SubscriptionPtr& to);
  void heard(const std::vector<Event>& events);
  void missed_some();
  void hold(CatchUp& catch_up, const std::shared_ptr<const Events>& events);
  bool send_live(Subscription& to, const Events& events);
  void fail(const SubscriptionPtr& to, const base::Error& error);
  void wait(const SubscriptionPtr& to, std::uint64_t millis,
            void (Feed::*then)(const SubscriptionPtr&));
  void drop(const SubscriptionPtr& to);
  void rest();
  Cursor cursor_at(std::int64_t position) const { return {node_, position, 0}; }

  FeedSource& source_;
  Timers& timers_;
  std::string node_;
  std::vector<SubscriptionPtr> subscriptions_;
  std::uint64_t next_number_ = 1;
  std::vector<std::size_t> wanted_;  // of the batch that is being given; kept for its memory
  std::optional<std::uint64_t> watcher_;
  std::uint64_t round_ = 0;  // changes with each arm() and rest()
  bool armed_ = false;       // every turn from now on reports its events
};

}  // namespace agent
