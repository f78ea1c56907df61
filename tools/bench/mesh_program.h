#pragma once

// The programs that `hearsay-bench mesh` compares: how each is started as a member, and what its
// output says about other members.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bench {

struct MeshProgram {
  enum class Kind { kHearsay, kMemberlist, kSerf } kind = Kind::kHearsay;
  std::string path;  // empty: not installed on this host
  bool here() const { return !path.empty(); }
};
std::string_view program_name(MeshProgram::Kind kind);  // "hearsay"

struct MemberStart {
  int index = 0;
  std::string profile;
  std::string host;               // address, without a port
  std::string join;               // HOST:PORT of a member, or empty
  std::string data;               // its own folder
  std::string key_file;           // of hearsay
  std::string topology;           // for hearsay; empty: its default
  std::vector<std::string> more;  // additional arguments
  bool shared_loopback = false;   // the control ports must then differ
};
std::vector<std::string> command_of(const MeshProgram& program, const MemberStart& start);

// "Member `host` is there", or "is gone" (dead or left).
struct MemberNews {
  bool up = false;
  std::string host;
  bool operator==(const MemberNews&) const = default;
};
std::optional<MemberNews> news_in(MeshProgram::Kind kind, std::string_view line);

}  // namespace bench
