#pragma once

// The connections of device sync on this agent (docs/api.md, "Device sync"). The messages of one
// connection are answered in their order. Changes of others are told to every connection; a change
// is rendered once for all of them. Several connections of one device are served each on its own.
//
// What a connection was given is a number for each actor (agent/api/device_notes.h). The mesh
// learns it when the device acknowledges: when a message comes with the ack_timestamp of the last
// answer as its `last_ack`, and every message before it had been answered. What was pushed before
// that answer is acknowledged with it, because a connection keeps the order. What was pushed after
// it is not.
//
// Loop thread only.

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "agent/api/device_ledger.h"
#include "agent/api/device_messages.h"
#include "agent/api/device_notes.h"
#include "agent/api/host.h"
#include "agent/feed/feed.h"
#include "agent/http/server.h"

namespace agent {

class DeviceHub : public std::enable_shared_from_this<DeviceHub> {
 public:
  DeviceHub(Data& data, Timers& timers, std::shared_ptr<Feed> feed,
            std::shared_ptr<DeviceLedger> ledger);
  ~DeviceHub();

  void open(const std::shared_ptr<http::Exchange>& exchange, const std::string& device);

  // Called by its listener of the feed (agent/api/hub_listener.h).
  void live();
  void changed(const Event& event);
  void changes_told() { read_on(); }
  void lost();
  void failed(const base::Error& error);

 private:
  struct Connection;
  using ConnectionPtr = std::shared_ptr<Connection>;
  // Changes that were heard and not told yet.
  struct Heard {
    std::set<std::string> keys;
    Acknowledged actors;  // their highest numbers
  };
  struct NotesRead;
  static base::Result<NotesRead> read_notes(store::Reader& reader,
                                            const std::set<std::string>& keys);

  static bool waits_enough(const Connection& connection);
  void receive(const ConnectionPtr& from, bool binary, std::string text);
  void wait(const ConnectionPtr& from, DeviceMessage message, std::size_t text_bytes);
  void next(const ConnectionPtr& from);
  void take(const ConnectionPtr& from, DeviceMessage message);
  void answer(const ConnectionPtr& to, std::int64_t last_ack, std::int64_t ack_timestamp);
  void send_answer(const ConnectionPtr& to, std::int64_t ack_timestamp, const DeviceView& view);
  void done(const ConnectionPtr& with);
  void leave(const ConnectionPtr& connection);
  void refuse(Connection& connection, const base::Error& error);

  void give_rest(const ConnectionPtr& to);
  void rest_read(const ConnectionPtr& to, const base::Result<DeviceView>& view);
  template <typename Then>
  void read_view(const ConnectionPtr& to, std::optional<std::int64_t> last_ack, Then then);
  void tell_conflict(Connection& connection, const std::string& text);

  void read_on();
  void tell(const Heard& heard, const NotesRead& read);
  void rest();

  Data& data_;
  Timers& timers_;
  const std::shared_ptr<Feed> feed_;
  const std::shared_ptr<DeviceLedger> ledger_;
  std::vector<ConnectionPtr> connections_;
  std::size_t waiting_bytes_ = 0;  // of all messages that are not answered
  std::optional<std::uint64_t> listener_;
  bool live_ = false;     // every change is heard
  bool reading_ = false;  // one reading of changes at a time
  std::uint64_t round_ = 0;
  Heard heard_;
};

}  // namespace agent
