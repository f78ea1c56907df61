#pragma once

// Numbers of answers, and amounts in words.

#include <cstdint>
#include <string>
#include <string_view>

namespace cli {

std::uint64_t number(std::string_view json);                      // 0 for what is no whole number
std::string counted(std::uint64_t count, std::string_view what);  // "1 text", "2 texts"
std::string byte_count(std::uint64_t bytes);                      // "1.5 KiB"
std::string time_span(std::uint64_t seconds);                     // "3 h 2 min"

}  // namespace cli
