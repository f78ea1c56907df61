// Many clients send complete, malformed and partial requests and go away at any time. Handlers
// answer at once, later or never. The server must survive this, answer the next ordinary client,
// and close with nothing left.

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <thread>
#include <vector>

#include "crdt/base/random.h"
#include "tests/http/client.h"
#include "tests/http/recorder.h"
#include "tests/http/running_server.h"

namespace http::testing {
namespace {

using Held = std::vector<std::shared_ptr<Exchange>>;

// Does something at random with one exchange that is held, as stores and event streams do at any
// time.
void stir(Held& held, base::Random& random) {
  if (held.empty()) return;
  std::size_t at = random.below(held.size());
  auto exchange = held[at];
  switch (random.below(6)) {
    case 0:
      exchange->respond(json_response(std::string(random.below(200'000), 'r')));
      break;
    case 1:
      exchange->start_stream();
      break;
    case 2:
      for (int i = 0; i < 5; ++i) exchange->write(std::string(20'000, 'w'));
      break;
    case 3:
      exchange->end_stream();
      break;
    case 4:
      exchange->resume();
      break;
    default:
      held.erase(held.begin() + static_cast<std::ptrdiff_t>(at));
  }
}

void add_storm_routes(Recorder& recorder, Router& router, Held& held, base::Random& random) {
  recorder.fill(router);
  recorder.add(router, Verb::kGet, "/hold", [&](const std::shared_ptr<Exchange>& exchange) {
    exchange->on_gone([exchange, &held, &random] { stir(held, random); });
    if (held.size() < 100) held.push_back(exchange);
    stir(held, random);
  });
  Route route;
  route.verb = Verb::kPost;
  route.pattern = "/take";
  route.streams_body = true;
  route.handler = [&](const std::shared_ptr<Exchange>& exchange) {
    exchange->on_gone([exchange] { exchange->respond({}); });
    exchange->on_body([exchange, &held, &random](std::string_view piece) {
      stir(held, random);
      if (piece.empty()) exchange->respond(json_response("{}"));
      if (random.below(10) == 0) exchange->on_body([](std::string_view) { return true; });
      return random.below(4) != 0;
    });
    if (held.size() < 100) held.push_back(exchange);
  };
  router.add(std::move(route));
}

std::string random_request(base::Random& random, const std::string& host) {
  std::string body(random.below(3'000), 'b');
  std::string length = "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n";
  switch (random.below(8)) {
    case 0:
      return "GET /hold HTTP/1.1\r\n" + host + "\r\n";
    case 1:
      return "HEAD /hold HTTP/1.1\r\n" + host + "\r\n";
    case 2:
      return "POST /echo HTTP/1.1\r\n" + host + length + body;
    case 3:
      return "POST /take HTTP/1.1\r\n" + host + length + body;
    case 4:
      return "POST /take HTTP/1.1\r\n" + host +
             "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
    case 5:
      return "POST /take HTTP/1.1\r\n" + host + "Expect: 100-continue\r\n" + length + body;
    case 6:
      return "GET /after HTTP/1.1\r\n" + host + "\r\n";
    default:
      return "GET /after HTTP/1.1\r\nHost: a\r\n" + body + "\r\n";
  }
}

void misbehave(std::uint16_t port, std::uint64_t seed) {
  auto random = base::Random::from_number(seed);
  std::string host = "Host: localhost:" + std::to_string(port) + "\r\n";
  for (int i = 0; i < 60; ++i) {
    Client client(port);
    std::string bytes;
    for (std::uint64_t n = random.below(6); n > 0; --n) bytes += random_request(random, host);
    bytes.resize(bytes.size() - random.below(std::min<std::uint64_t>(bytes.size() + 1, 40)));
    while (!bytes.empty()) {
      std::size_t piece = std::min<std::size_t>(bytes.size(), 1 + random.below(2'000));
      if (!client.send(bytes.substr(0, piece))) break;
      bytes.erase(0, piece);
    }
    if (random.below(3) == 0) client.shut_down_writing();
    if (random.below(2) == 0) client.is_quiet(static_cast<int>(random.below(5)));
    if (random.below(3) == 0) client.reset();
  }
}

TEST(Storm, IsOutlived) {
  Recorder recorder;
  Held held;
  auto random = base::Random::from_number(7);
  Options options;
  options.head_timeout_millis = 50;
  options.body_stall_millis = 50;
  options.idle_timeout_millis = 100;
  options.stream_bytes_max = 50'000;
  RunningServer server(
      [&](Router& router, uv_loop_t*) { add_storm_routes(recorder, router, held, random); },
      options);

  std::vector<std::thread> clients;
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    clients.emplace_back([&server, seed] { misbehave(server.port(), seed); });
  }
  for (int i = 0; i < 200; ++i) {
    server.on_loop([&] { stir(held, random); });
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  for (auto& client : clients) client.join();
  Client honest(server.port());
  honest.send("GET /after HTTP/1.1\r\nHost: localhost:" + std::to_string(server.port()) +
              "\r\n\r\n");
  auto answer = honest.read_answer();
  server.stop(50);

  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 200);
  held.clear();
}

}  // namespace
}  // namespace http::testing
