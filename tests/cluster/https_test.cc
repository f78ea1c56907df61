// The command line and a real agent with certificates: who is trusted, what is shown, and what is
// said when it does not fit.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <fstream>

#include "tests/cluster/cluster.h"
#include "tests/support/lab.h"

namespace cluster {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::Not;
using Words = std::vector<std::string>;
using Environment = std::map<std::string, std::string>;

support::Outcome run(const Words& words, const Environment& environment = {},
                     const std::string& input = "") {
  auto outcome = support::hearsay(words, environment, input);
  EXPECT_TRUE(outcome.ok());
  return outcome.ok() ? *outcome : support::Outcome{};
}

// An authority, and certificates that it issued with the command line.
struct Issued {
  Issued(const fs::path& parent, const std::string& name, const Words& hosts)
      : folder(parent / name) {
    fs::create_directories(folder);
    make({"tls", "ca", "--out", (folder / "ca").string()});
    Words issue{"tls",   "issue",        "agent", "--ca", (folder / "ca").string(),
                "--out", folder.string()};
    for (const std::string& host : hosts) issue.insert(issue.end(), {"--host", host});
    make(issue);
    make({"tls", "issue", "me", "--client", "--ca", (folder / "ca").string(), "--out",
          folder.string()});
  }
  static void make(const Words& words) {
    auto made = run(words);
    EXPECT_EQ(made.status, 0) << made.errors;
  }
  std::string file(const std::string& name) const { return (folder / name).string(); }
  std::string ca() const { return file("ca/ca.crt"); }
  Words agent() const {
    return {"--http-cert",     file("agent.crt"),  "--http-key",
            file("agent.key"), "--http-client-ca", ca()};
  }
  fs::path folder;
};

class Https : public ::testing::Test {
 protected:
  AgentProcess& start(const Issued& issued, const std::string& name = "n1") {
    support::AgentOptions options = mesh_.usual(name);
    options.more_arguments = issued.agent();
    return mesh_.add(options);
  }
  static std::string url(AgentProcess& agent) { return "https://" + agent.http(); }
  // `words` for this agent, which is trusted by the authority.
  support::Outcome ask(AgentProcess& agent, const Words& words, const Environment& more = {},
                       const std::string& input = "") {
    Environment environment{{"HEARSAY_HTTP", url(agent)}, {"HEARSAY_CACERT", ours_.ca()}};
    for (const auto& [name, value] : more) environment[name] = value;
    return run(words, environment, input);
  }
  // The text of a new key. The agent knows it after the reload.
  std::string key_of(AgentProcess& agent, const Words& scope) {
    Words words{"apikey", "add", "k", "--data-dir", agent.data_directory().string()};
    words.insert(words.end(), scope.begin(), scope.end());
    auto made = run(words);
    EXPECT_EQ(made.status, 0) << made.errors;
    const std::size_t before = agent.log().size();
    agent.process().signal(SIGHUP);
    EXPECT_TRUE(support::eventually(kAgree, [&] {
      return agent.log().find("keys_read", before) != std::string::npos;
    })) << agent.log();
    return made.output.substr(0, made.output.find('\n'));
  }
  static void expect(const support::Outcome& outcome, int status, const std::string& part) {
    EXPECT_EQ(outcome.status, status) << outcome.errors;
    EXPECT_THAT(outcome.errors, HasSubstr(part));
  }

