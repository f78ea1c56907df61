#include "tools/cli/json_text.h"

#include "crdt/base/bytes.h"
#include "crdt/base/json_string.h"

namespace cli {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

int hex_digit(char c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Walks over a text and finds the ends of values.
class Walker {
 public:
  explicit Walker(std::string_view text) : text_(text) {}

  std::size_t position() const { return at_; }
  bool at_end() const { return at_ == text_.size(); }

  void space() {
    while (!at_end() && std::string_view(" \t\r\n").find(text_[at_]) != std::string_view::npos) {
      ++at_;
    }
  }
  bool take(char wanted) {
    if (at_end() || text_[at_] != wanted) return false;
    ++at_;
    return true;
  }

  bool value(int depth = 0) {
    if (at_end() || depth > kJsonDepthMax) return false;
    switch (text_[at_]) {
      case '{':
        return object(depth, nullptr);
      case '[':
        return array(depth, nullptr);
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
  bool array(int depth, std::vector<std::string_view>* out);
  bool object(int depth, std::vector<Member>* out);

 private:
  bool word(std::string_view wanted) {
    if (text_.substr(at_, wanted.size()) != wanted) return false;
    at_ += wanted.size();
    return true;
  }
  bool digits() {
    auto start = at_;
    while (!at_end() && is_digit(text_[at_])) ++at_;
    return at_ > start;
  }
  bool number() {
    take('-');
    if (!take('0') && !digits()) return false;
    if (take('.') && !digits()) return false;
    if (take('e') || take('E')) {
      if (!take('+')) take('-');
      return digits();
    }
    return true;
  }
  bool string();
  bool escape();

  std::string_view text_;
  std::size_t at_ = 0;
};

bool Walker::array(int depth, std::vector<std::string_view>* out) {
  if (!take('[')) return false;
  space();
  if (take(']')) return true;
  while (true) {
    auto start = at_;
    if (!value(depth + 1)) return false;
    if (out != nullptr) out->push_back(text_.substr(start, at_ - start));
    space();
    if (take(']')) return true;
    if (!take(',')) return false;
    space();
  }
}

bool Walker::object(int depth, std::vector<Member>* out) {
  if (!take('{')) return false;
  space();
  if (take('}')) return true;
  while (true) {
    auto name_start = at_;
    if (!string()) return false;
    auto name = text_.substr(name_start, at_ - name_start);
    space();
    if (!take(':')) return false;
    space();
    auto start = at_;
    if (!value(depth + 1)) return false;
    if (out != nullptr) out->push_back({unquote(name), name, text_.substr(start, at_ - start)});
    space();
    if (take('}')) return true;
    if (!take(',')) return false;
    space();
  }
}

bool Walker::string() {
  if (!take('"')) return false;
  while (!at_end()) {
    char c = text_[at_++];
    if (c == '"') return true;
    if (static_cast<unsigned char>(c) < 0x20) return false;
    if (c == '\\' && !escape()) return false;
  }
  return false;
}

bool Walker::escape() {
  if (at_end()) return false;
  char c = text_[at_++];
  if (c != 'u') return std::string_view("\"\\/bfnrt").find(c) != std::string_view::npos;
  if (text_.size() - at_ < 4) return false;
  for (int i = 0; i < 4; ++i) {
    if (hex_digit(text_[at_++]) < 0) return false;
  }
  return true;
}

}  // namespace

bool is_json(std::string_view text) {
  Walker walker(text);
  walker.space();
  if (!walker.value()) return false;
  walker.space();
  return walker.at_end() && base::is_utf8(text);
}

std::optional<std::vector<std::string_view>> elements(std::string_view text) {
  std::vector<std::string_view> found;
  Walker walker(text);
  walker.space();
  if (!walker.array(0, &found)) return std::nullopt;
  walker.space();
  if (!walker.at_end()) return std::nullopt;
  return found;
}

std::optional<std::vector<Member>> members(std::string_view text) {
  std::vector<Member> found;
  Walker walker(text);
  walker.space();
  if (!walker.object(0, &found)) return std::nullopt;
  walker.space();
  if (!walker.at_end()) return std::nullopt;
  return found;
}

std::string_view field(std::string_view text, std::string_view name) {
  auto all = members(text);
  if (!all) return {};
  for (const auto& member : *all) {
    if (member.name == name) return member.value;
  }
  return {};
}

std::string quote(std::string_view utf8) { return base::json_quote(utf8); }

std::string unquote(std::string_view value) {
  if (value.size() < 2 || value.front() != '"') return std::string(value);
  return base::json_unquote(value);
}

std::string one_line(std::string_view value) {
  // JSON allows no line break inside a string, so every line break stands between tokens.
  std::string out;
  for (char c : value) {
    if (c != '\n' && c != '\r') out.push_back(c);
  }
  return out;
}

}  // namespace cli
