// API keys of a running agent: made by the command line, taken over at SIGHUP.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include "tests/cluster/cluster.h"

namespace cluster {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class Keys : public ::testing::Test {
 protected:
  support::Outcome run(std::vector<std::string> words) {
    words.insert(words.end(), {"--data-dir", mesh_[0].data_directory().string()});
    auto outcome = support::hearsay(words);
    EXPECT_TRUE(outcome.ok());
    return *outcome;
  }
  std::string make(const std::string& name, std::vector<std::string> more = {}) {
    more.insert(more.begin(), {"apikey", "add", name});
    support::Outcome made = run(more);
    EXPECT_EQ(made.status, 0) << made.errors;
    return made.output.substr(0, made.output.find('\n'));
  }
  // Sends SIGHUP and waits until the log has one more line with `word`.
  void reload(const std::string& word) {
    const std::size_t before = mesh_[0].log().size();
    mesh_[0].process().signal(SIGHUP);
    ASSERT_TRUE(support::eventually(support::Millis{10'000}, [&] {
      return mesh_[0].log().find(word, before) != std::string::npos;
    })) << mesh_[0].log();
  }
  int status(const std::string& key, const std::string& method = "GET",
             const std::string& target = "/v1/status", const std::string& body = "") {
    probe::HttpHeaders headers;
    if (!key.empty()) headers.emplace_back("X-CRDT-API-Key", key);
    auto answer = mesh_[0].client().request(method, target, body, headers);
    EXPECT_TRUE(answer.ok());
    return answer.ok() ? answer->status : 0;
  }
  std::filesystem::path file() { return mesh_[0].data_directory() / "keys.toml"; }

  Cluster mesh_{1};
};

TEST_F(Keys, CountFromTheNextReloadOn) {
  const std::string reader = make("reader", {"--scope", "read"});
  const std::string writer = make("writer", {"--scope", "write"});
  EXPECT_EQ(status(reader), 401);

  reload("keys_read");

  EXPECT_EQ(status(reader), 200);
  EXPECT_EQ(status(reader, "POST", "/snapshots/add/a", "{}"), 403);
  EXPECT_EQ(status(writer, "POST", "/snapshots/add/a", "{}"), 200);
  EXPECT_EQ(status(writer), 403);
  EXPECT_EQ(status(writer, "POST", "/v1/leave"), 403);
  EXPECT_EQ(status(""), 200);
  ASSERT_EQ(run({"apikey", "rm", "reader"}).status, 0);
  EXPECT_EQ(status(reader), 200);
  reload("keys_read");
  EXPECT_EQ(status(reader), 401);
  EXPECT_EQ(status(writer, "POST", "/snapshots/add/b", "{}"), 200);
  EXPECT_THAT(mesh_[0].log(), Not(HasSubstr(reader)));
  EXPECT_THAT(mesh_[0].log(), Not(HasSubstr(writer)));
}

TEST_F(Keys, ADamagedFileChangesNothingAtAReloadAndStopsAStart) {
  const std::string key = make("a");
  reload("keys_read");
  const std::string before = support::read_file(file());
  support::write_file(file(), before.substr(0, before.size() / 2) + "\"");

  reload("keys_refused");
  EXPECT_EQ(status(key), 200);
  ASSERT_EQ(mesh_[0].stop().ok(), true);
  EXPECT_FALSE(mesh_[0].restart().ok());
  EXPECT_THAT(mesh_[0].log(), HasSubstr("keys.toml:"));

  support::write_file(file(), before);
  ASSERT_TRUE(mesh_[0].restart().ok());
  EXPECT_EQ(status(key), 200);
}

TEST_F(Keys, APlanEndsWithRetryAfter) {
  const std::string key = make("slow", {"--rate", "3"});
  reload("keys_read");
  while (status(key) == 200) {
  }

  auto over = mesh_[0].client().request("GET", "/v1/status", "", {{"X-CRDT-API-Key", key}});

  ASSERT_TRUE(over.ok());
  EXPECT_EQ(over->status, 429);
  const int wait = std::stoi("0" + over->header("retry-after"));
  EXPECT_GE(wait, 1);
  EXPECT_LE(wait, 20);
  EXPECT_EQ(over->header("ratelimit-limit"), "3");
  auto metrics = mesh_[0].client().get("/metrics");
  ASSERT_TRUE(metrics.ok());
  EXPECT_THAT(metrics->body, HasSubstr("hearsay_http_requests_refused_total{cause=\"plan\"} 2\n"));
  EXPECT_THAT(metrics->body, HasSubstr("hearsay_api_keys 1\n"));
}

}  // namespace
}  // namespace cluster
