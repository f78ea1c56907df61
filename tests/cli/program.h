#pragma once

// Runs the command line as a program, with an environment of its own.

#include <sys/types.h>

#include <string>
#include <vector>

namespace cli {

struct Ended {
  int exit = -1;  // -1: ended by a signal, or killed by us
  std::string out;
  std::string err;
};

class Program {
 public:
  using Words = std::vector<std::string>;
  // The program gets no other variables than `environment` ("HEARSAY_HTTP=…"). HOME is an empty
  // folder. stdout is read, unless `output` names a file.
  Program(const Words& arguments, const std::string& input = "", const Words& environment = {},
          const std::string& output = "");
  ~Program();

  // Waits until stdout has `text`. False if the program ended or 10 s have passed.
  bool wait_for_output(const std::string& text);
  void signal(int number);
  Ended wait();  // kills it after 30 s

 private:
  bool read_some(int timeout_millis);  // false: both pipes have ended
  pid_t pid_ = -1;
  int out_ = -1;
  int err_ = -1;
  Ended ended_;
};

Ended run_program(const Program::Words& arguments, const std::string& input = "",
                  const Program::Words& environment = {}, const std::string& output = "");

// A folder for one test, removed at its end.
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