  Cluster mesh_{0};
  Issued ours_{mesh_.folder() / "", "ours", {"127.0.0.1", "localhost"}};
};

TEST_F(Https, CommandsUploadsAndEventsGoThroughTls) {
  AgentProcess& agent = start(ours_);
  std::string lines;
  for (int i = 0; i < 5'000; ++i) {
    lines += "{\"id\":\"e" + std::to_string(i) + "\",\"n\":" + std::to_string(i) + "}\n";
  }
  const std::string state = (mesh_.folder() / "state").string();

  EXPECT_EQ(ask(agent, {"snapshots", "add", "one", "--meta", "size=1"}).output, "added one\n");
  EXPECT_EQ(ask(agent, {"images", "import", "-"}, {}, lines).output, "5000 added, 0 unchanged\n");
  auto listed = ask(agent, {"images", "ls", "-o", "jsonl"});
  EXPECT_EQ(std::count(listed.output.begin(), listed.output.end(), '\n'), 5'000) << listed.errors;
  EXPECT_EQ(ask(agent, {"export", "--state", state}).status, 0);
  EXPECT_EQ(ask(agent, {"import", "--state", state}).status, 0);
  expect(ask(agent, {"snapshots", "get", "none"}), 4, "none");

  support::Command watching;
  watching.arguments = {support::hearsay_program(),
                        "watch",
                        "snapshots",
                        "--values",
                        "--http",
                        url(agent),
                        "--cacert",
                        ours_.ca()};
  auto watch = support::Process::start(watching);
  ASSERT_TRUE(watch.ok());
  auto shows = [&](const std::string& text) {
    return support::eventually(kAgree,
                               [&] { return (*watch)->output().find(text) != std::string::npos; });
  };
  EXPECT_TRUE(shows("snapshots/one")) << (*watch)->errors();
  ask(agent, {"snapshots", "add", "two"});
  EXPECT_TRUE(shows("snapshots/two")) << (*watch)->errors();
  (*watch)->signal(SIGINT);
  EXPECT_EQ((*watch)->wait(kAgree), 130);
}

TEST_F(Https, WhoIsNotTrustedIsNamedWithWhatToDo) {
  const Issued theirs(mesh_.folder() / "", "theirs", {"elsewhere.lan"});
  AgentProcess& agent = start(ours_);
  AgentProcess& other_name = start(theirs, "n2");
  const Words status{"status"};

  expect(run({"--http", url(agent), "status"}), 1, "--cacert FILE (HEARSAY_CACERT)");
  expect(ask(agent, {"status", "--cacert", theirs.ca()}), 1, "--cacert FILE (HEARSAY_CACERT)");
  expect(ask(other_name, {"status", "--cacert", theirs.ca()}), 1,
         "use a name or an address that the certificate has");
  auto plain = run({"--http", agent.http(), "status"});
  expect(plain, 1, "speaks TLS; write --http https://" + agent.http());
  EXPECT_EQ(ask(agent, status).status, 0);

  AgentProcess& no_tls = mesh_.add(mesh_.usual("n3"));
  expect(run({"--http", url(no_tls), "status"}), 1,
         "speaks plain HTTP, not TLS; write --http http://" + no_tls.http());
  ASSERT_TRUE(agent.stop().ok());
  expect(ask(agent, status), 3, "cannot connect");
}

TEST_F(Https, AClientCertificateIsShownAndAForeignOneIsRefused) {
  const Issued theirs(mesh_.folder() / "", "theirs", {"127.0.0.1"});
  AgentProcess& agent = start(ours_);

  const Words mine{"status", "--client-cert", ours_.file("me.crt"), "--client-key",
                   ours_.file("me.key")};
  EXPECT_EQ(ask(agent, mine).status, 0);
  EXPECT_EQ(ask(agent, {"status"},
                {{"HEARSAY_CLIENT_CERT", ours_.file("me.crt")},
                 {"HEARSAY_CLIENT_KEY", ours_.file("me.key")}})
                .status,
            0);
  expect(ask(agent, {"status", "--client-cert", theirs.file("me.crt"), "--client-key",
                     theirs.file("me.key")}),
         6, "does not accept the client certificate " + theirs.file("me.crt"));
  expect(ask(agent, {"status", "--client-cert", ours_.file("me.crt"), "--client-key",
                     theirs.file("me.key")}),
         1, "--client-key");
  expect(ask(agent, {"status", "--client-cert", ours_.file("me.crt")}), 2, "come together");
}

TEST_F(Https, AKeyIsSentFromAVariableOrAFileAndARefusalNamesIt) {
  AgentProcess& agent = start(ours_);
  const std::string key = key_of(agent, {"--scope", "read"});
  const fs::path file = mesh_.folder() / "key";
  std::ofstream(file) << key << "\n";
  fs::permissions(file, fs::perms::owner_read | fs::perms::owner_write);

  EXPECT_EQ(ask(agent, {"status"}, {{"HEARSAY_API_KEY", key}}).status, 0);
  EXPECT_EQ(ask(agent, {"status"}, {{"HEARSAY_API_KEY_FILE", file.string()}}).status, 0);
  EXPECT_EQ(ask(agent, {"status", "--api-key-file", file.string()}).status, 0);
  auto add = ask(agent, {"snapshots", "add", "x"}, {{"HEARSAY_API_KEY", key}});
  expect(add, 6, "does not have the scope write; the API key came from HEARSAY_API_KEY");
  auto unknown = ask(agent, {"status"}, {{"HEARSAY_API_KEY", "hsk_" + std::string(64, '0')}});
  expect(unknown, 6, "does not know the API key");
  EXPECT_THAT(unknown.errors, Not(HasSubstr("hsk_0")));
  // The flag beats the variable.
  auto flag = ask(agent, {"snapshots", "add", "x", "--api-key-file", file.string()},
                  {{"HEARSAY_API_KEY", "hsk_" + std::string(64, '0')}});
  expect(flag, 6, "the API key came from " + file.string());
}

// The settings of the agent are given to it alone: the commands have its data directory only.
TEST_F(Https, ACommandFindsTheAgentOfADataDirectory) {
  AgentProcess& agent = start(ours_);
  const std::string directory = agent.data_directory().string();

  EXPECT_EQ(run({"--data-dir", directory, "snapshots", "add", "a"}).output, "added a\n");
  EXPECT_EQ(run({"status", "--data-dir", directory}).status, 0);
  // The address that a configuration names is that of this agent, which speaks TLS there.
  const std::string config = (mesh_.folder() / "client.toml").string();
  std::ofstream(config) << "data_dir = '" << directory << "'\nhttp = '" << agent.http() << "'\n";
  EXPECT_EQ(run({"--config", config, "status"}).status, 0);
  expect(run({"--config", config, "--http", agent.http(), "status"}), 1, "speaks TLS");

  agent.kill9();
  expect(run({"--data-dir", directory, "status"}), 3, "cannot connect");
  ASSERT_TRUE(agent.restart().ok());
  ASSERT_TRUE(agent.stop().ok());
  expect(run({"--data-dir", directory, "status"}), 3, "no agent runs with the data directory");
}

// From another host: TLS and a key are needed, and both are enough.
TEST_F(Https, AnotherHostNeedsAKeyAndTheAgentSaysWhileItHasNone) {
  if (std::string missing = support::Lab::missing(); !missing.empty()) GTEST_SKIP() << missing;
  auto lab = support::Lab::make(2);
  ASSERT_TRUE(lab.ok()) << lab.error().message;
  const Issued issued(mesh_.folder() / "", "lab", {(*lab)->ip(0)});
  support::AgentOptions options = mesh_.usual("n1");
  options.network = &(*lab)->network(0);
  options.more_arguments = issued.agent();
  options.more_arguments.insert(options.more_arguments.end(),
                                {"--http", "https://" + (*lab)->ip(0) + ":0"});
  AgentProcess& agent = mesh_.add(options);
  probe::InNetwork elsewhere(&(*lab)->network(1));
  auto from_there = [&](const Words& words, const Environment& more) {
    return ask(agent, words, more);
  };
  const Environment ca{{"HEARSAY_CACERT", issued.ca()}};

  EXPECT_TRUE(support::eventually(kAgree, [&] {
    return agent.log().find("no_api_key") != std::string::npos;
  })) << agent.log();
  EXPECT_THAT(agent.log(), HasSubstr("hearsay apikey add"));
  expect(from_there({"status"}, ca), 6, "give one with --api-key-file FILE or HEARSAY_API_KEY");
  const std::size_t quiet_from = agent.log().size();
  const std::string key = key_of(agent, {"--scope", "read,write"});
  EXPECT_EQ(agent.log().find("no_api_key", quiet_from), std::string::npos) << agent.log();
  const Environment with_key{{"HEARSAY_CACERT", issued.ca()}, {"HEARSAY_API_KEY", key}};

  EXPECT_EQ(from_there({"status"}, with_key).status, 0);
  EXPECT_EQ(from_there({"snapshots", "add", "far"}, with_key).output, "added far\n");
  expect(run({"--http", agent.http(), "status"}, {{"HEARSAY_API_KEY", key}}), 2,
         "is not sent to another host without TLS");
  // The last key goes: the agent says again that nobody is let in.
  EXPECT_EQ(run({"apikey", "rm", "k", "--data-dir", agent.data_directory().string()}).status, 0);
  const std::size_t before = agent.log().size();
  agent.process().signal(SIGHUP);
  EXPECT_TRUE(support::eventually(kAgree, [&] {
    return agent.log().find("no_api_key", before) != std::string::npos;
  })) << agent.log();
}

}  // namespace
}  // namespace cluster
