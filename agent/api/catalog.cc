#include "agent/api/catalog.h"

#include <utility>

#include "agent/api/body.h"
#include "agent/api/json_text.h"
#include "agent/api/limits.h"
#include "agent/api/place.h"
#include "agent/api/reading.h"

namespace agent {
namespace {

// Answers {"id","status"} after the commit.
void write_entry(Host& host, const ExchangePtr& exchange, WriteRequest request,
                 const std::string& id, std::string_view status) {
  host.write(std::move(request), [exchange, id, status](const base::Result<Written>& written) {
    if (!written.ok()) return exchange->fail(written.error());
    exchange->respond(
        http::json_response(JsonObject().text("id", id).text("status", status).take()));
  });
}

void add_entry(Host& host, const std::string& object, const ExchangePtr& exchange) {
  const std::string& id = exchange->request().captures.at(0);
  if (auto checked = check_id("the id", id); !checked.ok()) return exchange->fail(checked.error());
  auto metadata = body_metadata(exchange->request().body);
  if (!metadata.ok()) return exchange->fail(metadata.error());
  write_entry(host, exchange, AddEntry{object, id, std::move(*metadata)}, id, "added");
}

void put_metadata(Host& host, const std::string& object, const ExchangePtr& exchange) {
  const std::string& id = exchange->request().captures.at(0);
  if (auto checked = check_id("the id", id); !checked.ok()) return exchange->fail(checked.error());
  auto metadata = body_metadata(exchange->request().body);
  if (!metadata.ok()) return exchange->fail(metadata.error());
  write_entry(host, exchange, PutEntry{object, id, std::move(*metadata)}, id, "updated");
}

void patch_metadata(Host& host, const std::string& object, const ExchangePtr& exchange) {
  const std::string& id = exchange->request().captures.at(0);
  if (auto checked = check_id("the id", id); !checked.ok()) return exchange->fail(checked.error());
  auto metadata = body_metadata(exchange->request().body);
  if (!metadata.ok()) return exchange->fail(metadata.error());
  write_entry(host, exchange, PatchEntry{object, id, std::move(*metadata), {}}, id, "updated");
}

void remove_entry(Host& host, const std::string& object, const ExchangePtr& exchange) {
  const std::string& id = exchange->request().captures.at(0);
  if (auto checked = check_id("the id", id); !checked.ok()) return exchange->fail(checked.error());
  write_entry(host, exchange, RemoveEntry{object, id}, id, "removed");
}

}  // namespace

void add_catalog_routes(Host& host, http::Router& router) {
  struct Call {
    http::Verb verb;
    const char* path;
    void (*handle)(Host&, const std::string&, const ExchangePtr&);
    const char* summary;
  };
  static constexpr Call kCalls[] = {
      {http::Verb::kPost, "add", add_entry, "Add an entry, or replace its metadata and renew it"},
      {http::Verb::kDelete, "remove", remove_entry, "Remove an entry; an unknown id is no error"},
      {http::Verb::kPut, "metadata", put_metadata, "Replace the metadata of an entry"},
      {http::Verb::kPatch, "metadata", patch_metadata, "Set fields of the metadata of an entry"},
  };
  for (std::string object : {"snapshots", "images"}) {
    for (const Call& call : kCalls) {
      http::Route route;
      route.verb = call.verb;
      route.pattern = "/" + object + "/" + call.path + "/{id}";
      route.summary = call.summary;
      route.body_max = kValueBodyMax;
      route.handler = [&host, object, handle = call.handle](const ExchangePtr& exchange) {
        handle(host, object, exchange);
      };
      router.add(std::move(route));
    }
  }
}

}  // namespace agent
