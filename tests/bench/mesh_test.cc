// The lines that the mesh benchmark reads from the programs that it compares, as these programs
// really print them.

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tools/bench/mesh_program.h"

namespace bench {
namespace {

using Kind = MeshProgram::Kind;

TEST(MeshProgram, ReadsWhatAnAgentSaysOfMembers) {
  const char* up =
      R"({"time":"2026-11-21T15:22:54.216Z","level":"info","event":"member_up","member":"n1",)"
      R"("address":"10.77.1.2:7700","state":"alive"})";
  const char* down = R"({"event":"member_down","member":"n1","address":"10.77.1.2:7700"})";

  EXPECT_EQ(news_in(Kind::kHearsay, up), (MemberNews{true, "10.77.1.2"}));
  EXPECT_EQ(news_in(Kind::kHearsay, down), (MemberNews{false, "10.77.1.2"}));
}

TEST(MeshProgram, ReadsWhatMemberlistSaysOfMembers) {
  const char* line = R"({"at":1763738574216000000,"event":"down","member":"10.77.1.2"})";

  EXPECT_EQ(news_in(Kind::kMemberlist, line), (MemberNews{false, "10.77.1.2"}));
  EXPECT_FALSE(news_in(Kind::kMemberlist, R"({"at":1,"event":"received","payload":"00"})"));
}

TEST(MeshProgram, ReadsWhatSerfSaysOfMembers) {
  const char* prefix = "    2026/11/21 15:22:54 [INFO] serf: EventMember";

  EXPECT_EQ(news_in(Kind::kSerf, std::string(prefix) + "Join: n3 10.77.1.4"),
            (MemberNews{true, "10.77.1.4"}));
  EXPECT_EQ(news_in(Kind::kSerf, std::string(prefix) + "Failed: n3 10.77.1.4"),
            (MemberNews{false, "10.77.1.4"}));
  EXPECT_FALSE(news_in(Kind::kSerf, std::string(prefix) + "Update: n3 10.77.1.4"));
}

TEST(MeshProgram, OtherLinesSayNothing) {
  for (Kind kind : {Kind::kHearsay, Kind::kMemberlist, Kind::kSerf}) {
    for (const char* line : {"", "{", "[]", "7", R"({"event":"ready"})",
                             R"({"event":"member_up","address":7})", R"({"event":7,"member":7})"}) {
      EXPECT_FALSE(news_in(kind, line)) << program_name(kind) << ": " << line;
    }
  }
}

}  // namespace
}  // namespace bench
