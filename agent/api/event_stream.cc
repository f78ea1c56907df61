#include "agent/api/event_stream.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "agent/api/event_text.h"
#include "agent/api/limits.h"
#include "agent/api/place.h"
#include "agent/api/reading.h"
#include "agent/feed/limits.h"

namespace agent {
namespace {

class EventStream final : public Listener {
 public:
  EventStream(ExchangePtr exchange, std::string node_short)
      : exchange_(std::move(exchange)), node_short_(std::move(node_short)) {}

  std::size_t room() const override {
    const std::size_t unsent = exchange_->unsent();
    if (unsent == 0) return kIdle;
    return unsent < kStreamRoomBytes ? kStreamRoomBytes - unsent : 0;
  }

  bool begin(const std::optional<Cursor>& at) override {
    begun_ = true;
    exchange_->start_stream();
    return !at || exchange_->write(position_text(*at));
  }
  bool values(std::span<const Value> values) override {
    return std::all_of(values.begin(), values.end(),
                       [this](const Value& value) { return exchange_->write(value_text(value)); });
  }
  bool values_end(const Cursor& at) override { return exchange_->write(position_text(at)); }
  bool changes(const Batch& batch) override {
    const auto* shared = batch.events.shared() ? &shared_texts(batch.events) : nullptr;
    return std::all_of(batch.wanted.begin(), batch.wanted.end(), [&](std::size_t i) {
      return exchange_->write(shared ? (*shared)[i] : change_text(batch.events, i, node_short_));
    });
  }
  bool reset(const std::optional<Cursor>& at, std::string_view reason) override {
    return exchange_->write(reset_text(at, reason));
  }
  bool up_to_date(const Cursor& at) override { return exchange_->write(up_to_date_text(at)); }
  void fail(const base::Error& error) override {
    begun_ ? exchange_->end_stream() : exchange_->fail(error);
  }

  // A comment, if nothing waits for the client anyway. False: the client is gone.
  bool keep_alive() {
    const bool quiet = begun_ && exchange_->unsent() == 0;
    return !quiet || exchange_->write(": keep-alive\n\n");
  }

 private:
  using Texts = std::vector<std::string>;
  const Texts& shared_texts(const Events& events) const {
    static constexpr char kFormat = 0;
    std::shared_ptr<void>& made = events.rendering(&kFormat);
    if (!made) made = std::make_shared<Texts>(change_texts(events, node_short_));
    return *static_cast<const Texts*>(made.get());
  }

  ExchangePtr exchange_;
  std::string node_short_;
  bool begun_ = false;
};

// All open event streams, for the comments that keep them alive.
class EventStreams : public std::enable_shared_from_this<EventStreams> {
 public:
  EventStreams(Host& host, std::shared_ptr<Feed> feed) : host_(host), feed_(std::move(feed)) {}

  void open(const ExchangePtr& exchange, Filter filter, Start start) {
    auto stream = std::make_shared<EventStream>(exchange, host_.short_node_id());
    const std::uint64_t number = feed_->open(stream, std::move(filter), std::move(start));
    open_.push_back({number, stream});
    exchange->on_gone([feed = std::weak_ptr(feed_), number] {
      if (auto still = feed.lock()) still->close(number);
    });
    if (!std::exchange(keeps_alive_, true)) keep_alive();
  }

 private:
  struct Open {
    std::uint64_t number = 0;
    std::weak_ptr<EventStream> stream;  // the feed lets go of it when the client is gone
  };

  void keep_alive() {
    host_.later(kKeepAliveMillis, [streams = weak_from_this()] {
      if (auto self = streams.lock()) self->look();
    });
  }
  void look() {
    std::erase_if(open_, [this](const Open& one) {
      const auto stream = one.stream.lock();
      if (!stream) return true;
      const bool lives = stream->keep_alive();
      if (!lives) feed_->close(one.number);
      return !lives;
    });
    keeps_alive_ = !open_.empty();
    if (keeps_alive_) keep_alive();
  }

  Host& host_;
  std::shared_ptr<Feed> feed_;
  std::vector<Open> open_;
  bool keeps_alive_ = false;
};

base::Result<std::vector<std::string>> names(const http::Target& target, std::string_view name) {
  std::vector<std::string> found;
  for (const auto& [key, value] : target.query) {
    if (key != name) continue;
    RETURN_IF_ERROR(check_id(name, value));
    found.push_back(value);
  }
  if (found.size() > kFilterNamesMax) {
    return base::invalid("the parameter " + std::string(name) + " stands " +
                         std::to_string(found.size()) + " times; at most " +
                         std::to_string(kFilterNamesMax) +
                         " are taken: use prefixes, or open another stream");
  }
  return found;
}

base::Status open_stream(EventStreams& streams, const ExchangePtr& exchange) {
  const http::Target& target = exchange->request().target;
  ASSIGN_OR_RETURN(auto objects, names(target, "object"));
  ASSIGN_OR_RETURN(auto prefixes, names(target, "prefix"));
  ASSIGN_OR_RETURN(const bool values, target.query_flag("values"));
  const std::string_view last_id = exchange->request().header("last-event-id");
  Start start = last_id.empty() ? Start::now() : Start::at(last_id);
  start.values = values;
  streams.open(exchange, Filter(std::move(objects), std::move(prefixes)), std::move(start));
  return {};
}

}  // namespace

void add_event_route(Host& host, std::shared_ptr<Feed> feed, http::Router& router) {
  auto streams = std::make_shared<EventStreams>(host, std::move(feed));
  http::Route route;
  route.pattern = "/v1/events";
  route.summary = "Values and changes as server-sent events, changes after their commit";
  route.query_names = {"object", "prefix", "values"};
  route.header_names = {"Last-Event-ID"};
  route.handler = [streams](const ExchangePtr& exchange) {
    const base::Status opened = open_stream(*streams, exchange);
    if (!opened.ok()) exchange->fail(opened.error());
  };
  router.add(std::move(route));
}

}  // namespace agent
