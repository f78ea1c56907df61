#pragma once

// Checks the form of files: their size, the size of their functions, headers, namespaces, words.

#include <string>
#include <vector>

#include "tests/tidy/source.h"

namespace tidy {

// Above the first number a file or function is listed for a reader to look at; above the second it
// is refused (docs/style.md).
inline constexpr int kFileLinesListed = 500;
inline constexpr int kFileLinesMax = 800;
inline constexpr int kFunctionLinesListed = 60;
inline constexpr int kFunctionLinesMax = 100;
inline constexpr int kColumnsMax = 100;

// A function's lines, from its signature to its closing brace.
struct FunctionSize {
  std::string name;  // the start of its signature
  int line = 0;
  int lines = 0;
};
std::vector<FunctionSize> functions_of(const Source& source);

Findings check_sizes(const Source& source);      // rule "size"
Findings check_header(const Source& source);     // rule "header"
Findings check_namespace(const Source& source);  // rule "namespace"
Findings check_words(const Source& source);      // rule "words": markers, tabs, machines' paths
Findings check_decision(const Source& source);   // rule "decision"

// Files and functions that are allowed but long: a reader should look at them.
std::vector<std::string> long_things(const Source& source);

}  // namespace tidy
