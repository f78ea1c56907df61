#pragma once

// Options and words of a command line that are kept as they were typed: also `{}`, `[a,b]`, and
// words after `--`. CLI11 alone would split or drop them.

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace cli {

using Words = std::vector<std::string>;

// The words of the program in the form that CLI11 needs: in reverse order.
Words reversed_words(int argc, char** argv);
std::string unmarked(const std::string& word);   // as it was typed
std::string without_marks(std::string message);  // of CLI11, which quotes words

// A command below `parent`.
CLI::App* leaf(CLI::App* parent, const std::string& name, const std::string& help);
// An option with one word a time, which may be repeated; a positional argument that takes all
// remaining words; an option or argument with one word.
CLI::Option* words(CLI::App* app, const std::string& name, Words& target, const std::string& help);
CLI::Option* many(CLI::App* app, const std::string& name, Words& target, const std::string& help);
CLI::Option* word(CLI::App* app, const std::string& name, std::string& target,
                  const std::string& help);

// For CLI::Option::check(). A variable of a script that is empty must not count as an option that
// was not given.
std::string expect_file(const std::string& word);

}  // namespace cli
