#pragma once

// Checks that an answer comes from a Hearsay agent. Any program may listen at a port: a sign-in
// page, a proxy, another service. Their answers must not count as a success.

#include <initializer_list>
#include <string_view>
#include <vector>

#include "tools/cli/session.h"

namespace cli {

enum class Kind { kString, kNumber, kBoolean, kObject, kArray, kStringOrNull, kAny };

struct Expected {
  std::string_view name;
  Kind kind;
};

// True if the JSON is an object with these members, each of its kind. It may have other members.
bool has_shape(std::string_view json, std::initializer_list<Expected> expected);
// True if every element has this shape; also for an empty list.
bool all_have_shape(const std::vector<std::string_view>& elements,
                    std::initializer_list<Expected> expected);

// Prints that no agent answered to the request `asked`; returns kError.
int foreign_answer(const Session& session, std::string_view asked);

}  // namespace cli
