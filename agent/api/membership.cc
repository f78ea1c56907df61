#include "agent/api/membership.h"

#include "agent/api/body.h"
#include "agent/api/json_text.h"
#include "agent/api/reading.h"

namespace agent {
namespace {

base::Result<std::string> parse_address(std::string_view body) {
  ASSIGN_OR_RETURN(crdt::Members members, body_object(body));
  ASSIGN_OR_RETURN(std::string address, string_member(members, "address"));
  if (address.empty()) return base::invalid("\"address\" is empty; expected HOST:PORT");
  return address;
}

void join(MeshControl& mesh, const ExchangePtr& exchange) {
  auto address = parse_address(exchange->request().body);
  if (!address.ok()) return exchange->fail(address.error());
  mesh.join(*address, [exchange, address = *address](const base::Result<Joined>& result) {
    if (!result.ok()) return exchange->fail(result.error());
    JsonObject out;
    out.boolean("joined", result->joined).text("address", address);
    if (!result->joined) out.text("cause", result->cause).text("reason", result->reason);
    exchange->respond(http::json_response(out.take()));
  });
}

void leave(MeshControl& mesh, const ExchangePtr& exchange) {
  mesh.leave();
  exchange->respond(http::json_response(R"({"left":true})"));
}

}  // namespace

void add_membership_routes(MeshControl& mesh, http::Router& router) {
  http::Route joining;
  joining.verb = http::Verb::kPost;
  joining.pattern = "/v1/join";
  joining.summary = "Join the mesh at an address";
  joining.scope = http::Scope::kAdmin;
  joining.handler = [&mesh](const ExchangePtr& exchange) { join(mesh, exchange); };
  router.add(std::move(joining));
  http::Route leaving;
  leaving.verb = http::Verb::kPost;
  leaving.pattern = "/v1/leave";
  leaving.summary = "Tell the mesh that this agent leaves; the agent goes on serving clients";
  leaving.scope = http::Scope::kAdmin;
  leaving.handler = [&mesh](const ExchangePtr& exchange) { leave(mesh, exchange); };
  router.add(std::move(leaving));
}

}  // namespace agent
