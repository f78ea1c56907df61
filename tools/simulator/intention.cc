#include "tools/simulator/intention.h"

#include <utility>

#include "crdt/base/check.h"

namespace simulation {
namespace {

unsigned hex_digit(char digit) {
  if (digit >= '0' && digit <= '9') return static_cast<unsigned>(digit - '0');
  return static_cast<unsigned>((digit | 0x20) - 'a') + 10;
}

void append_utf8(std::string& out, unsigned point) {
  auto byte = [&out](unsigned value) { out.push_back(static_cast<char>(value)); };
  if (point < 0x80) {
    byte(point);
  } else if (point < 0x800) {
    byte(0xC0 | (point >> 6));
    byte(0x80 | (point & 0x3F));
  } else if (point < 0x10000) {
    byte(0xE0 | (point >> 12));
    byte(0x80 | ((point >> 6) & 0x3F));
    byte(0x80 | (point & 0x3F));
  } else {
    byte(0xF0 | (point >> 18));
    byte(0x80 | ((point >> 12) & 0x3F));
    byte(0x80 | ((point >> 6) & 0x3F));
    byte(0x80 | (point & 0x3F));
  }
}

// Walks over one minified JSON object that the checks of the API have accepted.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  std::map<std::string, std::string> members() {
    std::map<std::string, std::string> found;
    take('{');
    while (peek() != '}') {
      if (!found.empty()) take(',');
      std::string name = string();
      take(':');
      found.emplace(std::move(name), value());
    }
    take('}');
    CHECK(at_ == text_.size());
    return found;
  }

 private:
  char peek() const {
    CHECK(at_ < text_.size());
    return text_[at_];
  }
  char next() {
    char next = peek();
    ++at_;
    return next;
  }
  void take(char expected) { CHECK(next() == expected); }

  unsigned unit() {
    unsigned unit = 0;
    for (int i = 0; i < 4; ++i) unit = unit * 16 + hex_digit(next());
    return unit;
  }

  void escape(std::string& out) {
    static constexpr std::string_view kLetters = "bfnrt", kMeant = "\b\f\n\r\t";
    char letter = next();
    if (letter == 'u') {
      unsigned point = unit();
      if (point >= 0xD800 && point < 0xDC00) {
        take('\\');
        take('u');
        point = 0x10000 + ((point - 0xD800) << 10) + (unit() - 0xDC00);
      }
      append_utf8(out, point);
      return;
    }
    auto known = kLetters.find(letter);
    out.push_back(known == std::string_view::npos ? letter : kMeant[known]);
  }

  std::string string() {
    std::string out;
    take('"');
    for (char c = next(); c != '"'; c = next()) {
      if (c == '\\') {
        escape(out);
      } else {
        out.push_back(c);
      }
    }
    return out;
  }

  // The value as written, up to the comma or brace that ends it.
  std::string value() {
    std::size_t start = at_;
    for (int depth = 0;;) {
      char c = peek();
      if (depth == 0 && (c == ',' || c == '}')) break;
      if (c == '"') {
        string();
        continue;
      }
      if (c == '{' || c == '[') ++depth;
      if (c == '}' || c == ']') --depth;
      ++at_;
    }
    return std::string(text_.substr(start, at_ - start));
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

Intention Intention::add(std::map<std::string, std::string> fields) {
  return {Clears::kAll, true, true, std::move(fields), {}};
}

Intention Intention::put(std::map<std::string, std::string> fields) {
  return {Clears::kContent, false, true, std::move(fields), {}};
}

Intention Intention::patch(std::map<std::string, std::string> set, std::set<std::string> unset) {
  return {Clears::kNothing, false, false, std::move(set), std::move(unset)};
}

Intention Intention::remove() { return {Clears::kAll, false, false, {}, {}}; }

Intention Intention::of(const agent::EntryWrite& write) {
  std::map<std::string, std::string> fields(write.fields.begin(), write.fields.end());
  switch (write.whole) {
    case agent::EntryWrite::Whole::kAdd:
      return add(std::move(fields));
    case agent::EntryWrite::Whole::kRemove:
      return {Clears::kAll, false, false, std::move(fields), {}};
    case agent::EntryWrite::Whole::kKeep:
      break;
  }
  return patch(std::move(fields), {write.unset.begin(), write.unset.end()});
}

std::map<std::string, std::string> fields_of(std::string_view object) {
  return Scanner(object).members();
}

}  // namespace simulation
