#pragma once

// Builds answers as text, so that replicated values are passed on unchanged.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "crdt/hybrid_time.h"

namespace agent {

// The members have the order of the calls.
class JsonObject {
 public:
  JsonObject& text(std::string_view key, std::string_view value);  // quoted
  JsonObject& raw(std::string_view key, std::string_view json);    // already JSON
  JsonObject& number(std::string_view key, std::uint64_t value);
  JsonObject& boolean(std::string_view key, bool value);
  std::string take();

 private:
  void key(std::string_view key);
  std::string out_ = "{";
};

std::string json_strings(const std::vector<std::string>& texts);  // ["a","b"]

// "<nanoseconds>.<counter>". It is a string because many readers cannot represent JSON numbers
// above 2^53.
std::string stamp_text(const crdt::HybridTime& time);

}  // namespace agent
