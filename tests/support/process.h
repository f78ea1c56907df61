#pragma once

// A program that a test runs. It is ended by its pid when this object is destroyed, and by the
// kernel if the test ends first. So no test leaves a process behind. Start it from a thread that
// lives longer than it: the kernel ends it together with that thread.

#include <sys/types.h>

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "crdt/base/result.h"
#include "tests/support/eventually.h"
#include "tests/support/scoped_directory.h"

namespace support {

struct Command {
  std::vector<std::string> arguments;  // the program first; searched in PATH
  // Added to the environment of the test. Variables that begin with HEARSAY_ are removed from that
  // first.
  std::map<std::string, std::string> environment;
  std::string input;                // its standard input
  std::filesystem::path directory;  // to run in; empty: the test's
};

class Process {
 public:
  static base::Result<std::unique_ptr<Process>> start(const Command& command);
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  void signal(int number);  // nothing once it has ended
  // The exit status, 128 + n when signal n ended it; nullopt if it runs on after `timeout`.
  std::optional<int> wait(Millis timeout);

  pid_t pid() const { return pid_; }
  bool running();
  // What it has written so far.
  std::string output() const;
  std::string errors() const;

 private:
  explicit Process(std::unique_ptr<ScopedDirectory> files) : files_(std::move(files)) {}
  bool reap();
  std::unique_ptr<ScopedDirectory> files_;
  pid_t pid_ = 0;
  std::optional<int> status_;
};

struct Outcome {
  int status = -1;
  std::string output;
  std::string errors;
};
// Runs a command to its end. One that takes longer than `timeout` is an error, and is killed.
base::Result<Outcome> run(const Command& command, Millis timeout = Millis{600'000});

std::string read_file(const std::filesystem::path& path);
void write_file(const std::filesystem::path& path, const std::string& text);

}  // namespace support
