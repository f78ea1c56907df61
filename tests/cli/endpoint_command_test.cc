// How a command finds its agent, and which credentials it shows. tests/cluster/https_test.cc does
// it with real certificates.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "tests/cli/fake_agent.h"
#include "tests/cli/program.h"

namespace cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

const std::string kKey = "hsk_0123456789abcdef";

struct Endpoints : testing::Test {
  std::string secret(const std::string& name, const std::string& text, mode_t mode = 0600) {
    const std::string path = folder.write(name, text);
    EXPECT_EQ(chmod(path.c_str(), mode), 0);
    return path;
  }
  Ended remove(const Program::Words& more, const Program::Words& environment = {}) {
    Program::Words words{"snapshots", "rm", "a"};
    words.insert(words.end(), more.begin(), more.end());
    return run_program(words, "", environment);
  }
  static void expect(const Ended& ended, int exit, const std::string& part) {
    EXPECT_EQ(ended.exit, exit) << ended.err;
    EXPECT_THAT(ended.err, HasSubstr(part));
  }
  std::string sent_key() {
    const auto seen = agent.seen();
    if (seen.empty()) return "nothing was sent";
    const auto header = seen.back().headers.find("authorization");
    return header == seen.back().headers.end() ? "" : header->second;
  }
  Folder folder;
  FakeAgent agent{[](const Seen&) { return FakeAgent::ok(R"({"id":"a","status":"removed"})"); }};
};

TEST_F(Endpoints, AKeyIsSentAsABearerAndAFlagBeatsAVariable) {
  const std::string http = "HEARSAY_HTTP=" + agent.address();
  const std::string file = secret("key", kKey + "\n");

  EXPECT_EQ(remove({}, {http}).exit, 0);
  EXPECT_EQ(sent_key(), "");
  EXPECT_EQ(remove({}, {http, "HEARSAY_API_KEY="}).exit, 0);
  EXPECT_EQ(sent_key(), "");
  EXPECT_EQ(remove({}, {http, "HEARSAY_API_KEY=" + kKey}).exit, 0);
  EXPECT_EQ(sent_key(), "Bearer " + kKey);
  EXPECT_EQ(remove({}, {http, "HEARSAY_API_KEY_FILE=" + file}).exit, 0);
  EXPECT_EQ(sent_key(), "Bearer " + kKey);
  EXPECT_EQ(remove({}, {http, "HEARSAY_API_KEY=hsk_x", "HEARSAY_API_KEY_FILE=" + file}).exit, 0);
  EXPECT_EQ(sent_key(), "Bearer hsk_x");
  EXPECT_EQ(remove({"--api-key-file", file}, {http, "HEARSAY_API_KEY=hsk_x"}).exit, 0);
  EXPECT_EQ(sent_key(), "Bearer " + kKey);
}

TEST_F(Endpoints, EveryKindOfRequestShowsTheKey) {
  const Program::Words with{"HEARSAY_HTTP=" + agent.address(), "HEARSAY_API_KEY=" + kKey};
  const std::vector<Program::Words> requests{
      Program::Words{"snapshots", "ls"},
      Program::Words{"snapshots", "import", "-"},
      Program::Words{"watch"},
      Program::Words{"export", "--state", "-"},
      Program::Words{"objects", "set", "o", "k", "1"},
      Program::Words{"members"},
  };
  for (const Program::Words& words : requests) {
    run_program(words, "{\"id\":\"x\"}\n", with);
    EXPECT_EQ(sent_key(), "Bearer " + kKey) << testing::PrintToString(words);
  }
}

