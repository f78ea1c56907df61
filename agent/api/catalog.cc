#include "agent/api/catalog.h"

#include <utility>

#include "agent/api/body.h"
#include "agent/api/json_text.h"
#include "agent/api/limits.h"
#include "agent/api/place.h"
#include "agent/api/reading.h"
#include "agent/api/request_name.h"

namespace agent {
namespace {

struct Call {
  http::Verb verb;
  const char* path;
  crdt::Verb op;
  const char* status;
  const char* summary;
};
constexpr Call kCalls[] = {
    {http::Verb::kPost, "add", crdt::Verb::kSet, "added",
     "Add an entry, or replace its metadata and renew it"},
    {http::Verb::kDelete, "remove", crdt::Verb::kUnset, "removed",
     "Remove an entry; an unknown id is no error"},
    {http::Verb::kPut, "metadata", crdt::Verb::kPut, "updated", "Replace the metadata of an entry"},
    {http::Verb::kPatch, "metadata", crdt::Verb::kMerge, "updated",
     "Set fields of the metadata of an entry"},
};

base::Result<crdt::Op> op_of(const Call& call, const http::Request& request) {
  const std::string& id = request.captures.at(0);
  RETURN_IF_ERROR(check_id("the id", id));
  crdt::Op op{{id}, call.op, {}, {}, {}};
  if (call.op != crdt::Verb::kUnset) {
    ASSIGN_OR_RETURN(op.argument, body_metadata(request.body));
  }
  return op;
}

// Answers {"id","status"} after the commit.
void write_entry(Data& data, const std::string& object, const Call& call,
                 const ExchangePtr& exchange) {
  auto op = op_of(call, exchange->request());
  if (!op.ok()) return exchange->fail(op.error());
  auto name = request_name(exchange->request());
  if (!name.ok()) return exchange->fail(name.error());
  data.write(WriteObject{object, {std::move(*op)}, *name}, [exchange, status = call.status](
                                                               const base::Result<Written>&
                                                                   written) {
    if (!written.ok()) return exchange->fail(written.error());
    exchange->respond(http::json_response(
        JsonObject().text("id", exchange->request().captures[0]).text("status", status).take()));
  });
}

}  // namespace

void add_catalog_routes(Data& data, http::Router& router) {
  for (std::string object : {"snapshots", "images"}) {
    for (const Call& call : kCalls) {
      http::Route route;
      route.verb = call.verb;
      route.pattern = "/" + object + "/" + call.path + "/{id}";
      route.summary = call.summary;
      route.body_max = kValueBodyMax;
      route.header_names = {kRequestNameHeader};
      route.handler = [&data, object, &call](const ExchangePtr& exchange) {
        write_entry(data, object, call, exchange);
      };
      router.add(std::move(route));
    }
  }
}

}  // namespace agent
