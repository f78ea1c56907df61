#pragma once

// Answers with the entries of catalog maps in pages: one JSON array, in the order of the ids.
//
// A page is read in slices. Each slice is one snapshot and a bounded piece of work, so a long scan
// gives its reader back to others. A page that is complete within kHeadMillis is sent whole, with
// its length. A longer one is sent in chunks: after kHeadMillis the head and the rows that are
// known, then each slice's rows as they are found. The next slice is read when the client has taken
// the rows of the last one, so a slow client holds neither a reader nor more memory than one slice.
// Clients that do not know chunks (HTTP/1.0) get the whole page at its end.
//
// An error before the head is an ordinary answer. After it the connection is closed without the
// last chunk, so the client never takes a part for the whole. Loop thread only.

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/api/host.h"
#include "agent/api/page_links.h"
#include "agent/api/paging.h"
#include "agent/api/reading.h"
#include "crdt/catalog/entry.h"

namespace agent {

struct PageScan {
  std::string path;                                             // of the route, for the next link
  std::vector<std::pair<std::string_view, std::string>> query;  // the same; without limit and after
  Page page;
  std::vector<std::string> objects;  // scanned in this order; one, or the key names the object
  std::size_t first = 0;             // index in `objects` of the object that has `after`
  std::string after;                 // id after which the scan begins
  bool key_has_object = false;       // keys of pages are "object/id"
  // The rows of one entry, as JSON, or none. Runs on reader threads, never two calls at once. It
  // may use only what it holds by value. A page ends between two entries.
  std::function<base::Result<std::vector<std::string>>(store::Reader&, const crdt::Entry&)> rows;
};

// `links` lives as long as the route.
void answer_page(Host& host, const ExchangePtr& exchange, const std::shared_ptr<PageLinks>& links,
                 PageScan scan);

}  // namespace agent
