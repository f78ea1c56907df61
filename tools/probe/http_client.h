#pragma once

// A small blocking HTTP/1.1 client for tests and benchmarks. It keeps one connection alive and does
// not judge: an answer of any status is a value, an error means that there was no answer.

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "crdt/base/result.h"
#include "tools/probe/http_connection.h"

namespace probe {

struct ServerEvent {
  std::string event;
  std::string id;
  std::string data;
};

// A stream of server-sent events, ended by closing it.
class EventStream {
 public:
  explicit EventStream(std::unique_ptr<HttpConnection> connection)
      : connection_(std::move(connection)) {}
  // The next event; nullopt if none came within `timeout` or the server ended the stream.
  std::optional<ServerEvent> next(Millis timeout);
  bool ended() const { return ended_; }

 private:
  std::unique_ptr<HttpConnection> connection_;
  bool ended_ = false;
};

class HttpClient {
 public:
  // `address` is HOST:PORT with a numeric host. `silence`: a request fails when no byte of its
  // answer comes for so long.
  explicit HttpClient(std::string address, Millis silence = Millis{20'000},
                      const Network* network = nullptr)
      : address_(std::move(address)), silence_(silence), network_(network) {}

  // As request_text(). A request is never sent twice.
  base::Result<HttpAnswer> request(const std::string& method, const std::string& target,
                                   const std::string& body = "", const HttpHeaders& headers = {});
  base::Result<HttpAnswer> get(const std::string& target) { return request("GET", target); }
  base::Result<HttpAnswer> del(const std::string& target) { return request("DELETE", target); }
  base::Result<HttpAnswer> post(const std::string& target, const std::string& body = "") {
    return request("POST", target, body);
  }
  base::Result<HttpAnswer> put(const std::string& target, const std::string& body) {
    return request("PUT", target, body);
  }
  base::Result<HttpAnswer> patch(const std::string& target, const std::string& body) {
    return request("PATCH", target, body);
  }
  // Opens a stream on a connection of its own; an answer other than 200 is an error.
  base::Result<EventStream> events(const std::string& target, const HttpHeaders& headers = {});

  const std::string& address() const { return address_; }
  int connections_opened() const { return connections_opened_; }

 private:
  std::string address_;
  Millis silence_;
  const Network* network_;
  std::unique_ptr<HttpConnection> connection_;
  int connections_opened_ = 0;
};

}  // namespace probe
