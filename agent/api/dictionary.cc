#include "agent/api/dictionary.h"

#include <algorithm>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "agent/api/dictionary_messages.h"
#include "agent/api/dictionary_mirror.h"
#include "agent/api/hub_listener.h"
#include "agent/api/limits.h"
#include "agent/api/time_text.h"
#include "agent/http/server.h"

namespace agent {
namespace {

// One client. Its writes are answered in their order; a lookup waits for those before it.
struct Client {
  std::shared_ptr<http::Socket> socket;
  bool has_data = false;  // it got initial_data, so it gets every change from then on
  bool paused = false;
  std::uint64_t issued = 0;   // writes
  std::uint64_t settled = 0;  // writes that are done, and whose change is in the mirror
  struct Lookup {
    std::uint64_t after = 0;  // settled writes
    std::string key;
  };
  std::deque<Lookup> lookups;
};
using ClientPtr = std::shared_ptr<Client>;

// The hub of all clients. While there is one, it follows the object with one listener of the feed
// and keeps a mirror. A change whose stamp wins is told at once; for all others the key is read
// again, and what it shows is told if it differs. Loop thread only.
class Dictionary : public std::enable_shared_from_this<Dictionary> {
 public:
  Dictionary(Data& data, Timers& timers, std::shared_ptr<Feed> feed)
      : data_(data), timers_(timers), feed_(std::move(feed)) {}

  void open(const std::shared_ptr<http::Exchange>& exchange);

  // Called by the listener.
  void live();
  void changed(const Event& event);
  void changes_told() { read_on(); }
  void lost() { live_ = false; }
  void failed(const base::Error& error);

 private:
  struct Touched {
    std::int64_t position = 0;  // of the last change that was heard
    std::uint64_t nanos = 0;    // its time
  };

  void receive(const ClientPtr& client, bool binary, std::string message);
  void write(const ClientPtr& client, DictionaryMessage message);
  void settle(const ClientPtr& client);
  void pause(const ClientPtr& client);
  void leave(const ClientPtr& client);

  void read_on();
  void read_again_later();
  void has_read(const std::optional<std::set<std::string>>& keys,
                const base::Result<DictionaryRead>& read);
  void take(const std::optional<std::set<std::string>>& keys, const DictionaryRead& read);
  void welcome();
  bool greet(Client& client);
  void tell(const DictionaryChange& change);
  void rest();

