#include "tests/http/frames.h"

namespace http::testing {
namespace {

constexpr unsigned char kMask[4] = {0x37, 0xFA, 0x21, 0x3D};

void put_number(std::string& out, std::uint64_t number, int bytes) {
  for (int i = bytes - 1; i >= 0; --i) out += static_cast<char>(number >> (8 * i) & 0xFF);
}

std::uint8_t byte_at(const std::string& bytes, std::size_t at) {
  return static_cast<std::uint8_t>(bytes[at]);
}

}  // namespace

std::string encode(const Frame& frame) {
  std::uint64_t length = frame.claimed != 0 ? frame.claimed : frame.payload.size();
  int form = frame.length_bytes;
  if (form == 0) form = length < 126 ? 1 : length < 65'536 ? 2 : 8;
  std::string out;
  out += static_cast<char>((frame.fin ? 0x80 : 0) | frame.reserved << 4 | frame.opcode);
  int second = form == 1 ? static_cast<int>(length) : form == 2 ? 126 : 127;
  out += static_cast<char>((frame.masked ? 0x80 : 0) | second);
  if (form > 1) put_number(out, length, form);
  if (!frame.masked) return out + frame.payload;
  for (unsigned char byte : kMask) out += static_cast<char>(byte);
  for (std::size_t i = 0; i < frame.payload.size(); ++i) {
    out += static_cast<char>(byte_at(frame.payload, i) ^ kMask[i % 4]);
  }
  return out;
}

std::string text_frame(std::string_view text) {
  Frame frame;
  frame.payload = text;
  return encode(frame);
}

std::string close_frame(int code, std::string_view reason) {
  Frame frame;
  frame.opcode = kClose;
  if (code >= 0) put_number(frame.payload, static_cast<std::uint64_t>(code), 2);
  frame.payload += reason;
  return encode(frame);
}

std::optional<Frame> take_frame(std::string& bytes) {
  if (bytes.size() < 2) return std::nullopt;
  Frame frame;
  frame.fin = (byte_at(bytes, 0) & 0x80) != 0;
  frame.reserved = static_cast<std::uint8_t>(byte_at(bytes, 0) >> 4 & 7);
  frame.opcode = static_cast<std::uint8_t>(byte_at(bytes, 0) & 15);
  frame.masked = (byte_at(bytes, 1) & 0x80) != 0;
  std::uint64_t length = byte_at(bytes, 1) & 0x7F;
  std::size_t at = 2;
  if (length >= 126) {
    std::size_t more = length == 126 ? 2 : 8;
    if (bytes.size() < at + more) return std::nullopt;
    length = 0;
    for (std::size_t i = 0; i < more; ++i) length = length << 8 | byte_at(bytes, at + i);
    at += more;
  }
  if (bytes.size() < at + length) return std::nullopt;
  frame.payload = bytes.substr(at, length);
  bytes.erase(0, at + length);
  return frame;
}

std::optional<Frame> read_frame(Client& client, int seconds) {
  std::string bytes = client.read_bytes(2, seconds);
  if (bytes.size() < 2) return std::nullopt;
  std::size_t form = byte_at(bytes, 1) & 0x7F;
  std::size_t more = form == 126 ? 2 : form == 127 ? 8 : 0;
  bytes += client.read_bytes(more, seconds);
  if (bytes.size() < 2 + more) return std::nullopt;
  std::size_t length = form;
  if (more > 0) length = 0;
  for (std::size_t i = 0; i < more; ++i) length = length << 8 | byte_at(bytes, 2 + i);
  bytes += client.read_bytes(length, seconds);
  return take_frame(bytes);
}

int close_code(const Frame& frame) {
  if (frame.payload.size() < 2) return -1;
  return byte_at(frame.payload, 0) << 8 | byte_at(frame.payload, 1);
}

std::string opening(const std::string& path, const std::string& host_line,
                    const std::string& more) {
  return "GET " + path + " HTTP/1.1\r\n" + host_line +
         "Upgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n"
         "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n" +
         more + "\r\n";
}

bool open_socket(Client& client, const std::string& path, const std::string& host_line) {
  client.send(opening(path, host_line));
  std::string head = client.read_until("\r\n\r\n");
  return head.starts_with("HTTP/1.1 101 ") && head.find(kSampleAccept) != std::string::npos;
}

}  // namespace http::testing
