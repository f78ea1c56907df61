#include "agent/api/catalog_query.h"

#include <utility>

#include "agent/api/json_text.h"
#include "agent/api/page_scan.h"
#include "agent/api/paging.h"
#include "agent/api/place.h"
#include "agent/api/query.h"

namespace agent {
namespace {

std::vector<std::string> matching_rows(const Query& query, const crdt::Entry& entry) {
  if (!crdt::exists(entry)) return {};
  if (!query.matches_all() && !query.matches(entry.id, crdt::shown(entry))) return {};
  return {JsonObject().text("id", entry.id).raw("metadata", crdt::shown_text(entry)).take()};
}

void search(Data& data, Timers& timers, const ExchangePtr& exchange,
            const std::shared_ptr<PageLinks>& links) {
  const http::Target& target = exchange->request().target;
  std::string type(target.query_value("type").value_or(""));
  std::string q(target.query_value("q").value_or(""));
  auto page = page_of(target, *links);
  if (!page.ok()) return exchange->fail(page.error());
  auto query = Query::parse(q);
  if (!query.ok()) return exchange->fail(query.error());
  if (!is_catalog(type) || page->nothing) return exchange->respond(http::json_response("[]"));
  PageScan scan;
  scan.path = "/catalog/query";
  scan.query = {{"type", type}, {"q", std::move(q)}};
  scan.page = std::move(*page);
  scan.read = [type = std::move(type), query = std::move(*query)](
                  store::Reader& reader, const std::string& after, PageSlice& slice) {
    return reader.cells().scan(type, after, [&](const crdt::Entry& entry) {
      return slice.take(entry.id, bytes_of(entry), matching_rows(query, entry));
    });
  };
  answer_page(data, timers, exchange, links, std::move(scan));
}

}  // namespace

void add_query_route(Data& data, Timers& timers, http::Router& router) {
  http::Route route;
  route.pattern = "/catalog/query";
  route.summary = "Entries of a catalog that match q, sorted by id, in pages";
  route.query_names = {"type", "q", "limit", "after", "page"};
  auto links = std::make_shared<PageLinks>(timers.now().wall_nanos);
  route.handler = [&data, &timers, links](const ExchangePtr& exchange) {
    search(data, timers, exchange, links);
  };
  router.add(std::move(route));
}

}  // namespace agent