TEST_F(Endpoints, AKeyThatCannotBeUsedIsRefusedBeforeAnythingIsSent) {
  const std::string http = "HEARSAY_HTTP=" + agent.address();
  const std::string open = secret("open", kKey, 0640);

  expect(remove({"--api-key-file", open}, {http}), 6, "chmod 600 " + open);
  expect(remove({"--api-key-file", folder.path("none")}, {http}), 2, "no such file");
  expect(remove({"--api-key-file", ""}, {http}), 2, "expected a file");
  for (const std::string& text :
       {std::string(), std::string(" \n"), kKey + "\nX-More: 1", kKey + " " + kKey,
        std::string(257, 'k'), std::string("k\xC3\xA9y")}) {
    const Ended ended = remove({"--api-key-file", secret("bad", text)}, {http});
    expect(ended, 2, "this is no API key");
    EXPECT_THAT(ended.err, Not(HasSubstr(kKey)));
  }
  const Ended far = remove({}, {"HEARSAY_HTTP=192.0.2.1:7780", "HEARSAY_API_KEY=" + kKey});
  expect(far, 2, "not sent to another host without TLS; write --http https://192.0.2.1:7780");
  EXPECT_THAT(far.err, Not(HasSubstr(kKey)));
  EXPECT_EQ(agent.connections(), 0);
}

TEST_F(Endpoints, TheAgentsRefusalNamesWhereTheKeyCameFrom) {
  FakeAgent strict([](const Seen& request) {
    const bool key = request.headers.contains("authorization");
    return key ? FakeAgent::error(403, "forbidden", "no scope")
               : FakeAgent::error(401, "unauthorized", "a key is needed");
  });
  const std::string http = "HEARSAY_HTTP=" + strict.address();

  expect(remove({}, {http}), 6,
         "a key is needed; give one with --api-key-file FILE or HEARSAY_API_KEY");
  expect(remove({}, {http, "HEARSAY_API_KEY=" + kKey}), 6,
         "no scope; the API key came from HEARSAY_API_KEY");
}

TEST_F(Endpoints, FilesOfTlsAreJudgedWithHttpsOnly) {
  const std::string https = "HEARSAY_HTTP=https://" + agent.address();
  const std::string pem = secret("c.pem", "-----BEGIN CERTIFICATE-----\n");
  const std::string open = secret("k.pem", "-----BEGIN PRIVATE KEY-----\n", 0644);

  expect(remove({"--cacert", folder.path("none")}, {https}), 2, "no such file");
  expect(remove({"--cacert", secret("text", "hello")}, {https}), 2, "has no certificate in PEM");
  expect(remove({"--client-cert", pem}, {https}), 2, "come together");
  expect(remove({"--client-key", open}, {https}), 2, "come together");
  expect(remove({"--client-cert", pem, "--client-key", open}, {https}), 6, "chmod 600 " + open);
  EXPECT_EQ(agent.connections(), 0);
  EXPECT_EQ(remove({}, {"HEARSAY_HTTP=" + agent.address(), "HEARSAY_CACERT=/nonexistent",
                        "HEARSAY_CLIENT_CERT=/nonexistent"})
                .exit,
            0);
}

TEST_F(Endpoints, TheFlagOfADataDirectoryNamesItsAgent) {
  const std::string json =
      folder.write("agent.json", R"({"pid":1,"http":")" + agent.address() + "\"}\n");
  const std::string directory = json.substr(0, json.rfind('/'));

  EXPECT_EQ(remove({"--data-dir", directory}, {"HEARSAY_HTTP=127.0.0.1:1"}).exit, 0);
  EXPECT_EQ(remove({"--data-dir", directory + "/"}).exit, 0);
  expect(remove({"--data-dir", directory, "--http", "unix:" + directory + "/none"}), 3,
         "cannot connect");
  expect(remove({"--data-dir", directory + "/none"}), 3, "no agent runs with the data directory");
  folder.write("agent.json", "{\"pid\":1");
  expect(remove({"--data-dir", directory}), 1, "is not complete");
}

// A killed agent leaves both files. Another agent may have its port now.
TEST_F(Endpoints, ASocketThatNobodyAnswersIsNoWayToTheAgent) {
  const std::string json = folder.write(
      "agent.json", R"({"http":")" + agent.address() + R"(","socket":"/x/http.sock"})");
  const std::string directory = json.substr(0, json.rfind('/'));
  folder.write("http.sock", "");
  const std::string config =
      folder.write("c.toml", "data_dir = '" + directory + "'\nhttp = '" + agent.address() + "'\n");

  EXPECT_EQ(remove({"--config", config}).exit, 0);
}

}  // namespace
}  // namespace cli
