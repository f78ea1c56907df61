// Histories: how they are read, replayed and judged. The texts that are expected here were worked
// out by hand, or come from histories of others (tests/data/README.md).

#include "tools/bench/types/replay.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include <fstream>
#include <set>

#include "crdt/base/random.h"
#include "tests/support/scoped_directory.h"
#include "tools/bench/types/authors.h"
#include "tools/bench/types/packed_file.h"
#include "tools/bench/types/three_agents.h"
#include "tools/bench/types/trace.h"

namespace bench {
namespace {

History one(const std::string& text) {
  auto file = parse_histories("file", text);
  EXPECT_TRUE(file.ok()) << (file.ok() ? "" : file.error().message);
  if (!file.ok() || file->histories.size() != 1) return {};
  return file->histories.front();
}

std::string end_of(const History& history) {
  Replay replay(history);
  const base::Status done = replay.run();
  if (!done.ok()) return done.error().message;
  return replay.text().text();
}

// --- Texts ---------------------------------------------------------------------------------------

TEST(ReplayOfTraces, ASequentialTraceGoesOnFromItsStart) {
  History history = one(R"({"startContent": "milk", "endContent": "oat milk!", "txns": [
      {"time": "now", "patches": [[0, 0, "oat "]]}, {"patches": [[8, 0, "?"], [8, 1, "!"]]}]})");

  EXPECT_EQ(end_of(history), "oat milk!");
  EXPECT_TRUE(measure_trace(history, 1)->ok);
}

TEST(ReplayOfTraces, PositionsAreCodePoints) {
  EXPECT_EQ(end_of(one(R"({"endContent": "", "txns": [{"patches": [[0, 0, "h\u00e9\ud83d\ude00o"]]},
      {"patches": [[3, 1, "\u20ac"]]}, {"patches": [[1, 1, ""]]}]})")),
            "h\xF0\x9F\x98\x80\xE2\x82\xAC");
}

// Agent 1 types at the end while agent 0 removes the beginning; then agent 0 sees both.
TEST(ReplayOfTraces, AConcurrentTraceTakesPositionsAtTheParents) {
  History history = one(R"({"kind": "concurrent", "endContent": "defx!", "numAgents": 2, "txns": [
      {"parents": [], "agent": 0, "patches": [[0, 0, "abcdef"]]},
      {"parents": [0], "agent": 0, "patches": [[0, 3, ""]]},
      {"parents": [0], "agent": 1, "patches": [[6, 0, "x"]]},
      {"parents": [1, 2], "agent": 0, "patches": [[4, 0, "!"]]}]})");

  auto result = measure_trace(history, 2);

  ASSERT_TRUE(result.ok());
  EXPECT_TRUE(result->ok);
  EXPECT_EQ(result->edits, 4u);
  EXPECT_EQ(result->characters, 5u);
  EXPECT_GT(result->bytes_per_edit, 1);
  EXPECT_EQ(end_of(history), "defx!");
}

TEST(ReplayOfTraces, AgentsWithNumbersStandInTheirOwnOrder) {
  EXPECT_EQ(end_of(one(R"({"endContent": "", "txns": [
      {"parents": [], "agent": 10, "patches": [[0, 0, "ten"]]},
      {"parents": [], "agent": 9, "patches": [[0, 0, "nine"]]}]})")),
            "nineten");
}

TEST(ReplayOfHistories, SiblingsStandInTheOrderOfAgentAndSeq) {
  EXPECT_EQ(end_of(one(R"({"endContent": "", "txns": [
      {"span": [0, 3], "parents": [], "agent": "b", "seqStart": 0, "ops": [[0, 0, "two"]]},
      {"span": [3, 6], "parents": [], "agent": "a", "seqStart": 0, "ops": [[0, 0, "one"]]}]})")),
            "onetwo");
}

// The agent `a` does not know what it made before. Its later step comes behind, also where the file
// and the texts have it first.
TEST(ReplayOfHistories, AnAgentMayForgetItsOwnSteps) {
  EXPECT_EQ(end_of(one(R"({"endContent": "", "txns": [
      {"span": [0, 1], "parents": [], "agent": "a", "seqStart": 5, "ops": [[0, 0, "5"]]},
      {"span": [1, 2], "parents": [], "agent": "a", "seqStart": 0, "ops": [[0, 0, "0"]]},
      {"span": [2, 3], "parents": [], "agent": "a", "seqStart": 9, "ops": [[0, 0, "9"]]},
      {"span": [3, 4], "parents": [1], "agent": "a", "seqStart": 10, "ops": [[1, 0, "x"]]}]})")),
            "0x59");
}

