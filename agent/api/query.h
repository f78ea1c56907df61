#pragma once

// The q language of GET /catalog/query (docs/api.md). Terms are separated by spaces, and all must
// be true. A term is a word that the id or a string value contains, or `field op value`.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "crdt/base/result.h"
#include "crdt/decimal.h"
#include "crdt/value.h"

namespace agent {

class Query {
 public:
  // The message of kInvalid names the malformed term.
  static base::Result<Query> parse(std::string_view q);

  bool matches(std::string_view id, const crdt::Members& metadata) const;
  bool matches_all() const { return terms_.empty(); }

 private:
  enum class Op { kContains, kEqual, kUnequal, kLess, kAtMost, kGreater, kAtLeast };
  struct Term {
    Op op = Op::kContains;
    std::string field;
    std::string value;
    std::optional<crdt::Decimal> number;  // if the value is a number without quotes
  };
  static base::Result<Term> parse_term(std::string_view text);
  static bool holds(const Term& term, std::string_view id, const crdt::Members& metadata);
  static bool compares(const Term& term, const std::string& field_text);

  std::vector<Term> terms_;
};

}  // namespace agent
