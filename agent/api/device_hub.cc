#include "agent/api/device_hub.h"

#include <algorithm>
#include <utility>

#include "agent/api/hub_listener.h"
#include "agent/api/limits.h"

namespace agent {

struct DeviceHub::Connection {
  std::string device;
  std::shared_ptr<http::Socket> socket;
  struct Waiting {
    DeviceMessage message;
    bool alone = false;  // every message before it had been answered when it came
    std::size_t bytes = 0;
  };
  std::deque<Waiting> waiting;
  std::size_t waiting_bytes = 0;
  std::size_t busy_bytes = 0;  // of the message that is being answered
  bool busy = false;           // a message is being answered
  bool paused = false;         // nothing is read from it

  bool begun = false;    // it got an answer, so `given` is known
  Acknowledged given;    // what it was given, and what it had before
  bool whole = false;    // it lacks nothing but what is told from now on
  bool catches = false;  // the rest is being read
  bool missed = false;   // changes were not told since the last reading was begun
  struct Answer {
    std::int64_t ack_timestamp = 0;
    Acknowledged given;
  };
  std::optional<Answer> answered;  // the last answer, until it is acknowledged
  std::set<std::string> told;      // texts of conflicts
};

struct DeviceHub::NotesRead {
  std::vector<Note> notes;
};

bool DeviceHub::waits_enough(const Connection& connection) {
  return connection.waiting.size() >= kDeviceWaitingMax ||
         connection.waiting_bytes + connection.busy_bytes >= kDeviceWaitingBytes;
}

DeviceHub::DeviceHub(Data& data, Timers& timers, std::shared_ptr<Feed> feed,
                     std::shared_ptr<DeviceLedger> ledger)
    : data_(data), timers_(timers), feed_(std::move(feed)), ledger_(std::move(ledger)) {}
DeviceHub::~DeviceHub() = default;

// --- connections

void DeviceHub::open(const std::shared_ptr<http::Exchange>& exchange, const std::string& device) {
  auto connection = std::make_shared<Connection>();
  connection->device = device;
  http::SocketEvents events;
  events.on_message = [hub = weak_from_this(), connection](bool binary, std::string text) {
    if (auto self = hub.lock()) self->receive(connection, binary, std::move(text));
  };
  events.on_closed = [hub = weak_from_this(), connection] {
    if (auto self = hub.lock()) self->leave(connection);
  };
  connection->socket = exchange->upgrade(std::move(events));
  if (!connection->socket) return;
  connections_.push_back(connection);
  if (!listener_) {
    listener_ = feed_->open(std::make_shared<HubListener<DeviceHub>>(weak_from_this()),
                            Filter({kNotesObject}, {}), Start::now());
  }
}

void DeviceHub::receive(const ConnectionPtr& from, bool binary, std::string text) {
  if (binary) {
    return refuse(*from, base::invalid("a binary message came; messages are text, in JSON"));
  }
  auto message = parse_device_message(text);
  if (!message.ok()) return refuse(*from, message.error());
  if (message->kind == DeviceMessage::Kind::kSubscribe) return;  // every change is told anyway
  wait(from, std::move(*message), text.size());
}

void DeviceHub::wait(const ConnectionPtr& from, DeviceMessage message, std::size_t text_bytes) {
  const std::size_t bytes = text_bytes + message.changes.ops.size() * sizeof(crdt::Op);
  if (waiting_bytes_ + bytes > kDevicesWaitingBytes) {
    return refuse(*from,
                  {base::Code::kBusy, "too many messages of devices wait; send the message again"});
  }
  const bool alone = !from->busy && from->waiting.empty();
  from->waiting.push_back({std::move(message), alone, bytes});
  from->waiting_bytes += bytes;
  waiting_bytes_ += bytes;
  if (waits_enough(*from) && !std::exchange(from->paused, true)) from->socket->pause();
  next(from);
}

// A snapshot that is read before the feed is live may lack changes that nobody tells later, so
// messages wait for it.
void DeviceHub::next(const ConnectionPtr& from) {
  if (from->busy || from->waiting.empty() || !live_) return;
  from->busy = true;
  auto [message, alone, bytes] = std::move(from->waiting.front());
  from->waiting.pop_front();
  from->waiting_bytes -= bytes;
  from->busy_bytes = bytes;
  const bool acknowledges =
      alone && from->answered && from->answered->ack_timestamp == message.last_ack;
  if (acknowledges) {
    ledger_->acknowledge(from->device, from->answered->given);
    from->answered.reset();
  }
  message.kind == DeviceMessage::Kind::kAck ? done(from) : take(from, std::move(message));
}

void DeviceHub::take(const ConnectionPtr& from, DeviceMessage message) {
  const std::int64_t last_ack = message.last_ack;
  const std::int64_t ack_timestamp = message.ack_timestamp;
  if (message.changes.ops.empty()) return answer(from, last_ack, ack_timestamp);
  data_.write(std::move(message.changes), [hub = weak_from_this(), from, last_ack,
                                           ack_timestamp](const base::Result<Written>& written) {
    const auto self = hub.lock();
    if (!self) return;
    if (written.ok()) return self->answer(from, last_ack, ack_timestamp);
    self->refuse(*from, written.error());
    self->done(from);
  });
}

void DeviceHub::answer(const ConnectionPtr& to, std::int64_t last_ack, std::int64_t ack_timestamp) {
  if (to->whole) {  // it was given all that was told; the rest comes as it is told
    DeviceView view;
    view.known = true;
    view.received = to->given;
    return send_answer(to, ack_timestamp, view);
  }
  read_view(to, to->begun ? std::nullopt : std::optional(last_ack),
            [ack_timestamp](DeviceHub& hub, const ConnectionPtr& connection,
                            const base::Result<DeviceView>& view) {
              if (view.ok()) return hub.send_answer(connection, ack_timestamp, *view);
              hub.refuse(*connection, view.error());
              hub.done(connection);
            });
}

void DeviceHub::send_answer(const ConnectionPtr& to, std::int64_t ack_timestamp,
                            const DeviceView& view) {
  to->socket->send_text(sync_ack_text(ack_timestamp, view.changes));
  for (const std::string& conflict : view.conflicts) tell_conflict(*to, conflict);
  if (!view.known) ledger_->acknowledge(to->device, {});
  to->begun = true;
  to->given.join(view.received);
  to->answered = Connection::Answer{ack_timestamp, to->given};
  to->whole = !view.more && !view.left_out && !to->catches && !to->missed;
  if (view.more || to->missed) give_rest(to);
  done(to);
}

void DeviceHub::done(const ConnectionPtr& with) {
  with->busy = false;
  waiting_bytes_ -= std::exchange(with->busy_bytes, 0);
  if (with->paused && !waits_enough(*with)) {
    with->paused = false;
    with->socket->resume();
  }
  if (with->waiting.empty()) return;
  timers_.later(0, [hub = weak_from_this(), with] {
    if (auto self = hub.lock()) self->next(with);
  });
}

void DeviceHub::leave(const ConnectionPtr& connection) {
  std::erase(connections_, connection);
  connection->waiting.clear();
  waiting_bytes_ -= std::exchange(connection->waiting_bytes, 0);
  waiting_bytes_ -= std::exchange(connection->busy_bytes, 0);
  if (connections_.empty()) rest();
}

void DeviceHub::refuse(Connection& connection, const base::Error& error) {
  connection.socket->send_text(device_error_text(error));
}

// --- what one connection lacks

// The last reference to a connection must not be dropped on a reader thread.
template <typename Then>
void DeviceHub::read_view(const ConnectionPtr& to, std::optional<std::int64_t> last_ack,
                          Then then) {
  const DeviceQuestion question{to->device, to->given, last_ack};
  to->missed = false;
  const auto work = [hub = weak_from_this(), reading = std::weak_ptr(to), question,
                     then](store::Reader& reader) -> std::function<void()> {
    auto view = std::make_shared<base::Result<DeviceView>>(read_device(reader, question));
    return [hub, reading, view, then] {
      const auto self = hub.lock();
      const auto connection = reading.lock();
      if (self && connection) then(*self, connection, *view);
    };
  };
  if (data_.read(work)) return;
  timers_.later(kRetryMillis, [hub = weak_from_this(), to, last_ack, then] {
    if (auto self = hub.lock()) self->read_view(to, last_ack, then);
  });
}

// Gives the rest in pages, no faster than the device reads them. While the feed is not live, live()
// does it.
void DeviceHub::give_rest(const ConnectionPtr& to) {
  to->whole = false;
  if (!live_ || std::exchange(to->catches, true)) return;
  read_view(to, std::nullopt,
            [](DeviceHub& hub, const ConnectionPtr& connection,
               const base::Result<DeviceView>& view) { hub.rest_read(connection, view); });
}

void DeviceHub::rest_read(const ConnectionPtr& to, const base::Result<DeviceView>& view) {
  if (to->socket->gone()) return;
  if (to->socket->unsent() > kDeviceUnsentBytes) {  // what was read is read again
    timers_.later(kDevicePauseMillis, [hub = weak_from_this(), to] {
      const auto self = hub.lock();
      if (!self) return;
      to->catches = false;
      self->give_rest(to);
    });
    return;
  }
  to->catches = false;
  if (!view.ok()) return refuse(*to, view.error());
  if (!view->changes.empty()) to->socket->send_text(sync_push_text(view->changes));
  for (const std::string& conflict : view->conflicts) tell_conflict(*to, conflict);
  to->given.join(view->received);
  to->whole = !view->more && !to->missed;
  if (!to->whole) give_rest(to);
}

void DeviceHub::tell_conflict(Connection& connection, const std::string& text) {
  if (connection.told.size() >= kToldConflictsMax) connection.told.clear();
  if (connection.told.insert(text).second) connection.socket->send_text(text);
}

// --- changes as they happen

void DeviceHub::live() {
  live_ = true;
  for (const ConnectionPtr& one : std::vector(connections_)) {
    if (one->begun) give_rest(one);
    next(one);
  }
}

void DeviceHub::changed(const Event& event) {
  heard_.actors.raise(event.actor, event.seq);
  if (!event.path.empty()) {
    heard_.keys.insert(event.path.front());
    return;
  }
  for (const ConnectionPtr& one : connections_) {  // of the whole object
    one->whole = false;
    one->missed = true;
    if (one->begun) give_rest(one);
  }
}

void DeviceHub::lost() {
  live_ = false;
  for (const ConnectionPtr& one : connections_) {
    one->whole = false;
    one->missed = true;
  }
}

base::Result<DeviceHub::NotesRead> DeviceHub::read_notes(store::Reader& reader,
                                                         const std::set<std::string>& keys) {
  NotesRead read;
  ASSIGN_OR_RETURN(const store::Actors* actors, reader.actors());
  ASSIGN_OR_RETURN(const auto found, registers_at(reader, kNotesObject, keys));
  for (const MapRegister& one : found) read.notes.push_back(note_of(*actors, one));
  return read;
}

void DeviceHub::read_on() {
  if (reading_ || (heard_.keys.empty() && heard_.actors.vector.empty())) return;
  auto heard = std::make_shared<const Heard>(std::exchange(heard_, {}));
  const auto work = [hub = weak_from_this(), heard,
                     round = round_](store::Reader& reader) -> std::function<void()> {
    auto read = std::make_shared<base::Result<NotesRead>>(read_notes(reader, heard->keys));
    return [hub, heard, read, round] {
      const auto self = hub.lock();
      if (!self || self->round_ != round) return;
      self->reading_ = false;
      if (!read->ok()) return self->failed(read->error());
      self->tell(*heard, **read);
      self->read_on();
    };
  };
  reading_ = true;
  if (data_.read(work)) return;
  heard_.keys.insert(heard->keys.begin(), heard->keys.end());
  heard_.actors.join(heard->actors);
  timers_.later(kRetryMillis, [hub = weak_from_this(), round = round_] {
    const auto self = hub.lock();
    if (!self || self->round_ != round) return;
    self->reading_ = false;
    self->read_on();
  });
}

// The snapshot has every change that was heard before it was taken. So a connection that lacked
// nothing has all changes of these actors up to the numbers that were heard.
void DeviceHub::tell(const Heard& heard, const NotesRead& read) {
  for (const Note& note : read.notes) {
    if (note.shown.value.empty()) continue;
    const std::string text = sync_push_text({note_text(note.shown)});
    for (const ConnectionPtr& one : connections_) {
      const bool has = one->begun && one->given.seq_of(note.dot.actor) >= note.dot.seq;
      if (note.shown.device != one->device && !has) one->socket->send_text(text);
    }
    for (const NoteChange& tie : note.ties) {
      const std::string conflict = conflict_text(note.shown, tie);
      for (const ConnectionPtr& one : connections_) {
        const bool concerned = note.shown.device == one->device || tie.device == one->device;
        if (concerned) tell_conflict(*one, conflict);
      }
    }
  }
  for (const ConnectionPtr& one : connections_) {
    if (one->whole) one->given.join(heard.actors);
  }
}

void DeviceHub::failed(const base::Error& error) {
  for (const ConnectionPtr& one : connections_) {
    refuse(*one, error);
    one->socket->close(http::kCloseTryAgainLater, "the notes cannot be read");
  }
  rest();
}

// No connection is left, or all of them were closed: nothing is kept.
void DeviceHub::rest() {
  if (listener_) {  // the feed may be in the middle of a call
    timers_.later(0, [feed = feed_, number = *listener_] { feed->close(number); });
  }
  listener_.reset();
  ++round_;
  connections_.clear();
  heard_ = {};
  live_ = reading_ = false;
}

}  // namespace agent
