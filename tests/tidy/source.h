#pragma once

// A file of the tree in the form that the tidy rules read, and what the rules find in it.

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace tidy {

struct Source {
  std::string path;  // from the root: "store/store.h"
  std::string text;  // as it is
  std::string code;  // as long as `text`: comments and the insides of literals are blanks
};
Source make_source(std::string path, std::string text);

struct Finding {
  std::string path;
  int line = 0;
  std::string rule;
  std::string what;
};
using Findings = std::vector<Finding>;

// Every file below `root` that people write. Build folders, version control and fuzz corpora are
// left out.
std::vector<Source> read_tree(const std::filesystem::path& root);

bool is_cpp(const Source& source);
bool is_below(std::string_view path, std::string_view folder);
int line_of(std::string_view text, std::size_t offset);  // from 1
std::vector<std::string_view> lines_of(std::string_view text);
bool is_word(char character);  // may stand in an identifier

}  // namespace tidy
