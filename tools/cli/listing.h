#pragma once

// Lists that come in pages: all pages, as one.

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tools/cli/session.h"

namespace cli {

struct Listing {
  std::vector<std::string> header;
  std::function<std::optional<std::vector<std::string_view>>(std::string_view body)> elements;
  std::function<std::string(const Answer& answer)> next;  // the path of the next page, or nothing
  std::function<bool(const std::vector<std::string_view>& page)> is_ours;  // every element is
  std::function<Row(std::string_view element)> row;
  std::function<std::string(std::string_view element)> json_line;  // for jsonl; absent: as it is
  // What stands around the elements when several pages are printed as one JSON value. A single page
  // is printed as it came.
  std::string open = "[";
  std::string close = "]";
  // How an empty list ends, and what is said of it.
  int empty_exit = kNotFound;
  std::string empty_message = "nothing matched";
};

// The path of the next page from the Link header, for answers that are arrays.
std::string linked_page(const Answer& answer);

int print_listing(Session& session, const Listing& listing, const std::string& first_path);

}  // namespace cli
