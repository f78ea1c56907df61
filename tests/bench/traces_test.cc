// Traces of real editing and histories of others (tests/data/README.md): each ends in its text,
// also when its edits travel through three agents with random batches, loss and reordering. Others
// are tried as well if the environment variable HEARSAY_TRACES names a folder with them.

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "crdt/value.h"
#include "tests/support/scoped_directory.h"
#include "three_replicas.h"
#include "tools/bench/types/replay.h"
#include "tools/bench/types/three_agents.h"
#include "tools/bench/types/trace.h"

namespace bench {
namespace {

// Nothing here is about power cuts. In a file system in memory, thousands of syncs cost nothing.
[[maybe_unused]] const bool kDatabasesAreInMemory = [] {
  constexpr const char* kMemory = "/dev/shm";
  return ::access(kMemory, W_OK) == 0 && ::setenv("TMPDIR", kMemory, 1) == 0;
}();

HistoryFile read(const std::filesystem::path& path) {
  auto file = read_histories(path.string());
  EXPECT_TRUE(file.ok()) << file.error().message;
  return file.ok() ? std::move(*file) : HistoryFile();
}

// The text of the first steps alone.
History beginning_of(History history, std::size_t steps) {
  if (steps >= history.steps.size()) return history;
  history.steps.resize(steps);
  Replay replay(history);
  EXPECT_TRUE(replay.run().ok());
  history.end = replay.text().text();
  return history;
}

void expect_its_text_through_replicas(const History& history, std::uint64_t seed) {
  support::ScopedDirectory folder;
  ThreeReplicas replicas(history, folder.path().string(), seed);
  ASSERT_TRUE(replicas.can_be_typed());

  for (const std::string& value : replicas.run()) {
    EXPECT_TRUE(value == crdt::json_quote(history.end));
  }
  EXPECT_TRUE(replicas.digests_are_equal());
  EXPECT_GT(replicas.lost(), 0u);
  EXPECT_GT(replicas.early(), 0u);
}

void expect_its_text_through_agents(const History& history) {
  Replay replay(history);
  ASSERT_TRUE(replay.run().ok());
  EXPECT_TRUE(replay.text().text() == history.end);
  for (const std::string& text : exchange(history, replay, 1)) EXPECT_TRUE(text == history.end);
}

class Traces : public testing::TestWithParam<const char*> {
 protected:
  History history() {
    HistoryFile file =
        read(std::string(HEARSAY_SOURCE_DIR "/tests/data/traces/") + GetParam() + ".json.gz");
    return file.histories.empty() ? History() : std::move(file.histories.front());
  }
};

TEST_P(Traces, BeginTheSameOnThreeReplicasThatHearEachOtherBadly) {
  expect_its_text_through_replicas(beginning_of(history(), 1'500), 1);
}

TEST_P(Traces, EndInTheirTextOnThreeReplicasThatHearEachOtherBadly) {
  expect_its_text_through_replicas(history(), 2);
}

TEST_P(Traces, EndInTheirTextOnThreeAgentsThatHearEachOtherBadly) {
  expect_its_text_through_agents(history());
}

INSTANTIATE_TEST_SUITE_P(Of, Traces,
                         testing::Values("sveltecomponent", "rustcode", "clownschool",
                                         "friendsforever"),
                         [](const auto& trace) { return std::string(trace.param); });

TEST(HistoriesOfOthers, AllEndInTheirTextAlsoOverThreeAgents) {
  HistoryFile file = read(HEARSAY_SOURCE_DIR "/tests/data/histories/random-600.json.gz");
  ASSERT_EQ(file.histories.size(), 600u);

  for (std::uint64_t seed : {1u, 2u}) {
    HistoriesResult result = check_histories(file, seed);

    EXPECT_EQ(result.right, 600u);
    EXPECT_TRUE(result.wrong.empty());
  }
}

TEST(HistoriesOfOthers, ALongOneOfTwoAuthorsEndsInItsText) {
  HistoryFile file = read(HEARSAY_SOURCE_DIR "/tests/data/histories/friendsforever-raw.json.gz");
  ASSERT_EQ(file.histories.size(), 1u);

  expect_its_text_through_agents(file.histories.front());
}

// For files whose licence does not allow a copy here.
TEST(HistoriesOfOthers, InTheFolderOfTheEnvironmentEndInTheirText) {
  const char* folder = std::getenv("HEARSAY_TRACES");
  if (folder == nullptr) {
    GTEST_SKIP() << "set HEARSAY_TRACES to a folder with traces or histories (*.json.gz) to try "
                    "them; docs/testing.md names their formats";
  }
  std::size_t tried = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.path().extension() != ".gz") continue;
    SCOPED_TRACE(entry.path().string());
    ++tried;
    const HistoryFile file = read(entry.path());
    for (const History& history : file.histories) {
      expect_its_text_through_agents(history);
      support::ScopedDirectory databases;
      const bool is_long = history.steps.size() > 1'000;
      if (is_long && ThreeReplicas(history, databases.path().string(), 1).can_be_typed()) {
        expect_its_text_through_replicas(history, 3);
      }
    }
  }
  EXPECT_GT(tried, 0u) << "no *.json.gz in " << folder;
}

}  // namespace
}  // namespace bench
