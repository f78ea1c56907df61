#pragma once

// Keeps the members of the mesh in a small file of the data directory, so that an agent that starts
// without seeds finds its mesh again. The file is written on another thread, because a slow disk
// must not delay probes. It is written completely or not at all, and only when it has changed. A
// damaged file counts as absent. Loop thread only. When the loop ends, it finishes a write that has
// begun.

#include <uv.h>

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "crdt/base/result.h"
#include "gossip/member.h"

namespace agent {

inline constexpr std::uint64_t kMemorySoonMillis = 3'000;       // after the first member has come
inline constexpr std::uint64_t kMemoryGapMillis = 10 * 60'000;  // between two later writes

// One line for each member: node id, address, name. The first line names the format and has the
// checksum.
std::string members_text(const std::vector<gossip::MemberRecord>& members);
base::Result<std::vector<gossip::MemberRecord>> members_from(std::string_view text);

class MemberMemory {
 public:
  using Warn = std::function<void(const std::string& problem)>;
  MemberMemory(uv_loop_t* loop, std::string path, Warn warn);
  ~MemberMemory();  // no write may be running

  std::vector<gossip::MemberRecord> load();
  void save(const std::vector<gossip::MemberRecord>& members);

 private:
  struct Writing;
  void write(std::string text);

  uv_loop_t* loop_;
  std::string path_;
  Warn warn_;
  std::string last_;     // on the disk, or being written
  std::string waiting_;  // to be written next; empty if there is nothing
  bool writing_ = false;
};

}  // namespace agent
