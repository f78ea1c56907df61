#include "agent/config.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

namespace agent {
namespace {

Surroundings host() {
  Surroundings around;
  around.host_name = "edge-7";
  around.environment = {{"HOME", "/home/a"}};
  return around;
}

Surroundings with_file(std::string text) {
  auto around = host();
  around.files = {{"hearsay.toml", std::move(text)}};
  return around;
}

std::string refusal(const Flags& flags, const Surroundings& around) {
  auto config = load(flags, around);
  EXPECT_FALSE(config.ok());
  if (config.ok()) return {};
  EXPECT_EQ(config.error().code, base::Code::kInvalid);
  return config.error().message;
}

void expect_mentions(const std::string& message, std::string_view part) {
  EXPECT_NE(message.find(part), std::string::npos) << message << "\n  lacks: " << part;
}

TEST(Config, DefaultsAreThoseOfTheInterface) {
  auto config = load({}, host());

  ASSERT_TRUE(config.ok()) << config.error().message;
  EXPECT_EQ(config->name, "edge-7");
  EXPECT_EQ(config->data_dir, "/home/a/.local/state/hearsay");
  EXPECT_EQ(config->bind.text(), "0.0.0.0:7700");
  EXPECT_EQ(config->http.text(), "127.0.0.1:7780");
  EXPECT_EQ(config->advertise, std::nullopt);
  EXPECT_EQ(config->topology, gossip::Topology::kPushPull);
  EXPECT_EQ(config->profile.name, "lan");
  EXPECT_EQ(config->log_level, LogLevel::kInfo);
  EXPECT_EQ(config->log_format, LogFormat::kText);
  EXPECT_TRUE(config->join.empty());
  EXPECT_TRUE(config->key_file.empty());
  EXPECT_TRUE(config->origins.empty());
}

TEST(Config, RootKeepsItsDataUnderVar) {
  auto around = host();
  around.root = true;

  auto config = load({}, around);

  EXPECT_EQ(config->data_dir, "/var/lib/hearsay");
}

TEST(Config, XdgDirectoriesCountOnlyWhereTheyAreAbsolute) {
  auto around = host();
  around.environment = {
      {"HOME", "/home/a"}, {"XDG_STATE_HOME", "/state"}, {"XDG_CONFIG_HOME", "relative"}};

  auto config = load({}, around);

  EXPECT_EQ(config->data_dir, "/state/hearsay");
}

TEST(Config, WithoutAHomeADataDirectoryMustBeGiven) {
  auto around = host();
  around.environment.clear();

  expect_mentions(refusal({}, around), "neither XDG_STATE_HOME nor HOME");
  auto config = load({{"data_dir", {"/d"}}}, around);

  ASSERT_TRUE(config.ok());
}

TEST(Config, FlagBeatsEnvironmentBeatsLaterFileBeatsEarlierFile) {
  auto around = host();
  around.files = {{"system.toml", "name='a'\nlog_level='warn'\nprofile='edge'\nbind='1.1.1.1:1'"},
                  {"user.toml", "name='b'\nlog_level='debug'\nprofile='wan'"}};
  around.environment["HEARSAY_NAME"] = "c";
  around.environment["HEARSAY_LOG_LEVEL"] = "error";
  Flags flags{{"name", {"d"}}};

  auto config = load(flags, around);

  ASSERT_TRUE(config.ok()) << config.error().message;
  EXPECT_EQ(config->name, "d");
  EXPECT_EQ(config->origins.at("name"), "flag --name");
  EXPECT_EQ(config->log_level, LogLevel::kError);
  EXPECT_EQ(config->origins.at("log_level"), "HEARSAY_LOG_LEVEL");
  EXPECT_EQ(config->profile.name, "wan");
  EXPECT_EQ(config->origins.at("profile"), "user.toml:3");
  EXPECT_EQ(config->bind.text(), "1.1.1.1:1");
  EXPECT_EQ(config->origins.at("bind"), "system.toml:4");
  EXPECT_EQ(config->flags, flags);
}

TEST(Config, AListReplacesAWeakerList) {
  auto around = with_file("join = ['a:1', 'b:2']");
  around.environment["HEARSAY_JOIN"] = " c:3 ,, d:4,";

  auto from_environment = load({}, around);
  auto from_flags = load({{"join", {"e:5"}}}, around);

  ASSERT_EQ(from_environment->join.size(), 2u);
  EXPECT_EQ(from_environment->join[1].text(), "d:4");
  ASSERT_EQ(from_flags->join.size(), 1u);
  EXPECT_EQ(from_flags->join[0].text(), "e:5");
}

TEST(Config, AnEmptyVariableCountsAsUnset) {
  auto around = with_file("name = 'n1'");
  around.environment["HEARSAY_NAME"] = "";

  EXPECT_EQ(load({}, around)->name, "n1");
}

// Each setting can be given as flag, variable and file key, and reaches its field from each.
struct Place {
  std::string key;
  std::string text;
  std::string file;  // the same, as TOML
  std::function<std::string(const Config&)> read;
};

std::vector<Place> places() {
  return {
      {"name", "n1", "name='n1'", [](const Config& c) { return c.name; }},
      {"data_dir", "/d", "data_dir='/d'", [](const Config& c) { return c.data_dir; }},
      {"bind", "[::]:0", "bind='[::]:0'", [](const Config& c) { return c.bind.text(); }},
      {"advertise", "10.0.0.9:9", "advertise='10.0.0.9:9'",
       [](const Config& c) { return c.advertise->text(); }},
      {"http", "[::1]:0", "http='[::1]:0'", [](const Config& c) { return c.http.text(); }},
      {"join", "a:1", "join=['a:1']", [](const Config& c) { return c.join.at(0).text(); }},
      {"key_file", "/k", "key_file='/k'", [](const Config& c) { return c.key_file; }},
      {"topology", "direct", "topology='direct'",
       [](const Config& c) { return std::string(gossip::topology_name(c.topology)); }},
      {"profile", "edge", "profile='edge'",
       [](const Config& c) { return std::string(c.profile.name); }},
      {"log_level", "debug", "log_level='debug'",
       [](const Config& c) { return std::string(level_name(c.log_level)); }},
      {"log_format", "json", "log_format='json'",
       [](const Config& c) { return c.log_format == LogFormat::kJson ? "json" : "text"; }},
      {"log_bytes", "2097152", "log_bytes=2_097_152",
       [](const Config& c) { return std::to_string(c.log_bytes_max); }},
      {"compact_every", "50", "compact_every=50",
       [](const Config& c) { return std::to_string(c.compact_every); }},
      {"http_hosts", "h.lan", "[http]\nhosts=['h.lan']",
       [](const Config& c) { return c.http_hosts.at(0); }},
      {"http_origins", "http://o", "[http]\norigins=['http://o']",
       [](const Config& c) { return c.http_origins.at(0); }},
  };
}

// Existing configurations and scripts still use it.
TEST(Config, TheDirectoryOfMarksIsAcceptedWithoutEffectAndSaid) {
  auto environment = host();
  environment.environment["HEARSAY_MARK_DIR"] = "/m";
  using Retired = std::vector<std::pair<std::string, std::string>>;

  EXPECT_EQ(load({{"mark_dir", {"/m"}}}, host())->retired,
            (Retired{{"mark_dir", "flag --mark-dir"}}));
  EXPECT_EQ(load({}, environment)->retired, (Retired{{"mark_dir", "HEARSAY_MARK_DIR"}}));
  auto by_file = load({}, with_file("mark_dir='/m'"));
  ASSERT_TRUE(by_file.ok());
  EXPECT_EQ(by_file->retired.size(), 1u);
  EXPECT_TRUE(load({}, host())->retired.empty());
}

TEST(Config, EverySettingIsAFlagAVariableAndAKey) {
  for (const auto& place : places()) {
    auto environment = host();
    environment.environment[variable_of(place.key)] = place.text;

    auto by_flag = load({{place.key, {place.text}}}, host());
    auto by_variable = load({}, environment);
    auto by_file = load({}, with_file(place.file));

    ASSERT_TRUE(by_flag.ok()) << by_flag.error().message;
    ASSERT_TRUE(by_variable.ok()) << by_variable.error().message;
    ASSERT_TRUE(by_file.ok()) << by_file.error().message;
    EXPECT_EQ(place.read(*by_flag), place.text);
    EXPECT_EQ(place.read(*by_variable), place.text);
    EXPECT_EQ(place.read(*by_file), place.text);
  }
  // Five settings are left out: `parent` needs a topology that this version does not have,
  // `mark_dir` has no effect, and the three of TLS come together.
  EXPECT_EQ(places().size() + 5, settings().size());
  EXPECT_EQ(flag_of("data_dir"), "--data-dir");
  EXPECT_EQ(variable_of("data_dir"), "HEARSAY_DATA_DIR");
}

TEST(Config, TheFilesOfTlsComeTogether) {
  auto whole = load({{"http_key", {"/k"}}}, with_file("[http]\ncert = '/c'\nclient_ca = '/ca'"));
  ASSERT_TRUE(whole.ok()) << whole.error().message;
  EXPECT_EQ(whole->http_cert, "/c");
  EXPECT_EQ(whole->http_key, "/k");
  EXPECT_EQ(whole->http_client_ca, "/ca");

  expect_mentions(refusal({{"http_cert", {"/c"}}}, host()), "set http_key too");
  expect_mentions(refusal({{"http_key", {"/k"}}}, host()), "set http_cert too");
  expect_mentions(refusal({{"http_client_ca", {"/ca"}}}, host()), "set http_cert and http_key too");
  expect_mentions(refusal({{"http_cert", {""}}, {"http_key", {"/k"}}}, host()), "expected a file");
}

TEST(Config, HttpsAsAnAddressNeedsACertificate) {
  auto served = load(
      {{"http", {"https://0.0.0.0:7780"}}, {"http_cert", {"/c"}}, {"http_key", {"/k"}}}, host());
  ASSERT_TRUE(served.ok()) << served.error().message;
  EXPECT_EQ(served->http.text(), "0.0.0.0:7780");

  expect_mentions(refusal({{"http", {"https://127.0.0.1:7780"}}}, host()), "set http_cert");
  expect_mentions(refusal({{"http", {"https://a:1/x"}}}, host()), "a path is not accepted here");
}

TEST(Config, TheSocketIsForClientsOnly) {
  expect_mentions(refusal({{"http", {"unix:/run/http.sock"}}}, host()),
                  "unix:PATH is for client commands");
}

TEST(Config, KeysMayBeWrittenLikeTheirFlagsAndHttpAsATable) {
  auto config = load({}, with_file("data-dir = '/d'\nhttp_hosts = ['one.lan']\n"));
  auto table = load({}, with_file("[http]\nlisten = 'http://localhost:8000/'\nhosts = ['a','b']"));

  EXPECT_EQ(config->data_dir, "/d");
  EXPECT_EQ(config->http_hosts, std::vector<std::string>{"one.lan"});
  ASSERT_TRUE(table.ok()) << table.error().message;
  EXPECT_EQ(table->http.text(), "127.0.0.1:8000");
  EXPECT_EQ(table->http_hosts, (std::vector<std::string>{"a", "b"}));
}

TEST(Config, AFaultInAFileIsRefusedWithItsLine) {
  struct Case {
    std::string text, line, what;
  };
  const std::vector<Case> cases{
      {"name = 'a'\n\ncolour = 'red'", ":3:", "unknown key colour"},
      {"[http]\nlisten = '127.0.0.1:1'\nport = 1", ":3:", "unknown key http.port"},
      {"[sync]\nbase_path='/'", ":1:", "unknown key sync"},
      {"data_dir='/a'\ndata-dir='/b'", "hearsay.toml:", "set twice"},
      {"name = 'a'\nname = 'b'", ":2:", ""},
      {"name = \n", ":1:", ""},
      {"\nname = 'a", ":2:", ""},
      {"\nname = ['a']", ":2:", "name takes a string in quotes, such as \"NAME\", not an array"},
      {"name = true", ":1:", "name takes a string"},
      {"name = 5", ":1:", "not a whole number"},
      {"name = 1.5", ":1:", "not a number with a fraction"},
      {"name = 1979-05-27", ":1:", "not a date"},
      {"data-dir = 7", ":1:", "data-dir takes a string"},
      {"[name]\nx = 1", ":1:", "name takes a string"},
      {"http = 7780", ":1:", "http takes a string"},
      {"[[http]]\nlisten = 'a'", ":1:", "http takes a string"},
      {"[http]\nlisten = 7780", ":2:", "http.listen takes a string"},
      {"[http]\nhosts = 'a'", ":2:", "http.hosts takes an array of strings"},
      {"[http.hosts]\na = 1", ":1:", "http.hosts takes an array of strings, such as [\"HOST\"]"},
      {"http_origins = 'http://a'", ":1:", "http_origins takes an array"},
      {"join = 'a:1'",
       ":1:", "join takes an array of strings, such as [\"HOST:PORT\"], not a string"},
      {"parent = {a = 1}", ":1:", "parent takes an array"},
      {"log_bytes = '2097152'", ":1:", "log_bytes takes a whole number without quotes"},
      {"log_bytes = 2e6", ":1:", "log_bytes takes a whole number"},
      {"join = ['a:1',\n 7.5]", ":2:", "each element of join is a string"},
      {"join = ['a:1', 5]", ":1:", "not a whole number"},
      {"join = [['a:1']]", ":1:", "each element of join is a string in quotes, not an array"},
      {"bind = 'x'", ":1)", "bind \"x\""},
  };
  for (const auto& test : cases) {
    auto message = refusal({}, with_file(test.text));

    expect_mentions(message, test.line);
    expect_mentions(message, test.what);
    expect_mentions(message, "hearsay.toml");
  }
}

TEST(Config, BadValuesAreRefusedAndNamed) {
  const std::vector<std::pair<std::string, std::string>> bad{
      {"name", ""},
      {"name", std::string(65, 'n')},
      {"name", "a\nb"},
      {"name", "a\x7F"},
      {"name", "\xC2\x85"},
      {"name", "\xFF"},
      {"bind", "7700"},
      {"bind", "host:"},
      {"bind", ":7700"},
      {"bind", "host:70000"},
      {"bind", "host:+1"},
      {"bind", "::1:7700"},
      {"bind", "[::1]7700"},
      {"bind", "[zz]:1"},
      {"bind", "300.1.1.1:1"},
      {"bind", "ho st:1"},
      {"bind", "http://a:1"},
      {"advertise", "0.0.0.0:7700"},
      {"advertise", "host:0"},
      {"join", "[::]:7700"},
      {"join", "host"},
      {"parent", "host"},
      {"parent", "host:1"},
      {"http", "ftp://127.0.0.1:1"},
      {"http", "http://127.0.0.1:1/path"},
      {"http", "http://127.0.0.1"},
      {"http_hosts", "*"},
      {"http_hosts", "a/b"},
      {"http_origins", "*"},
      {"http_origins", "http://*"},
      {"http_origins", "http://a/"},
      {"http_origins", "://a"},
      {"http_origins", "null"},
      {"profile", "moon"},
      {"log_level", "INFO"},
      {"log_format", "xml"},
      {"log_bytes", "12"},
      {"log_bytes", "1e9"},
      {"log_bytes", "-5000000"},
      {"log_bytes", "9223372036854775808"},
      {"log_bytes", "99999999999999999999999"},
      {"compact_every", "0"},
      {"compact_every", "10001"},
      {"compact_every", "1e2"},
      {"data_dir", ""},
      {"key_file", ""},
  };
  for (const auto& [key, value] : bad) {
    auto message = refusal({{key, {value}}}, host());
    expect_mentions(message, key);
    expect_mentions(message, flag_of(key));
  }
}

TEST(Config, NamesAndSpacesInAddresses) {
  auto read = [](const std::string& key, const std::string& text) {
    auto config = load({{key, {text}}}, host());
    EXPECT_TRUE(config.ok()) << config.error().message;
    if (!config.ok()) return std::string();
    return key == "http" ? config->http.text() : config->bind.text();
  };
  EXPECT_EQ(read("http", "localhost:7780"), "127.0.0.1:7780");
  EXPECT_EQ(read("http", " http://LocalHost:0/ \n"), "127.0.0.1:0");
  EXPECT_EQ(read("http", "[::1]:0"), "[::1]:0");
  EXPECT_EQ(read("bind", "localhost:0 "), "127.0.0.1:0");
  expect_mentions(refusal({{"bind", {"edge-7:7700"}}}, host()),
                  "write an address, such as 0.0.0.0:7700");
  expect_mentions(refusal({{"advertise", {"edge-7:7700"}}}, host()), "write an address");
  const std::vector<std::pair<std::string, std::string>> problems{
      {"127.0.0.1", "the port is missing"},
      {"[::1]", "the port is missing"},
      {"127.0.0.1:", "the port is missing"},
      {"127.0.0.1:65536", "from 0 to 65535"},
      {"127.0.0.1:http", "from 0 to 65535"},
      {"::1:7700", "needs brackets"},
      {":7700", "the host is missing"},
      {"1.2.3:7700", "neither a name nor an address"},
      {"http://127.0.0.1:1/x", "is not accepted here"}};
  for (const auto& [text, problem] : problems) {
    expect_mentions(refusal({{"bind", {text}}}, host()), problem);
    expect_mentions(refusal({{"http", {text}}}, host()), problem);
  }
}

TEST(Config, WhatIsNoRegularFileIsRefusedAtOnce) {
  std::string path = testing::TempDir() + "hearsay-fifo-" + std::to_string(getpid());
  ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);

