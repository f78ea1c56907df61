#include "tools/cli/shape.h"

#include <algorithm>

#include "tools/cli/json_text.h"

namespace cli {
namespace {

bool is_kind(std::string_view value, Kind kind) {
  char first = value.empty() ? '\0' : value.front();
  switch (kind) {
    case Kind::kString:
      return first == '"';
    case Kind::kNumber:
      return first == '-' || (first >= '0' && first <= '9');
    case Kind::kBoolean:
      return first == 't' || first == 'f';
    case Kind::kObject:
      return first == '{';
    case Kind::kArray:
      return first == '[';
    case Kind::kStringOrNull:
      return first == '"' || first == 'n';
    case Kind::kAny:
      return first != '\0';
  }
  return false;
}

}  // namespace

bool has_shape(std::string_view json, std::initializer_list<Expected> expected) {
  auto all = members(json);
  if (!all) return false;
  return std::all_of(expected.begin(), expected.end(), [&](const Expected& wanted) {
    auto found = std::find_if(all->begin(), all->end(),
                              [&](const Member& member) { return member.name == wanted.name; });
    return found != all->end() && is_kind(found->value, wanted.kind);
  });
}

bool all_have_shape(const std::vector<std::string_view>& elements,
                    std::initializer_list<Expected> expected) {
  return std::all_of(elements.begin(), elements.end(),
                     [&](std::string_view element) { return has_shape(element, expected); });
}

int foreign_answer(const Session& session, std::string_view asked) {
  return fail(session.client.foreign(asked));
}

}  // namespace cli
