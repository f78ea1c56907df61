// Starts that must be refused, and how they say why.

#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include "tests/cluster/cluster.h"

namespace cluster {
namespace {

class Refusal : public ::testing::Test {
 protected:
  support::Outcome start(std::vector<std::string> more) {
    std::vector<std::string> arguments = {
        "agent",  "--name",      "n1",     "--data-dir", (folder_ / "data").string(),
        "--bind", "127.0.0.1:0", "--http", "127.0.0.1:0"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    auto outcome = support::hearsay(arguments, {});
    EXPECT_TRUE(outcome.ok()) << outcome.error().message;
    return *outcome;
  }
  support::ScopedDirectory folder_;
};

TEST_F(Refusal, AMissingKeyFile) {
  auto outcome = start({"--key-file", folder_ / "none.key"});

  EXPECT_EQ(outcome.status, 1);
  EXPECT_NE(outcome.errors.find("none.key"), std::string::npos);
  EXPECT_NE(outcome.errors.find("keygen"), std::string::npos);
}

TEST_F(Refusal, AKeyThatOthersCanRead) {
  ASSERT_TRUE(support::make_key(folder_ / "mesh.key").ok());
  ASSERT_EQ(chmod((folder_ / "mesh.key").c_str(), 0644), 0);

  auto outcome = start({"--key-file", folder_ / "mesh.key"});

  EXPECT_EQ(outcome.status, 1);
  EXPECT_NE(outcome.errors.find("chmod 600"), std::string::npos);
}

TEST_F(Refusal, AKeyThatIsNone) {
  support::write_file(folder_ / "mesh.key", "hello\n");
  ASSERT_EQ(chmod((folder_ / "mesh.key").c_str(), 0600), 0);

  auto outcome = start({"--key-file", folder_ / "mesh.key"});

  EXPECT_EQ(outcome.status, 1);
  EXPECT_NE(outcome.errors.find("mesh.key"), std::string::npos);
}

TEST_F(Refusal, ASecondAgentOnOneDataDirectoryNamesTheHolder) {
  Cluster mesh(1);

  auto second = support::hearsay({"agent", "--name", "n2", "--data-dir", mesh[0].data_directory(),
                                  "--bind", "127.0.0.1:0", "--http", "127.0.0.1:0"},
                                 {});

  ASSERT_TRUE(second.ok());
  EXPECT_EQ(second->status, 1);
  EXPECT_NE(second->errors.find("pid " + std::to_string(mesh[0].process().pid())),
            std::string::npos);
  EXPECT_EQ(mesh[0].client().get("/healthz")->status, 200);
}

TEST_F(Refusal, APortInUseIsNamed) {
  Cluster mesh(1);

  auto mesh_port = start({"--bind", mesh[0].bind()});
  auto http_port = start({"--http", mesh[0].http()});

  EXPECT_EQ(mesh_port.status, 1);
  EXPECT_NE(mesh_port.errors.find(mesh[0].bind()), std::string::npos) << mesh_port.errors;
  EXPECT_EQ(http_port.status, 1);
  EXPECT_NE(http_port.errors.find(mesh[0].http()), std::string::npos) << http_port.errors;
}

TEST_F(Refusal, AnUnknownConfigurationKeyIsNamedWithItsLine) {
  support::write_file(folder_ / "h.toml", "name = \"n1\"\ncolour = \"red\"\n");

  auto outcome = start({"--config", folder_ / "h.toml"});

  EXPECT_EQ(outcome.status, 2);
  EXPECT_NE(outcome.errors.find("colour"), std::string::npos);
  EXPECT_NE(outcome.errors.find("2"), std::string::npos);
}

TEST_F(Refusal, ATopologyThatThisVersionLacks) {
  auto outcome = start({"--topology", "tree"});

  EXPECT_EQ(outcome.status, 2);
  EXPECT_NE(outcome.errors.find("direct"), std::string::npos);
}

TEST_F(Refusal, AnHttpPortOffLoopback) {
  auto outcome = start({"--http", "0.0.0.0:0"});

  EXPECT_EQ(outcome.status, 2);
  EXPECT_NE(outcome.errors.find("loopback"), std::string::npos);
}

// To open a FIFO would block the start, and SIGTERM with it.
TEST_F(Refusal, AFileOfTheDataDirectoryThatIsAFifo) {
  for (const char* name : {"hearsay.db", "hearsay.db-wal", "lock"}) {
    std::filesystem::remove_all(folder_ / "data");
    ASSERT_EQ(mkdir((folder_ / "data").c_str(), 0700), 0);
    ASSERT_EQ(mkfifo((folder_ / "data" / name).c_str(), 0600), 0);

    auto outcome = start({});

    EXPECT_EQ(outcome.status, 1) << name;
    EXPECT_NE(outcome.errors.find("not a regular file"), std::string::npos) << outcome.errors;
  }
}

TEST_F(Refusal, ARelativeDataDirectoryWhereTheWorkingDirectoryIsGone) {
  const std::string gone = folder_ / "gone";
  support::Command command;
  command.arguments = {
      "sh", "-c",
      "mkdir \"$1\" && cd \"$1\" && rmdir \"$1\" && exec \"$0\" agent --data-dir rel "
      "--bind 127.0.0.1:0 --http 127.0.0.1:0",
      support::hearsay_program(), gone};
  auto outcome = support::run(command);
  ASSERT_TRUE(outcome.ok()) << outcome.error().message;

  EXPECT_EQ(outcome->status, 1);
  EXPECT_NE(outcome->errors.find("create directory"), std::string::npos) << outcome->errors;
}

TEST_F(Refusal, FewerDescriptorsThanAnAgentNeeds) {
  for (const char* limit : {"10", "11", "12", "20", "34"}) {
    support::Command command;
    command.arguments = {"sh",
                         "-c",
                         std::string("ulimit -n ") + limit + R"(; exec "$0" "$@")",
                         support::hearsay_program(),
                         "agent",
                         "--data-dir",
                         folder_ / "data",
                         "--bind",
                         "127.0.0.1:0",
                         "--http",
                         "127.0.0.1:0"};
    auto outcome = support::run(command);
    ASSERT_TRUE(outcome.ok()) << outcome.error().message;

    EXPECT_EQ(outcome->status, 1) << limit;
    EXPECT_NE(outcome->errors.find("ulimit -n"), std::string::npos) << outcome->errors;
  }
}

TEST_F(Refusal, APathWithANulCharacter) {
  support::write_file(folder_ / "c.toml",
                      "data_dir = \"" + (folder_ / "data").string() + "\\u0000/more\"\n");
  auto outcome = support::hearsay(
      {"agent", "--config", folder_ / "c.toml", "--bind", "127.0.0.1:0", "--http", "127.0.0.1:0"},
      {});
  ASSERT_TRUE(outcome.ok());

  EXPECT_EQ(outcome->status, 2);
  EXPECT_NE(outcome->errors.find("data_dir"), std::string::npos) << outcome->errors;
}

TEST_F(Refusal, ADatabaseOfAnotherProgram) {
  std::filesystem::create_directories(folder_ / "data");
  sqlite3* handle = nullptr;
  sqlite3_open((folder_ / "data/hearsay.db").c_str(), &handle);
  sqlite3_exec(handle, "CREATE TABLE notes(t); PRAGMA application_id=77", nullptr, nullptr,
               nullptr);
  sqlite3_close(handle);

  auto outcome = start({});

  EXPECT_EQ(outcome.status, 1);
  EXPECT_NE(outcome.errors.find("hearsay.db"), std::string::npos);
}

}  // namespace
}  // namespace cluster
