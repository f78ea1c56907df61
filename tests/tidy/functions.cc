// Finds functions by counting braces. It knows just enough of C++ to tell a function body from a
// class, a namespace or an initializer, in code that clang-format has laid out.

#include <cctype>
#include <set>

#include "tests/tidy/shape.h"

namespace tidy {
namespace {

// The lines of preprocessor directives may have unbalanced braces.
std::string without_directives(std::string code) {
  bool inside = false;
  bool at_line_start = true;
  char previous = '\n';
  for (char& character : code) {
    char original = character;
    if (original == '\n') {
      inside = inside && previous == '\\';
      at_line_start = true;
    } else {
      if (at_line_start && original == '#') inside = true;
      if (original != ' ') at_line_start = false;
      if (inside) character = ' ';
    }
    previous = original;
  }
  return code;
}

std::string_view trim(std::string_view text) {
  auto start = text.find_first_not_of(" \n");
  if (start == std::string_view::npos) return {};
  return text.substr(start, text.find_last_not_of(" \n") - start + 1);
}

std::string_view without_template(std::string_view header) {
  while (header.starts_with("template")) {
    int depth = 0;
    int parentheses = 0;  // inside parentheses > is a comparison
    std::size_t at = header.find('<');
    for (; at < header.size(); ++at) {
      if (header[at] == '(') ++parentheses;
      if (header[at] == ')') --parentheses;
      if (parentheses > 0) continue;
      if (header[at] == '<') ++depth;
      if (header[at] == '>' && --depth == 0) break;
    }
    header = at < header.size() ? trim(header.substr(at + 1)) : std::string_view();
  }
  return header;
}

enum class Block { kScope, kFunction, kOther };

// What a brace at namespace or class scope opens, decided by the text before it.
Block block_after(std::string_view header) {
  static const std::set<std::string_view> kScopes{"namespace", "class",  "struct", "union",
                                                  "enum",      "inline", "extern"};
  std::string_view rest = without_template(trim(header));
  std::string_view first = rest.substr(0, rest.find_first_of(" (\n"));
  bool scope_word = kScopes.contains(first);
  if (first == "inline") scope_word = rest.starts_with("inline namespace");
  bool has_parameters = rest.find('(') != std::string_view::npos;
  if (first == "extern") return has_parameters ? Block::kFunction : Block::kScope;
  // `struct Point make(…) {` is a function. `struct alignas(8) Point {` is not recognised; that
  // would need a parser.
  if (scope_word) return Block::kScope;
  if (rest.empty()) return Block::kScope;  // a bare block between declarations
  if (rest.ends_with('=') || rest.ends_with(',') || rest.ends_with('(')) return Block::kOther;
  return has_parameters ? Block::kFunction : Block::kOther;
}

class Walk {
 public:
  explicit Walk(const Source& source) : code_(without_directives(source.code)) {}

  std::vector<FunctionSize> functions() {
    for (; at_ < code_.size(); ++at_) {
      char character = code_[at_];
      if (character == ';') header_ = at_ + 1;
      if (character == '}') header_ = at_ + 1;
      if (character == '{') open();
      skip_access_label();
    }
    return std::move(found_);
  }

 private:
  void open() {
    // `member_{1}`: such an initializer in the middle of a header comes directly after its name.
    char before = at_ > 0 ? code_[at_ - 1] : ' ';
    if (is_word(before) || before == '>' || before == '(' || before == ',') {
      at_ = closing(at_);
      return;
    }
    std::string_view header = std::string_view(code_).substr(header_, at_ - header_);
    Block block = block_after(header);
    if (block == Block::kScope) {
      header_ = at_ + 1;
      return;
    }
    std::size_t end = closing(at_);
    if (block == Block::kFunction) add(header, end);
    at_ = end;
    if (block == Block::kFunction) header_ = end + 1;
  }

  void add(std::string_view header, std::size_t end) {
    std::size_t start = header_ + (header.find_first_not_of(" \n"));
    int first = line_of(code_, start);
    std::string name(without_template(trim(header)));
    name = name.substr(0, name.find('('));
    found_.push_back({name, first, line_of(code_, end) - first + 1});
  }

  std::size_t closing(std::size_t open) const {
    int depth = 0;
    for (std::size_t i = open; i < code_.size(); ++i) {
      if (code_[i] == '{') ++depth;
      if (code_[i] == '}' && --depth == 0) return i;
    }
    return code_.size() - 1;
  }

  void skip_access_label() {
    for (std::string_view label : {"public:", "private:", "protected:"}) {
      if (std::string_view(code_).substr(at_).starts_with(label)) header_ = at_ + label.size();
    }
  }

  std::string code_;
  std::size_t at_ = 0;
  std::size_t header_ = 0;  // where the text before the next brace begins
  std::vector<FunctionSize> found_;
};

}  // namespace

std::vector<FunctionSize> functions_of(const Source& source) { return Walk(source).functions(); }

}  // namespace tidy
