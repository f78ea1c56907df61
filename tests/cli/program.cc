#include "tests/cli/program.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "crdt/base/check.h"

namespace cli {
namespace {

using Clock = std::chrono::steady_clock;

// stdin is a file that was deleted after it was opened. So no writer must be served while we read
// the output.
int input_file(const std::string& input) {
  std::FILE* file = std::tmpfile();
  CHECK(file != nullptr);
  std::fwrite(input.data(), 1, input.size(), file);
  std::rewind(file);
  int copy = dup(fileno(file));
  std::fclose(file);
  lseek(copy, 0, SEEK_SET);
  return copy;
}

std::vector<char*> pointers(std::vector<std::string>& words) {
  std::vector<char*> all;
  for (auto& word : words) all.push_back(word.data());
  all.push_back(nullptr);
  return all;
}

bool drain(int& pipe, std::string& out) {
  char piece[64 * 1024];
  auto count = read(pipe, piece, sizeof(piece));
  if (count > 0) {
    out.append(piece, static_cast<std::size_t>(count));
    return true;
  }
  close(pipe);
  pipe = -1;
  return false;
}

}  // namespace

Program::Program(const Words& arguments, const std::string& input, const Words& environment,
                 const std::string& output) {
  Words words{HEARSAY_CLIENT};
  words.insert(words.end(), arguments.begin(), arguments.end());
  Words variables{"HOME=/nonexistent", "PATH=/usr/bin:/bin"};
  // Sanitizers are configured by environment variables, which must be passed on.
  for (const char* name : {"ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS"}) {
    if (const char* value = std::getenv(name)) variables.push_back(std::string(name) + "=" + value);
  }
  variables.insert(variables.end(), environment.begin(), environment.end());
  auto argv = pointers(words);
  auto envp = pointers(variables);

  int out[2];
  int err[2];
  CHECK(pipe2(out, O_CLOEXEC) == 0);
  CHECK(pipe2(err, O_CLOEXEC) == 0);
  int in = input_file(input);
  int file = output.empty() ? out[1] : open(output.c_str(), O_WRONLY | O_CLOEXEC);
  pid_ = fork();
  CHECK(pid_ >= 0);
  if (pid_ == 0) {
    dup2(in, STDIN_FILENO);
    dup2(file, STDOUT_FILENO);
    dup2(err[1], STDERR_FILENO);
    execve(argv[0], argv.data(), envp.data());
    _exit(127);
  }
  close(in);
  if (file != out[1]) close(file);
  close(out[1]);
  close(err[1]);
  out_ = out[0];
  err_ = err[0];
}

Program::~Program() {
  if (pid_ > 0) {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  if (out_ >= 0) close(out_);
  if (err_ >= 0) close(err_);
}

bool Program::read_some(int timeout_millis) {
  if (out_ < 0 && err_ < 0) return false;
  pollfd pipes[2]{{out_, POLLIN, 0}, {err_, POLLIN, 0}};
  if (poll(pipes, 2, timeout_millis) <= 0) return true;
  if (pipes[0].revents != 0) drain(out_, ended_.out);
  if (pipes[1].revents != 0) drain(err_, ended_.err);
  return true;
}

bool Program::wait_for_output(const std::string& text) {
  auto until = Clock::now() + std::chrono::seconds(10);
  while (ended_.out.find(text) == std::string::npos) {
    if (Clock::now() > until || !read_some(100)) return false;
  }
  return true;
}

void Program::signal(int number) { kill(pid_, number); }

Ended Program::wait() {
  auto until = Clock::now() + std::chrono::seconds(30);
  while (read_some(100)) {
    if (Clock::now() > until) kill(pid_, SIGKILL);
  }
  int status = 0;
  waitpid(pid_, &status, 0);
  pid_ = -1;
  ended_.exit = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return ended_;
}

Ended run_program(const Program::Words& arguments, const std::string& input,
                  const Program::Words& environment, const std::string& output) {
  return Program(arguments, input, environment, output).wait();
}

Folder::Folder() {
  auto pattern = (std::filesystem::temp_directory_path() / "hearsay-cli-XXXXXX").string();
  CHECK(mkdtemp(pattern.data()) != nullptr);
  path_ = pattern;
}
Folder::~Folder() { std::filesystem::remove_all(path_); }

std::string Folder::write(const std::string& name, const std::string& text) const {
  std::ofstream(path(name), std::ios::binary) << text;
  return path(name);
}

}  // namespace cli
