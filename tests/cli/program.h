#pragma once

// Runs the command line as people do: as a program, with its own environment.

#include <sys/types.h>

#include <string>
#include <vector>

namespace cli {

struct Ended {
  int exit = -1;  // -1: by a signal, or it had to be killed
  std::string out;
  std::string err;
};

class Program {
 public:
  using Words = std::vector<std::string>;
  // `environment` is all it gets ("HEARSAY_HTTP=…"). HOME is an empty place. stdout is caught,
  // unless `output` names a file.
  Program(const Words& arguments, const std::string& input = "", const Words& environment = {},
          const std::string& output = "");
  ~Program();

  // Until stdout holds `text`; false when it ended or took over 10 s.
  bool wait_for_output(const std::string& text);
  void signal(int number);
  Ended wait();  // kills it after 30 s

 private:
  bool read_some(int timeout_millis);  // false: both pipes are at their end
  pid_t pid_ = -1;
  int out_ = -1;
  int err_ = -1;
  Ended ended_;
};

Ended run_program(const Program::Words& arguments, const std::string& input = "",
                  const Program::Words& environment = {}, const std::string& output = "");

// A folder of the test's own, removed at its end.
class Folder {
 public:
  Folder();
  ~Folder();
  std::string path(const std::string& name) const { return path_ + "/" + name; }
  std::string write(const std::string& name, const std::string& text) const;

 private:
  std::string path_;
};

}  // namespace cli
