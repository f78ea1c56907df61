#include "crdt/value.h"

#include <algorithm>
#include <cstring>

#include "crdt/base/bytes.h"

namespace crdt {
namespace {

using base::Code;
using base::Error;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Makes one pass over unchecked text. Each method begins at its construct, copies it to the output
// without blanks, and returns false at the first error, which is then in error_. With `members` it
// also keeps the members of the outermost object. Two other modes have no output.
class Minifier {
 public:
  enum class Mode {
    kMinify,
    kGrammar,  // the grammar alone
    kExact,    // blanks are refused too
  };
  Minifier(std::string_view text, std::size_t bytes_max, Members* members = nullptr)
      : text_(text), bytes_max_(bytes_max), members_(members), depth_max_(kValueDepthMax) {
    out_.reserve(std::min(text.size(), bytes_max));
  }
  static Minifier without_output(std::string_view text, Mode mode, int depth_max) {
    Minifier checker(text, 0);
    checker.mode_ = mode;
    checker.depth_max_ = depth_max;
    return checker;
  }

  base::Result<std::string> run() {
    if (!value(0)) return error_;
    skip_blanks();
    if (at_ != text_.size()) return fail("text after the value"), error_;
    return std::move(out_);
  }

 private:
  bool fail(std::string_view why) {
    error_ = base::invalid("JSON, byte " + std::to_string(at_) + ": " + std::string(why));
    return false;
  }
  bool keep(std::string_view piece) {
    if (mode_ != Mode::kMinify) return true;
    if (piece.size() > bytes_max_ - out_.size()) {
      error_ = {Code::kTooLarge, "JSON, byte " + std::to_string(at_) + ": more than " +
                                     std::to_string(bytes_max_) + " bytes"};
      return false;
    }
    out_.append(piece);
    return true;
  }
  bool ended() const { return at_ == text_.size(); }
  char here() const { return ended() ? '\0' : text_[at_]; }
  void skip_blanks() {
    if (mode_ == Mode::kExact) return;
    while (!ended() && (here() == ' ' || here() == '\t' || here() == '\n' || here() == '\r')) ++at_;
  }
  bool next_is(char c) const { return !ended() && text_[at_] == c; }
  bool take(char c) {
    ++at_;
    return keep({&c, 1});
  }

  bool value(int depth);
  bool object(int depth);
  bool array(int depth);
  bool member(int depth, std::vector<std::string>& keys);
  bool word(std::string_view expected);
  bool number();
  bool digits();
  bool string();
  bool escape();
  bool unicode_escape();
  bool hex4(std::uint32_t& unit);
  bool unescaped();
  bool open(int depth, char bracket);

