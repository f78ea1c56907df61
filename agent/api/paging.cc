#include "agent/api/paging.h"

#include <charconv>

#include "agent/api/limits.h"

namespace agent {

base::Result<Page> page_of(const http::Target& target) {
  Page page{kPageDefault, {}};
  if (auto limit = target.query_value("limit")) {
    auto [end, error] = std::from_chars(limit->data(), limit->data() + limit->size(), page.limit);
    bool whole = error == std::errc() && end == limit->data() + limit->size();
    if (!whole || page.limit < 1 || page.limit > kPageMax) {
      return base::invalid("limit=" + std::string(*limit) + ": expected 1 to " +
                           std::to_string(kPageMax));
    }
  }
  if (auto after = target.query_value("after")) page.after = *after;
  return page;
}

base::Result<Page> page_of(const http::Target& target, const PageLinks& links) {
  ASSIGN_OR_RETURN(Page page, page_of(target));
  auto link = target.query_value("page");
  if (!link) return page;
  ASSIGN_OR_RETURN(std::optional<std::string> after, links.find(*link));
  page.nothing = !after;
  page.after = after.value_or("");
  return page;
}

std::pair<std::string, std::string> next_link(
    std::string_view path, const std::vector<std::pair<std::string_view, std::string>>& query) {
  std::string link = "<" + std::string(path);
  char separator = '?';
  for (const auto& [name, value] : query) {
    link += separator;
    link += name;
    link += '=';
    link += http::percent_encode(value);
    separator = '&';
  }
  return {"Link", link + ">; rel=\"next\""};
}

}  // namespace agent
