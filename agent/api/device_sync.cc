#include "agent/api/device_sync.h"

#include <utility>

#include "agent/api/device_hub.h"
#include "agent/api/device_ledger.h"
#include "agent/api/device_messages.h"
#include "agent/api/device_polls.h"
#include "agent/api/limits.h"
#include "agent/api/reading.h"

namespace agent {
namespace {

http::Response device_refusal(int status, const base::Error& error) {
  http::Response response = http::json_response(device_error_text(error));
  response.status = status;
  return response;
}

http::Response device_refusal(const base::Error& error) {
  return device_refusal(base::code_info(error.code).http_status, error);
}

base::Result<std::string> device_of(const http::Target& target) {
  const auto device = target.query_value("device_id");
  if (!device) return base::invalid("the parameter device_id is missing; it names the device");
  RETURN_IF_ERROR(check_device("device_id", *device));
  return std::string(*device);
}

// --- POST /sync/device

struct Poll {
  ExchangePtr exchange;
  std::string device;
  std::int64_t last_ack = 0;
  std::int64_t ack_timestamp = 0;
  Acknowledged received;
};
using PollPtr = std::shared_ptr<Poll>;

class Polling : public std::enable_shared_from_this<Polling> {
 public:
  Polling(Data& data, std::shared_ptr<DeviceLedger> ledger)
      : data_(data), ledger_(std::move(ledger)) {}

  void take(const ExchangePtr& exchange) {
    const auto device = device_of(exchange->request().target);
    if (!device.ok()) return exchange->respond(device_refusal(device.error()));
    auto message = parse_device_message(exchange->request().body);
    if (!message.ok()) return exchange->respond(device_refusal(message.error()));
    auto poll = std::make_shared<Poll>(
        Poll{exchange, *device, message->last_ack, message->ack_timestamp, {}});
    const bool acknowledges = message->kind == DeviceMessage::Kind::kAck;
    if (auto known = polls_.acknowledged(*device, message->last_ack, acknowledges)) {
      poll->received = std::move(*known);
      ledger_->acknowledge(*device, poll->received);
    }
    if (message->kind != DeviceMessage::Kind::kPush) {
      exchange->respond(http::json_response(sync_ack_text(message->last_ack, {})));
    } else if (message->changes.ops.empty()) {
      answer(poll);
    } else {
      write(poll, std::move(message->changes));
    }
  }

 private:
  void write(const PollPtr& poll, WriteObject changes) {
    data_.write(std::move(changes),
                [polling = weak_from_this(), poll](const base::Result<Written>& written) {
                  const auto self = polling.lock();
                  if (!self) return;
                  if (!written.ok())
                    return poll->exchange->respond(device_refusal(written.error()));
                  self->answer(poll);
                });
  }

  void answer(const PollPtr& poll) {
    poll->exchange->when_room(2 * kDevicePageBytes, [polling = weak_from_this(), poll] {
      if (auto self = polling.lock()) self->read(poll);
    });
  }

  // The reader thread may hold the work a little longer, but the exchange must be released on the
  // loop: the poll lets go of it there.
  void read(const PollPtr& poll) {
    const DeviceQuestion question{poll->device, poll->received, poll->last_ack};
    const bool taken = data_.read([polling = weak_from_this(), poll,
                                   question](store::Reader& reader) -> std::function<void()> {
      auto view = std::make_shared<base::Result<DeviceView>>(read_device(reader, question));
      return [polling, poll, view] {
        const ExchangePtr exchange = std::move(poll->exchange);
        const auto self = polling.lock();
        if (!self) return;
        if (!view->ok()) return exchange->respond(device_refusal(view->error()));
        self->send(*exchange, *poll, **view);
      };
    });
    if (!taken) poll->exchange->respond(device_refusal(readers_busy()));
  }

  void send(http::Exchange& exchange, const Poll& poll, const DeviceView& view) {
    if (!view.known) ledger_->acknowledge(poll.device, {});
    polls_.answered(poll.device, poll.last_ack, poll.ack_timestamp, view.received);
    exchange.respond(http::json_response(sync_ack_text(poll.ack_timestamp, view.changes)));
  }

  Data& data_;
  const std::shared_ptr<DeviceLedger> ledger_;
  DevicePolls polls_;
};

}  // namespace

void add_device_sync_routes(Data& data, Timers& timers, std::shared_ptr<Feed> feed,
                            http::Router& router) {
  auto ledger = std::make_shared<DeviceLedger>(data, timers);
  auto hub = std::make_shared<DeviceHub>(data, timers, std::move(feed), ledger);
  auto polling = std::make_shared<Polling>(data, ledger);
  http::Route socket;
  socket.pattern = "/ws/sync";
  socket.summary = "Notes of devices as a WebSocket: changes of this device, and those of others";
  socket.query_names = {"device_id"};
  socket.websocket = true;
  socket.message_max = 4 * kDeviceMessageMax;
  socket.scope = http::Scope::kWrite;
  socket.key_in_query = true;
  socket.handler = [hub](const ExchangePtr& exchange) {
    const auto device = device_of(exchange->request().target);
    if (!device.ok()) return exchange->respond(device_refusal(device.error()));
    hub->open(exchange, *device);
  };
  router.add(std::move(socket));
  http::Route poll;
  poll.verb = http::Verb::kPost;
  poll.pattern = "/sync/device";
  poll.summary = "One message of device sync, and its answer";
  poll.query_names = {"device_id"};
  poll.body_max = kDeviceMessageMax;
  poll.refused = [](int status, const base::Error& error) { return device_refusal(status, error); };
  poll.handler = [polling](const ExchangePtr& exchange) { polling->take(exchange); };
  router.add(std::move(poll));
}

}  // namespace agent