// The parent is the second of five characters: `b` has seen "ab" alone.
TEST(ReplayOfHistories, AParentMayBeInTheMiddleOfAStep) {
  EXPECT_EQ(end_of(one(R"({"endContent": "", "txns": [
      {"span": [0, 5], "parents": [], "agent": "a", "seqStart": 0, "ops": [[0, 0, "ab\u20acde"]]},
      {"span": [5, 6], "parents": [1], "agent": "b", "seqStart": 0, "ops": [[2, 0, "X"]]}]})")),
            "ab\xE2\x82\xAC"
            "deX");
}

TEST(ReplayOfHistories, AParentMayBeInTheMiddleOfAReplacement) {
  EXPECT_EQ(end_of(one(R"({"endContent": "", "txns": [
      {"span": [0, 4], "parents": [], "agent": "a", "seqStart": 0, "ops": [[0, 0, "abcd"]]},
      {"span": [4, 9], "parents": [3], "agent": "a", "seqStart": 4, "ops": [[1, 3, "xy"]]},
      {"span": [9, 10], "parents": [4], "agent": "b", "seqStart": 0, "ops": [[1, 1, ""]]},
      {"span": [10, 11], "parents": [7], "agent": "b", "seqStart": 1, "ops": [[2, 0, "!"]]}]})")),
            "axy!");
}

TEST(ReplayOfHistories, NothingIsAnEmptyText) {
  EXPECT_EQ(end_of(one(R"({"endContent": "", "txns": []})")), "");
  EXPECT_TRUE(measure_trace(one(R"({"endContent": "", "txns": []})"), 1)->ok);
}

