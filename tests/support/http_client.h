#pragma once

// A small blocking HTTP/1.1 client for tests. It keeps one connection open. An answer with any
// status is a value; an error means that there was no answer.

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "crdt/base/result.h"
#include "tests/support/connection.h"

namespace support {

using HttpHeaders = std::vector<std::pair<std::string, std::string>>;

struct HttpResponse {
  int status = 0;
  HttpHeaders headers;
  std::string body;
  // The first header of that name, in any case; empty if there is none.
  std::string header(const std::string& name) const;
};

struct ServerEvent {
  std::string event;
  std::string id;
  std::string data;
};

// A stream of server-sent events, ended by closing it.
class EventStream {
 public:
  EventStream(std::unique_ptr<Connection> connection, bool chunked)
      : connection_(std::move(connection)), chunked_(chunked) {}
  // The next event; nullopt if none came within `timeout` or the server ended the stream.
  std::optional<ServerEvent> next(Millis timeout);
  bool ended() const { return ended_; }

 private:
  void take_body();
  std::unique_ptr<Connection> connection_;
  bool chunked_;
  bool ended_ = false;
  std::string text_;
};

class HttpClient {
 public:
  explicit HttpClient(std::string address, Millis timeout = Millis{20'000},
                      const Network* network = nullptr)
      : address_(std::move(address)), timeout_(timeout), network_(network) {}

  // Host and Content-Length are added; a Host among `headers` replaces ours.
  base::Result<HttpResponse> request(const std::string& method, const std::string& target,
                                     const std::string& body = "", const HttpHeaders& headers = {});
  base::Result<HttpResponse> get(const std::string& target) { return request("GET", target); }
  base::Result<HttpResponse> del(const std::string& target) { return request("DELETE", target); }
  base::Result<HttpResponse> post(const std::string& target, const std::string& body = "") {
    return request("POST", target, body);
  }
  base::Result<HttpResponse> put(const std::string& target, const std::string& body) {
    return request("PUT", target, body);
  }
  base::Result<HttpResponse> patch(const std::string& target, const std::string& body) {
    return request("PATCH", target, body);
  }
  // Opens a stream on a connection of its own; an answer other than 200 is an error.
  base::Result<EventStream> events(const std::string& target, const HttpHeaders& headers = {});

  const std::string& address() const { return address_; }
  int connections_opened() const { return connections_opened_; }

 private:
  base::Status connect();
  std::string head_of(const std::string& method, const std::string& target, const std::string& body,
                      const HttpHeaders& headers) const;
  std::string address_;
  Millis timeout_;
  const Network* network_;
  std::unique_ptr<Connection> connection_;
  int connections_opened_ = 0;
};

}  // namespace support
