#include "agent/api/page_links.h"

#include <algorithm>
#include <utility>

#include "agent/api/limits.h"

namespace agent {
namespace {

template <typename Pages>
auto with_link(Pages& pages, std::string_view link) {
  return std::find_if(pages.begin(), pages.end(),
                      [&](const auto& page) { return page.link == link; });
}

}  // namespace

std::string PageLinks::add() {
  if (pages_.size() == kPageLinksMax) pages_.pop_front();
  pages_.push_back({std::to_string(run_) + "-" + std::to_string(next_++), false, {}});
  return pages_.back().link;
}

void PageLinks::complete(std::string_view link, std::optional<std::string> after) {
  auto page = with_link(pages_, link);
  if (page == pages_.end()) return;  // forgotten meanwhile
  page->complete = true;
  page->after = std::move(after);
}

void PageLinks::remove(std::string_view link) {
  auto page = with_link(pages_, link);
  if (page != pages_.end()) pages_.erase(page);
}

base::Result<std::optional<std::string>> PageLinks::find(std::string_view link) const {
  auto page = with_link(pages_, link);
  if (page == pages_.end()) {
    return base::invalid("page=" + std::string(link) +
                         ": this link is not known any more; ask again with after= and the last "
                         "entry that you have");
  }
  if (!page->complete) {
    return base::Error{base::Code::kBusy,
                       "page=" + std::string(link) +
                           ": the page before it is not complete yet; read it to its end first"};
  }
  return page->after;
}

}  // namespace agent
