#pragma once

// The JSON object of an entry, put together from what was given on the command line.

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "crdt/base/result.h"

namespace cli {

// Members in order; a later one of the same name replaces the value of the earlier.
class Metadata {
 public:
  void set(const std::string& name, std::string json);
  base::Status set_all(std::string_view object);  // kInvalid: not a JSON object
  std::string json() const;

 private:
  std::vector<std::pair<std::string, std::string>> members_;
};

// "K=V" as name and JSON. V stays as it is where it is a number, true, false, null, an array or an
// object, and becomes a string otherwise; a quoted "V" is a string with its quotes.
base::Result<std::pair<std::string, std::string>> parse_pair(std::string_view pair);

}  // namespace cli
