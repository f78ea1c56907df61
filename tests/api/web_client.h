#pragma once

// A client of a WebSocket route, for tests of the doors.

#include <memory>
#include <string>
#include <vector>

#include "tests/api/answers.h"
#include "tests/api/fake_socket.h"

namespace agent {

class WebClient {
 public:
  // Connects without running the host.
  WebClient(FakeHost& host, const std::string& target)
      : host_(host), exchange_(host.send("GET", target)) {}
  ~WebClient() { leave(); }
  WebClient(const WebClient&) = delete;
  WebClient& operator=(const WebClient&) = delete;

  bool is_open() const { return exchange_->socket() && !exchange_->socket()->gone(); }
  FakeSocket& socket() { return *exchange_->socket(); }
  const FakeExchange& exchange() const { return *exchange_; }
  void leave() {
    if (is_open()) socket().leave();
  }
  void say(const std::string& text) { socket().say(text); }
  std::vector<Json> heard() {  // since the last call
    std::vector<Json> messages;
    for (const std::string& text : socket().take()) {
      messages.push_back(Json::parse(text, nullptr, false));
      EXPECT_FALSE(messages.back().is_discarded()) << text;
    }
    return messages;
  }
  // Says it, runs the host, and returns what came.
  std::vector<Json> tell(const std::string& text) {
    say(text);
    host_.run();
    return heard();
  }
  // The same, when exactly one message must come.
  Json ask(const std::string& text) {
    const std::vector<Json> came = tell(text);
    EXPECT_EQ(came.size(), 1u) << text << " " << Json(came);
    return came.empty() ? Json() : came.back();
  }

 private:
  FakeHost& host_;
  std::shared_ptr<FakeExchange> exchange_;
};

}  // namespace agent
