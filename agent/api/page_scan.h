#pragma once

// Answers with rows in pages: one JSON array, in the order of keys. A key stands for a unit, such
// as an entry of a catalog, which may have several rows or none. A page ends between two units.
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

#include "agent/api/data.h"
#include "agent/api/page_links.h"
#include "agent/api/paging.h"
#include "agent/api/reading.h"
#include "agent/feed/timers.h"
#include "crdt/catalog/entry.h"

namespace agent {

// What one slice of a page reads. For the function that reads it.
class PageSlice {
 public:
  virtual ~PageSlice() = default;
  // The next unit: `bytes` were read for it. False: stop, the slice is over or the page is full.
  virtual bool take(std::string key, std::size_t bytes, const std::vector<std::string>& rows) = 0;
};

struct PageScan {
  std::string path;                                             // of the route, for the next link
  std::vector<std::pair<std::string_view, std::string>> query;  // the same; without limit and after
  Page page;
  // Takes the units above the key `after` ("": all) in the order of their keys until the slice says
  // stop or there are no more. Runs on reader threads, never two calls at once. It may use only
  // what it holds by value.
  std::function<base::Status(store::Reader&, const std::string& after, PageSlice&)> read;
};

// The bytes that an entry counts in a slice.
std::size_t bytes_of(const crdt::Entry& entry);

// `links` lives as long as the route.
void answer_page(Data& data, Timers& timers, const ExchangePtr& exchange,
                 const std::shared_ptr<PageLinks>& links, PageScan scan);

}  // namespace agent
