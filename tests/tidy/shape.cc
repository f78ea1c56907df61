#include "tests/tidy/shape.h"

#include <algorithm>
#include <map>
#include <optional>
#include <regex>

namespace tidy {
namespace {

int columns_of(std::string_view line) {
  return static_cast<int>(std::count_if(line.begin(), line.end(), [](char byte) {
    return (static_cast<unsigned char>(byte) & 0xC0) != 0x80;  // counts one for each code point
  }));
}

bool is_comment(std::string_view line) {
  auto start = line.find_first_not_of(' ');
  return start != std::string_view::npos && line.substr(start).starts_with("//");
}

// The namespaces that a folder may open. The first one is the usual one.
std::optional<std::vector<std::string>> namespaces_of(std::string_view path) {
  static const std::map<std::string_view, std::vector<std::string>> kFolders{
      {"crdt/base", {"base"}},
      {"crdt", {"crdt"}},
      {"store", {"store"}},
      {"gossip", {"gossip"}},
      {"gossip/wire", {"gossip::wire"}},
      {"gossip/transport", {"transport"}},
      {"agent", {"agent"}},
      {"agent/access", {"auth"}},
      {"agent/http", {"http"}},
      {"tools/cli", {"cli"}},
      {"tools/bench", {"bench"}},
      {"tools/probe", {"probe"}},
      {"tools/simulator", {"simulation"}},
      {"tests/support", {"support"}},
      {"tests/tidy", {"tidy"}},
  };
  std::optional<std::vector<std::string>> best;
  std::size_t depth = 0;
  for (const auto& [folder, names] : kFolders) {
    if (is_below(path, folder) && folder.size() >= depth) {
      best = names;
      depth = folder.size();
    }
  }
  return best;
}

// Absolute paths below these folders belong to one machine and must not be in the tree.
const std::vector<std::string>& foreign_roots() {
  static const std::vector<std::string> kRoots{"work", "root", "Users"};
  return kRoots;
}

void check_line_words(const Source& source, int number, std::string_view line, Findings& findings) {
  auto add = [&](const std::string& what) {
    findings.push_back({source.path, number, "words", what});
  };
  if (line.find('\t') != std::string_view::npos) add("a tab");
  for (auto marker : {"TODO", "FIXME", "XXX"}) {
    std::string_view word = marker;
    auto at = line.find(word);
    if (at == std::string_view::npos) continue;
    bool starts = at == 0 || !is_word(line[at - 1]);
    bool ends = at + word.size() == line.size() || !is_word(line[at + word.size()]);
    if (starts && ends) add("a " + std::string(word) + ": do it, or open an issue");
  }
  for (const auto& root : foreign_roots()) {
    auto at = line.find("/" + root + "/");
    bool absolute = at != std::string_view::npos && (at == 0 || !is_word(line[at - 1]));
    if (absolute) add("a path of one machine, below /" + root);
  }
}

}  // namespace

Findings check_sizes(const Source& source) {
  Findings findings;
  if (!is_cpp(source)) return findings;
  auto lines = lines_of(source.text);
  if (static_cast<int>(lines.size()) > kFileLinesMax) {
    findings.push_back(
        {source.path, 1, "size", "the file has " + std::to_string(lines.size()) + " lines"});
  }
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (columns_of(lines[i]) > kColumnsMax) {
      findings.push_back({source.path, static_cast<int>(i) + 1, "size",
                          std::to_string(columns_of(lines[i])) + " columns"});
    }
  }
  for (const auto& function : functions_of(source)) {
    if (function.lines > kFunctionLinesMax) {
      findings.push_back({source.path, function.line, "size",
                          function.name + " has " + std::to_string(function.lines) + " lines"});
    }
  }
  return findings;
}

std::vector<std::string> long_things(const Source& source) {
  std::vector<std::string> things;
  if (!is_cpp(source)) return things;
  auto lines = lines_of(source.text).size();
  if (static_cast<int>(lines) > kFileLinesListed) {
    things.push_back(source.path + ": " + std::to_string(lines) + " lines");
  }
  for (const auto& function : functions_of(source)) {
    if (function.lines > kFunctionLinesListed) {
      things.push_back(source.path + ":" + std::to_string(function.line) + ": " + function.name +
                       ": " + std::to_string(function.lines) + " lines");
    }
  }
  return things;
}

// A header begins with `#pragma once`. Before its first declaration, a comment says what the header
// is for (it may come after the includes).
Findings check_header(const Source& source) {
  Findings findings;
  if (!source.path.ends_with(".h")) return findings;
  if (!source.text.starts_with("#pragma once\n")) {
    findings.push_back({source.path, 1, "header", "does not begin with #pragma once"});
  }
  static const std::regex kOpening(R"(^(#|namespace |using namespace |struct \w+;|class \w+;|\}))");
  for (auto line : lines_of(source.text)) {
    if (is_comment(line)) return findings;
    if (line.empty() || std::regex_search(line.begin(), line.end(), kOpening)) continue;
    findings.push_back({source.path, 1, "header", "no comment says what this header is for"});
    return findings;
  }
  return findings;
}

Findings check_namespace(const Source& source) {
  auto expected = namespaces_of(source.path);
  if (!is_cpp(source) || !expected) return {};
  static const std::regex kNamed(R"(^namespace ([a-z_:]+) \{$)");
  auto lines = lines_of(source.code);
  Findings findings;
  bool any = source.code.find_first_not_of(" \n") == std::string::npos;  // no code at all
  for (std::size_t i = 0; i < lines.size(); ++i) {
    std::string line(lines[i].substr(0, lines[i].find_last_not_of(' ') + 1));
    std::smatch match;
    if (line.starts_with("int main(")) any = true;  // a program needs no other name
    if (!std::regex_match(line, match, kNamed)) continue;
    any = true;
    std::string name = match[1];
    bool fits = std::any_of(expected->begin(), expected->end(), [&](const std::string& allowed) {
      return name == allowed || name.starts_with(allowed + "::");
    });
    if (!fits) {
      findings.push_back({source.path, static_cast<int>(i) + 1, "namespace",
                          "namespace " + name + ", but the folder's is " + expected->front()});
    }
  }
  if (!any) {
    findings.push_back({source.path, 1, "namespace", "nothing is in " + expected->front()});
  }
  return findings;
}

Findings check_words(const Source& source) {
  Findings findings;
  auto lines = lines_of(source.text);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    check_line_words(source, static_cast<int>(i) + 1, lines[i], findings);
  }
  return findings;
}

Findings check_decision(const Source& source) {
  if (!is_below(source.path, "docs/decisions")) return {};
  static const std::regex kName(R"(^docs/decisions/\d{4}-[a-z0-9-]+\.md$)");
  Findings findings;
  if (!std::regex_match(source.path, kName)) {
    findings.push_back({source.path, 1, "decision", "name it NNNN-what-was-decided.md"});
  }
  static const std::regex kTitle(R"(^# \S)");
  auto lines = lines_of(source.text);
  if (lines.empty() || !std::regex_search(lines[0].begin(), lines[0].end(), kTitle)) {
    findings.push_back({source.path, 1, "decision", "the first line is not a title"});
  }
  return findings;
}

}  // namespace tidy
