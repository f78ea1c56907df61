#include "agent/api/conflicts.h"

#include <utility>

#include "agent/api/cell_text.h"
#include "agent/api/json_text.h"
#include "agent/api/limits.h"
#include "agent/api/paging.h"
#include "agent/api/place.h"
#include "agent/api/reading.h"

namespace agent {
namespace {

constexpr std::string_view kObjects[] = {"images", "snapshots"};  // sorted by name

struct Listing {
  Page page;
  std::size_t object = 0;   // index in kObjects of the object that is being scanned
  std::string items = "[";  // the array of the answer, without its closing bracket
  std::size_t count = 0;
  std::string last;   // "object/id": the last entry of the page
  bool full = false;  // the page ends at `last`; more conflicts may follow
  base::Status status;

  // A page ends between two entries. False: the next entry does not fit, or the actors cannot be
  // read.
  bool take(store::Reader& reader, const crdt::Entry& entry) {
    std::vector<crdt::Conflict> found = crdt::conflicts(entry);
    full = !found.empty() && (count >= page.limit || items.size() > kAnswerBytesMax);
    if (full) return false;
    last = entry.object + "/" + entry.id;
    if (found.empty()) return true;
    auto actors = reader.actors();
    if (!actors.ok()) {
      status = actors.error();
      return false;
    }
    for (const crdt::Conflict& conflict : found) add(**actors, entry, conflict);
    return true;
  }
  // Conflicts that were found are sent at once; they do not wait until the rest of a large catalog
  // is read.
  bool go_on() { return !(full = count > 0); }

 private:
  void add(const store::Actors& actors, const crdt::Entry& entry, const crdt::Conflict& conflict) {
    std::string losers;
    for (const crdt::Cell& loser : conflict.losers) {
      if (!losers.empty()) losers += ',';
      losers += cell_text(actors, loser, cell_value(loser));
    }
    // A whole-object write that lacks the field hides it, so it shows nothing.
    bool hidden = conflict.rule == "reset";
    std::string_view value = hidden ? "null" : cell_value(conflict.winner);
    if (count++ > 0) items += ',';
    items += JsonObject()
                 .text("object", entry.object)
                 .raw("path", json_strings({entry.id, conflict.field}))
                 .raw("winner", cell_text(actors, conflict.winner, value))
                 .raw("losers", "[" + losers + "]")
                 .text("rule", conflict.rule)
                 .take();
  }

  static std::string cell_text(const store::Actors& actors, const crdt::Cell& cell,
                               std::string_view value) {
    return JsonObject()
        .raw("value", value)
        .text("stamp", stamp_text(cell.stamp.time))
        .text("writer", writer_of(actors, cell))
        .text("dot", cell.dot.text())
        .take();
  }
};

http::Response listing_response(Listing& listing) {
  listing.items += ']';
  http::Response response = http::json_response(std::move(listing.items));
  if (listing.full) {
    response.headers.push_back(next_link(
        "/v1/conflicts", {{"limit", std::to_string(listing.page.limit)}, {"after", listing.last}}));
  }
  return response;
}

void scan_object(Host& host, const ExchangePtr& exchange, const std::shared_ptr<Listing>& listing,
                 std::string after) {
  SlicedScan scan;
  scan.object = kObjects[listing->object];
  scan.after = std::move(after);
  scan.visit = [listing](store::Reader& reader, const crdt::Entry& entry) {
    return listing->take(reader, entry);
  };
  scan.go_on = [listing] { return listing->go_on(); };
  scan.done = [&host, exchange, listing](const base::Status& status) {
    if (!status.ok()) return exchange->fail(status.error());
    if (!listing->status.ok()) return exchange->fail(listing->status.error());
    bool last = ++listing->object == std::size(kObjects);
    if (last || listing->full) return exchange->respond(listing_response(*listing));
    scan_object(host, exchange, listing, "");
  };
  scan_in_slices(host, exchange, std::move(scan));
}

void list_conflicts(Host& host, const ExchangePtr& exchange) {
  auto listing = std::make_shared<Listing>();
  auto page = page_of(exchange->request().target);
  if (!page.ok()) return exchange->fail(page.error());
  listing->page = std::move(*page);
  const std::string& after = listing->page.after;
  std::string id;
  if (!after.empty()) {
    std::size_t slash = after.find('/');
    std::string object = after.substr(0, slash);
    if (slash == std::string::npos || !is_catalog(object)) {
      return exchange->fail(base::invalid("after=" + after + ": expected <object>/<id>"));
    }
    while (kObjects[listing->object] != object) ++listing->object;
    id = after.substr(slash + 1);
  }
  scan_object(host, exchange, listing, id);
}

}  // namespace

void add_conflict_route(Host& host, http::Router& router) {
  router.add({http::Verb::kGet,
              "/v1/conflicts",
              [&host](const ExchangePtr& exchange) { list_conflicts(host, exchange); },
              "Fields with concurrent values, in pages",
              {"limit", "after"}});
}

}  // namespace agent
