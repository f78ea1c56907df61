// How clients reach a real agent: its Unix socket, and TLS with certificates that change.

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>

#include <fstream>

#include "tests/cluster/cluster.h"
#include "tests/http/certificates.h"
#include "tests/http/client.h"
#include "tests/http/tls_pipe.h"

namespace cluster {
namespace {

namespace fs = std::filesystem;
using http::testing::Authority;
using http::testing::TlsPipe;
using http::testing::TlsWishes;

fs::path socket_of(AgentProcess& agent) { return agent.data_directory() / "http.sock"; }

int status_command(AgentProcess& agent) {
  auto ended = support::hearsay({"--http", "unix:" + socket_of(agent).string(), "status"});
  return ended.ok() ? ended->status : -1;
}

TEST(HttpPort, TheUnixSocketIsForItsUserAndServesTheCommandLine) {
  Cluster mesh(1);
  struct stat found {};

  ASSERT_EQ(::lstat(socket_of(mesh[0]).c_str(), &found), 0);
  EXPECT_TRUE(S_ISSOCK(found.st_mode));
  EXPECT_EQ(found.st_mode & 0777, 0600u);
  EXPECT_EQ(status_command(mesh[0]), 0);
  std::string announced = support::read_file(mesh[0].data_directory() / "agent.json");
  EXPECT_NE(announced.find("\"socket\":\"" + socket_of(mesh[0]).string() + "\""), std::string::npos)
      << announced;

  mesh[0].kill9();
  EXPECT_TRUE(fs::exists(socket_of(mesh[0]))) << "a killed agent leaves it";
  EXPECT_NE(status_command(mesh[0]), 0);
  ASSERT_TRUE(mesh[0].restart().ok()) << mesh[0].log();
  EXPECT_EQ(status_command(mesh[0]), 0);

  ASSERT_TRUE(mesh[0].stop().ok());
  EXPECT_FALSE(fs::exists(socket_of(mesh[0])));
}

TEST(HttpPort, APathThatIsTooLongForASocketIsLoggedAndTheAgentServes) {
  Cluster mesh(0);
  support::AgentOptions options = mesh.usual("n1");
  options.root = mesh.folder() / std::string(100, 'd');

  AgentProcess& agent = mesh.add(options);

  EXPECT_TRUE(agent.wait_ready().ok());
  EXPECT_TRUE(support::eventually(kAgree, [&] {
    return agent.log().find("http_socket") != std::string::npos;
  })) << agent.log();
  EXPECT_FALSE(fs::exists(socket_of(agent)));
}

class TlsAgents : public ::testing::Test {
 protected:
  void write(const Authority& authority,
             fs::perms key_mode = fs::perms::owner_read | fs::perms::owner_write) {
    auto certificate = authority.issue({"agent"});
    std::ofstream(cert_) << certificate.pem;
    std::ofstream(key_) << certificate.key;
    fs::permissions(key_, key_mode);
    std::ofstream(ca_) << clients_.pem();
  }
  support::AgentOptions options() const {
    support::AgentOptions out = mesh_.usual("n1");
    out.more_arguments = {"--http-cert", cert_.string(),     "--http-key",
                          key_.string(), "--http-client-ca", ca_.string()};
    return out;
  }
  // The status line of /healthz by TLS; empty if the handshake failed.
  std::string ask(AgentProcess& agent, const Authority& authority,
                  const http::testing::Certificate& certificate = {}) {
    TlsWishes wishes;
    wishes.ca = authority.pem();
    wishes.certificate = certificate;
    auto port = std::stoi(agent.http().substr(agent.http().rfind(':') + 1));
    TlsPipe pipe(static_cast<std::uint16_t>(port), wishes);
    auto client = http::testing::Client::on(pipe.take_socket());
    client.send("GET /healthz HTTP/1.1\r\nHost: " + agent.http() + "\r\n\r\n");
    auto answer = client.read_answer();
    return answer ? std::to_string(answer->status) : std::string();
  }

  Cluster mesh_{0};
  Authority first_{"first"};
  Authority clients_{"clients"};
  fs::path cert_ = mesh_.folder() / "cert.pem";
  fs::path key_ = mesh_.folder() / "key.pem";
  fs::path ca_ = mesh_.folder() / "ca.pem";
};

TEST_F(TlsAgents, NewCertificatesAreTakenOverBySighupAndWrongOnesAreNot) {
  write(first_);
  AgentProcess& agent = mesh_.add(options());
  EXPECT_EQ(ask(agent, first_), "200");
  EXPECT_EQ(ask(agent, first_, clients_.issue({"edge-7"})), "200");
  EXPECT_EQ(ask(agent, first_, first_.issue({"edge-7"})), "") << "of another issuer";
  EXPECT_EQ(status_command(agent), 0) << "the socket speaks no TLS";

  Authority second("second");
  write(second);
  agent.process().signal(SIGHUP);
  EXPECT_TRUE(support::eventually(kAgree, [&] { return ask(agent, second) == "200"; }))
      << agent.log();
  EXPECT_EQ(ask(agent, first_), "");

  Authority third("third");
  write(third, fs::perms::owner_read | fs::perms::owner_write | fs::perms::group_read);
  agent.process().signal(SIGHUP);
  EXPECT_TRUE(support::eventually(
      kAgree, [&] { return agent.log().find("tls_reload_refused") != std::string::npos; }));
  EXPECT_NE(agent.log().find("chmod 600"), std::string::npos) << agent.log();
  EXPECT_EQ(ask(agent, second), "200");
}

TEST_F(TlsAgents, AWrongFileRefusesTheStartAndNamesIt) {
  write(first_);
  auto certificate = first_.issue({"other"});
  std::ofstream(key_) << certificate.key;
  auto run = [&] {
    std::vector<std::string> words{"agent",      "--data-dir",  (mesh_.folder() / "data").string(),
                                   "--bind",     "127.0.0.1:0", "--http",
                                   "127.0.0.1:0"};
    for (const auto& word : options().more_arguments) words.push_back(word);
    auto ended = support::hearsay(words);
    return ended.ok() ? std::to_string(ended->status) + ended->errors : "";
  };

  std::string other_key = run();
  fs::remove(cert_);
  std::string no_file = run();

  EXPECT_TRUE(other_key.starts_with("1")) << other_key;
  EXPECT_NE(other_key.find("does not belong to the certificate"), std::string::npos) << other_key;
  EXPECT_NE(other_key.find(key_.string()), std::string::npos) << other_key;
  EXPECT_TRUE(no_file.starts_with("1")) << no_file;
  EXPECT_NE(no_file.find("no such file"), std::string::npos) << no_file;
}

}  // namespace
}  // namespace cluster