// More agents than there are branches, in turn: every one has to be made again now and then.
TEST(ReplayOfHistories, MoreVersionsThanBranchesAreReplayedAgain) {
  History history;
  std::string expected;
  constexpr std::uint32_t kAgentCount = 3 * Replay::kBranchesMax;
  for (std::uint32_t i = 0; i < kAgentCount; ++i) {
    history.agents.push_back(std::to_string(1'000 + i));
    expected += history.agents.back();
  }
  for (std::uint32_t letter = 0; letter < 4; ++letter) {
    for (std::uint32_t i = 0; i < kAgentCount; ++i) {
      Step step;
      step.agent = i;
      step.seq = letter;
      if (letter > 0) step.parents = {(letter - 1) * kAgentCount + i};
      step.patches = {{letter, 0, std::string(1, history.agents[i][letter])}};
      history.steps.push_back(step);
    }
  }
  history.end = expected;
  Replay replay(history);

  ASSERT_TRUE(replay.run().ok());

  EXPECT_EQ(replay.text().text(), expected);
  EXPECT_GT(replay.branches_made(), kAgentCount);
  for (const std::string& text : exchange(history, replay, 1)) EXPECT_EQ(text, expected);
}

TEST(ReplayOfHistories, ThoseOfOthersEndInTheirTextAlsoOverThreeAgents) {
  auto file = read_histories(HEARSAY_SOURCE_DIR "/tests/data/histories/random-600.json.gz");
  ASSERT_TRUE(file.ok()) << file.error().message;
  file->histories.resize(60);  // all of them take longer (traces_test.cc)

  for (std::uint64_t seed : {1u, 2u}) {
    HistoriesResult result = check_histories(*file, seed);

    EXPECT_EQ(result.right, 60u);
    EXPECT_TRUE(result.wrong.empty());
  }
}

TEST(ReplayOfHistories, AnotherTextIsReportedAsWrong) {
  auto file = read_histories(HEARSAY_SOURCE_DIR "/tests/data/histories/random-600.json.gz");
  ASSERT_TRUE(file.ok()) << file.error().message;
  file->histories.resize(3);
  file->histories[1].end += "?";

  HistoriesResult result = check_histories(*file, 1);

  EXPECT_EQ(result.cases, 3u);
  EXPECT_EQ(result.right, 2u);
  EXPECT_EQ(result.wrong, std::vector<std::size_t>{1});
  EXPECT_FALSE(measure_trace(file->histories[1], 1)->ok);
}

// --- The graph -----------------------------------------------------------------------------------

std::set<std::uint32_t> closure(const History& history, const StepGraph::Heads& heads) {
  std::set<std::uint32_t> all;
  std::vector<std::uint32_t> left(heads);
  while (!left.empty()) {
    const std::uint32_t step = left.back();
    left.pop_back();
    if (!all.insert(step).second) continue;
    for (std::uint32_t parent : history.steps[step].parents) left.push_back(parent);
  }
  return all;
}

TEST(StepGraph, TellsWhatAVersionLacksAsTheDefinitionDoes) {
  base::Random random = base::Random::from_number(7);
  for (int round = 0; round < 200; ++round) {
    History history;
    history.agents = {"a"};
    const auto size = static_cast<std::uint32_t>(1 + random.below(30));
    for (std::uint32_t i = 0; i < size; ++i) {
      std::set<std::uint32_t> parents;
      for (std::uint64_t left = i == 0 ? 0 : random.below(3); left > 0; --left) {
        parents.insert(static_cast<std::uint32_t>(random.below(i)));
      }
      history.steps.push_back({{parents.begin(), parents.end()}, 0, i, {}});
    }
    StepGraph graph(history);
    StepGraph::Heads known;
    if (random.below(4) > 0) known = {static_cast<std::uint32_t>(random.below(size))};
    StepGraph::Heads version{static_cast<std::uint32_t>(random.below(size))};
    const auto step = static_cast<std::uint32_t>(random.below(size));

    const auto missing = graph.missing(known, version);

    const auto all_known = closure(history, known);
    const auto all = closure(history, version);
    const bool behind = std::includes(all.begin(), all.end(), all_known.begin(), all_known.end());
    ASSERT_EQ(missing.has_value(), behind);
    ASSERT_EQ(graph.includes(version, step), all.contains(step));
    if (!missing) continue;
    std::vector<std::uint32_t> expected;
    std::set_difference(all.begin(), all.end(), all_known.begin(), all_known.end(),
                        std::back_inserter(expected));
    ASSERT_EQ(*missing, expected);
  }
}

TEST(Authors, AStepThatDoesNotKnowTheLastOneOfItsAgentGetsAnActor) {
  History history;
  history.agents = {"a", "b"};
  const std::vector<Patch> two{{0, 0, "x"}, {0, 0, "y"}};
  history.steps = {{{}, 0, 0, two}, {{0}, 0, 2, two}, {{0}, 0, 4, two}, {{0}, 1, 0, two}};

  const auto authors = authors_of(history, StepGraph(history));

  EXPECT_EQ(authors[1], (crdt::Dot{authors[0].actor, 3, 0}));
  EXPECT_LT(authors[1], authors[2]);
  EXPECT_NE(authors[1].actor, authors[2].actor);
  EXPECT_LT(authors[2], authors[3]);
}

// --- Bad input -----------------------------------------------------------------------------------

std::string error_of(const std::string& text) {
  auto file = parse_histories("f.json", text);
  if (!file.ok()) return file.error().message;
  auto result = measure_trace(file->histories.front(), 1);
  return result.ok() ? "" : result.error().message;
}

TEST(BadHistories, AreRefusedWithTheirPlace) {
  const std::string txns = R"({"endContent": "", "txns": )";
  const std::vector<std::pair<std::string, std::string>> cases{
      {"", "f.json: not JSON"},
      {"hello", "f.json: not JSON"},
      {"{\"endContent\": \"\xFF\"}", "f.json: not JSON"},
      {"{", "f.json: not JSON"},
      {"3", "f.json: not a JSON object"},
      {"[]", "f.json: the array is empty"},
      {"[3]", "f.json: history 0: not a JSON object"},
      {R"({"txns": []})", "no \"endContent\""},
      {R"({"endContent": 3, "txns": []})", "\"endContent\" is not a string"},
      {R"({"endContent": ""})", "no array \"txns\""},
      {R"({"endContent": "", "txns": {}})", "no array \"txns\""},
      {txns + "[7]}", "transaction 0: not a JSON object"},
      {txns + "[{}]}", "transaction 0: no array \"patches\""},
      {txns + R"([{"patches": [[0, 0]]}]})", "item 0 of \"patches\""},
      {txns + R"([{"patches": [[0, 0, 1]]}]})", "item 0 of \"patches\""},
      {txns + R"([{"patches": [[-1, 0, "a"]]}]})", "a position is -1"},
      {txns + R"([{"patches": [[0.5, 0, "a"]]}]})", "a position is 0.5"},
      {txns + R"([{"patches": [["0", 0, "a"]]}]})", "a position is \"0\""},
      {txns + R"([{"patches": [[99999999999999999999, 0, "a"]]}]})", "a position is"},
      {txns + R"([{"patches": [[0, 4294967296, ""]]}]})", "deleted characters is 4294967296"},
      {txns + R"([{"patches": [[0, 0, "ab"]]}, {"patches": [[3, 0, "c"]]}]})",
       "step 1: it deletes"},
      {txns + R"([{"patches": [[0, 0, "ab"]]}, {"patches": [[1, 2, ""]]}]})", "step 1: it deletes"},
      {txns + R"([{"parents": [0], "agent": 0, "patches": []}]})", "nothing is before it"},
      {txns + R"([{"parents": [], "patches": []}]})", "no \"agent\""},
      {txns + R"([{"parents": [], "agent": [], "patches": []}]})", "\"agent\" is []"},
      {txns + R"([{"parents": [], "agent": 0, "patches": []}, {"patches": []}]})",
       "transaction 1: no array \"parents\""},
      {txns + R"([{"parents": [], "agent": 0, "patches": []},
          {"parents": [1], "agent": 0, "patches": []}]})",
       "transaction 1: a parent is 1"},
      {txns + R"([{"span": [0, 1], "parents": [], "agent": "a", "ops": [[0, 0, "a"]]}]})",
       "no \"seqStart\""},
      {txns + R"([{"span": [0, 2], "parents": [], "agent": "a", "seqStart": 0,
          "ops": [[0, 0, "a"]]}]})",
       "\"span\" is [0,2]"},
      {txns + R"([{"span": 4, "parents": [], "agent": "a", "seqStart": 0, "ops": []}]})",
       "no \"span\" of two numbers"},
      {txns + R"([{"span": [0, 1], "parents": [0], "agent": "a", "seqStart": 0, "ops": []}]})",
       "nothing is before it"},
  };
  for (const auto& [text, expected] : cases) {
    EXPECT_NE(error_of(text).find(expected), std::string::npos)
        << text << "\nis: " << error_of(text) << "\nexpected: " << expected;
  }
}

