#pragma once

// A process of the run: ended with it, whatever way it ends.

#include <sys/types.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "crdt/base/result.h"

namespace bench {

inline constexpr unsigned kPauseMicros = 1'000;  // between two looks at what a process did

class Child {
 public:
  // Output and errors go to `log_file`. `environment` is added to ours.
  static base::Result<std::unique_ptr<Child>> start(const std::vector<std::string>& arguments,
                                                    const std::vector<std::string>& environment,
                                                    const std::string& log_file);
  ~Child();  // kills it
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  pid_t pid() const { return pid_; }
  bool running();
  // SIGTERM, then waits; false if it had to be killed after `timeout_nanos`.
  bool stop(std::int64_t timeout_nanos);
  void kill();  // and waits for its end
  // Waits for its end; the exit status, none when it was killed or is not done in time.
  std::optional<int> wait(std::int64_t timeout_nanos);

 private:
  explicit Child(pid_t pid) : pid_(pid) {}
  pid_t pid_;
  bool ended_ = false;
  int status_ = 0;  // as of waitpid
};

// The program that runs now, and one beside it.
std::string own_program();
std::string program_beside(const std::string& name);
// In the folders of PATH and those of administration; empty where there is none.
std::string find_program(const std::string& name);

}  // namespace bench
