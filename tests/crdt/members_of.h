#pragma once

// Metadata of a request, written in a test as the JSON that a client would send.

#include <gtest/gtest.h>

#include <string_view>
#include <utility>

#include "crdt/value.h"

namespace crdt::samples {

inline Members members_of(std::string_view json) {
  auto parsed = parse_object(json);
  bool object = parsed.ok() && *parsed;
  EXPECT_TRUE(object) << "not a JSON object: " << json;
  return object ? std::move(**parsed) : Members();
}

}  // namespace crdt::samples
