#pragma once

// The JSON object of an entry, put together from what was given on the command line.

#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "crdt/base/result.h"

namespace cli {

// Members in order; a later one of the same name replaces the value of the earlier.
class Metadata {
 public:
  void set(const std::string& name, std::string json);
  // The members of a JSON object in UTF-8, with or without a byte order mark. kInvalid: it is
  // something else, or has a key twice.
  base::Status set_all(std::string_view object);
  bool empty() const { return members_.empty(); }
  std::string json() const;

 private:
  std::vector<std::pair<std::string, std::string>> members_;
  std::unordered_map<std::string, std::size_t> places_;  // in it
};

// The JSON of a word: it stays as it is where it is a number, true, false, null, an array or an
// object, and becomes a string otherwise; a quoted word is a string with its quotes.
std::string value_json(std::string_view text);

// "K=V" as name and value_json() of V.
base::Result<std::pair<std::string, std::string>> parse_pair(std::string_view pair);
// The same with V always a string: "version=1.10" is "1.10".
base::Result<std::pair<std::string, std::string>> parse_string_pair(std::string_view pair);

// Sets the fields of "K=V" words, then those whose V is always a string.
base::Status set_pairs(const std::vector<std::string>& pairs,
                       const std::vector<std::string>& string_pairs, Metadata& out);

}  // namespace cli
