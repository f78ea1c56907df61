#include "agent/api/health.h"

#include <utility>

#include "agent/api/json_text.h"
#include "agent/api/reading.h"

namespace agent {
namespace {

// This answer shows that the process serves requests. It does not depend on the store.
void get_health(const ExchangePtr& exchange) {
  exchange->respond(http::json_response(R"({"status":"ok"})"));
}

// 200 when the agent is ready. With `require=peers` it must also hear another agent.
void get_readiness(const About& about, const MeshControl& mesh, const ExchangePtr& exchange) {
  bool peers = false;
  for (const auto& [key, value] : exchange->request().target.query) {
    if (key != "require") continue;
    if (value != "peers") {
      return exchange->fail(base::invalid("require=" + value + ": expected require=peers"));
    }
    peers = true;
  }
  std::string_view name = health_name(about.health());
  std::string reason = about.health_reason();
  if (about.health() == Health::kReady) {
    if (peers) reason = mesh.without_peers();
    if (!peers || reason.empty()) {
      return exchange->respond(http::json_response(JsonObject().text("status", name).take()));
    }
    name = "isolated";
  }
  std::string error = JsonObject()
                          .text("code", "unavailable")
                          .text("message", reason.empty() ? name : std::string_view(reason))
                          .take();
  http::Response response =
      http::json_response(JsonObject().text("status", name).raw("error", error).take());
  response.status = 503;
  exchange->respond(std::move(response));
}

void get_metrics(const About& about, const ExchangePtr& exchange) {
  http::Response response;
  response.content_type = "text/plain; version=0.0.4; charset=utf-8";
  response.body = about.metrics();
  exchange->respond(std::move(response));
}

}  // namespace

std::string_view health_name(Health health) {
  switch (health) {
    case Health::kReady:
      return "ready";
    case Health::kSyncing:
      return "syncing";
    case Health::kDegraded:
      break;
  }
  return "degraded";
}

void add_health_routes(const About& about, const MeshControl& mesh, http::Router& router) {
  http::Route alive;
  alive.pattern = "/healthz";
  alive.summary = "200 while the agent serves";
  alive.scope = http::Scope::kNone;
  alive.handler = get_health;
  router.add(std::move(alive));
  http::Route ready;
  ready.pattern = "/readyz";
  ready.summary =
      "200 when ready, else 503 with the reason; with require=peers only while another agent is "
      "heard";
  ready.query_names = {"require"};
  ready.scope = http::Scope::kNone;
  ready.handler = [&about, &mesh](const ExchangePtr& exchange) {
    get_readiness(about, mesh, exchange);
  };
  router.add(std::move(ready));
  router.add({http::Verb::kGet,
              "/metrics",
              [&about](const ExchangePtr& exchange) { get_metrics(about, exchange); },
              "Prometheus text",
              {}});
}

}  // namespace agent
