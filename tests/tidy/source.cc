#include "tests/tidy/source.h"

#include <algorithm>
#include <cctype>
#include <fstream>
#include <iterator>
#include <set>

namespace tidy {
namespace {

// Replaces comments and literals by blanks, so that a rule about code does not match text.
class Blanker {
 public:
  explicit Blanker(std::string_view text) : text_(text), code_(text) {}

  std::string blank() {
    while (at_ < text_.size()) {
      if (starts("//")) {
        line_comment();
      } else if (starts("/*")) {
        blank_to(text_.find("*/", at_ + 2), 2);
      } else if (text_[at_] == '"') {
        raw_prefix() ? raw_literal() : literal('"');
      } else if (text_[at_] == '\'' && !digit_separator()) {
        literal('\'');
      } else {
        ++at_;
      }
    }
    return std::move(code_);
  }

 private:
  bool starts(std::string_view what) const { return text_.substr(at_).starts_with(what); }
  char before() const { return at_ > 0 ? text_[at_ - 1] : '\n'; }

  // The letters before a quote: R"(, u8R"(, LR"( are raw; a macro that ends in R is not.
  bool raw_prefix() const {
    std::size_t start = at_;
    while (start > 0 && is_word(text_[start - 1])) --start;
    static const std::set<std::string_view> kRaw{"R", "LR", "uR", "UR", "u8R"};
    return kRaw.contains(text_.substr(start, at_ - start));
  }

  // 1'000: part of a number. u'x' is not: its word does not begin with a digit.
  bool digit_separator() const {
    std::size_t start = at_;
    while (start > 0 && (is_word(text_[start - 1]) || text_[start - 1] == '\'')) --start;
    return start < at_ && std::isdigit(static_cast<unsigned char>(text_[start])) != 0;
  }

  void line_comment() {
    std::size_t end = at_;
    do {
      end = text_.find('\n', end + 1);
    } while (end != std::string_view::npos && text_[end - 1] == '\\');
    blank_to(end, 0);
  }

  void literal(char quote) {
    std::size_t end = at_ + 1;
    while (end < text_.size() && text_[end] != quote && text_[end] != '\n') {
      end += text_[end] == '\\' ? 2u : 1u;
    }
    ++at_;  // the quote stays
    blank_to(std::min(end, text_.size()), 0);
    if (at_ < text_.size()) ++at_;
  }

  void raw_literal() {
    std::size_t open = text_.find('(', at_);
    if (open == std::string_view::npos) {
      ++at_;
      return;
    }
    std::string close = ")" + std::string(text_.substr(at_ + 1, open - at_ - 1)) + "\"";
    ++at_;
    std::size_t end = text_.find(close, open);
    blank_to(end == std::string_view::npos ? end : end + close.size() - 1, 0);
    if (at_ < text_.size()) ++at_;
  }

  // Replaces the text up to `end`, and `more` characters after it, by blanks; up to the end of the
  // file if there is no `end`. Newlines stay.
  void blank_to(std::size_t end, std::size_t more) {
    end = end == std::string_view::npos ? text_.size() : end + more;
    for (; at_ < end; ++at_) {
      if (text_[at_] != '\n') code_[at_] = ' ';
    }
  }

  std::string_view text_;
  std::string code_;
  std::size_t at_ = 0;
};

bool is_written_by_people(const std::filesystem::path& path) {
  static const std::set<std::string> kEndings{".cc", ".h",   ".txt",  ".md",  ".cmake", ".json",
                                              ".sh", ".yml", ".toml", ".sql", ""};
  return kEndings.contains(path.extension().string());
}

// Packages of npm lie beside the package.json that names them.
bool is_passed_over(const std::string& path) {
  static const std::set<std::string> kFolders{"build", ".git", ".cache", "tests/fuzz/corpus"};
  return kFolders.contains(path) || std::filesystem::path(path).filename() == "node_modules";
}

}  // namespace

Source make_source(std::string path, std::string text) {
  Source source{std::move(path), std::move(text), {}};
  source.code = is_cpp(source) ? Blanker(source.text).blank() : source.text;
  return source;
}

std::vector<Source> read_tree(const std::filesystem::path& root) {
  std::vector<Source> tree;
  std::filesystem::recursive_directory_iterator at(root);
  for (; at != std::filesystem::recursive_directory_iterator(); ++at) {
    std::string path = std::filesystem::relative(at->path(), root).generic_string();
    if (is_passed_over(path)) {
      at.disable_recursion_pending();
    } else if (at->is_regular_file() && path != ".git" && is_written_by_people(path)) {
      std::ifstream file(at->path(), std::ios::binary);
      tree.push_back(make_source(
          path, {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()}));
    }
  }
  std::sort(tree.begin(), tree.end(),
            [](const Source& a, const Source& z) { return a.path < z.path; });
  return tree;
}

bool is_cpp(const Source& source) {
  return source.path.ends_with(".cc") || source.path.ends_with(".h");
}

bool is_below(std::string_view path, std::string_view folder) {
  return path == folder ||
         (path.starts_with(folder) && path.substr(folder.size()).starts_with('/'));
}

int line_of(std::string_view text, std::size_t offset) {
  auto upto = text.substr(0, offset);
  return 1 + static_cast<int>(std::count(upto.begin(), upto.end(), '\n'));
}

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    auto end = text.find('\n');
    lines.push_back(text.substr(0, end));
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
  }
  return lines;
}

bool is_word(char character) {
  return character == '_' || std::isalnum(static_cast<unsigned char>(character)) != 0;
}

}  // namespace tidy
