#pragma once

// The events of a run, one in each line, one column for each node. It keeps a bounded number of
// lines; the last ones tell the story of a failed check.

#include <deque>
#include <functional>
#include <string>
#include <string_view>

#include "crdt/base/time.h"

namespace simulation {

class Trace {
 public:
  // `write` gets every line at once. Without it the last kLinesKept lines are kept.
  static constexpr std::size_t kLinesKept = 400;
  explicit Trace(std::size_t columns, std::function<void(const std::string&)> write = nullptr)
      : columns_(columns), write_(std::move(write)) {}

  // A `column` beyond the last one means the whole cluster; the text stands at the start of the
  // line.
  void add(base::Instant now, std::size_t column, std::string_view text);
  std::string header() const;
  bool verbose() const { return write_ != nullptr; }  // true: detailed lines too
  const std::deque<std::string>& lines() const { return lines_; }

 private:
  std::size_t columns_;
  std::function<void(const std::string&)> write_;
  std::deque<std::string> lines_;
};

inline constexpr std::size_t kEverybody = SIZE_MAX;

}  // namespace simulation
