#include "agent/api/presence.h"

#include <utility>

#include "agent/api/json_text.h"
#include "agent/api/limits.h"
#include "agent/api/reading.h"
#include "crdt/value.h"
#include "gossip/wire/presence.h"

namespace agent {
namespace {

using gossip::wire::kPresenceMillisMax;
using gossip::wire::kPresenceNameMax;

// The names are checked again when a presence is set. A topic that nobody can have is an error also
// when it is only read.
base::Status check_name(std::string_view what, std::string_view name) {
  if (!name.empty() && name.size() <= kPresenceNameMax) return {};
  return base::invalid("the " + std::string(what) + " has " + std::to_string(name.size()) +
                       " bytes; expected 1 to " + std::to_string(kPresenceNameMax) + " bytes");
}

void refuse_presence(const ExchangePtr& exchange, const base::Error& error) {
  http::Response refused = http::error_response(error);
  if (error.code == base::Code::kRateLimited) refused.headers.emplace_back("Retry-After", "1");
  exchange->respond(std::move(refused));
}

// Another agent may pass on a body that is no JSON; json_or_quoted() keeps the answer JSON.
void list(MeshControl& mesh, const ExchangePtr& exchange) {
  const std::string& topic = exchange->request().captures.at(0);
  const base::Status checked = check_name("topic", topic);
  if (!checked.ok()) return refuse_presence(exchange, checked.error());
  exchange->when_room(kPresenceAnswerBytes, [&mesh, exchange, topic] {
    std::string items;
    for (const gossip::PresenceView& presence : mesh.presences(topic)) {
      if (!items.empty()) items += ',';
      items += JsonObject()
                   .text("key", presence.key)
                   .text("node", presence.node.hex())
                   .raw("body", crdt::json_or_quoted(presence.body))
                   .number("expires_in_ms", static_cast<std::uint64_t>(presence.left.millis()))
                   .take();
    }
    exchange->respond(http::json_response("[" + items + "]"));
  });
}

void put(MeshControl& mesh, const ExchangePtr& exchange) {
  const std::string& topic = exchange->request().captures.at(0);
  const std::string& key = exchange->request().captures.at(1);
  auto body = crdt::minify_json(exchange->request().body);
  if (!body.ok()) {
    return refuse_presence(exchange, {body.error().code, "the body must be a JSON value: " +
                                                             std::move(body).error().message});
  }
  const base::Status set = mesh.set_presence(topic, key, *std::move(body));
  if (!set.ok()) return refuse_presence(exchange, set.error());
  exchange->respond(http::json_response(JsonObject()
                                            .text("topic", topic)
                                            .text("key", key)
                                            .number("expires_in_ms", kPresenceMillisMax)
                                            .take()));
}

void remove(MeshControl& mesh, const ExchangePtr& exchange) {
  const std::string& topic = exchange->request().captures.at(0);
  const std::string& key = exchange->request().captures.at(1);
  for (const base::Status& checked : {check_name("topic", topic), check_name("key", key)}) {
    if (!checked.ok()) return refuse_presence(exchange, checked.error());
  }
  exchange->respond(http::json_response(JsonObject()
                                            .text("topic", topic)
                                            .text("key", key)
                                            .boolean("removed", mesh.drop_presence(topic, key))
                                            .take()));
}

}  // namespace

void add_presence_routes(MeshControl& mesh, http::Router& router) {
  auto bound = [&mesh](void (*handle)(MeshControl&, const ExchangePtr&)) -> http::Handler {
    return [&mesh, handle](const ExchangePtr& exchange) { handle(mesh, exchange); };
  };
  router.add({http::Verb::kGet,
              "/v1/presence/{topic}",
              bound(list),
              "What clients of all agents show under a topic now",
              {}});
  const std::string one = "/v1/presence/{topic}/{key}";
  router.add({http::Verb::kPut,
              one,
              bound(put),
              "Show a JSON value under a topic for 30 s, or renew it",
              {},
              kPresenceBodyMax});
  router.add({http::Verb::kDelete, one, bound(remove), "End what this agent shows", {}});
}

}  // namespace agent
