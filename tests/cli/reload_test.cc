#include "agent/reload.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace agent {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

Config loaded(const std::string& file) {
  Surroundings host;
  host.environment["HOME"] = "/home/x";
  host.host_name = "host";
  host.files.push_back({"/etc/hearsay/hearsay.toml", file});
  auto config = load({}, host);
  EXPECT_TRUE(config.ok()) << config.error().message;
  return *config;
}

TEST(Reload, SaysWhatItAppliesAndWhatItLeavesAlone) {
  Config running = loaded("");
  Config fresh = loaded(
      "name = \"n2\"\nbind = \"127.0.0.1:1\"\nadvertise = \"192.0.2.1:1\"\nprofile = \"edge\"\n"
      "log_format = \"json\"\nlog_level = \"debug\"\ntopology = \"direct\"\n"
      "data_dir = \"/elsewhere\"\njoin = [\"192.0.2.2:7700\"]\nkey_file = \"/k\"\n"
      "http = \"127.0.0.1:1\"\n");
  fresh.http_hosts = {"a"};
  fresh.http_origins = {"http://a"};
  fresh.log_bytes_max = 1;
  fresh.http_cert = "/c";
  fresh.http_key = "/k";
  fresh.http_client_ca = "/ca";

  ReloadPlan plan = compare(running, fresh);

  EXPECT_THAT(plan.applied, ElementsAre("join", "topology", "log_level", "http_cert", "http_key",
                                        "http_client_ca"));
  EXPECT_THAT(plan.need_restart,
              ElementsAre("name", "data_dir", "bind", "advertise", "http", "key_file", "profile",
                          "log_format", "log_bytes", "http_hosts", "http_origins"));
}

// Settings that need a restart are named at every reload. Settings that were applied are named
// once.
TEST(Reload, WhatWasAppliedIsInForceAndTheRestStillDiffers) {
  Config running = loaded("");
  Config fresh =
      loaded("name = \"n2\"\nlog_level = \"debug\"\nhttp_cert = \"/c\"\nhttp_key = \"/k\"\n");

  Config next = after_reload(running, fresh);

  EXPECT_EQ(next.name, running.name);
  EXPECT_EQ(next.log_level, LogLevel::kDebug);
  EXPECT_EQ(next.http_cert, "/c");
  EXPECT_THAT(compare(next, fresh).applied, IsEmpty());
  EXPECT_THAT(compare(next, fresh).need_restart, ElementsAre("name"));
}

TEST(Reload, OfTheSameConfigurationChangesNothing) {
  ReloadPlan plan = compare(loaded("name = \"a\"\n"), loaded("name = \"a\"\n"));

  EXPECT_THAT(plan.applied, IsEmpty());
  EXPECT_THAT(plan.need_restart, IsEmpty());
}

}  // namespace
}  // namespace agent
