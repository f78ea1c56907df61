#pragma once

// Every open event stream of this agent. A stream first reads the log from its cursor, a slice a
// snapshot and no faster than its client takes it, and holds what happens meanwhile; at the end of
// the log it joins the live events above the last position read: no gap, no repeat. What neither
// can tell (pruned, or too much in one state join) is a reset. Loop thread only.

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

  // `object` empty: all of them.
  void open(const ExchangePtr& exchange, const std::string& object);

 private:
  struct Stream {
    ExchangePtr exchange;
    std::string object;
    bool resumes = false;       // a Last-Event-ID came
    bool foreign = false;       // and it is not one of ours
    bool started = false;       // the head is sent
    bool live = false;          // `held` is not used any more
    std::int64_t position = 0;  // all up to here is sent
    LogSlice slice;             // read from the log, sent up to `sent`
    std::size_t sent = 0;
    std::vector<std::shared_ptr<const RenderedEvent>> held;
    std::size_t held_bytes = 0;
    bool overflowed = false;  // held events were dropped: the log has them
  };
  using StreamPtr = std::shared_ptr<Stream>;

  void arm();
  void send_barrier();
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
  bool armed_ = false;  // every turn from now on tells its events
  bool keeps_alive_ = false;
};

}  // namespace agent
