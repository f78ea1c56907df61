#pragma once

// The members of the mesh, kept in a small file of the data directory, so that an agent that starts
// without seeds finds its mesh again. Written off the loop thread (a slow disk must not cost a
// probe), whole or not at all, only when it changed. A damaged file counts as absent. Loop thread
// only; what is being written when the loop ends is finished by it.

#include <uv.h>

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "crdt/base/result.h"
#include "gossip/member.h"

namespace agent {

inline constexpr std::uint64_t kMemorySoonMillis = 3'000;       // after the first member came
inline constexpr std::uint64_t kMemoryGapMillis = 10 * 60'000;  // between two writes later on

// One line a member: node id, address, name. The first line names the format and its checksum.
std::string members_text(const std::vector<gossip::MemberRecord>& members);
base::Result<std::vector<gossip::MemberRecord>> members_from(std::string_view text);

class MemberMemory {
 public:
  using Warn = std::function<void(const std::string& problem)>;
  MemberMemory(uv_loop_t* loop, std::string path, Warn warn);
  ~MemberMemory();  // nothing may be in flight

  std::vector<gossip::MemberRecord> load();
  void save(const std::vector<gossip::MemberRecord>& members);

 private:
  struct Writing;
  void write(std::string text);

  uv_loop_t* loop_;
  std::string path_;
  Warn warn_;
  std::string last_;     // on the disk, or on its way there
  std::string waiting_;  // to be written next; empty: nothing
  bool writing_ = false;
};

}  // namespace agent
