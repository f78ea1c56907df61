#pragma once

// The result of one run: rows of named values, printed as a table for people or as JSON. Both say
// how many cores there were, for no figure means anything without them.

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace bench {

class Report {
 public:
  Report(std::string benchmark, std::vector<std::string> columns);
  // As many values as there are columns; numbers are shown with three digits that matter.
  void add(std::vector<nlohmann::json> row);
  void note(std::string text) { notes_.push_back(std::move(text)); }

  std::string table() const;
  std::string json() const;

 private:
  std::string benchmark_;
  std::vector<std::string> columns_;
  std::vector<std::vector<nlohmann::json>> rows_;
  std::vector<std::string> notes_;
};

}  // namespace bench
