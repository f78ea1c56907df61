#include "agent/api/query.h"

#include <compare>
#include <utility>

#include "crdt/minified.h"

namespace agent {
namespace {

base::Error malformed(std::string_view term, std::string_view why) {
  return base::invalid("malformed term " + std::string(term) + ": " + std::string(why));
}

// The end of the first term of `text`: the first space outside quotes.
std::size_t term_end(std::string_view text) {
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (quoted && text[i] == '\\' && i + 1 < text.size() &&
        (text[i + 1] == '"' || text[i + 1] == '\\')) {
      ++i;
    } else if (text[i] == '"') {
      quoted = !quoted;
    } else if (text[i] == ' ' && !quoted) {
      return i;
    }
  }
  return text.size();
}

// Decodes a word or value that starts with a quote. \" and \\ stand for one character, any other
// backslash for itself.
base::Result<std::string> unquoted(std::string_view term, std::string_view text) {
  std::string out;
  std::size_t i = 1;
  for (; i < text.size() && text[i] != '"'; ++i) {
    bool escape =
        text[i] == '\\' && i + 1 < text.size() && (text[i + 1] == '"' || text[i + 1] == '\\');
    if (escape) ++i;
    out += text[i];
  }
  if (i >= text.size()) return malformed(term, "the closing quote is missing");
  if (i + 1 != text.size()) return malformed(term, "there is text after the closing quote");
  return out;
}

base::Result<std::string> plain_or_quoted(std::string_view term, std::string_view text) {
  if (!text.empty() && text[0] == '"') return unquoted(term, text);
  if (text.find('"') != std::string_view::npos) {
    return malformed(term, "there is a quote inside; put the whole term in quotes");
  }
  return std::string(text);
}

// Whether any string value in minified JSON contains `word`. Keys do not count.
bool string_contains(std::string_view json, std::string_view word) {
  for (std::size_t at = json.find('"'); at != std::string_view::npos; at = json.find('"', at)) {
    std::size_t end = crdt::minified::end_of_string(json, at);
    std::string_view literal = json.substr(at, end - at);
    at = end;
    if (end < json.size() && json[end] == ':') continue;
    if (literal.find('\\') == std::string_view::npos) {
      if (literal.substr(1, literal.size() - 2).find(word) != std::string_view::npos) return true;
    } else if (crdt::json_unquote(literal).find(word) != std::string::npos) {
      return true;
    }
  }
  return false;
}

// A key may contain dots itself: the longest key that fits is tried first.
std::optional<std::string> find_field(const crdt::Members& members, std::string_view field) {
  for (const auto& [key, value] : members) {
    if (key == field) return value;
  }
  std::size_t dot = field.rfind('.');
  for (; dot != std::string_view::npos && dot > 0; dot = field.rfind('.', dot - 1)) {
    for (const auto& [key, value] : members) {
      if (key != field.substr(0, dot) || value[0] != '{') continue;
      auto inner = crdt::object_members(value);
      if (!inner.ok()) continue;
      if (auto found = find_field(*inner, field.substr(dot + 1))) return found;
    }
  }
  return std::nullopt;
}

}  // namespace

base::Result<Query> Query::parse(std::string_view q) {
  Query query;
  while (!q.empty()) {
    if (q[0] == ' ') {
      q.remove_prefix(1);
      continue;
    }
    std::size_t end = term_end(q);
    ASSIGN_OR_RETURN(Term term, parse_term(q.substr(0, end)));
    query.terms_.push_back(std::move(term));
    q.remove_prefix(end);
  }
  return query;
}

base::Result<Query::Term> Query::parse_term(std::string_view text) {
  static constexpr std::pair<std::string_view, Op> kOps[] = {
      {"!=", Op::kUnequal}, {"<=", Op::kAtMost}, {">=", Op::kAtLeast},
      {"=", Op::kEqual},    {"<", Op::kLess},    {">", Op::kGreater},
  };
  Term term;
  std::size_t at = 0;
  const std::pair<std::string_view, Op>* found = nullptr;
  for (; at < text.size() && text[at] != '"' && !found; ++at) {
    for (const auto& op : kOps) {
      if (!found && text.substr(at).starts_with(op.first)) found = &op;
    }
  }
  if (!found) {
    ASSIGN_OR_RETURN(term.value, plain_or_quoted(text, text));
    return term;
  }
  term.op = found->second;
  term.field = text.substr(0, at - 1);
  std::string_view value = text.substr(at - 1 + found->first.size());
  if (term.field.empty()) return malformed(text, "the field before the operator is missing");
  if (value.empty())
    return malformed(text,
                     "the value after the operator is missing; write \"\" for an empty value");
  for (const auto& op : kOps) {
    if (value.starts_with(op.first))
      return malformed(text, "there are two operators; put the value in quotes");
  }
  ASSIGN_OR_RETURN(term.value, plain_or_quoted(text, value));
  if (value[0] != '"') term.number = crdt::Decimal::parse(value);
  return term;
}

bool Query::matches(std::string_view id, const crdt::Members& metadata) const {
  for (const Term& term : terms_) {
    if (!holds(term, id, metadata)) return false;
  }
  return true;
}

bool Query::holds(const Term& term, std::string_view id, const crdt::Members& metadata) {
  if (term.op != Op::kContains) {
    auto text = find_field(metadata, term.field);
    return text ? compares(term, *text) : term.op == Op::kUnequal;
  }
  if (id.find(term.value) != std::string_view::npos) return true;
  for (const auto& [field, value] : metadata) {
    if (string_contains(value, term.value)) return true;
  }
  return false;
}

bool Query::compares(const Term& term, const std::string& field_text) {
  std::strong_ordering order = std::strong_ordering::equal;
  auto number = term.number ? crdt::Decimal::parse(field_text) : std::nullopt;
  if (number) {
    order = *number <=> *term.number;
  } else if (field_text[0] == '"') {
    order = crdt::json_unquote(field_text).compare(term.value) <=> 0;
  } else {
    order = field_text.compare(term.value) <=> 0;
  }
  switch (term.op) {
    case Op::kEqual:
      return order == 0;
    case Op::kUnequal:
      return order != 0;
    case Op::kLess:
      return order < 0;
    case Op::kAtMost:
      return order <= 0;
    case Op::kGreater:
      return order > 0;
    case Op::kAtLeast:
      return order >= 0;
    case Op::kContains:
      break;
  }
  return false;
}

}  // namespace agent
