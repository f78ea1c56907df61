// The Unix socket beside the port.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <fstream>

#include "agent/http/listener.h"
#include "tests/http/client.h"
#include "tests/http/running_server.h"
#include "tests/support/scoped_directory.h"

namespace http::testing {
namespace {

using ::testing::HasSubstr;

class UnixSockets : public ::testing::Test {
 protected:
  void start() {
    auto fill = [](Router& router, uv_loop_t*) {
      Route who;
      who.pattern = "/who";
      who.handler = [](const std::shared_ptr<Exchange>& exchange) {
        const Peer& peer = exchange->peer();
        bool here = peer.kind == Peer::Kind::kUnix && peer.is_local() && !peer.tls;
        exchange->respond(json_response(here ? std::to_string(peer.user.value_or(12'345)) : "tcp"));
      };
      router.add(std::move(who));
    };
    Doorways doorways;
    doorways.unix_socket = path_;
    server_ = std::make_unique<RunningServer>(fill, Options{}, "127.0.0.1", doorways);
  }
  int status_of(const std::string& headers) {
    Client client{std::filesystem::path(path_)};
    client.send("GET /who HTTP/1.1\r\n" + headers + "\r\n");
    auto answer = client.read_answer();
    return answer ? answer->status : 0;
  }

  support::ScopedDirectory directory_;
  std::string path_ = directory_ / "http.sock";
  std::unique_ptr<RunningServer> server_;
};

TEST_F(UnixSockets, TheHandlerSeesTheUserAndTcpGoesOn) {
  start();
  Client by_file{std::filesystem::path(path_)};
  Client by_port(server_->port());

  by_file.send("GET /who HTTP/1.1\r\n\r\n");
  by_port.send("GET /who HTTP/1.1\r\nHost: localhost:" + std::to_string(server_->port()) +
               "\r\n\r\n");

  EXPECT_EQ(by_file.read_answer()->body, std::to_string(::getuid()));
  EXPECT_EQ(by_port.read_answer()->body, "tcp");
}

TEST_F(UnixSockets, OnlyItsUserMayOpenItWhateverTheUmaskIs) {
  mode_t before = ::umask(0);
  start();
  ::umask(before);

  struct stat found {};
  ASSERT_EQ(::lstat(path_.c_str(), &found), 0);
  EXPECT_TRUE(S_ISSOCK(found.st_mode));
  EXPECT_EQ(found.st_mode & 0777, 0600u);
}

TEST_F(UnixSockets, TheHostMayBeMissingOrAnyNameOfLoopback) {
  start();
  for (const char* host :
       {"", "Host: localhost\r\n", "Host: LOCALHOST:1\r\n", "Host: 127.0.0.1\r\n",
        "Host: 127.8.8.8:99\r\n", "Host: [::1]\r\n", "Host: [::1]:7780\r\n", "Host:\r\n"}) {
    EXPECT_EQ(status_of(host), 200) << host;
  }
  for (const char* host :
       {"Host: evil.example\r\n", "Host: 127.evil.example\r\n", "Host: 127.0.0.1.evil\r\n",
        "Host: localhost.evil\r\n", "Host: 128.0.0.1\r\n"}) {
    EXPECT_EQ(status_of(host), 421) << host;
  }
  EXPECT_EQ(status_of("Host: localhost\r\nHost: localhost\r\n"), 400);
}

TEST_F(UnixSockets, AForeignOriginIsRefused) {
  start();

  EXPECT_EQ(status_of("Origin: https://evil.example\r\n"), 403);
}

TEST_F(UnixSockets, ALeftSocketIsReplacedAndTheOwnOneRemovedAtTheEnd) {
  start();
  ASSERT_EQ(::link(path_.c_str(), (path_ + ".copy").c_str()), 0);
  server_->stop();
  EXPECT_FALSE(std::filesystem::exists(path_));
  std::filesystem::rename(path_ + ".copy", path_);  // as a killed process leaves it

  start();

  EXPECT_EQ(status_of(""), 200);
}

TEST_F(UnixSockets, AnotherSocketThatHasTakenTheNameStays) {
  start();
  std::filesystem::rename(path_, path_ + ".moved");
  std::ofstream(path_) << "mine";

  server_->stop();

  EXPECT_TRUE(std::filesystem::is_regular_file(path_));
}

TEST(UnixListeners, RefuseWhatTheyMustNotReplaceAndPathsThatAreTooLong) {
  support::ScopedDirectory directory;
  std::string file = directory / "http.sock";
  std::ofstream(file) << "mine";
  uv_loop_t loop;
  ASSERT_EQ(uv_loop_init(&loop), 0);

  auto taken = Listener::open_unix(&loop, file);
  std::string longest(sizeof(sockaddr_un::sun_path), 'a');
  auto too_long = Listener::open_unix(&loop, longest);

  ASSERT_FALSE(taken.ok());
  EXPECT_THAT(taken.error().message, HasSubstr("is no socket"));
  EXPECT_TRUE(std::filesystem::is_regular_file(file));
  ASSERT_FALSE(too_long.ok());
  EXPECT_EQ(too_long.error().code, base::Code::kTooLarge);
  EXPECT_THAT(too_long.error().message, HasSubstr("too long"));
  EXPECT_EQ(uv_loop_close(&loop), 0);
}

}  // namespace
}  // namespace http::testing
