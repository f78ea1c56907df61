#include "agent/api/compaction.h"

#include <algorithm>
#include <charconv>
#include <memory>
#include <utility>

#include "agent/api/body.h"
#include "agent/api/delta_errors.h"
#include "agent/api/json_text.h"
#include "agent/api/limits.h"
#include "agent/api/place.h"
#include "agent/api/reading.h"

namespace agent {
namespace {

struct Asked {
  std::optional<std::string> object;
  std::optional<SetCompaction> settings;
};

base::Result<bool> boolean_of(const std::string& key, const std::string& value) {
  if (value == "true" || value == "false") return value == "true";
  return base::invalid("\"" + key + "\" must be true or false");
}

base::Result<std::uint32_t> number_of(const std::string& key, const std::string& value) {
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  if (error == std::errc() && end == value.data() + value.size()) return number;
  return base::invalid("\"" + key + "\" must be a whole number from 1 to " +
                       std::to_string(store::kFoldChangesMax));
}

base::Result<Asked> parse(std::string_view body) {
  Asked asked;
  if (body.find_first_not_of(" \t\r\n") == std::string_view::npos) return asked;
  ASSIGN_OR_RETURN(const crdt::Members members, body_object(body));
  for (const auto& [key, value] : members) {
    if (key == "object_id") {
      ASSIGN_OR_RETURN(asked.object, string_member(members, key));
      RETURN_IF_ERROR(check_id("object_id", *asked.object));
    } else if (key == "automatic" || key == "every") {
      if (!asked.settings) asked.settings.emplace();
      if (key == "automatic") {
        ASSIGN_OR_RETURN(asked.settings->automatic, boolean_of(key, value));
      } else {
        ASSIGN_OR_RETURN(asked.settings->every, number_of(key, value));
      }
    } else {
      return base::invalid("unknown field \"" + key +
                           "\"; known are object_id, and automatic and every");
    }
  }
  if (asked.object && asked.settings) {
    return base::invalid("object_id folds now, automatic and every are settings; send one of both");
  }
  return asked;
}

// The errors of the routes below /crdt have this form.
void refuse(const ExchangePtr& exchange, const base::Error& error) {
  http::Response response = http::error_response(error);
  const bool missing = error.code == base::Code::kNotFound;
  response.body = JsonObject().text("error", missing ? "Not Found" : error.message).take();
  exchange->respond(std::move(response));
}

// One step after the other, each in a turn of its own, so that writes go on in between.
class Compacting : public std::enable_shared_from_this<Compacting> {
 public:
  Compacting(Data& data, Timers& timers, ExchangePtr exchange, std::optional<std::string> object)
      : data_(data), timers_(timers), exchange_(std::move(exchange)), object_(std::move(object)) {
    if (object_) objects_.push_back({*object_});
  }

  void step() {
    if (exchange_->gone()) return;
    data_.maintain(Compact{object_, place_},
                   [self = shared_from_this()](const base::Result<Maintained>& done) {
                     done.ok() ? self->go_on(std::get<Compacted>(*done))
                               : self->failed(done.error());
                   });
  }

 private:
  void failed(const base::Error& error) {
    if (error.code != base::Code::kBusy || !place_) return refuse(exchange_, error);
    timers_.later(kRetryMillis, [self = shared_from_this()] { self->step(); });
  }

  void go_on(const Compacted& compacted) {
    for (const Compacted::Object& folded : compacted.objects) add(folded);
    place_ = compacted.next;
    if (place_) return step();
    answer();
  }

  // The steps come in order of the names, so an object goes on at most in the next step.
  void add(const Compacted::Object& folded) {
    if (!objects_.empty() && objects_.back().object == folded.object) {
      objects_.back().changes += folded.changes;
      objects_.back().freed += folded.freed;
    } else if (objects_.size() < kCompactedMax) {
      objects_.push_back(folded);
    } else {
      ++left_out_;
    }
  }

  void answer() {
    std::string items;
    for (const Compacted::Object& folded : objects_) {
      if (!items.empty()) items += ',';
      const auto freed = static_cast<std::uint64_t>(std::max<std::int64_t>(folded.freed, 0));
      items += JsonObject()
                   .text("object_id", folded.object)
                   .number("changes_folded", folded.changes)
                   .number("bytes_freed", freed)
                   .take();
    }
    JsonObject text;
    text.raw("compacted", "[" + items + "]");
    http::Response response = http::json_response(text.take());
    if (left_out_ > 0) response.headers.emplace_back("Left-Out", std::to_string(left_out_));
    exchange_->respond(std::move(response));
  }

  Data& data_;
  Timers& timers_;
  ExchangePtr exchange_;
  std::optional<std::string> object_;
  std::optional<store::Texts::FoldPlace> place_;
  std::vector<Compacted::Object> objects_;
  std::uint64_t left_out_ = 0;  // objects above kCompactedMax; they were folded too
};

void set(Data& data, const ExchangePtr& exchange, const SetCompaction& settings) {
  data.maintain(settings, [exchange](const base::Result<Maintained>& done) {
    if (!done.ok()) return refuse(exchange, done.error());
    exchange->respond(http::json_response(R"({"compacted":[]})"));
  });
}

void compact(Data& data, Timers& timers, const ExchangePtr& exchange) {
  auto asked = parse(exchange->request().body);
  if (!asked.ok()) return refuse(exchange, asked.error());
  if (asked->settings) return set(data, exchange, *asked->settings);
  auto work = std::make_shared<Compacting>(data, timers, exchange, std::move(asked->object));
  exchange->when_room(kCompactedBytes, [work] { work->step(); });
}

}  // namespace

void add_compaction_route(Data& data, Timers& timers, http::Router& router) {
  http::Route route;
  route.verb = http::Verb::kPost;
  route.pattern = "/crdt/compact";
  route.summary =
      "Fold the edits of texts into their blocks now, of one object or of all; or set when they "
      "are folded";
  route.body_max = kEnvelopeBytes + kIdBytesMax;
  route.scope = http::Scope::kAdmin;
  route.signed_off_loopback = true;
  route.refused = delta_refusal;
  route.handler = [&data, &timers](const ExchangePtr& exchange) {
    compact(data, timers, exchange);
  };
  router.add(std::move(route));
}

}  // namespace agent
