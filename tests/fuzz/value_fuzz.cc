// Any bytes as a value of a client. They are refused, or they become a minified text that stays the
// same from then on, also as members of an object, elements of an array and in canonical form.

#include <cstdint>

#include "crdt/base/bytes.h"
#include "crdt/base/check.h"
#include "crdt/decimal.h"
#include "crdt/value.h"

namespace {

void check_number(std::string_view text) {
  const auto number = crdt::Decimal::parse(text);
  if (!number) return;
  const std::string spelled = number->text();
  const auto again = crdt::Decimal::parse(spelled);
  CHECK(again.has_value());
  CHECK(*again == *number);
  CHECK(again->text() == spelled);
}

void check_parts(const std::string& minified) {
  const auto members = crdt::object_members(minified);
  if (members.ok()) {
    const auto parsed = crdt::parse_object(minified);
    CHECK(parsed.ok());
    CHECK(parsed->has_value());
    CHECK(**parsed == *members);
    const std::string text = crdt::object_text(*members);
    const auto again = crdt::parse_object(text);
    CHECK(again.ok());
    CHECK(again->has_value());
    CHECK(**again == *members);
  }
  const auto elements = crdt::array_elements(minified);
  if (!elements.ok()) return;
  std::string text = "[";
  for (const std::string& element : *elements) text += (text.size() > 1 ? "," : "") + element;
  CHECK(text + "]" == minified);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  check_number(input);
  const auto minified = crdt::minify_json(input, 4'096);
  const auto members = crdt::parse_object(input, 4'096);
  CHECK(minified.ok() == members.ok());
  if (!minified.ok()) return 0;
  CHECK(minified->size() <= size);
  CHECK(base::is_utf8(*minified));
  CHECK(crdt::check_json(input, crdt::kValueDepthMax).ok());
  const auto again = crdt::minify_json(*minified);
  CHECK(again.ok());
  CHECK(*again == *minified);
  check_parts(*minified);
  const std::string canonical = crdt::canonical_json(*minified);
  const auto sound = crdt::minify_json(canonical);
  CHECK(sound.ok());
  CHECK(*sound == canonical);
  CHECK(crdt::canonical_json(canonical) == canonical);
  return 0;
}
