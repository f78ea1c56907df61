#pragma once

// Prints a list that comes in pages as one list.

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
  std::function<std::string(const Answer& answer)> next;  // path of the next page; else empty
  std::function<bool(const std::vector<std::string_view>& page)> is_ours;  // an agent's answer?
  std::function<Row(std::string_view element)> row;
  bool is_array = true;  // the answer: its rows are shown as they arrive (not for -o json)
  std::function<std::string(std::string_view element)> json_line;  // for jsonl; empty: unchanged
  // The text around the elements when several pages are printed as one JSON value. A single page is
  // printed unchanged.
  std::string open = "[";
  std::string close = "]";
  // The exit code and the message for an empty list.
  int empty_exit = kNotFound;
  std::string empty_message = "nothing matched";
};

// The path of the next page from the Link header, for answers that are arrays.
std::string linked_page(const Answer& answer);

int print_listing(Session& session, const Listing& listing, const std::string& first_path);

}  // namespace cli
