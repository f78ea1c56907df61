#pragma once

// A raw client: it sends exactly the given bytes and shows what comes back.

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "tools/probe/answer_parser.h"
#include "tools/probe/connection.h"

namespace http::testing {

using Answer = probe::HttpAnswer;

class Client {
 public:
  explicit Client(std::uint16_t port, const std::string& host = "127.0.0.1");
  explicit Client(const std::filesystem::path& unix_socket);
  // Takes over a connected socket.
  static Client on(int socket);

  bool send(std::string_view bytes);  // false: the server closed
  void shut_down_writing() { connection_->finish_sending(); }
  void reset();  // closes with RST
  void set_receive_buffer(int bytes);

  // The next answer; nullopt when the connection ended or `seconds` passed before it was complete.
  // `head_only`: the answer to HEAD, which has a length but no body. A 1xx answer counts as an
  // answer.
  std::optional<Answer> read_answer(bool head_only = false, int seconds = 10);
  std::string read_bytes(std::size_t count, int seconds = 10);  // fewer: the connection ended
  std::string read_to_end(int seconds = 10);  // what comes until the server closes
  std::string read_until(std::string_view marker, int seconds = 10);
  bool at_end(int seconds = 10);  // the server closes and has sent nothing more
  bool is_quiet(int millis);      // neither bytes nor an end come for so long

 private:
  Client() = default;
  bool fill(probe::Millis silence);  // reads more; false at the end or when nothing comes

  std::unique_ptr<probe::Connection> connection_;
  bool ended_ = false;
};

}  // namespace http::testing