TEST(BadHistories, JsonLinesNameTheLine) {
  const std::string good = R"({"endContent": "a", "txns": [{"patches": [[0, 0, "a"]]}]})";

  auto two = parse_histories("f", good + "\n\n" + good + "\n");
  auto bad = parse_histories("f", good + "\n{\"endContent\": \"\"}\n");

  ASSERT_TRUE(two.ok());
  EXPECT_EQ(check_histories(*two, 1).right, 2u);
  EXPECT_EQ(bad.ok() ? "" : bad.error().message, "f: line 2: no array \"txns\"");
}

// --- Packed files --------------------------------------------------------------------------------

struct Packed : testing::Test {
  support::ScopedDirectory directory;
  std::string path = (directory.path() / "file").string();
  void write(const std::string& bytes) { std::ofstream(path, std::ios::binary) << bytes; }
  void pack(const std::string& text) {
    gzFile file = ::gzopen(path.c_str(), "wb");
    ::gzwrite(file, text.data(), static_cast<unsigned>(text.size()));
    ::gzclose(file);
  }
  std::string bytes() {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  std::string error() {
    auto text = read_packed_file(path);
    return text.ok() ? "" : text.error().message;
  }
};

TEST_F(Packed, PlainAndPackedTextIsRead) {
  const std::string text(3u << 20, 'x');

  write(text);
  EXPECT_EQ(*read_packed_file(path), text);
  pack(text);
  EXPECT_LT(bytes().size(), 10'000u);
  EXPECT_EQ(*read_packed_file(path), text);
}

TEST_F(Packed, ErrorsNameTheFile) {
  EXPECT_EQ(error(), "read " + path + ": No such file or directory");
  write("");
  EXPECT_EQ(error(), "read " + path + ": it is empty");
  pack("abcdefgh abcdefgh abcdefgh");
  const std::string whole = bytes();
  write(whole.substr(0, whole.size() - 9));
  EXPECT_EQ(error(), "read " + path + ": it is cut short: the end of the gzip data is missing");
  std::string damaged = whole;
  damaged[damaged.size() - 6] ^= 1;
  write(damaged);
  EXPECT_NE(error().find("gzip: "), std::string::npos) << error();
  path = directory.path().string();
  EXPECT_EQ(error(), "read " + path + ": it is a directory");
}

}  // namespace
}  // namespace bench
