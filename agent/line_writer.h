#pragma once

// Writes lines to a descriptor that may block: a full pipe, a stopped terminal, a file on a disk
// that hangs. A thread of its own does the writing, so no caller waits for the reader. Lines keep
// their order and are never cut. Lines that find no room are counted, and one line says how many
// were lost. The flags of the descriptor are not changed, because other processes may share them.
// Safe from any thread.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace agent {

struct LineWriterOptions {
  std::size_t bytes_max = 256u << 10;       // of lines that wait; above: lost until half is written
  std::chrono::milliseconds linger{1'000};  // how long the destructor waits for the reader
};

class LineWriter {
 public:
  // Makes the line that says how many lines were lost, with its newline. It is called with a lock
  // held and must not write a line itself.
  using LostLine = std::function<std::string(std::uint64_t lost)>;

  LineWriter(int descriptor, const LineWriterOptions& options, LostLine lost_line);
  // Writes the lines that wait. If the reader does not take them within `linger`, they are given
  // up. The thread then ends when its write() returns, or with the process.
  ~LineWriter();
  LineWriter(const LineWriter&) = delete;
  LineWriter& operator=(const LineWriter&) = delete;

  void write(std::string_view line);
  std::uint64_t lost() const;

  // When the program aborts, lines that wait get a short time to be written first. Use it for one
  // writer of the process only: the one of its log.
  void write_before_abort();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace agent
