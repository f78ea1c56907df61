#include "tools/cli/option_words.h"

#include <algorithm>

namespace cli {
namespace {

// CLI11 splits a word like `[a,b]` where several words are allowed, and it forgets `--` before
// optional words. In our commands these words are ids, keys and queries. This mark in front of a
// word keeps it whole.
constexpr char kWhole = '\x01';

}  // namespace

// The words in the form that CLI11 needs: in reverse order.
Words reversed_words(int argc, char** argv) {
  Words words;
  bool only_words = false;
  for (int i = 1; i < argc; ++i) {
    std::string word(argv[i]);
    if (!only_words && word == "--") {
      only_words = true;
      continue;
    }
    bool list = word.size() > 1 && word.front() == '[' && word.back() == ']';
    bool mark = only_words || list || word.starts_with(kWhole);
    words.push_back(mark ? kWhole + word : word);
  }
  std::reverse(words.begin(), words.end());
  return words;
}

std::string unmarked(const std::string& word) {
  return word.starts_with(kWhole) ? word.substr(1) : word;
}

std::string without_marks(std::string message) {
  std::erase(message, kWhole);
  return message;
}

std::string expect_file(const std::string& word) {
  return unmarked(word).empty() ? "expected a file, not an empty word" : "";
}

CLI::App* leaf(CLI::App* parent, const std::string& name, const std::string& help) {
  return parent->add_subcommand(name, help)->fallthrough();
}

CLI::Option* words(CLI::App* app, const std::string& name, Words& target, const std::string& help) {
  CLI::callback_t take = [&target](const CLI::results_t& given) {
    target.clear();
    for (const auto& word : given) target.push_back(unmarked(word));
    return true;
  };
  auto* option = app->add_option(name, take, help);
  option->expected(1)->allow_extra_args(false)->multi_option_policy(
      CLI::MultiOptionPolicy::TakeAll);
  return option;
}

// A positional argument that takes all remaining words.
CLI::Option* many(CLI::App* app, const std::string& name, Words& target, const std::string& help) {
  return words(app, name, target, help)
      ->expected(0, CLI::detail::expected_max_vector_size)
      ->allow_extra_args();
}

CLI::Option* word(CLI::App* app, const std::string& name, std::string& target,
                  const std::string& help) {
  CLI::callback_t take = [&target](const CLI::results_t& given) {
    target = unmarked(given.back());
    return true;
  };
  return app->add_option(name, take, help)->expected(1)->allow_extra_args(false);
}

}  // namespace cli
