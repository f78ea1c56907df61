#pragma once

// Answers are put together as text, so that replicated values pass through as they are.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "crdt/hybrid_time.h"

namespace agent {

// Members in the order of the calls.
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

// "<nanoseconds>.<counter>", as text because JSON numbers of many readers end at 2^53.
std::string stamp_text(const crdt::HybridTime& time);

}  // namespace agent
