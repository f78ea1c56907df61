#pragma once

// All open event streams of this agent. A stream first reads the log from its cursor, one part in
// one snapshot, and no faster than its client reads. Events that happen meanwhile are held. At the
// end of the log the stream takes the live events above its last position, so no event is missing
// or repeated. If events are lost (pruned from the log, or too many in one state join), the client
// gets a reset. Loop thread only.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/api/event_text.h"
#include "agent/api/log_slice.h"
#include "agent/api/reading.h"

namespace agent {

class EventHub : public std::enable_shared_from_this<EventHub> {
 public:
  explicit EventHub(Host& host);

  // `object` empty: events of all objects.
  void open(const ExchangePtr& exchange, const std::string& object);

 private:
  struct Stream {
    ExchangePtr exchange;
    std::string object;
    bool resumes = false;       // the request has a Last-Event-ID
    bool foreign = false;       // the Last-Event-ID is not from this agent
    bool started = false;       // the head of the answer is sent
    bool live = false;          // gets events directly, `held` is no longer used
    std::int64_t position = 0;  // all events up to here are sent
    LogSlice slice;             // read from the log; sent up to `sent`
    std::size_t sent = 0;
    std::vector<std::shared_ptr<const RenderedEvent>> held;
    std::size_t held_bytes = 0;
    bool overflowed = false;  // held events were dropped: read the log again
  };
  using StreamPtr = std::shared_ptr<Stream>;

  void arm();
  void armed();
  void read_on(const StreamPtr& stream);
  void slice_read(const StreamPtr& stream, base::Result<LogSlice> slice);
  bool begin_slice(const StreamPtr& stream);
  void send_slice(const StreamPtr& stream);
  void slice_sent(const StreamPtr& stream);
  void join_live(const StreamPtr& stream);
  void heard(const std::vector<Event>& events);
  void missed_some();
  void hold(Stream& stream, const std::shared_ptr<const RenderedEvent>& event);
  bool send(const StreamPtr& stream, const RenderedEvent& event);
  void drop(const StreamPtr& stream);
  void rest();
  void keep_alive();
  Cursor cursor_at(std::int64_t position) const;

  Host& host_;
  std::string node_short_;
  std::vector<StreamPtr> streams_;
  std::optional<std::uint64_t> watcher_;
  std::uint64_t round_ = 0;  // changes with each arm() and rest()
  bool armed_ = false;       // every turn from now on reports its events
  bool keeps_alive_ = false;
};

}  // namespace agent
