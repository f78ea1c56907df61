// Requests and answers over loopback.

#include <gtest/gtest.h>

#include "tests/http/client.h"
#include "tests/http/running_server.h"

namespace http::testing {
namespace {

void add_status(Router& router, uv_loop_t*) {
  Route route;
  route.pattern = "/v1/status";
  route.handler = [](const std::shared_ptr<Exchange>& exchange) {
    exchange->respond(json_response("{}"));
  };
  router.add(std::move(route));
}

TEST(Http, GetIsAnswered) {
  RunningServer server(add_status);
  Client client(server.port());

  client.send("GET /v1/status HTTP/1.1\r\nHost: localhost:" + std::to_string(server.port()) +
              "\r\n\r\n");
  auto answer = client.read_answer();

  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(answer->body, "{}");
}

}  // namespace
}  // namespace http::testing
