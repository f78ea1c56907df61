#include "agent/api/conflicts.h"

#include <utility>

#include "agent/api/cell_text.h"
#include "agent/api/json_text.h"
#include "agent/api/page_scan.h"
#include "agent/api/paging.h"
#include "agent/api/place.h"

namespace agent {
namespace {

constexpr std::string_view kObjects[] = {"images", "snapshots"};  // sorted by name

std::string side_text(const store::Actors& actors, const crdt::Cell& cell, std::string_view value) {
  return JsonObject()
      .raw("value", value)
      .text("stamp", stamp_text(cell.stamp.time))
      .text("writer", writer_of(actors, cell))
      .text("dot", cell.dot.text())
      .take();
}

std::string conflict_text(const store::Actors& actors, const crdt::Entry& entry,
                          const crdt::Conflict& conflict) {
  std::string losers;
  for (const crdt::Cell& loser : conflict.losers) {
    if (!losers.empty()) losers += ',';
    losers += side_text(actors, loser, cell_value(loser));
  }
  // A whole-object write that lacks the field hides it, so it shows nothing.
  bool hidden = conflict.rule == "reset";
  std::string_view value = hidden ? "null" : cell_value(conflict.winner);
  return JsonObject()
      .text("object", entry.object)
      .raw("path", json_strings({entry.id, conflict.field}))
      .raw("winner", side_text(actors, conflict.winner, value))
      .raw("losers", "[" + losers + "]")
      .text("rule", conflict.rule)
      .take();
}

base::Result<std::vector<std::string>> conflict_rows(store::Reader& reader,
                                                     const crdt::Entry& entry) {
  std::vector<std::string> rows;
  std::vector<crdt::Conflict> found = crdt::conflicts(entry);
  if (found.empty()) return rows;
  ASSIGN_OR_RETURN(const store::Actors* actors, reader.actors());
  for (const crdt::Conflict& conflict : found) {
    rows.push_back(conflict_text(*actors, entry, conflict));
  }
  return rows;
}

void list_conflicts(Host& host, const ExchangePtr& exchange,
                    const std::shared_ptr<PageLinks>& links) {
  auto page = page_of(exchange->request().target, *links);
  if (!page.ok()) return exchange->fail(page.error());
  if (page->nothing) return exchange->respond(http::json_response("[]"));
  PageScan scan;
  scan.path = "/v1/conflicts";
  scan.objects = {std::begin(kObjects), std::end(kObjects)};
  scan.key_has_object = true;
  scan.rows = conflict_rows;
  const std::string& after = page->after;
  if (!after.empty()) {
    std::size_t slash = after.find('/');
    std::string object = after.substr(0, slash);
    if (slash == std::string::npos || !is_catalog(object)) {
      return exchange->fail(base::invalid("after=" + after + ": expected <object>/<id>"));
    }
    while (scan.objects[scan.first] != object) ++scan.first;
    scan.after = after.substr(slash + 1);
  }
  scan.page = std::move(*page);
  answer_page(host, exchange, links, std::move(scan));
}

}  // namespace

void add_conflict_route(Host& host, http::Router& router) {
  auto links = std::make_shared<PageLinks>(host.now().wall_nanos);
  router.add(
      {http::Verb::kGet,
       "/v1/conflicts",
       [&host, links](const ExchangePtr& exchange) { list_conflicts(host, exchange, links); },
       "Fields with concurrent values, in pages",
       {"limit", "after", "page"}});
}

}  // namespace agent
