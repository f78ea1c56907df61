#pragma once

// What happened, one line an event, one column a node. Kept as far as its bound; the last lines
// tell the story of a failed check.

#include <deque>
#include <functional>
#include <string>
#include <string_view>

#include "crdt/base/time.h"

namespace simulation {

class Trace {
 public:
  // `write` gets every line at once; without it the last `kLinesKept` are remembered.
  static constexpr std::size_t kLinesKept = 400;
  explicit Trace(std::size_t columns, std::function<void(const std::string&)> write = nullptr)
      : columns_(columns), write_(std::move(write)) {}

  // `column` beyond the last one: of the whole cluster, at the start of the line.
  void add(base::Instant now, std::size_t column, std::string_view text);
  std::string header() const;
  bool verbose() const { return write_ != nullptr; }  // what is too much for a story is wanted
  const std::deque<std::string>& lines() const { return lines_; }

 private:
  std::size_t columns_;
  std::function<void(const std::string&)> write_;
  std::deque<std::string> lines_;
};

inline constexpr std::size_t kEverybody = SIZE_MAX;

}  // namespace simulation
