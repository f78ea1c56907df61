// Properties of values, tested with generated JSON. A failure prints the smallest failing text. The
// seed is fixed unless RC_PARAMS sets another, so one commit always gives the same result.

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <cstdlib>

#include "crdt/value.h"

namespace crdt {
namespace {

[[maybe_unused]] const int kSeeded = setenv("RC_PARAMS", "seed=7 max_success=300", 0);

rc::Gen<std::string> any_text() {
  return rc::gen::map(rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 9)),
                      [](const std::vector<int>& picks) {
                        static const std::vector<std::string> kPieces = {
                            "a", "\"", "\\", "\n", "\x01", "/", "\xC3\xA9", "\xF0\x9F\x98\x80",
                            " "};
                        std::string text;
                        for (int pick : picks) text += kPieces[static_cast<std::size_t>(pick)];
                        return text;
                      });
}

rc::Gen<std::string> any_number() {
  return rc::gen::element<std::string>("0", "-0.0", "1", "1.0", "10e-1", "12345678901234567890",
                                       "-7.5E+3", "1e-7", "1E99999999999999999999");
}

// Containers have few members, because the number of leaves grows exponentially with the depth.
rc::Gen<std::string> any_json(int depth) {
  auto leaf =
      rc::gen::oneOf(rc::gen::map(any_text(), [](const std::string& s) { return json_quote(s); }),
                     any_number(), rc::gen::element<std::string>("true", "false", "null"));
  if (depth == 0) return leaf;
  auto inner = rc::gen::lazy([depth] { return any_json(depth - 1); });
  auto array = rc::gen::map(rc::gen::resize(5, rc::gen::container<std::vector<std::string>>(inner)),
                            [](const std::vector<std::string>& items) {
                              std::string out = "[";
                              for (const auto& item : items) {
                                if (out.size() > 1) out += ',';
                                out += item;
                              }
                              return out + "]";
                            });
  auto object = rc::gen::map(
      rc::gen::resize(5, rc::gen::container<std::map<std::string, std::string>>(any_text(), inner)),
      [](const std::map<std::string, std::string>& members) {
        return object_text({members.begin(), members.end()});
      });
  return rc::gen::oneOf(leaf, array, object);
}

RC_GTEST_PROP(ValueProperty, QuotingComesBack, ()) {
  std::string text = *any_text();

  RC_ASSERT(json_unquote(json_quote(text)) == text);
  RC_ASSERT(minify_json(json_quote(text)).ok());
}

RC_GTEST_PROP(ValueProperty, MinifyingChangesNothingTwice, ()) {
  std::string text = *rc::gen::resize(12, any_json(3));

  auto once = minify_json(text);

  RC_ASSERT(once.ok());
  RC_ASSERT(*once == text);
}

RC_GTEST_PROP(ValueProperty, BlanksBetweenTokensDoNotMatter, ()) {
  std::string text = *rc::gen::resize(12, any_json(3));
  std::string spaced;
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (quoted && c == '\\') {
      spaced += c;
      spaced += text[++i];
      continue;
    }
    if (c == '"') quoted = !quoted;
    bool mark = !quoted && std::string_view("{}[]:,").find(c) != std::string_view::npos;
    spaced += mark ? std::string(" \t") + c + "\r\n" : std::string(1, c);
  }

  RC_ASSERT(minify_json(spaced).value() == text);
}

RC_GTEST_PROP(ValueProperty, CanonicalIsAFixedPointAndValid, ()) {
  std::string text = *rc::gen::resize(12, any_json(3));

  std::string canonical = canonical_json(text);

  RC_ASSERT(minify_json(canonical).value() == canonical);
  RC_ASSERT(canonical_json(canonical) == canonical);
}

RC_GTEST_PROP(ValueProperty, CutTextIsNeverAnotherObject, ()) {
  std::string text = "{\"k\":" + *rc::gen::resize(12, any_json(2)) + "}";
  auto cut = *rc::gen::inRange<std::size_t>(0, text.size());

  RC_ASSERT(!minify_json(text.substr(0, cut)).ok());
}

RC_GTEST_PROP(ValueProperty, MembersRebuildTheObject, ()) {
  auto members = *rc::gen::resize(
      8, rc::gen::container<std::map<std::string, std::string>>(any_text(), any_json(2)));
  Members listed(members.begin(), members.end());

  auto back = object_members(object_text(listed));

  RC_ASSERT(back.ok());
  RC_ASSERT(*back == listed);
  RC_ASSERT(parse_object(object_text(listed)).value() == listed);
}

RC_GTEST_PROP(ValueProperty, NumbersAgreeWhenTheirExponentMoves, ()) {
  auto digits = std::to_string(*rc::gen::arbitrary<std::uint64_t>());
  int shift = *rc::gen::inRange(0, 40);
  std::string longer = digits + std::string(static_cast<std::size_t>(shift), '0');

  RC_ASSERT(canonical_json(longer + "e-" + std::to_string(shift)) == canonical_json(digits));
  RC_ASSERT(canonical_json(digits + "e" + std::to_string(shift)) == canonical_json(longer));
}

RC_GTEST_PROP(ValueProperty, NoiseIsRefusedOrKept, (const std::string& noise)) {
  auto result = minify_json(noise);
  if (result.ok()) RC_ASSERT(minify_json(*result).value() == *result);
  RC_ASSERT(parse_object(noise).ok() == result.ok());
}

}  // namespace
}  // namespace crdt
