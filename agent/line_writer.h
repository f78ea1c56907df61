#pragma once

// Writes lines to a descriptor that may stand still: a full pipe, a stopped terminal, a file on a
// disk that hangs. A thread of its own does the writing, so that no caller ever waits for the
// reader. Lines keep their order and are never cut; what does not fit is counted, and one line says
// how many were lost. The descriptor's flags are left alone: other processes may share them. Safe
// from any thread.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace agent {

struct LineWriterOptions {
  std::size_t bytes_max = 256u << 10;  // of lines that wait; above: lost, until half is written
  std::chrono::milliseconds linger{1'000};  // the end waits so long for the reader, then leaves
};

class LineWriter {
 public:
  // The line that says how many were lost, with its newline. Called with a lock held: it must not
  // write a line itself.
  using LostLine = std::function<std::string(std::uint64_t lost)>;

  LineWriter(int descriptor, const LineWriterOptions& options, LostLine lost_line);
  // Writes what waits. When the reader does not take it within `linger`, the rest is given up and
  // the thread is left behind: it ends when its write returns, or with the process.
  ~LineWriter();
  LineWriter(const LineWriter&) = delete;
  LineWriter& operator=(const LineWriter&) = delete;

  void write(std::string_view line);
  std::uint64_t lost() const;

  // When the program aborts, lines that wait are given a short time to be written first. For the
  // one writer of the process that writes its log.
  void write_before_abort();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace agent
