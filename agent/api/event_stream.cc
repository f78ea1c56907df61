#include "agent/api/event_stream.h"

#include "agent/api/event_hub.h"
#include "agent/api/place.h"

namespace agent {

void add_event_route(Host& host, http::Router& router) {
  auto hub = std::make_shared<EventHub>(host);
  http::Route route;
  route.pattern = "/v1/events";
  route.summary = "Changes as server-sent events, after their commit";
  route.query_names = {"object"};
  route.handler = [hub](const ExchangePtr& exchange) {
    auto object = exchange->request().target.query_value("object");
    if (object) {
      auto checked = check_id("object", *object);
      if (!checked.ok()) return exchange->fail(checked.error());
    }
    hub->open(exchange, std::string(object.value_or("")));
  };
  router.add(std::move(route));
}

}  // namespace agent
