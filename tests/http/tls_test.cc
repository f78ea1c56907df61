// TLS on the port: who gets in, what a broken handshake does, dates, and a change of certificates.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <limits>
#include <thread>

#include "tests/http/certificates.h"
#include "tests/http/client.h"
#include "tests/http/every_channel.h"
#include "tests/http/frames.h"
#include "tests/http/running_server.h"
#include "tests/http/tls_pipe.h"
#include "tests/support/eventually.h"

namespace http::testing {
namespace {

using ::testing::HasSubstr;

constexpr std::int64_t kInside = 1'800'000'000;  // between the dates of CertificateFacts
constexpr std::int64_t kUnknown = std::numeric_limits<std::int64_t>::min();

class TlsServers : public ::testing::Test {
 protected:
  void start(Options options = {}, bool ask_clients = true) {
    auto fill = [this](Router& router, uv_loop_t*) {
      Route who;
      who.pattern = "/who";
      who.handler = [](const std::shared_ptr<Exchange>& exchange) {
        const Peer& peer = exchange->peer();
        std::string text = peer.tls && peer.is_local() ? "tls" : "other";
        if (peer.certificate) {
          text += " " + peer.certificate->common_name + " " + peer.certificate->serial + " " +
                  std::to_string(peer.certificate->not_before) + " " +
                  std::to_string(peer.certificate->not_after);
        }
        exchange->respond(json_response(text));
      };
      router.add(std::move(who));
      Route later;
      later.pattern = "/later";
      later.handler = [this](const std::shared_ptr<Exchange>& exchange) { held_ = exchange; };
      router.add(std::move(later));
      Route events;
      events.pattern = "/events";
      events.handler = [this](const std::shared_ptr<Exchange>& exchange) {
        exchange->start_stream();
        exchange->write("data: 1\n\n");
        held_ = exchange;
      };
      router.add(std::move(events));
      Route socket;
      socket.pattern = "/socket";
      socket.websocket = true;
      socket.handler = [](const std::shared_ptr<Exchange>& exchange) { exchange->upgrade({}); };
      router.add(std::move(socket));
    };
    Doorways doorways;
    doorways.tls = context(ask_clients);
    server_ = std::make_unique<RunningServer>(fill, options, "127.0.0.1", doorways);
    host_ = "Host: localhost:" + std::to_string(server_->port()) + "\r\n";
  }
  ~TlsServers() override {
    if (server_) server_->on_loop([this] { held_.reset(); });
  }

  std::shared_ptr<TlsContext> context(bool ask_clients = true) {
    TlsContext::Options options;
    if (ask_clients) options.client_ca = clients_.pem();
    options.now = [this]() -> std::optional<std::int64_t> {
      std::int64_t now = now_;
      return now == kUnknown ? std::nullopt : std::optional(now);
    };
    return make_tls(servers_, std::move(options));
  }

  std::string get(const std::string& path) {
    return "GET " + path + " HTTP/1.1\r\n" + host_ + "\r\n";
  }

  // The body of /who; empty if the server did not answer.
  std::string ask(const TlsWishes& wishes) {
    TlsPipe pipe(server_->port(), wishes);
    Client client = Client::on(pipe.take_socket());
    client.send(get("/who"));
    auto answer = client.read_answer();
    return answer ? answer->body : std::string();
  }
  TlsWishes with(const Certificate& certificate) const {
    TlsWishes wishes;
    wishes.ca = servers_.pem();
    wishes.certificate = certificate;
    return wishes;
  }
  bool failed(std::uint64_t count) {
    return support::eventually(support::Millis(10'000), [&] {
      return server_->stats().tls_handshakes_failed == count && server_->stats().connections == 0;
    });
  }

