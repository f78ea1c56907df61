#pragma once

// The parameters limit= and after= of routes that answer in pages.

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/http/message.h"
#include "crdt/base/result.h"

namespace agent {

struct Page {
  std::size_t limit = 0;
  std::string after;
};
// kInvalid if limit is not 1 to kPageMax.
base::Result<Page> page_of(const http::Target& target);

// Example: </path?a=b>; rel="next". Values are percent-encoded.
std::pair<std::string, std::string> next_link(
    std::string_view path, const std::vector<std::pair<std::string_view, std::string>>& query);

}  // namespace agent
