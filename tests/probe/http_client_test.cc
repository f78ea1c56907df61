#include "tools/probe/http_client.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <thread>

#include "crdt/base/check.h"

namespace probe {
namespace {

using namespace std::chrono_literals;

// A server that follows a script. For each connection, and for each answer in it, the server reads
// one request (to the end of its Content-Length) and sends the bytes of the answer. Then it closes
// the connection.
using Answers = std::vector<std::string>;

class ScriptedServer {
 public:
  using Script = std::vector<Answers>;

  explicit ScriptedServer(Script script) : script_(std::move(script)) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    CHECK(::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0);
    CHECK(::listen(listener_, 8) == 0);
    socklen_t size = sizeof(address);
    CHECK(::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) == 0);
    address_ = "127.0.0.1:" + std::to_string(ntohs(address.sin_port));
    thread_ = std::thread([this] { follow(); });
  }
  ~ScriptedServer() {
    ::shutdown(listener_, SHUT_RDWR);
    if (thread_.joinable()) thread_.join();
    ::close(listener_);
  }

  const std::string& address() const { return address_; }
  // Ends the server, then returns all requests in the order in which they came.
  const std::vector<std::string>& requests() {
    thread_.join();
    return requests_;
  }

 private:
  void follow() {
    for (const auto& answers : script_) {
      int socket = ::accept(listener_, nullptr, nullptr);
      if (socket < 0) return;
      Connection connection(socket);
      for (const auto& answer : answers) {
        if (!read_request(connection)) break;
        if (!connection.send(answer, 5s).ok()) break;
      }
    }
  }

  bool read_request(Connection& connection) {
    auto head_end = std::string::npos;
    while ((head_end = connection.buffer.find("\r\n\r\n")) == std::string::npos) {
      auto more = connection.receive(5s);
      if (!more.ok() || !*more) return false;
    }
    std::size_t size = head_end + 4;
    auto length = connection.buffer.find("Content-Length: ");
    if (length < head_end) size += std::stoul(connection.buffer.substr(length + 16));
    while (connection.buffer.size() < size) {
      auto more = connection.receive(5s);
      if (!more.ok() || !*more) return false;
    }
    requests_.push_back(connection.buffer.substr(0, size));
    connection.buffer.erase(0, size);
    return true;
  }

  Script script_;
  int listener_;
  std::string address_;
  std::vector<std::string> requests_;
  std::thread thread_;
};

TEST(HttpClient, ReadsStatusHeadersAndABodyOfKnownLength) {
  ScriptedServer server(
      {Answers{"HTTP/1.1 201 Created\r\ncontent-length: 5\r\nX-A:  b\r\n\r\nhello"}});
  HttpClient client(server.address());

  auto response = client.put("/v1/x?y=1", "body");

  ASSERT_TRUE(response.ok());
  EXPECT_EQ(response->status, 201);
  EXPECT_EQ(response->header("x-a"), "b");
  EXPECT_EQ(response->header("X-None"), "");
  EXPECT_EQ(response->body, "hello");
  EXPECT_EQ(server.requests().at(0), "PUT /v1/x?y=1 HTTP/1.1\r\nHost: " + server.address() +
                                         "\r\nContent-Length: 4\r\n\r\nbody");
}

TEST(HttpClient, KeepsOneConnectionForManyRequests) {
  std::string answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
  ScriptedServer server({Answers{answer, answer, answer}});
  HttpClient client(server.address());

  for (int i = 0; i < 3; ++i) ASSERT_EQ(client.get("/").value().body, "ok");

  EXPECT_EQ(client.connections_opened(), 1);
}

TEST(HttpClient, OpensAnotherConnectionWhenTheServerClosedTheLast) {
  std::string answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
  ScriptedServer server({Answers{answer}, Answers{answer}});
  HttpClient client(server.address());
  ASSERT_TRUE(client.get("/").ok());
  std::this_thread::sleep_for(50ms);  // the close arrives

  auto second = client.get("/");

  ASSERT_TRUE(second.ok());
  EXPECT_EQ(client.connections_opened(), 2);
}