  std::string_view text_;
  std::size_t bytes_max_;
  Members* members_;
  int depth_max_;
  Mode mode_ = Mode::kMinify;
  std::size_t at_ = 0;
  std::string out_;
  Error error_{Code::kInvalid, {}};
};

bool Minifier::value(int depth) {
  skip_blanks();
  if (ended()) return fail("a value is missing");
  switch (here()) {
    case '{':
      return object(depth);
    case '[':
      return array(depth);
    case '"':
      return string();
    case 't':
      return word("true");
    case 'f':
      return word("false");
    case 'n':
      return word("null");
    default:
      return number();
  }
}

bool Minifier::open(int depth, char bracket) {
  if (depth >= depth_max_) {
    return fail("nested deeper than " + std::to_string(depth_max_));
  }
  if (!take(bracket)) return false;
  skip_blanks();
  return true;
}

bool Minifier::object(int depth) {
  std::size_t start = at_;
  if (!open(depth, '{')) return false;
  std::vector<std::string> keys;
  if (!next_is('}')) {
    for (;;) {
      if (!member(depth, keys)) return false;
      if (!next_is(',')) break;
      if (!take(',')) return false;
      skip_blanks();
    }
  }
  if (!next_is('}')) return fail("a comma or } is missing");
  if (!take('}')) return false;
  std::sort(keys.begin(), keys.end());
  if (std::adjacent_find(keys.begin(), keys.end()) == keys.end()) return true;
  at_ = start;
  return fail("two members of this object have the same key");
}

bool Minifier::member(int depth, std::vector<std::string>& keys) {
  if (!next_is('"')) return fail("a key in quotes is missing");
  std::size_t start = at_;
  if (!string()) return false;
  if (mode_ != Mode::kGrammar) keys.push_back(json_unquote(text_.substr(start, at_ - start)));
  skip_blanks();
  if (!next_is(':')) return fail("a colon is missing");
  if (!take(':')) return false;
  std::size_t value_start = out_.size();
  if (!value(depth + 1)) return false;
  if (members_ && depth == 0) members_->emplace_back(keys.back(), out_.substr(value_start));
  skip_blanks();
  return true;
}

bool Minifier::array(int depth) {
  if (!open(depth, '[')) return false;
  if (!next_is(']')) {
    for (;;) {
      if (!value(depth + 1)) return false;
      skip_blanks();
      if (!next_is(',')) break;
      if (!take(',')) return false;
    }
  }
  if (!next_is(']')) return fail("a comma or ] is missing");
  return take(']');
}

bool Minifier::word(std::string_view expected) {
  if (text_.substr(at_, expected.size()) != expected) return fail("no JSON value starts like this");
  at_ += expected.size();
  return keep(expected);
}

bool Minifier::digits() {
  if (!is_digit(here())) return fail("a digit is missing");
  while (is_digit(here())) ++at_;
  return true;
}

bool Minifier::number() {
  std::size_t start = at_;
  if (here() != '-' && !is_digit(here())) return fail("no JSON value starts like this");
  if (here() == '-') ++at_;
  if (here() == '0') {
    ++at_;
    if (is_digit(here())) return fail("a number starts with a zero");
  } else if (!digits()) {
    return false;
  }
  if (here() == '.') {
    ++at_;
    if (!digits()) return false;
  }
  if (here() == 'e' || here() == 'E') {
    ++at_;
    if (here() == '+' || here() == '-') ++at_;
    if (!digits()) return false;
  }
  return keep(text_.substr(start, at_ - start));
}

bool Minifier::string() {
  std::size_t start = at_++;
  for (;;) {
    if (ended()) return fail("a string does not end");
    char c = here();
    if (c == '"') break;
    bool good = c == '\\' ? escape() : unescaped();
    if (!good) return false;
  }
  ++at_;
  return keep(text_.substr(start, at_ - start));
}

bool Minifier::unescaped() {
  std::size_t start = at_;
  while (!ended() && here() != '"' && here() != '\\') {
    if (static_cast<unsigned char>(here()) < 0x20) return fail("a control character in a string");
    ++at_;
  }
  // Quote and backslash are ASCII, so the text between them never ends inside a character.
  if (base::is_utf8(text_.substr(start, at_ - start))) return true;
  at_ = start;
  return fail("invalid UTF-8 in this part of a string");
}

bool Minifier::escape() {
  ++at_;
  switch (here()) {
    case '"':
    case '\\':
    case '/':
    case 'b':
    case 'f':
    case 'n':
    case 'r':
    case 't':
      ++at_;
      return true;
    case 'u':
      return unicode_escape();
    default:
      return fail("no such escape");
  }
}

bool Minifier::hex4(std::uint32_t& unit) {
  ++at_;  // the u
  unit = 0;
  for (int i = 0; i < 4; ++i, ++at_) {
    char c = here();
    char lower = static_cast<char>(c | 0x20);
    if (is_digit(c)) {
      unit = unit * 16 + static_cast<std::uint32_t>(c - '0');
    } else if (lower >= 'a' && lower <= 'f') {
      unit = unit * 16 + static_cast<std::uint32_t>(lower - 'a' + 10);
    } else {
      return fail("a hexadecimal digit is missing");
    }
  }
  return true;
}

bool Minifier::unicode_escape() {
  std::uint32_t unit = 0;
  if (!hex4(unit)) return false;
  if (mode_ == Mode::kGrammar || unit < 0xD800 || unit > 0xDFFF) return true;
  if (unit >= 0xDC00 || text_.substr(at_, 2) != "\\u") return fail("a lone surrogate escape");
  ++at_;
  if (!hex4(unit)) return false;
  return (unit >= 0xDC00 && unit <= 0xDFFF) || fail("a lone surrogate escape");
}

// Most values are one of these two. False: it may be sound all the same.
bool is_plain_number(std::string_view text) {
  const bool begins = !text.empty() && (text[0] != '0' || text.size() == 1);
  return begins && std::all_of(text.begin(), text.end(), is_digit);
}

bool is_plain_string(std::string_view text) {
  if (text.size() < 2 || text.front() != '"' || text.back() != '"') return false;
  const std::string_view inside = text.substr(1, text.size() - 2);
  // Eight bytes at once. The highest bit of a byte tells that it is below 0x20, a quote or a
  // backslash.
  constexpr std::uint64_t kOnes = 0x0101010101010101;
  std::uint64_t special = 0;
  const auto look = [&special](std::uint64_t word) {
    const auto below = [](std::uint64_t bytes, std::uint64_t least) {
      return (bytes - kOnes * least) & ~bytes;
    };
    special |= below(word, 0x20) | below(word ^ kOnes * '"', 1) | below(word ^ kOnes * '\\', 1);
  };
  std::string_view rest = inside;
  for (; rest.size() >= sizeof special; rest.remove_prefix(sizeof special)) {
    std::uint64_t word = 0;
    std::memcpy(&word, rest.data(), sizeof word);
    look(word);
  }
  for (const char c : rest) look(kOnes * static_cast<unsigned char>(c));
  if ((special & kOnes * 0x80) != 0) return false;
  return base::is_ascii(inside) || base::is_utf8(inside);
}

}  // namespace

base::Result<std::string> minify_json(std::string_view text, std::size_t bytes_max) {
  return Minifier(text, bytes_max).run();
}

base::Result<std::optional<Members>> parse_object(std::string_view text, std::size_t bytes_max) {
  Members members;
  ASSIGN_OR_RETURN(std::string minified, Minifier(text, bytes_max, &members).run());
  if (!minified.starts_with('{')) return std::optional<Members>();
  return std::optional(std::move(members));
}

bool is_minified(std::string_view text) {
  if (text.size() > kValueBytesMax) return false;
  if (is_plain_number(text) || is_plain_string(text)) return true;
  return Minifier::without_output(text, Minifier::Mode::kExact, kValueDepthMax).run().ok();
}

std::string json_or_quoted(std::string_view text) {
  return is_minified(text) ? std::string(text) : json_quote(text);
}

base::Status check_json(std::string_view text, int depth_max) {
  auto checked = Minifier::without_output(text, Minifier::Mode::kGrammar, depth_max).run();
  return checked.ok() ? base::Status() : base::Status(checked.error());
}

}  // namespace crdt
