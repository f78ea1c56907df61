#pragma once

// The parameters limit=, after= and page= of routes that answer in pages.

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/api/page_links.h"
#include "agent/http/message.h"
#include "crdt/base/result.h"

namespace agent {

struct Page {
  std::size_t limit = 0;
  std::string after;
  bool nothing = false;  // the page before was the last one
};
// kInvalid if limit is not 1 to kPageMax.
base::Result<Page> page_of(const http::Target& target);
// The same for routes whose pages may be sent in chunks: `page` of such a link stands for `after`.
base::Result<Page> page_of(const http::Target& target, const PageLinks& links);

// Example: </path?a=b>; rel="next". Values are percent-encoded.
std::pair<std::string, std::string> next_link(
    std::string_view path, const std::vector<std::pair<std::string_view, std::string>>& query);

}  // namespace agent
