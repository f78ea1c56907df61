#include "tests/http/recorder.h"

#include <utility>

namespace http::testing {

void Recorder::fill(Router& router) {
  for (const char* path : {"/v1/status", "/after", "/leak"}) {
    add(router, Verb::kGet, path, [this](const std::shared_ptr<Exchange>& exchange) {
      note(exchange->request(), exchange->request().body.size());
      exchange->respond(json_response("{}"));
    });
  }
  add(router, Verb::kGet, "/v1/objects/{id}/{path...}",
      [this](const std::shared_ptr<Exchange>& exchange) {
        note(exchange->request(), 0);
        std::string body = exchange->request().captures[0];
        for (const auto& part : exchange->request().tail) body += "|" + part;
        exchange->respond(json_response(body));
      });
  add(router, Verb::kPost, "/echo", [this](const std::shared_ptr<Exchange>& exchange) {
    note(exchange->request(), exchange->request().body.size());
    exchange->respond(json_response(exchange->request().body));
  });
  Route stream;
  stream.verb = Verb::kPost;
  stream.pattern = "/stream";
  stream.streams_body = true;
  stream.handler = [this](const std::shared_ptr<Exchange>& exchange) {
    auto total = std::make_shared<std::size_t>(0);
    exchange->on_body([this, exchange, total](std::string_view piece) {
      *total += piece.size();
      if (!piece.empty()) return true;
      note(exchange->request(), *total);
      exchange->respond(json_response(std::to_string(*total)));
      return true;
    });
  };
  router.add(std::move(stream));
}

void Recorder::add(Router& router, Verb verb, const std::string& pattern, Handler handler) {
  Route route;
  route.verb = verb;
  route.pattern = pattern;
  route.body_max = kBodyMax;
  route.handler = std::move(handler);
  router.add(std::move(route));
}

std::vector<std::string> Recorder::seen() const {
  std::lock_guard lock(mutex_);
  return seen_;
}

void Recorder::note(const Request& request, std::size_t body_bytes) {
  std::lock_guard lock(mutex_);
  seen_.push_back(request.method + " " + request.target.path + " " + std::to_string(body_bytes));
}

}  // namespace http::testing
