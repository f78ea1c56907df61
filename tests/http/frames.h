#pragma once

// WebSocket frames, written and read by this code alone (RFC 6455, 5.2): it shares nothing with
// what it judges.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "tests/http/client.h"

namespace http::testing {

enum Opcode : std::uint8_t {
  kContinuation = 0,
  kText = 1,
  kBinary = 2,
  kClose = 8,
  kPing = 9,
  kPong = 10
};

struct Frame {
  std::uint8_t opcode = kText;
  std::string payload;
  bool fin = true;
  std::uint8_t reserved = 0;  // three bits
  bool masked = true;
  int length_bytes = 0;       // 0: the shortest form; 2 or 8: this one
  std::uint64_t claimed = 0;  // a length other than that of the payload; 0: its own
};

std::string encode(const Frame& frame);
std::string text_frame(std::string_view text);
std::string close_frame(int code, std::string_view reason = {});  // code < 0: without one
// Takes one frame from the start of `bytes`; nullopt if it is not complete.
std::optional<Frame> take_frame(std::string& bytes);
std::optional<Frame> read_frame(Client& client, int seconds = 10);
int close_code(const Frame& frame);  // -1: none

// What a client sends to open a WebSocket. The key and its answer are those of RFC 6455, 1.3.
std::string opening(const std::string& path, const std::string& host_line,
                    const std::string& more = {});
inline constexpr std::string_view kSampleAccept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";
// True if the server has accepted.
bool open_socket(Client& client, const std::string& path, const std::string& host_line);

}  // namespace http::testing
