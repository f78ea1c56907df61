#pragma once

// Where the next page begins, for pages that are sent while they are read. The head of such an
// answer has the link to the next page before anybody knows where this page ends. So the link has a
// number, and this table says later what it means. It keeps the last kPageLinksMax numbers and
// forgets the oldest; a link that is not known is refused with an error. A restart forgets all.
// Loop thread only.

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "crdt/base/result.h"

namespace agent {

class PageLinks {
 public:
  // `run` differs from one run of the agent to the next, so an old link is not taken for a new one.
  explicit PageLinks(std::int64_t run) : run_(run) {}

  std::string add();  // a new link, whose page is not complete yet
  // `after`: the next page begins after this key. Nullopt: this page was the last one.
  void complete(std::string_view link, std::optional<std::string> after);
  void remove(std::string_view link);  // the page was not completed

  // The key after which the page of this link begins; nullopt when there is nothing after it.
  // kInvalid: the link is not known. kBusy: the page that has this link is not complete yet.
  base::Result<std::optional<std::string>> find(std::string_view link) const;
  std::size_t size() const { return pages_.size(); }

 private:
  struct Page {
    std::string link;
    bool complete = false;
    std::optional<std::string> after;
  };
  std::int64_t run_;
  std::uint64_t next_ = 1;
  std::deque<Page> pages_;  // the oldest first
};

}  // namespace agent
