// Options::judge: when it is asked, and what follows from its answer.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/http/client.h"
#include "tests/http/running_server.h"

namespace http::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// Keeps the body; holds if it is "good".
class KeptBody final : public BodyCheck {
 public:
  explicit KeptBody(std::vector<std::string>& pieces) : pieces_(pieces) {}
  void add(std::string_view piece) override { body_ += piece; }
  std::optional<Response> finish() override {
    pieces_.push_back(body_);
    if (body_ == "good") return std::nullopt;
    Response response = error_response({base::Code::kUnauthorized, "not as it was signed"});
    response.headers.emplace_back("x-fresh", "n2");
    return response;
  }

 private:
  std::vector<std::string>& pieces_;
  std::string body_;
};

// The members are used by the thread of the server: look at them after stop().
class JudgeTest : public ::testing::Test {
 protected:
  JudgeTest() {
    Options options;
    options.judge = [this](const Request& request, const Route& route, const Peer& peer) {
      judged_.push_back(request.method + " " + request.target.path + "?" +
                        request.target.query_text);
      loopback_ = peer.loopback;
      Judgement judgement;
      judgement.headers.emplace_back("x-left", "7");
      judgement.caller = "k1";
      if (request.header("x-refuse") == "1") {
        judgement.refusal = error_response({base::Code::kUnauthorized, "who are you"});
      }
      if (!route.streams_body && request.header("x-signed") == "1") {
        judgement.body = std::make_unique<KeptBody>(bodies_);
      }
      return judgement;
    };
    server_ = std::make_unique<RunningServer>([this](Router& router, uv_loop_t*) { fill(router); },
                                              options);
    host_ = "Host: localhost:" + std::to_string(server_->port()) + "\r\n";
  }

  void fill(Router& router) {
    auto handler = [this](const std::shared_ptr<Exchange>& exchange) {
      handled_.push_back(exchange->request().caller + ":" + exchange->request().body);
      exchange->respond(json_response("{}"));
    };
    for (Verb verb : {Verb::kGet, Verb::kPost}) {
      Route route;
      route.verb = verb;
      route.pattern = "/a";
      route.body_max = 16;
      route.handler = handler;
      router.add(std::move(route));
    }
    Route events;
    events.pattern = "/events";
    events.handler = [](const std::shared_ptr<Exchange>& exchange) {
      exchange->start_stream();
      exchange->write("data: 1\n\n");
      exchange->end_stream();
    };
    router.add(std::move(events));
  }

  std::string request(const std::string& line, const std::string& headers = "") {
    return line + " HTTP/1.1\r\n" + host_ + headers + "\r\n";
  }

  std::vector<std::string> judged_;
  std::vector<std::string> bodies_;
  std::vector<std::string> handled_;
  bool loopback_ = false;
  std::string host_;
  std::unique_ptr<RunningServer> server_;
};

TEST_F(JudgeTest, SeesTheHeadAsItWasSentAndThePeer) {
  Client client(server_->port());
  client.send(request("GET /a?x=%2f&y=+1"));

  auto answer = client.read_answer();

  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(answer->header("x-left"), "7");
  server_->stop();
  EXPECT_THAT(judged_, ElementsAre("GET /a?x=%2f&y=+1"));
  EXPECT_TRUE(loopback_);
  EXPECT_THAT(handled_, ElementsAre("k1:"));
}

TEST_F(JudgeTest, ARefusalIsTheAnswerAndTheConnectionGoesOn) {
  Client client(server_->port());
  client.send(request("GET /a", "X-Refuse: 1\r\n") + request("GET /a"));

  auto refused = client.read_answer();
  auto next = client.read_answer();

  ASSERT_TRUE(refused && next);
  EXPECT_EQ(refused->status, 401);
  EXPECT_EQ(refused->header("x-left"), "7");
  EXPECT_EQ(next->status, 200);
  server_->stop();
  EXPECT_THAT(handled_, ElementsAre("k1:"));
}

TEST_F(JudgeTest, ARefusalComesBeforeAnyByteOfTheBody) {
  Client client(server_->port());
  client.send(request("POST /a", "X-Refuse: 1\r\nContent-Length: 10\r\nExpect: 100-continue\r\n"));

  auto refused = client.read_answer();

  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->status, 401);
  EXPECT_EQ(refused->header("connection"), "close");
  server_->stop();
  EXPECT_THAT(handled_, IsEmpty());
}

TEST_F(JudgeTest, IsNotAskedForWhatNoHandlerWouldGet) {
  for (const std::string& bad : {request("GET /none"), request("DELETE /a"), request("OPTIONS /a"),
                                 std::string("GET /a HTTP/1.1\r\nHost: foreign\r\n\r\n"),
                                 std::string("GET /a HTTP/1.1\r\n\r\n")}) {
    Client client(server_->port());
    client.send(bad);
    auto answer = client.read_answer();
    ASSERT_TRUE(answer);
    EXPECT_FALSE(answer->has_header("x-left"));
  }
  server_->stop();
  EXPECT_THAT(judged_, IsEmpty());
}

TEST_F(JudgeTest, ABodyThatIsCheckedReachesItsHandlerOnlyIfItHolds) {
  Client client(server_->port());
  for (const std::string& body : {std::string("good"), std::string("bad"), std::string()}) {
    client.send(request("POST /a",
                        "X-Signed: 1\r\nContent-Length: " + std::to_string(body.size()) + "\r\n") +
                body);
    auto answer = client.read_answer();
    ASSERT_TRUE(answer) << body;
    const bool good = body == "good";
    EXPECT_EQ(answer->status, good ? 200 : 401) << body;
    EXPECT_EQ(answer->header("x-left"), "7");
    EXPECT_EQ(answer->has_header("x-fresh"), !good);
  }
  server_->stop();
  EXPECT_THAT(handled_, ElementsAre("k1:good"));
  EXPECT_THAT(bodies_, ElementsAre("good", "bad", ""));
}

TEST_F(JudgeTest, ABodyInChunksAndPiecesIsCheckedWhole) {
  Client client(server_->port());
  client.send(request("POST /a", "X-Signed: 1\r\nTransfer-Encoding: chunked\r\n") + "2\r\ngo");
  EXPECT_TRUE(client.is_quiet(20));
  client.send("\r\n2\r\nod\r\n0\r\n\r\n");

  auto answer = client.read_answer();

  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 200);
  server_->stop();
  EXPECT_THAT(bodies_, ElementsAre("good"));
}

// The check of a request that ends in another way must not judge the next one.
TEST_F(JudgeTest, ABodyThatIsTooLargeOrBreaksOffIsNeverJudged) {
  {
    Client client(server_->port());
    client.send(request("POST /a", "X-Signed: 1\r\nContent-Length: 17\r\n"));
    auto answer = client.read_answer();
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, 413);
    EXPECT_EQ(answer->header("x-left"), "7");
  }
  {
    Client client(server_->port());
    client.send(request("POST /a", "X-Signed: 1\r\nContent-Length: 4\r\n") + "go");
    client.shut_down_writing();
    EXPECT_TRUE(client.at_end());
  }
  Client client(server_->port());
  client.send(request("POST /a", "Content-Length: 3\r\n") + "bad");
  auto answer = client.read_answer();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 200);
  server_->stop();
  EXPECT_THAT(bodies_, IsEmpty());
}

TEST_F(JudgeTest, HeadersOfTheJudgeStandInTheHeadOfAStream) {
  Client client(server_->port());
  client.send(request("GET /events"));

  EXPECT_THAT(client.read_to_end(), HasSubstr("x-left: 7\r\n"));
}

}  // namespace
}  // namespace http::testing
