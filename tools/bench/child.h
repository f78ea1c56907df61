#pragma once

// A process that this run has started. It is ended with the run, however the run ends.

#include <sys/types.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "crdt/base/result.h"

namespace bench {

inline constexpr unsigned kPauseMicros = 1'000;  // between two looks at the state of a process

class Child {
 public:
  // Output and errors go to `log_file`. `environment` is added to our own environment.
  static base::Result<std::unique_ptr<Child>> start(const std::vector<std::string>& arguments,
                                                    const std::vector<std::string>& environment,
                                                    const std::string& log_file);
  ~Child();  // kills the process
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  pid_t pid() const { return pid_; }
  bool running();
  // Sends SIGTERM and waits; false if it had to be killed after `timeout_nanos`.
  bool stop(std::int64_t timeout_nanos);
  void kill();  // kills it and waits for its end
  // Waits for its end. Returns the exit status; none if it was killed or does not end in time.
  std::optional<int> wait(std::int64_t timeout_nanos);

 private:
  explicit Child(pid_t pid) : pid_(pid) {}
  pid_t pid_;
  bool ended_ = false;
  int status_ = 0;  // as of waitpid
};

// The path of this program, and of another program in the same directory.
std::string own_program();
std::string program_beside(const std::string& name);
// Searches the directories of PATH and the ones for administration; empty if it is not found.
std::string find_program(const std::string& name);

}  // namespace bench
