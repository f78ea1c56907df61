#pragma once

// Whether an answer is one that a Hearsay agent gives. Anything may listen at a port: a sign-in
// page, a proxy, another program; none of their answers is a success.

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

// A JSON object that has these members, each of its kind; it may have others.
bool has_shape(std::string_view json, std::initializer_list<Expected> expected);
// The same for each element; true of none.
bool all_have_shape(const std::vector<std::string_view>& elements,
                    std::initializer_list<Expected> expected);

// Says that this is no agent, with what was asked; kError.
int foreign_answer(const Session& session, std::string_view asked);

}  // namespace cli