  auto fifo = load_config({{"config", {path}}});
  auto device = load_config({{"config", {"/dev/null"}}});
  auto directory = load_config({{"config", {"/tmp"}}});
  unlink(path.c_str());

  ASSERT_FALSE(fifo.ok() || device.ok() || directory.ok());
  expect_mentions(fifo.error().message, "a FIFO");
  expect_mentions(device.error().message, "a device");
  expect_mentions(directory.error().message, "a directory");
}

TEST(Config, HttpElsewhereThanLoopbackIsRefusedUntilThereAreKeys) {
  for (const char* elsewhere : {"0.0.0.0:7780", "[::]:7780", "192.168.1.4:7780", "edge-7:7780"}) {
    expect_mentions(refusal({{"http", {elsewhere}}}, host()), "loopback only");
  }
  for (const char* here : {"127.0.0.1:0", "127.9.9.9:1", "[::1]:80", "localhost:80"}) {
    EXPECT_TRUE(load({{"http", {here}}}, host()).ok()) << here;
  }
}

TEST(Config, WhatThisVersionLacksIsRefusedWithWhatItHas) {
  for (const char* topology : {"gossip", "tree", "ring", ""}) {
    expect_mentions(refusal({{"topology", {topology}}}, host()),
                    "this version has: push-pull, direct");
  }
  expect_mentions(refusal({{"profile", {"moon"}}}, host()), "local, lan, wan, edge");
}

TEST(Config, AFileThatIsNamedMustBeThere) {
  auto missing = load_config({{"config", {"/nonexistent/hearsay.toml"}}});

  ASSERT_FALSE(missing.ok());
  expect_mentions(missing.error().message, "read /nonexistent/hearsay.toml");
}

TEST(Config, ReloadingReadsTheNamedFileAgain) {
  std::string path = testing::TempDir() + "hearsay-config-" + std::to_string(getpid()) + ".toml";
  std::ofstream(path) << "name = 'n1'\nlog_level = 'info'\n";
  auto before = load_config({{"config", {path}}});
  std::ofstream(path) << "name = 'n1'\nlog_level = 'debug'\n";

  auto after = load_config(before->flags);

  ASSERT_TRUE(after.ok()) << after.error().message;
  EXPECT_EQ(before->log_level, LogLevel::kInfo);
  EXPECT_EQ(after->log_level, LogLevel::kDebug);
  unlink(path.c_str());
}

TEST(Config, AClientFindsTheAgentAlthoughAFileIsBroken) {
  std::string path = testing::TempDir() + "hearsay-broken-" + std::to_string(getpid()) + ".toml";
  std::ofstream(path) << "http = '127.0.0.1:1'\ncolour = 1\n";

  auto by_flag = http_setting({{"config", {path}}, {"http", {"127.0.0.1:9"}}});
  auto by_file = http_setting({{"config", {path}}});

  ASSERT_TRUE(by_flag.ok());
  EXPECT_EQ(by_flag->text, "127.0.0.1:9");
  ASSERT_FALSE(by_file.ok());
  expect_mentions(by_file.error().message, ":2: unknown key colour");
  unlink(path.c_str());
}

}  // namespace
}  // namespace agent
