// `export --state` and `import --state`.

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "tests/cli/fake_agent.h"
#include "tests/cli/program.h"

namespace cli {
namespace {

std::string answer_of(const std::string& state, bool end = true) {
  std::string answer = FakeAgent::chunked({state.substr(0, 5), state.substr(5)}, end);
  const std::string json = "application/json";
  return answer.replace(answer.find(json), json.size(), "application/octet-stream");
}

std::string content(const std::string& path) {
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

std::size_t files_in(const Folder& folder) {
  const auto list = std::filesystem::directory_iterator(folder.path("."));
  return static_cast<std::size_t>(std::distance(begin(list), end(list)));
}

const std::string kState("HRSYSTAT\0\xff\0\n some bytes", 22);

TEST(StateExport, TheFileAppearsWhenItIsCompleteAndReplacesAnOldOne) {
  FakeAgent agent([](const Seen&) { return answer_of(kState); });
  Folder folder;
  const std::string file = folder.write("a.state", "old");

  auto ended = run_program({"export", "--state", file, "--http", agent.address()});
  auto to_stdout = run_program({"export", "--state", "-", "--http", agent.address()});
  auto json = run_program({"export", "--state", file, "-o", "json", "--http", agent.address()});

  EXPECT_EQ(ended.exit, 0) << ended.err;
  EXPECT_EQ(ended.out, "wrote the state to " + file + ", 22 bytes\n");
  EXPECT_EQ(content(file), kState);
  EXPECT_EQ(std::filesystem::status(file).permissions(), std::filesystem::perms(0600));
  EXPECT_EQ(to_stdout.out, kState);
  EXPECT_EQ(json.out, "{\"bytes\":22}");
  EXPECT_EQ(files_in(folder), 1u);
  EXPECT_EQ(agent.seen().at(0).method + agent.seen().at(0).target, "GET/v1/state");
}

TEST(StateExport, AnAnswerThatBreaksOffLeavesTheOldFile) {
  FakeAgent broken([](const Seen&) { return answer_of(kState, false); });
  FakeAgent busy([](const Seen&) { return FakeAgent::error(503, "busy", "another export runs"); });
  FakeAgent foreign([](const Seen&) { return FakeAgent::ok("{}"); });
  Folder folder;
  const std::string file = folder.write("a.state", "old");

  auto cut = run_program({"export", "--state", file, "--http", broken.address()});
  auto refused = run_program({"export", "--state", file, "--http", busy.address()});
  auto other = run_program({"export", "--state", file, "--http", foreign.address()});
  auto nowhere =
      run_program({"export", "--state", folder.path("no/such"), "--http", broken.address()});

  EXPECT_EQ(cut.exit, 1);
  EXPECT_NE(cut.err.find("not complete"), std::string::npos) << cut.err;
  EXPECT_EQ(refused.exit, 5);
  EXPECT_EQ(refused.err, "hearsay: another export runs\n");
  EXPECT_EQ(other.exit, 1);
  EXPECT_NE(other.err.find("no Hearsay agent"), std::string::npos) << other.err;
  EXPECT_EQ(nowhere.exit, 1);
  EXPECT_NE(nowhere.err.find("no/such"), std::string::npos) << nowhere.err;
  EXPECT_EQ(content(file), "old");
  EXPECT_EQ(files_in(folder), 1u);
}

TEST(StateImport, SendsTheFileAndPrintsWhatChanged) {
  const std::string counts =
      R"({"objects":{"new":1,"changed":3,"removed":0},"cells":{"added":5,"removed":2},)"
      R"("texts_changed":1,"own_changes_kept":4})";
  FakeAgent agent([&](const Seen&) { return FakeAgent::ok(counts); });
  Folder folder;
  const std::string file = folder.write("a.state", kState);

  auto ended = run_program({"import", "--state", file, "--http", agent.address()});
  auto from_stdin =
      run_program({"import", "--state", "-", "-o", "json", "--http", agent.address()}, kState);
  auto missing =
      run_program({"import", "--state", folder.path("b.state"), "--http", agent.address()});
  auto foreign = run_program({"import", "--state", file, "--any-mesh", "--http", agent.address()});

  EXPECT_EQ(ended.exit, 0) << ended.err;
  EXPECT_EQ(ended.out,
            "5 cells added, 2 removed; 1 object new, 3 changed, 0 removed; "
            "1 text changed; 4 own changes kept that the other side did not have\n");
  EXPECT_EQ(from_stdin.out, counts);
  EXPECT_EQ(missing.exit, 1);
  EXPECT_EQ(foreign.exit, 0) << foreign.err;
  auto seen = agent.seen();
  ASSERT_EQ(seen.size(), 3u);
  EXPECT_EQ(seen.back().target, "/v1/state?mesh=any");
  seen.pop_back();
  for (const Seen& request : seen) {
    EXPECT_EQ(request.method + request.target, "POST/v1/state");
    EXPECT_EQ(request.body, kState);
    EXPECT_EQ(request.headers.at("content-type"), "application/octet-stream");
  }
}

TEST(StateImport, ARefusalIsTheAgentsAndTheFlagIsNeeded) {
  FakeAgent agent([](const Seen&) {
    return FakeAgent::error(400, "invalid", "this is no state file of Hearsay");
  });

  auto refused = run_program({"import", "--state", "-", "--http", agent.address()}, "x");
  auto bare = run_program({"import", "--http", agent.address()});

  EXPECT_EQ(refused.exit, 1);
  EXPECT_EQ(refused.err, "hearsay: this is no state file of Hearsay\n");
  EXPECT_EQ(bare.exit, 2);
}

}  // namespace
}  // namespace cli
