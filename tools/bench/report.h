#pragma once

// The result of one run: rows of named values, printed as a table or as JSON. Both state the number
// of cores, because the values depend on it.

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace bench {

class Report {
 public:
  Report(std::string benchmark, std::vector<std::string> columns);
  // One value for each column. Numbers are shown with three significant digits.
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
