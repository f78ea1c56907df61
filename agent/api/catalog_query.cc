#include "agent/api/catalog_query.h"

#include <utility>

#include "agent/api/json_text.h"
#include "agent/api/limits.h"
#include "agent/api/paging.h"
#include "agent/api/place.h"
#include "agent/api/query.h"
#include "agent/api/reading.h"

namespace agent {
namespace {

struct Search {
  std::string type;
  std::string q;
  Page page;
  Query query;

  std::string items = "[";  // the array of the answer, without its closing bracket
  std::size_t count = 0;
  std::string last;   // the id of the last item
  bool more = false;  // at least one further entry matches

  // False: the page is full.
  bool take(const crdt::Entry& entry) {
    if (!crdt::exists(entry)) return true;
    if (!query.matches_all() && !query.matches(entry.id, crdt::shown(entry))) return true;
    if (count == page.limit) return !(more = true);
    std::string item =
        JsonObject().text("id", entry.id).raw("metadata", crdt::shown_text(entry)).take();
    if (count > 0 && items.size() + item.size() > kAnswerBytesMax) return !(more = true);
    if (count++ > 0) items += ',';
    items += item;
    last = entry.id;
    return true;
  }

  http::Response answer() {
    items += ']';
    http::Response response = http::json_response(std::move(items));
    if (more) {
      response.headers.push_back(next_link(
          "/catalog/query",
          {{"type", type}, {"q", q}, {"limit", std::to_string(page.limit)}, {"after", last}}));
    }
    return response;
  }
};

void search(Host& host, const ExchangePtr& exchange) {
  const http::Target& target = exchange->request().target;
  auto search = std::make_shared<Search>();
  search->type = target.query_value("type").value_or("");
  search->q = target.query_value("q").value_or("");
  auto page = page_of(target);
  if (!page.ok()) return exchange->fail(page.error());
  search->page = std::move(*page);
  auto query = Query::parse(search->q);
  if (!query.ok()) return exchange->fail(query.error());
  search->query = std::move(*query);
  if (!is_catalog(search->type)) return exchange->respond(http::json_response("[]"));
  SlicedScan scan;
  scan.object = search->type;
  scan.after = search->page.after;
  scan.visit = [search](store::Reader&, const crdt::Entry& entry) { return search->take(entry); };
  scan.done = [search, exchange](const base::Status& status) {
    if (!status.ok()) return exchange->fail(status.error());
    exchange->respond(search->answer());
  };
  scan_in_slices(host, exchange, std::move(scan));
}

}  // namespace

void add_query_route(Host& host, http::Router& router) {
  http::Route route;
  route.pattern = "/catalog/query";
  route.summary = "Entries of a catalog that match q, sorted by id, in pages";
  route.query_names = {"type", "q", "limit", "after"};
  route.handler = [&host](const ExchangePtr& exchange) { search(host, exchange); };
  router.add(std::move(route));
}

}  // namespace agent
