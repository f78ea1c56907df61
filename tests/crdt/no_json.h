#pragma once

// Bodies that a faulty or hostile member may send in place of a value.

#include <string>
#include <vector>

namespace crdt::samples {

inline std::vector<std::string> no_json() {
  const auto nested = [](std::size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };
  return {"no json",
          "'a'",
          "\x93\x01\x02\x03",  // msgpack
          "\xC1",
          "1 ",
          " 1",
          "[1, 2]",
          "{\"a\" :1}",
          "1,2",
          "1}",
          "[1]]",
          "\"a\"\"b\"",
          "[",
          "{\"a\":1",
          "\"abc",
          "\"",
          "NaN",
          "-Infinity",
          "01",
          "1e",
          "{1:2}",
          "{\"a\":1,\"a\":2}",
          "{\"a\":1,\"\\u0061\":2}",
          "\"\xFF\"",
          "\"\xC3\"",
          "\"\xED\xA0\x80\"",
          "\"\xC0\x80\"",
          "{\"\xFF\":1}",
          "\"\\ud800\"",
          "\"\\x\"",
          "\"a\nb\"",
          "\"\x01\"",
          nested(33),
          nested(100'000),
          '"' + std::string(1 << 20, 'x') + '"'};
}

}  // namespace crdt::samples