  Data& data_;
  Timers& timers_;
  const std::shared_ptr<Feed> feed_;
  std::vector<ClientPtr> clients_;
  std::optional<std::uint64_t> listener_;
  DictionaryMirror mirror_;
  bool live_ = false;                       // every change is heard
  bool loaded_ = false;                     // the mirror has been read since then
  bool all_ = false;                        // read all keys again
  bool reading_ = false;                    // one reading at a time
  std::uint64_t round_ = 0;                 // a reading of an earlier round is dropped
  std::map<std::string, Touched> touched_;  // keys to read
};

// --- clients

void Dictionary::open(const std::shared_ptr<http::Exchange>& exchange) {
  auto client = std::make_shared<Client>();
  http::SocketEvents events;
  events.on_message = [hub = weak_from_this(), client](bool binary, std::string message) {
    if (auto self = hub.lock()) self->receive(client, binary, std::move(message));
  };
  events.on_closed = [hub = weak_from_this(), client] {
    if (auto self = hub.lock()) self->leave(client);
  };
  client->socket = exchange->upgrade(std::move(events));
  if (!client->socket) return;
  clients_.push_back(client);
  if (!listener_) {
    listener_ = feed_->open(std::make_shared<HubListener<Dictionary>>(weak_from_this()),
                            Filter({kDictionaryObject}, {}), Start::now());
  }
  if (!loaded_) return pause(client);
  greet(*client);
}

void Dictionary::receive(const ClientPtr& client, bool binary, std::string message) {
  const auto refuse = [&](const base::Error& error) {
    client->socket->send_text(dictionary_error_text(error));
  };
  if (binary) return refuse(base::invalid("a binary message came; messages are text, in JSON"));
  auto parsed = parse_dictionary_message(message);
  if (!parsed.ok()) return refuse(parsed.error());
  if (parsed->action != DictionaryMessage::Action::kLookup)
    return write(client, std::move(*parsed));
  if (client->settled == client->issued) {
    client->socket->send_text(lookup_text(parsed->key, mirror_.value(parsed->key)));
    return;
  }
  client->lookups.push_back({client->issued, std::move(parsed->key)});
  if (client->lookups.size() >= kDictionaryWaitingMax) pause(client);
}

void Dictionary::write(const ClientPtr& client, DictionaryMessage message) {
  crdt::Op op;
  op.path = {std::move(message.key)};
  op.type = crdt::SlotType::kLwwRegister;
  op.verb = crdt::Verb::kAbsent;
  if (message.action == DictionaryMessage::Action::kSet) {
    op.verb = crdt::Verb::kSet;
    op.argument = std::move(message.value);
  }
  ++client->issued;
  if (client->issued - client->settled >= kDictionaryWaitingMax) pause(client);
  WriteObject request{kDictionaryObject, {}};
  request.ops.push_back(std::move(op));
  data_.write(std::move(request), [hub = weak_from_this(), client](base::Result<Written> written) {
    const auto self = hub.lock();
    if (!self) return;
    if (!written.ok()) client->socket->send_text(dictionary_error_text(written.error()));
    // Clients are answered before the changes of their turn are told.
    self->timers_.later(0, [hub, client] {
      if (auto later = hub.lock()) later->settle(client);
    });
  });
}

void Dictionary::settle(const ClientPtr& client) {
  ++client->settled;
  while (!client->lookups.empty() && client->lookups.front().after <= client->settled) {
    const std::string key = std::move(client->lookups.front().key);
    client->lookups.pop_front();
    client->socket->send_text(lookup_text(key, mirror_.value(key)));
  }
  const bool many = client->issued - client->settled >= kDictionaryWaitingMax ||
                    client->lookups.size() >= kDictionaryWaitingMax;
  if (!client->paused || many || !client->has_data) return;
  client->paused = false;
  client->socket->resume();
}

void Dictionary::pause(const ClientPtr& client) {
  if (!std::exchange(client->paused, true)) client->socket->pause();
}

void Dictionary::leave(const ClientPtr& client) {
  std::erase(clients_, client);
  if (clients_.empty()) rest();
}

// --- the mirror

void Dictionary::live() {
  live_ = true;
  all_ = true;
  read_on();
}

void Dictionary::changed(const Event& event) {
  if (event.path.empty()) {  // of the whole object
    all_ = true;
    return;
  }
  const std::string& key = event.path.front();
  const auto waits = touched_.find(key);
  if (loaded_ && live_ && !all_ && waits == touched_.end() && event.path.size() == 1) {
    bool known = false;
    const auto change = mirror_.take(event, known);
    if (change) tell(*change);
    if (change || known) return;
  }
  Touched& touched = touched_[key];
  touched.position = std::max(touched.position, event.position);
  touched.nanos = std::max(touched.nanos, nanos_with_counter(event.time));
}

void Dictionary::read_on() {
  if (reading_ || !live_ || (!all_ && touched_.empty())) return;
  std::optional<std::set<std::string>> keys;
  if (!all_) {
    keys.emplace();
    for (const auto& [key, touched] : touched_) {
      if (keys->size() < kRereadKeysMax) keys->insert(key);
    }
  }
  all_ = false;
  // Once clients have the values, a dictionary that has grown above the bound is read to its end.
  const std::size_t most = loaded_ ? SIZE_MAX : kDictionaryBytesMax;
  const auto work = [hub = weak_from_this(), keys, most,
                     round = round_](store::Reader& reader) -> std::function<void()> {
    auto read = std::make_shared<base::Result<DictionaryRead>>(
        read_dictionary(reader, keys ? &*keys : nullptr, most));
    return [hub, keys, read, round] {
      const auto self = hub.lock();
      if (self && self->round_ == round) self->has_read(keys, *read);
    };
  };
  reading_ = data_.read(work);
  if (reading_) return;
  if (!keys) all_ = true;
  read_again_later();
}

void Dictionary::read_again_later() {
  reading_ = true;
  timers_.later(kRetryMillis, [hub = weak_from_this(), round = round_] {
    const auto self = hub.lock();
    if (!self || self->round_ != round) return;
    self->reading_ = false;
    self->read_on();
  });
}

void Dictionary::has_read(const std::optional<std::set<std::string>>& keys,
                          const base::Result<DictionaryRead>& read) {
  reading_ = false;
  if (!read.ok()) return failed(read.error());
  if (read->too_large) {
    return failed({base::Code::kTooLarge, "the dictionary has more than " +
                                              std::to_string(kDictionaryBytesMax) +
                                              " bytes; read it by key under /v1/objects"});
  }
  take(keys, *read);
  if (!keys && !loaded_) {
    loaded_ = true;
    welcome();
  }
  read_on();
}

// A key of which a later change was heard is read again: the snapshot is older than the change.
void Dictionary::take(const std::optional<std::set<std::string>>& keys,
                      const DictionaryRead& read) {
  const auto heard = [this](const std::string& key) {
    const auto found = touched_.find(key);
    return found == touched_.end() ? std::uint64_t{0} : found->second.nanos;
  };
  mirror_.take(read, keys ? &*keys : nullptr, heard,
               [this](const DictionaryChange& change) { tell(change); });
  std::erase_if(touched_, [&](const auto& one) {
    const bool was_read = !keys || keys->contains(one.first);
    return was_read && one.second.position <= read.position;
  });
}

void Dictionary::welcome() {
  for (const ClientPtr& client : std::vector(clients_)) {
    if (client->has_data || !greet(*client)) continue;
    client->paused = false;
    client->socket->resume();
  }
}

// False: there is too much, and the client is closed.
bool Dictionary::greet(Client& client) {
  if (mirror_.bytes() > kDictionaryBytesMax) {
    const base::Error error{base::Code::kTooLarge, "the dictionary has more than " +
                                                       std::to_string(kDictionaryBytesMax) +
                                                       " bytes; read it by key under /v1/objects"};
    client.socket->send_text(dictionary_error_text(error));
    client.socket->close(http::kCloseTryAgainLater, "the dictionary is too large");
    return false;
  }
  client.has_data = true;
  client.socket->send_text(initial_data_text(mirror_.data()));
  return true;
}

// The text is made once for all clients.
void Dictionary::tell(const DictionaryChange& change) {
  const std::string text = dictionary_change_text(change);
  for (const ClientPtr& client : clients_) {
    if (client->has_data) client->socket->send_text(text);
  }
}

void Dictionary::failed(const base::Error& error) {
  for (const ClientPtr& client : clients_) {
    client->socket->send_text(dictionary_error_text(error));
    client->socket->close(http::kCloseTryAgainLater, "the dictionary cannot be read");
  }
  rest();
}

// No client is left, or all of them were closed: nothing is kept.
void Dictionary::rest() {
  if (listener_) {  // the feed may be in the middle of a call
    timers_.later(0, [feed = feed_, number = *listener_] { feed->close(number); });
  }
  listener_.reset();
  ++round_;
  clients_.clear();
  mirror_.clear();
  touched_.clear();
  live_ = loaded_ = all_ = reading_ = false;
}

}  // namespace

void add_dictionary_route(Data& data, Timers& timers, std::shared_ptr<Feed> feed,
                          http::Router& router) {
  auto hub = std::make_shared<Dictionary>(data, timers, std::move(feed));
  http::Route route;
  route.pattern = "/ws";
  route.summary = "The dictionary as a WebSocket: all values, then every change";
  route.websocket = true;
  route.message_max = 4 * kDictionaryMessageMax;
  route.scope = http::Scope::kWrite;
  route.key_in_query = true;
  route.handler = [hub](const std::shared_ptr<http::Exchange>& exchange) { hub->open(exchange); };
  router.add(std::move(route));
}

}  // namespace agent
