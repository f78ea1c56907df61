#include "tools/bench/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <sstream>

#include "tools/bench/clock.h"

namespace bench {
namespace {

constexpr int kCannotRun = 127;

std::vector<char*> pointers_to(std::vector<std::string>& lines) {
  std::vector<char*> result;
  for (auto& line : lines) result.push_back(line.data());
  result.push_back(nullptr);
  return result;
}

}  // namespace

base::Result<std::unique_ptr<Child>> Child::start(const std::vector<std::string>& arguments,
                                                  const std::vector<std::string>& environment,
                                                  const std::string& log_file) {
  // All memory is allocated before the fork, because only system calls are allowed after it.
  auto words = arguments;
  std::vector<std::string> variables = environment;
  for (char** entry = environ; *entry; ++entry) {
    // The settings of the developer must not reach the agents that are measured.
    if (!std::string_view(*entry).starts_with("HEARSAY_")) variables.emplace_back(*entry);
  }
  auto argv = pointers_to(words);
  auto envp = pointers_to(variables);
  pid_t parent = ::getpid();

  pid_t pid = ::fork();
  if (pid < 0) {
    return base::Error{base::Code::kUnavailable, std::string("fork: ") + ::strerror(errno)};
  }
  if (pid > 0) return std::unique_ptr<Child>(new Child(pid));

  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  int log = ::open(log_file.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  bool ready = ::getppid() == parent && log >= 0 && ::dup2(log, STDOUT_FILENO) >= 0 &&
               ::dup2(log, STDERR_FILENO) >= 0;
  if (ready) ::execve(argv[0], argv.data(), envp.data());
  ::_exit(kCannotRun);
}

Child::~Child() { kill(); }

bool Child::running() {
  if (!ended_) ended_ = ::waitpid(pid_, &status_, WNOHANG) == pid_;
  return !ended_;
}

bool Child::stop(std::int64_t timeout_nanos) {
  std::int64_t deadline = monotonic_nanos() + timeout_nanos;
  if (running()) ::kill(pid_, SIGTERM);
  while (running() && monotonic_nanos() < deadline) ::usleep(kPauseMicros);
  if (!running()) return true;
  kill();
  return false;
}

void Child::kill() {
  if (!running()) return;
  ::kill(pid_, SIGKILL);
  ended_ = ::waitpid(pid_, &status_, 0) == pid_;
}

std::optional<int> Child::wait(std::int64_t timeout_nanos) {
  std::int64_t deadline = monotonic_nanos() + timeout_nanos;
  while (running() && monotonic_nanos() < deadline) ::usleep(kPauseMicros);
  if (!ended_ || !WIFEXITED(status_)) return std::nullopt;
  return WEXITSTATUS(status_);
}

std::string own_program() { return std::filesystem::read_symlink("/proc/self/exe").string(); }

std::string program_beside(const std::string& name) {
  return (std::filesystem::path(own_program()).parent_path() / name).string();
}

std::string find_program(const std::string& name) {
  const char* path = ::getenv("PATH");
  std::istringstream folders(std::string(path != nullptr ? path : "") + ":/usr/sbin:/sbin");
  for (std::string folder; std::getline(folders, folder, ':');) {
    std::string program = folder + "/" + name;
    if (!folder.empty() && ::access(program.c_str(), X_OK) == 0) return program;
  }
  return "";
}

}  // namespace bench
