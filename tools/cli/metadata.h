#pragma once

// The JSON object of an entry, built from the command line.

#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "crdt/base/result.h"

namespace cli {

// Members in order. A later member replaces the value of an earlier one with the same name.
class Metadata {
 public:
  void set(const std::string& name, std::string json);
  // Sets the members of a JSON object in UTF-8, with or without a byte order mark. kInvalid if it
  // is something else or has a key twice.
  base::Status set_all(std::string_view object);
  bool empty() const { return members_.empty(); }
  std::string json() const;

 private:
  std::vector<std::pair<std::string, std::string>> members_;
  std::unordered_map<std::string, std::size_t> places_;  // index in members_, by name
};

// The JSON of a word. A number, true, false, null, an array or an object is kept; everything else
// becomes a string. A word in quotes is a string that contains the quotes.
std::string value_json(std::string_view text);

// Splits "K=V" into the name and value_json() of V.
base::Result<std::pair<std::string, std::string>> parse_pair(std::string_view pair);
// The same, but V is always a string. Example: "version=1.10" gives "1.10".
base::Result<std::pair<std::string, std::string>> parse_string_pair(std::string_view pair);

// Sets the fields of the "K=V" words, then those whose V is always a string.
base::Status set_pairs(const std::vector<std::string>& pairs,
                       const std::vector<std::string>& string_pairs, Metadata& out);

}  // namespace cli
