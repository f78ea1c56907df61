#include "agent/api/event_hub.h"

#include <algorithm>
#include <utility>

#include "agent/api/limits.h"

namespace agent {

EventHub::EventHub(Host& host) : host_(host) {}

void EventHub::open(const ExchangePtr& exchange, const std::string& object) {
  node_short_ = host_.facts().node_id.short_hex();
  auto stream = std::make_shared<Stream>();
  stream->exchange = exchange;
  stream->object = object;
  std::string_view last_id = exchange->request().header("last-event-id");
  stream->resumes = !last_id.empty();
  if (stream->resumes) {
    auto cursor = Cursor::parse(last_id);
    stream->foreign = !cursor || cursor->node != node_short_;
    if (!stream->foreign) stream->position = cursor->complete_position();
  }
  streams_.push_back(stream);
  exchange->on_gone([hub = weak_from_this(), gone = std::weak_ptr(stream)] {
    auto self = hub.lock();
    auto lost = gone.lock();
    if (self && lost) self->drop(lost);
  });
  if (armed_) return read_on(stream);
  if (!watcher_) arm();
}

// --- watching --------------------------------------------------------------------------------

// `armed` comes when every later turn reports its events, and what was missed is in the log.
void EventHub::arm() {
  auto heard = [hub = weak_from_this()](const std::vector<Event>& events, bool cut) {
    auto self = hub.lock();
    if (!self) return;
    cut ? self->missed_some() : self->heard(events);
  };
  std::uint64_t round = ++round_;
  watcher_ = host_.watch(heard, [hub = weak_from_this(), round] {
    auto self = hub.lock();
    if (self && self->round_ == round) self->armed();
  });
  if (!std::exchange(keeps_alive_, true)) keep_alive();
}

void EventHub::armed() {
  if (std::exchange(armed_, true)) return;
  for (const StreamPtr& stream : std::vector(streams_)) read_on(stream);
}

// Called when the last stream is gone. Never called from inside the host's call of heard().
void EventHub::rest() {
  if (!streams_.empty() || !watcher_) return;
  host_.unwatch(*watcher_);
  watcher_.reset();
  ++round_;
  armed_ = false;
}

// --- catching up -----------------------------------------------------------------------------

void EventHub::read_on(const StreamPtr& stream) {
  if (stream->exchange->gone()) return drop(stream);
  // The snapshot that will be read contains the events held so far.
  stream->held.clear();
  stream->held_bytes = 0;
  stream->overflowed = false;
  bool from_log = stream->resumes && !stream->foreign;
  // The pointers are weak: the last reference to an exchange must not be dropped on a reader
  // thread.
  auto job = [hub = weak_from_this(), reading = std::weak_ptr(stream), from_log,
              after = stream->position, node = node_short_](store::Reader& reader) {
    auto slice = std::make_shared<base::Result<LogSlice>>(
        from_log ? read_log_slice(reader, after, node) : read_log_end(reader));
    return [hub, reading, slice] {
      auto self = hub.lock();
      auto to = reading.lock();
      if (self && to) self->slice_read(to, std::move(*slice));
    };
  };
  if (host_.read(job)) return;
  host_.later(kRetryMillis, [hub = weak_from_this(), waiting = std::weak_ptr(stream)] {
    auto self = hub.lock();
    auto again = waiting.lock();
    if (self && again) self->read_on(again);
  });
}

void EventHub::slice_read(const StreamPtr& stream, base::Result<LogSlice> slice) {
  if (!slice.ok()) {
    stream->started ? stream->exchange->end_stream() : stream->exchange->fail(slice.error());
    return drop(stream);
  }
  stream->slice = std::move(*slice);
  stream->sent = 0;
  begin_slice(stream) ? send_slice(stream) : drop(stream);
}

bool EventHub::begin_slice(const StreamPtr& stream) {
  http::Exchange& exchange = *stream->exchange;
  const LogSlice& slice = stream->slice;
  if (!std::exchange(stream->started, true)) {
    exchange.start_stream();
    std::int64_t at = stream->resumes && !stream->foreign ? stream->position : slice.position;
    if (!exchange.write(start_text(cursor_at(at)))) return false;
  }
  std::string_view lost = slice.lost;
  if (stream->foreign) lost = "the cursor (Last-Event-ID) is not one of this agent";
  return lost.empty() || exchange.write(reset_text(cursor_at(slice.position), lost));
}

// The events of one change may be more bytes than a stream keeps for its client. Then the client
// would be cut at the same place every time, however fast it reads. So reading the log waits for
// the client.
void EventHub::send_slice(const StreamPtr& stream) {
  http::Exchange& exchange = *stream->exchange;
  if (exchange.gone()) return drop(stream);
  const std::vector<RenderedEvent>& events = stream->slice.events;
  auto has_room = [&exchange](std::size_t bytes) {
    return exchange.unsent() == 0 || exchange.unsent() + bytes <= kCatchUpBytes;
  };
  while (stream->sent < events.size() && has_room(events[stream->sent].text.size())) {
    if (!send(stream, events[stream->sent++])) return drop(stream);
  }
  if (stream->sent == events.size() && has_room(0)) return slice_sent(stream);
  host_.later(kCatchUpPauseMillis, [hub = weak_from_this(), waiting = std::weak_ptr(stream)] {
    auto self = hub.lock();
    auto again = waiting.lock();
    if (self && again) self->send_slice(again);
  });
}

void EventHub::slice_sent(const StreamPtr& stream) {
  LogSlice slice = std::exchange(stream->slice, {});
  stream->position = slice.position;
  // If held events overflow from here on, the log is read again from this position.
  stream->resumes = true;
  stream->foreign = false;
  slice.end && !stream->overflowed ? join_live(stream) : read_on(stream);
}

void EventHub::join_live(const StreamPtr& stream) {
  stream->live = true;
  for (const auto& event : std::exchange(stream->held, {})) {
    if (event->position > stream->position && !send(stream, *event)) return drop(stream);
  }
}

// --- live ------------------------------------------------------------------------------------

void EventHub::heard(const std::vector<Event>& events) {
  std::vector<std::shared_ptr<const RenderedEvent>> rendered;
  for (RenderedEvent& event : render_events(events, node_short_)) {
    rendered.push_back(std::make_shared<const RenderedEvent>(std::move(event)));
  }
  for (const StreamPtr& stream : std::vector(streams_)) {
    bool open = true;
    for (const auto& event : rendered) {
      if (!stream->live) {
        hold(*stream, event);
      } else if (event->position > stream->position) {
        open = open && send(stream, *event);
      }
    }
    if (!open) drop(stream);
  }
}

// Some events were not reported. Each stream reads the log after the commit; the log tells it where
// it can go on, and sends the reset.
void EventHub::missed_some() {
  for (const StreamPtr& stream : std::vector(streams_)) {
    if (std::exchange(stream->live, false)) {
      read_on(stream);
    } else {
      stream->held.clear();
      stream->overflowed = true;  // an older snapshot does not reach the end of the log
    }
  }
}

void EventHub::hold(Stream& stream, const std::shared_ptr<const RenderedEvent>& event) {
  stream.held_bytes += event->text.size();
  stream.overflowed |= stream.held.size() >= kHeldEventsMax || stream.held_bytes > kHeldBytesMax;
  if (stream.overflowed) {
    stream.held.clear();
  } else {
    stream.held.push_back(event);
  }
}

bool EventHub::send(const StreamPtr& stream, const RenderedEvent& event) {
  if (!stream->object.empty() && stream->object != event.object) return true;
  return stream->exchange->write(event.text);
}

void EventHub::drop(const StreamPtr& stream) {
  StreamPtr kept = stream;  // `stream` may refer to the list itself
  std::erase(streams_, kept);
  if (!streams_.empty()) return;
  host_.later(0, [hub = weak_from_this()] {
    if (auto self = hub.lock()) self->rest();
  });
}

void EventHub::keep_alive() {
  host_.later(kKeepAliveMillis, [hub = weak_from_this()] {
    auto self = hub.lock();
    if (!self) return;
    for (const StreamPtr& stream : std::vector(self->streams_)) {
      bool quiet = stream->started && stream->exchange->unsent() == 0;
      if (quiet && !stream->exchange->write(": keep-alive\n\n")) self->drop(stream);
    }
    self->keeps_alive_ = !self->streams_.empty();
    if (self->keeps_alive_) self->keep_alive();
  });
}

Cursor EventHub::cursor_at(std::int64_t position) const { return {node_short_, position, 0}; }

}  // namespace agent
