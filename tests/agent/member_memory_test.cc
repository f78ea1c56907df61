#include "agent/member_memory.h"

#include <gtest/gtest.h>

#include "crdt/base/random.h"
#include "tests/support/agent_process.h"
#include "tests/support/scoped_directory.h"

namespace agent {
namespace {

std::vector<gossip::MemberRecord> some_members() {
  auto random = base::Random::from_number(1);
  std::vector<gossip::MemberRecord> members(3);
  for (auto& member : members) member.node = random.id<base::NodeTag>();
  members[0].name = "kitchen";
  members[0].address = *gossip::Address::parse("10.0.0.1:7700");
  members[1].name = "two words";
  members[1].address = *gossip::Address::parse("[2001:db8::1]:7701");
  members[2].address = *gossip::Address::parse("10.0.0.3:7700");
  return members;
}

struct Loop {
  Loop() { EXPECT_EQ(uv_loop_init(&loop), 0); }
  ~Loop() {
    uv_run(&loop, UV_RUN_DEFAULT);
    EXPECT_EQ(uv_loop_close(&loop), 0);
  }
  void run() { uv_run(&loop, UV_RUN_DEFAULT); }
  uv_loop_t loop{};
};

TEST(MemberMemory, IsItsOwnInverse) {
  auto members = members_from(members_text(some_members()));

  ASSERT_TRUE(members.ok());
  EXPECT_EQ(*members, some_members());
}

TEST(MemberMemory, AnyDamageMakesItAbsent) {
  std::string good = members_text(some_members());
  for (std::size_t i = 0; i < good.size(); ++i) {
    std::string bad = good;
    bad[i] = static_cast<char>(bad[i] ^ 1);
    EXPECT_FALSE(members_from(bad).ok()) << i;
    EXPECT_FALSE(members_from(good.substr(0, i)).ok()) << i;
  }
}

TEST(MemberMemory, TheLastSaveStands) {
  support::ScopedDirectory folder;
  std::vector<std::string> problems;
  auto warn = [&](const std::string& problem) { problems.push_back(problem); };
  Loop loop;
  MemberMemory memory(&loop.loop, folder / "members", warn);
  EXPECT_TRUE(memory.load().empty());
  auto members = some_members();

  memory.save({});
  memory.save(members);
  members.pop_back();
  memory.save(members);
  loop.run();

  EXPECT_EQ(MemberMemory(&loop.loop, folder / "members", warn).load().size(), 2u);
  EXPECT_TRUE(problems.empty());
}

TEST(MemberMemory, ADamagedFileIsIgnoredWithAWarning) {
  support::ScopedDirectory folder;
  support::write_file(folder / "members", "hearsay members 9 0\n");
  std::string problem;
  Loop loop;
  MemberMemory memory(&loop.loop, folder / "members",
                      [&](const std::string& said) { problem = said; });

  EXPECT_TRUE(memory.load().empty());
  EXPECT_NE(problem.find("ignored"), std::string::npos);
}

}  // namespace
}  // namespace agent
