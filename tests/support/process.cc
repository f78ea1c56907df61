#include "tests/support/process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <iterator>

namespace support {
namespace {

constexpr int kCannotRun = 127;

std::vector<std::string> environment_of(const Command& command) {
  std::vector<std::string> result;
  for (char** entry = environ; *entry; ++entry) {
    std::string line = *entry;
    std::string name = line.substr(0, line.find('='));
    if (!name.starts_with("HEARSAY_") && !command.environment.contains(name)) {
      result.push_back(std::move(line));
    }
  }
  for (const auto& [name, value] : command.environment) result.push_back(name + "=" + value);
  return result;
}

std::vector<char*> pointers_to(std::vector<std::string>& lines) {
  std::vector<char*> result;
  for (auto& line : lines) result.push_back(line.data());
  result.push_back(nullptr);
  return result;
}

// Everything that the child needs. It is made before the fork, because after the fork only system
// calls are allowed.
struct Prepared {
  std::vector<char*> arguments;
  std::vector<char*> environment;
  std::string directory;
  std::string input;
  std::string output;
  std::string errors;
  pid_t parent;
};

void redirect(const std::string& path, int flags, int to) {
  int file = ::open(path.c_str(), flags, 0600);
  if (file < 0 || ::dup2(file, to) < 0) ::_exit(kCannotRun);
  if (file != to) ::close(file);
}

[[noreturn]] void become(const Prepared& prepared) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != prepared.parent) ::_exit(kCannotRun);  // it died before we asked
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  redirect(prepared.input, O_RDONLY, STDIN_FILENO);
  redirect(prepared.output, O_WRONLY | O_CREAT | O_APPEND, STDOUT_FILENO);
  redirect(prepared.errors, O_WRONLY | O_CREAT | O_APPEND, STDERR_FILENO);
  if (!prepared.directory.empty() && ::chdir(prepared.directory.c_str()) != 0) {
    ::_exit(kCannotRun);
  }
  ::execvpe(prepared.arguments[0], prepared.arguments.data(), prepared.environment.data());
  ::_exit(kCannotRun);
}

}  // namespace

base::Result<std::unique_ptr<Process>> Process::start(const Command& command) {
  if (command.arguments.empty()) return base::invalid("start a process: no program named");
  auto files = std::make_unique<ScopedDirectory>();
  const ScopedDirectory& place = *files;
  std::unique_ptr<Process> process(new Process(std::move(files)));
  write_file(place / "in", command.input);

  auto arguments = command.arguments;
  auto environment = environment_of(command);
  Prepared prepared{pointers_to(arguments),
                    pointers_to(environment),
                    command.directory,
                    place / "in",
                    place / "out",
                    place / "err",
                    ::getpid()};
  pid_t pid = ::fork();
  if (pid < 0) {
    return base::Error{base::Code::kUnavailable, std::string("fork: ") + ::strerror(errno)};
  }
  if (pid == 0) become(prepared);
  process->pid_ = pid;
  return process;
}

Process::~Process() {
  if (pid_ == 0 || reap()) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

void Process::signal(int number) {
  if (!reap()) ::kill(pid_, number);
}

std::optional<int> Process::wait(Millis timeout) {
  eventually(timeout, [this] { return reap(); });
  return status_;
}

bool Process::running() { return !reap(); }

std::string Process::output() const { return read_file(*files_ / "out"); }
std::string Process::errors() const { return read_file(*files_ / "err"); }

// After the process was reaped, another process may have its pid. So it is never signalled again.
bool Process::reap() {
  if (status_) return true;
  int status = 0;
  if (::waitpid(pid_, &status, WNOHANG) != pid_) return false;
  status_ = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  return true;
}

base::Result<Outcome> run(const Command& command, Millis timeout) {
  ASSIGN_OR_RETURN(auto process, Process::start(command));
  auto status = process->wait(timeout);
  if (!status) {
    return base::Error{base::Code::kTimeout, command.arguments[0] + ": still running after " +
                                                 std::to_string(timeout.count()) + " ms"};
  }
  return Outcome{*status, process->output(), process->errors()};
}

std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

void write_file(const std::filesystem::path& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << text;
}

}  // namespace support