  Authority servers_{"servers"};
  Authority clients_{"clients"};
  std::atomic<std::int64_t> now_ = kInside;
  std::shared_ptr<Exchange> held_;
  std::string host_;
  std::unique_ptr<RunningServer> server_;
};

TEST_F(TlsServers, AClientWithoutACertificateIsServed) {
  start();
  TlsWishes wishes;
  wishes.ca = servers_.pem();

  EXPECT_EQ(ask(wishes), "tls");
  EXPECT_TRUE(failed(0));
}

TEST_F(TlsServers, ACertificateOfTheRightAuthorityIsShownToTheHandler) {
  start();

  EXPECT_EQ(ask(with(clients_.issue({"edge-7", 0xABCDEF01}))),
            "tls edge-7 abcdef01 1600000000 2000000000");
}

TEST_F(TlsServers, TwoCommonNamesAreNone) {
  start();
  CertificateFacts facts{"edge-7"};
  facts.second_name = true;

  EXPECT_EQ(ask(with(clients_.issue(facts))), "tls  0102 1600000000 2000000000");
}

TEST_F(TlsServers, ACertificateOfAnotherAuthorityEndsTheHandshake) {
  start();
  Authority stranger("clients");  // of the same name

  EXPECT_EQ(ask(with(stranger.issue({"edge-7"}))), "");
  EXPECT_TRUE(failed(1));
  EXPECT_EQ(ask(with(clients_.issue({"edge-7"}))), "tls edge-7 0102 1600000000 2000000000");
}

TEST_F(TlsServers, WithoutAnAuthorityNobodyIsAskedForACertificate) {
  start({}, false);

  EXPECT_EQ(ask(with(clients_.issue({"edge-7"}))), "tls");
}

TEST_F(TlsServers, DatesAreJudgedByTheGivenClockOnly) {
  start();
  TlsWishes wishes = with(clients_.issue({"edge-7", 1, 1'600'000'000, 1'700'000'000}));

  EXPECT_EQ(ask(wishes), "") << "it ended before the time of the agent";
  now_ = 1'599'999'999;
  EXPECT_EQ(ask(wishes), "") << "it begins after the time of the agent";
  now_ = 1'650'000'000;
  EXPECT_EQ(ask(wishes), "tls edge-7 01 1600000000 1700000000");
  now_ = kUnknown;
  EXPECT_EQ(ask(wishes), "tls edge-7 01 1600000000 1700000000") << "no time is known";
  EXPECT_TRUE(failed(2));
}

TEST_F(TlsServers, AResumedSessionKeepsItsCertificateAndItsDatesAreJudgedAgain) {
  start();
  std::vector<SSL_SESSION*> sessions;
  TlsWishes wishes = with(clients_.issue({"edge-7", 1, 1'600'000'000, 1'900'000'000}));
  wishes.sessions = &sessions;
  ASSERT_NE(ask(wishes), "");
  ASSERT_FALSE(sessions.empty());
  sessions.push_back(SSL_SESSION_dup(sessions.front()));  // OpenSSL uses each one once

  TlsWishes again;
  again.session = sessions.front();
  TlsPipe pipe(server_->port(), again);
  ASSERT_TRUE(pipe.connected());
  EXPECT_TRUE(pipe.resumed());
  Client client = Client::on(pipe.take_socket());
  client.send(get("/who"));
  EXPECT_THAT(client.read_answer()->body, HasSubstr("edge-7"));
  now_ = 1'900'000'001;
  again.session = sessions.back();
  EXPECT_EQ(ask(again), "");
  EXPECT_TRUE(support::eventually(support::Millis(10'000),
                                  [&] { return server_->stats().tls_handshakes_failed == 1; }));
  for (SSL_SESSION* session : sessions) SSL_SESSION_free(session);
}

TEST_F(TlsServers, OlderVersionsAreRefused) {
  start();
  TlsWishes wishes;
  wishes.version = TLS1_2_VERSION;

  TlsPipe pipe(server_->port(), wishes);

  EXPECT_FALSE(pipe.connected());
  EXPECT_TRUE(failed(1));
}

TEST_F(TlsServers, OnlyHttp11IsSpoken) {
  start();
  TlsWishes wishes;
  TlsPipe good(server_->port(), wishes);
  wishes.protocol = "h2";
  TlsPipe other(server_->port(), wishes);
  wishes.protocol.clear();

  EXPECT_EQ(good.protocol(), "http/1.1");
  EXPECT_FALSE(other.connected());
  EXPECT_EQ(ask(wishes), "tls") << "a client that says nothing is served";
}

TEST_F(TlsServers, GarbageInsteadOfAHandshakeEndsTheConnection) {
  start();
  for (const std::string& bytes :
       {get("/who"), std::string(70'000, '\0'), std::string("\x16\x03")}) {
    Client client(server_->port());
    client.send(bytes);
    client.shut_down_writing();
    client.read_to_end();
  }

  EXPECT_TRUE(failed(3));
  EXPECT_EQ(server_->stats().requests_total, 0u);
}

TEST_F(TlsServers, AHandshakeThatStandsStillHasTheTimeOfAHead) {
  Options options;
  options.head_timeout_millis = 200;
  start(options);
  Client client(server_->port());

  client.send(std::string_view("\x16\x03\x01\x02\x00\x01\x00", 7));  // the start of a client hello

  EXPECT_TRUE(client.at_end());
  EXPECT_TRUE(failed(1));
}

TEST_F(TlsServers, AnIdleConnectionEndsWithItsCertificate) {
  Options options;
  options.look_millis = 20;
  start(options);
  TlsPipe pipe(server_->port(), with(clients_.issue({"edge-7"})));
  Client client = Client::on(pipe.take_socket());
  client.send(get("/who"));
  ASSERT_TRUE(client.read_answer());

  now_ = 2'000'000'001;

  EXPECT_TRUE(client.at_end());
}

TEST_F(TlsServers, ARequestAfterTheEndOfTheCertificateIsRefused) {
  start();
  TlsPipe pipe(server_->port(), with(clients_.issue({"edge-7"})));
  Client client = Client::on(pipe.take_socket());
  client.send(get("/who"));
  ASSERT_TRUE(client.read_answer());

  now_ = 2'000'000'001;
  client.send(get("/who"));
  auto answer = client.read_answer();

  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 403);
  EXPECT_TRUE(client.at_end());
}

TEST_F(TlsServers, ThePresentAnswerIsTheLastOneOfAnEndedCertificate) {
  Options options;
  options.look_millis = 20;
  start(options);
  TlsPipe pipe(server_->port(), with(clients_.issue({"edge-7"})));
  Client client = Client::on(pipe.take_socket());
  client.send(get("/later") + get("/who"));
  ASSERT_TRUE(support::eventually(support::Millis(10'000), [&] {
    bool held = false;
    server_->on_loop([&] { held = held_ != nullptr; });
    return held;
  }));

  now_ = 2'000'000'001;
  EXPECT_TRUE(client.is_quiet(100));
  server_->on_loop([&] { held_->respond(json_response("last")); });
  auto answer = client.read_answer();

  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->body, "last");
  EXPECT_EQ(answer->header("connection"), "close");
  EXPECT_TRUE(client.at_end());
}

TEST_F(TlsServers, StreamsAndWebSocketsEndWithTheCertificate) {
  Options options;
  options.look_millis = 20;
  start(options);
  TlsPipe events(server_->port(), with(clients_.issue({"edge-7"})));
  TlsPipe socket(server_->port(), with(clients_.issue({"edge-8"})));
  TlsPipe anonymous(server_->port(), with({}));
  Client stream = Client::on(events.take_socket());
  Client messages = Client::on(socket.take_socket());
  Client other = Client::on(anonymous.take_socket());
  stream.send(get("/events"));
  ASSERT_NE(stream.read_until("data: 1\n\n"), "");
  ASSERT_TRUE(open_socket(messages, "/socket", host_));
  ASSERT_TRUE(open_socket(other, "/socket", host_));

  now_ = 2'000'000'001;

  EXPECT_TRUE(stream.at_end());
  auto frame = read_frame(messages);
  ASSERT_TRUE(frame);
  EXPECT_EQ(close_code(*frame), 1008);
  EXPECT_TRUE(messages.at_end());
  EXPECT_TRUE(other.is_quiet(100)) << "a client without a certificate goes on";
}

TEST_F(TlsServers, NewConnectionsGetTheNewCertificateAndOldOnesStay) {
  start();
  Authority next("next");
  TlsWishes old_one = with({});
  TlsPipe pipe(server_->port(), old_one);
  Client client = Client::on(pipe.take_socket());
  client.send(get("/who"));
  ASSERT_TRUE(client.read_answer());

  server_->on_loop([&] { server_->server().set_tls(make_tls(next)); });
  TlsWishes new_one;
  new_one.ca = next.pem();

  EXPECT_EQ(ask(old_one), "");
  EXPECT_EQ(ask(new_one), "tls");
  client.send(get("/who"));
  EXPECT_EQ(client.read_answer()->body, "tls");
}

TEST_F(TlsServers, OriginsOfThePageAreThoseOfHttps) {
  start();
  auto status = [&](const std::string& scheme) {
    TlsPipe pipe(server_->port(), TlsWishes{});
    Client client = Client::on(pipe.take_socket());
    client.send("GET /who HTTP/1.1\r\n" + host_ + "Origin: " + scheme +
                "://localhost:" + std::to_string(server_->port()) + "\r\n\r\n");
    return client.read_answer()->status;
  };

  EXPECT_EQ(status("https"), 200);
  EXPECT_EQ(status("http"), 403);
}

TEST(TlsContexts, SayWhichPartIsWrong) {
  Authority authority("ca");
  Certificate good = authority.issue({"agent"});
  Certificate other = authority.issue({"other"});
  auto message = [](const std::string& cert, const std::string& key, const std::string& ca) {
    auto made = TlsContext::make({cert, key, ca, nullptr});
    return made.ok() ? std::string() : made.error().message;
  };

  EXPECT_EQ(message(good.pem, good.key, authority.pem()), "");
  EXPECT_THAT(message("", good.key, ""), HasSubstr("no certificate in PEM form"));
  EXPECT_THAT(message(good.key, good.key, ""), HasSubstr("no certificate in PEM form"));
  EXPECT_THAT(message(good.pem, good.pem, ""), HasSubstr("no key in PEM form"));
  EXPECT_THAT(message(good.pem, other.key, ""), HasSubstr("does not belong"));
  EXPECT_THAT(message(good.pem, good.key, "x"), HasSubstr("no certificate for clients"));
}

}  // namespace
}  // namespace http::testing
