#include "agent/api/delta_metrics.h"

#include <algorithm>
#include <cstdio>
#include <memory>
#include <set>
#include <utility>

#include "agent/api/delta_errors.h"
#include "agent/api/json_text.h"
#include "agent/api/limits.h"
#include "agent/api/place_read.h"
#include "agent/api/reading.h"
#include "agent/api/time_text.h"

namespace agent {
namespace {

std::string decimal_text(double number) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3f", number);
  return text;
}

std::string metrics_text(const std::string& object, const SyncFigures& figures,
                         std::size_t replication) {
  const std::string lag =
      figures.lag_nanos ? std::to_string(*figures.lag_nanos / 1'000'000) : "null";
  const std::string last =
      figures.last_wall_nanos ? crdt::json_quote(time_text(*figures.last_wall_nanos)) : "null";
  return JsonObject()
      .raw("object_id", object.empty() ? "null" : crdt::json_quote(object))
      .raw("merge_lag_ms", lag)
      .number("replication_factor", replication)
      .number("conflicts_last_hour", figures.conflicts_last_hour)
      .raw("last_synced_at", last)
      .raw("merges_per_second", decimal_text(figures.merges_per_second))
      .take();
}

std::size_t others_alive(const MeshControl& mesh) {
  const auto members = mesh.members();
  const auto alive = std::count_if(members.begin(), members.end(), [](const auto& member) {
    return member.record.state == gossip::MemberState::kAlive ||
           member.record.state == gossip::MemberState::kSuspect;
  });
  return static_cast<std::size_t>(std::max<std::ptrdiff_t>(alive - 1, 0));
}

// Counts the agents that hold all live dots of an object on their medium: it asks for the highest
// change of each actor that has one, and keeps those that hold all of them.
class Counting : public std::enable_shared_from_this<Counting> {
 public:
  Counting(Host& host, ExchangePtr exchange, std::string object)
      : host_(host), exchange_(std::move(exchange)), object_(std::move(object)) {}

  void count(const DotVector& vector) {
    const std::size_t others = others_alive(host_);
    open_ = vector.size();
    for (const auto& [actor, seq] : vector) {
      host_.await_holders({actor, seq, 0}, others, base::millis(kHolderCountMillis),
                          [self = shared_from_this()](const std::vector<std::string>& holders) {
                            self->heard(holders);
                          });
    }
    if (open_ == 0) answer(1 + others);  // it is empty, so everybody holds it
  }

 private:
  void heard(const std::vector<std::string>& holders) {
    const std::set<std::string> named(holders.begin(), holders.end());
    if (first_) {
      common_ = named;
    } else {
      std::erase_if(common_, [&](const std::string& name) { return !named.contains(name); });
    }
    first_ = false;
    if (--open_ == 0) answer(1 + common_.size());
  }

  void answer(std::size_t replication) {
    exchange_->respond(
        http::json_response(metrics_text(object_, host_.sync_figures(object_), replication)));
  }

  Host& host_;
  ExchangePtr exchange_;
  std::string object_;
  std::size_t open_ = 0;
  bool first_ = true;
  std::set<std::string> common_;
};

// The actors that are asked for. An object with more has been written by very many runs of agents;
// those with the highest numbers stand for all.
DotVector asked_of(DotVector vector) {
  while (vector.size() > kHolderActorsMax) {
    vector.erase(std::min_element(vector.begin(), vector.end(), [](const auto& a, const auto& b) {
      return a.second < b.second;
    }));
  }
  return vector;
}

void of_object(Host& host, const ExchangePtr& exchange, const std::string& object) {
  struct Job {
    ExchangePtr exchange;
    std::optional<base::Error> error;
    DotVector vector;
  };
  auto job = std::make_shared<Job>(Job{exchange, std::nullopt, {}});
  const bool taken = host.read([&host, job, object](store::Reader& reader) {
    auto shown = read_place(reader, {object, {}}, false);
    if (!shown.ok()) {
      job->error = shown.error();
    } else if (!*shown) {
      job->error = base::Error{base::Code::kNotFound, "nothing at " + object};
    } else {
      job->vector = asked_of(std::move((*shown)->vector));
    }
    return [&host, job, object] {
      const ExchangePtr to = std::move(job->exchange);
      if (job->error) return to->respond(delta_error(*job->error));
      std::make_shared<Counting>(host, to, object)->count(job->vector);
    };
  });
  if (!taken) exchange->respond(delta_error(readers_busy()));
}

void of_all(Host& host, const ExchangePtr& exchange) {
  const auto members = host.members();
  const auto in_step = std::count_if(members.begin(), members.end(),
                                     [](const auto& member) { return member.in_step; });
  exchange->respond(http::json_response(
      metrics_text("", host.sync_figures(""), static_cast<std::size_t>(in_step))));
}

void get_metrics(Host& host, const ExchangePtr& exchange) {
  const auto object = exchange->request().target.query_value("object_id");
  if (!object) return of_all(host, exchange);
  if (auto valid = check_id("object_id", *object); !valid.ok()) {
    return exchange->respond(delta_error({base::Code::kNotFound, valid.error().message}));
  }
  of_object(host, exchange, std::string(*object));
}

}  // namespace

void add_delta_metrics_route(Host& host, http::Router& router) {
  http::Route route;
  route.pattern = "/crdt/metrics";
  route.summary = "How the changes of others come in, for one object or for all";
  route.query_names = {"object_id"};
  route.signed_off_loopback = true;
  route.refused = delta_refusal;
  route.handler = [&host](const ExchangePtr& exchange) { get_metrics(host, exchange); };
  router.add(std::move(route));
}

}  // namespace agent
