// Not a test: a server to be measured, for example with `wrk -t2 -c50 URL`. It prints its port and
// ends when its input ends. /v1/status answers at once, /events is a stream without events, /socket
// a WebSocket that sends each message back.

#include <uv.h>

#include <cstdio>
#include <memory>

#include "agent/http/server.h"

namespace {

struct Bench {
  http::Router router;
  std::unique_ptr<http::Server> server;
  uv_pipe_t input{};
};

void add_routes(http::Router& router) {
  http::Route status;
  status.pattern = "/v1/status";
  status.handler = [](const std::shared_ptr<http::Exchange>& exchange) {
    exchange->respond(http::json_response(R"({"state":"ready"})"));
  };
  router.add(std::move(status));
  http::Route events;
  events.pattern = "/events";
  events.handler = [](const std::shared_ptr<http::Exchange>& exchange) {
    exchange->on_gone([exchange] {});  // holds it as long as the client stays
    exchange->start_stream();
  };
  router.add(std::move(events));
  http::Route socket;
  socket.pattern = "/socket";
  socket.websocket = true;
  socket.handler = [](const std::shared_ptr<http::Exchange>& exchange) {
    auto made = std::make_shared<std::weak_ptr<http::Socket>>();
    http::SocketEvents happens;
    happens.on_message = [made](bool, const std::string& message) {
      if (auto there = made->lock()) there->send_text(message);
    };
    *made = exchange->upgrade(std::move(happens));
  };
  router.add(std::move(socket));
}

void stop(uv_stream_t* input, ssize_t count, const uv_buf_t*) {
  if (count >= 0) return;
  auto* bench = static_cast<Bench*>(input->data);
  uv_close(reinterpret_cast<uv_handle_t*>(input), nullptr);
  bench->server->close(100, [] {});
}

}  // namespace

int main() {
  uv_loop_t loop;
  if (uv_loop_init(&loop) != 0) return 1;
  Bench bench;
  add_routes(bench.router);
  auto server = http::Server::open(&loop, "127.0.0.1", 0, {}, bench.router);
  if (!server.ok()) return 1;
  bench.server = std::move(server).value();
  uv_pipe_init(&loop, &bench.input, 0);
  bench.input.data = &bench;
  uv_pipe_open(&bench.input, 0);
  auto allocate = [](uv_handle_t*, std::size_t, uv_buf_t* buffer) {
    static char bytes[256];
    *buffer = uv_buf_init(bytes, sizeof bytes);
  };
  uv_read_start(reinterpret_cast<uv_stream_t*>(&bench.input), allocate, stop);
  std::printf("%d\n", bench.server->port());
  std::fflush(stdout);
  uv_run(&loop, UV_RUN_DEFAULT);
  return uv_loop_close(&loop) == 0 ? 0 : 1;
}
