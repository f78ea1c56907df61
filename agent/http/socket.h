#pragma once

// A WebSocket as a handler sees it (RFC 6455). Exchange::upgrade() makes it. Loop thread only.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace http {

// Close codes that handlers use.
inline constexpr std::uint16_t kCloseNormal = 1000;
inline constexpr std::uint16_t kCloseGoingAway = 1001;
inline constexpr std::uint16_t kClosePolicy = 1008;
inline constexpr std::uint16_t kCloseTryAgainLater = 1013;

// The callbacks may hold the Socket: they are released when it is closed.
struct SocketEvents {
  // One whole message, whatever frames it came in. Text is valid UTF-8.
  std::function<void(bool binary, std::string message)> on_message;
  // Called once, from the loop, when no more messages come and nothing more is sent: either side
  // has closed, the client broke the protocol, was too slow, or is gone. Never from inside a call
  // to the Socket.
  std::function<void()> on_closed;
};

// The connection owns it, so that a handler need not keep it. After the end all calls do nothing.
class Socket {
 public:
  virtual ~Socket() = default;
  // One message in one frame. `text` must be UTF-8. False: the socket is closed, or the client was
  // too slow and was cut off (Options::stream_bytes_max, as for event streams).
  virtual bool send_text(std::string_view text) = 0;
  virtual bool send_binary(std::string_view bytes) = 0;
  // Begins the close handshake. `reason` is UTF-8; it is cut after 123 bytes. No message is passed
  // on after this call.
  virtual void close(std::uint16_t code, std::string_view reason) = 0;
  // After pause() no message is passed on until resume(), and soon nothing more is read from the
  // client. A paused socket notices neither a close nor the lack of a pong.
  virtual void pause() = 0;
  virtual void resume() = 0;
  virtual std::size_t unsent() const = 0;  // bytes that the client has not read yet
  virtual bool gone() const = 0;
};

}  // namespace http