TEST(HttpClient, ReadsChunksAndABodyThatEndsWithTheConnection) {
  ScriptedServer server(
      {Answers{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nA\r\n, "
               "hearsay!\r\n0\r\n\r\n",
               "HTTP/1.1 200 OK\r\n\r\nuntil the end"}});
  HttpClient client(server.address());

  EXPECT_EQ(client.get("/chunks").value().body, "hello, hearsay!");
  EXPECT_EQ(client.get("/end").value().body, "until the end");
}

TEST(HttpClient, PassesOverInterimAnswersAndExpectsNoBodyForHead) {
  ScriptedServer server({Answers{"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n",
                                 "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n",
                                 "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx"}});
  HttpClient client(server.address());

  EXPECT_EQ(client.post("/").value().status, 204);
  EXPECT_EQ(client.request("HEAD", "/").value().header("Content-Length"), "9");
  EXPECT_EQ(client.get("/").value().body, "x");
  EXPECT_EQ(client.connections_opened(), 1);
}

TEST(HttpClient, SendsTheHostItIsTold) {
  ScriptedServer server({Answers{"HTTP/1.1 421 No\r\nContent-Length: 0\r\n\r\n"}});
  HttpClient client(server.address());

  EXPECT_EQ(client.request("GET", "/", "", {{"Host", "elsewhere"}}).value().status, 421);
  EXPECT_EQ(server.requests().at(0), "GET / HTTP/1.1\r\nHost: elsewhere\r\n\r\n");
}

TEST(HttpClient, NoAnswerIsAnError) {
  ScriptedServer cut({Answers{"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort"}});
  ScriptedServer nonsense({Answers{"SSH-2.0-x\r\n\r\n"}});
  ScriptedServer silent({Answers{""}});
  int port_nobody_has = 1;

  EXPECT_FALSE(HttpClient(cut.address()).get("/").ok());
  EXPECT_FALSE(HttpClient(nonsense.address()).get("/").ok());
  EXPECT_FALSE(HttpClient(silent.address()).get("/").ok());
  EXPECT_FALSE(HttpClient("127.0.0.1:" + std::to_string(port_nobody_has)).get("/").ok());
  EXPECT_FALSE(HttpClient("not an address").get("/").ok());
}

TEST(EventStream, GivesEventsOneByOneWithIdsAndJoinedData) {
  ScriptedServer server(
      {Answers{"HTTP/1.1 200 OK\r\n\r\n: hello\n\nevent: change\nid: 7\ndata: a\ndata: b\n\n"
               "data:bare\n\nevent: cut off"}});

  auto stream = HttpClient(server.address()).events("/v1/events");

  ASSERT_TRUE(stream.ok());
  auto first = stream->next(5s);
  ASSERT_TRUE(first);
  EXPECT_EQ(first->event, "change");
  EXPECT_EQ(first->id, "7");
  EXPECT_EQ(first->data, "a\nb");
  EXPECT_EQ(stream->next(5s).value().data, "bare");
  EXPECT_FALSE(stream->next(5s));
  EXPECT_TRUE(stream->ended());
}

TEST(EventStream, ReadsThroughChunksThatSplitAnEvent) {
  ScriptedServer server(
      {Answers{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
               "7\r\nevent: \r\n9\r\nc\ndata: x\r\n2\r\n\n\n\r\n0\r\n\r\n"}});

  auto stream = HttpClient(server.address()).events("/v1/events");

  ASSERT_TRUE(stream.ok());
  auto event = stream->next(5s);
  ASSERT_TRUE(event);
  EXPECT_EQ(event->event, "c");
  EXPECT_EQ(event->data, "x");
  EXPECT_FALSE(stream->next(5s));
  EXPECT_TRUE(stream->ended());
}

TEST(EventStream, SilenceIsNoEventAndNoEnd) {
  ScriptedServer server(
      {Answers{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "never"}});

  auto stream = HttpClient(server.address()).events("/v1/events");

  ASSERT_TRUE(stream.ok());
  EXPECT_FALSE(stream->next(30ms));
  EXPECT_FALSE(stream->ended());
}

TEST(EventStream, AnotherStatusIsAnError) {
  ScriptedServer server({Answers{"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"}});

  EXPECT_FALSE(HttpClient(server.address()).events("/nope").ok());
}

}  // namespace
}  // namespace probe
