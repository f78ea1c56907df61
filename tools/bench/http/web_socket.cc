#include "tools/bench/http/web_socket.h"

#include <cstdint>
#include <optional>

namespace bench {
namespace {

constexpr probe::Millis kSocketPatience{20'000};
constexpr unsigned char kFrameMask[4] = {0x5A, 0x13, 0xC4, 0x7E};
enum FrameKind : unsigned {
  kTextFrame = 1,
  kBinaryFrame = 2,
  kCloseFrame = 8,
  kPingFrame = 9,
  kPongFrame = 10
};

std::string masked_frame(unsigned kind, std::string_view payload) {
  std::string frame;
  frame += static_cast<char>(0x80U | kind);
  const std::size_t size = payload.size();
  const int more = size < 126 ? 0 : size < 65'536 ? 2 : 8;
  frame += static_cast<char>(0x80U | (more == 0 ? size : more == 2 ? 126U : 127U));
  for (int i = more - 1; i >= 0; --i) frame += static_cast<char>(size >> (8 * i) & 0xFFU);
  for (unsigned char byte : kFrameMask) frame += static_cast<char>(byte);
  for (std::size_t i = 0; i < size; ++i) {
    frame += static_cast<char>(static_cast<unsigned char>(payload[i]) ^ kFrameMask[i % 4]);
  }
  return frame;
}

struct FrameHead {
  unsigned kind = 0;
  std::size_t head_size = 0;
  std::size_t payload_size = 0;
};

// Nothing if more bytes are needed.
std::optional<FrameHead> frame_head(std::string_view bytes) {
  auto byte = [&](std::size_t at) { return static_cast<unsigned char>(bytes[at]); };
  if (bytes.size() < 2) return std::nullopt;
  FrameHead head{byte(0) & 0x0FU, 2, byte(1) & 0x7FU};
  const std::size_t more = head.payload_size == 126 ? 2 : head.payload_size == 127 ? 8 : 0;
  if (bytes.size() < 2 + more) return std::nullopt;
  if (more > 0) head.payload_size = 0;
  for (std::size_t i = 0; i < more; ++i) {
    head.payload_size = head.payload_size << 8U | byte(2 + i);
  }
  head.head_size += more;
  return head;
}

}  // namespace

std::string client_frame(bool binary, std::string_view message) {
  return masked_frame(binary ? kBinaryFrame : kTextFrame, message);
}

base::Result<std::unique_ptr<WebSocketClient>> WebSocketClient::open(const std::string& address,
                                                                     const std::string& path) {
  ASSIGN_OR_RETURN(auto connection, probe::Connection::open(address));
  std::unique_ptr<WebSocketClient> client(new WebSocketClient(std::move(connection)));
  RETURN_IF_ERROR(client->shake_hands(address, path));
  return client;
}

base::Status WebSocketClient::shake_hands(const std::string& address, const std::string& path) {
  std::string request = "GET " + path + " HTTP/1.1\r\nHost: " + address +
                        "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: ";
  request += kSampleSocketKey;
  request += "\r\nSec-WebSocket-Version: 13\r\n\r\n";
  RETURN_IF_ERROR(connection_->send(request, kSocketPatience));
  std::string& buffer = connection_->buffer;
  std::size_t end = std::string::npos;
  while ((end = buffer.find("\r\n\r\n")) == std::string::npos) {
    ASSIGN_OR_RETURN(bool more, connection_->receive(kSocketPatience));
    if (!more) return base::Error{base::Code::kUnavailable, address + path + " closed"};
  }
  const std::string head = buffer.substr(0, end);
  buffer.erase(0, end + 4);
  if (head.starts_with("HTTP/1.1 101 ") && head.find(kSampleSocketAccept) != head.npos) return {};
  return base::Error{base::Code::kUnavailable,
                     address + path + " opens no WebSocket: " + head.substr(0, head.find('\r'))};
}

base::Status WebSocketClient::send(bool binary, std::string_view message) {
  return connection_->send(client_frame(binary, message), kSocketPatience);
}

base::Status WebSocketClient::receive(const OnMessage& on_message) {
  auto more = connection_->receive(probe::Millis{0});
  if (!more.ok()) {
    if (more.error().code == base::Code::kTimeout) return {};
    return more.error();
  }
  ASSIGN_OR_RETURN([[maybe_unused]] std::size_t taken, take_frames(on_message));
  if (*more) return {};
  return base::Error{base::Code::kUnavailable, "the server ended a WebSocket"};
}

base::Status WebSocketClient::await_message() {
  while (true) {
    ASSIGN_OR_RETURN(std::size_t taken, take_frames([](std::string_view) {}));
    if (taken > 0) return {};
    ASSIGN_OR_RETURN(bool more, connection_->receive(kSocketPatience));
    if (!more) return base::Error{base::Code::kUnavailable, "the server ended a WebSocket"};
  }
}

base::Result<std::size_t> WebSocketClient::take_frames(const OnMessage& on_message) {
  std::string_view bytes = connection_->buffer;
  std::size_t messages = 0;
  while (const auto head = frame_head(bytes)) {
    if (bytes.size() - head->head_size < head->payload_size) break;
    const std::string_view payload = bytes.substr(head->head_size, head->payload_size);
    if (head->kind == kTextFrame || head->kind == kBinaryFrame) {
      ++messages;
      on_message(payload);
    } else if (head->kind == kPingFrame) {
      RETURN_IF_ERROR(connection_->send(masked_frame(kPongFrame, payload), kSocketPatience));
    } else if (head->kind == kCloseFrame) {
      return base::Error{base::Code::kUnavailable,
                         "the server closed a WebSocket: " +
                             std::string(payload.substr(payload.size() < 2 ? payload.size() : 2))};
    }
    bytes.remove_prefix(head->head_size + head->payload_size);
  }
  connection_->buffer.erase(0, connection_->buffer.size() - bytes.size());
  return messages;
}

}  // namespace bench
