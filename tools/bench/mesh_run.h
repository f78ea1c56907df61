#pragma once

// A running mesh of one program, and what its members report about each other. Their output is read
// every 20 ms and gets the time at which it was read. So all programs have the same clock, and no
// question wakes the program that is measured.

#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "crdt/base/result.h"
#include "tools/bench/child.h"
#include "tools/bench/mesh_network.h"
#include "tools/bench/mesh_program.h"
#include "tools/probe/answer_parser.h"

namespace bench {

inline base::Error late(const std::string& what) {
  return {base::Code::kTimeout, what + ": did not happen in time"};
}

struct MeshSetup {
  MeshProgram program;
  std::string profile;
  std::string key_file;
  std::string topology;
  std::vector<std::string> more;  // additional arguments of every member
};

struct MemberEvent {
  std::int64_t at = 0;  // monotonic
  int observer = 0;
  int subject = 0;
  bool up = false;
};

class MeshRun {
 public:
  // Starts this number of members, all of which join the first one, and waits until each sees all
  // others.
  static base::Result<std::unique_ptr<MeshRun>> start(const MeshSetup& setup, int members,
                                                      MeshNetwork& network,
                                                      const WorkFolder& folder,
                                                      const std::string& label);
  // The data folder of a member.
  static std::string data(const WorkFolder& folder, const std::string& label, int index);
  // Starts member `index`, or starts it again with its old data.
  base::Status launch(int index);
  void kill(int index);
  void stop(int index);    // stops it cleanly
  void pause(int index);   // SIGSTOP
  void resume(int index);  // SIGCONT

  // Reads the output of the members for this time, or until `holds` returns true. True if it did.
  bool watch_until(std::int64_t nanos, const std::function<bool()>& holds);
  void watch(std::int64_t nanos);
  // The same for conditions that must be asked from the members; they are asked rarely.
  static constexpr std::int64_t kAskGap = 100'000'000;
  bool ask_until(std::int64_t nanos, const std::function<bool()>& holds);
  // Each running member sees every other running member and no other ones.
  bool acquainted() const;
  const std::vector<MemberEvent>& events() const { return events_; }
  // The number of events after `first` that report a member as gone, except those about `excepted`.
  std::size_t deaths_since(std::size_t first, const std::set<int>& excepted) const;

  int size() const { return static_cast<int>(members_.size()); }
  double cpu_seconds(int index) const;
  // Hearsay only: sends a request to its HTTP port.
  base::Result<probe::HttpAnswer> ask(int index, const std::string& method,
                                      const std::string& target, const std::string& body = "");
  base::Result<std::string> http(int index);  // HOST:PORT, valid on that host
  // The running members have equal vectors and digests.
  bool equal();

 private:
  struct Member {
    std::unique_ptr<Child> child;
    std::string log;
    std::size_t read = 0;
    std::string rest;  // an incomplete line
    bool running = false;
    std::set<int> view;
  };
  MeshRun(const MeshSetup& setup, MeshNetwork& network, const WorkFolder& folder, std::string label)
      : setup_(setup), network_(network), folder_(folder), label_(std::move(label)) {}
  void read_all();
  void read(int index);
  void take_line(int index, std::string_view line);

  MeshSetup setup_;
  MeshNetwork& network_;
  const WorkFolder& folder_;
  std::string label_;
  std::vector<Member> members_;
  std::vector<MemberEvent> events_;
};

}  // namespace bench
