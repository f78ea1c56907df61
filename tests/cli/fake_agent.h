#pragma once

// A false agent with prepared answers, on a free loopback port, for tests of the command line.

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace cli {

struct Seen {
  std::string method;
  std::string target;                          // as sent
  std::map<std::string, std::string> headers;  // names lower case
  std::string body;                            // chunks put together
};

class FakeAgent {
 public:
  // Returns the bytes of a whole response. If they have no Content-Length, the connection is closed
  // after them. If they are empty, the client waits for ever. At kPause, `pause` runs between the
  // two parts. kEnd: the agent ends, so its port is closed, and then the connection.
  static constexpr std::string_view kEnd = "<end>";
  // kHangUp: the connection is closed without an answer, and the port stays open.
  static constexpr std::string_view kHangUp = "<hang up>";
  static constexpr std::string_view kPause = "<pause>";
  using Handler = std::function<std::string(const Seen& request)>;
  enum class Answers { kAfterTheBody, kAfterTheHead };
  explicit FakeAgent(Handler handler, Answers answers = Answers::kAfterTheBody);
  ~FakeAgent();

  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  std::vector<Seen> seen();
  int connections() const { return connections_; }
  std::function<void()> pause;

  // An answer in chunks, one for each part. A kPause between parts is kept. `end`: sends the last
  // chunk too.
  static std::string chunked(const std::vector<std::string>& parts, bool end = true,
                             const std::string& headers = "");

  static std::string ok(const std::string& body, const std::string& headers = "");
  static std::string status(int status, const std::string& body);
  static std::string error(int status, const std::string& code, const std::string& message);
  static std::string events(const std::string& stream);  // ends when the stream does

 private:
  void accept_all();
  void serve(int socket);
  bool read_request(int socket, std::string& buffer, Seen& request);

  Handler handler_;
  Answers answers_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<bool> stopping_ = false;
  std::atomic<int> connections_ = 0;
  std::mutex mutex_;
  std::vector<Seen> seen_;
  std::vector<int> sockets_;
  std::vector<std::thread> threads_;
  std::thread acceptor_;
};

// A port on which nobody listens.
std::uint16_t closed_port();

}  // namespace cli
