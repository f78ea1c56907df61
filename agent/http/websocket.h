#pragma once

// The WebSocket protocol (RFC 6455) of a server after the upgrade, without I/O and without time:
// bytes of the client go in, messages and bytes for the client come out. wslay reads and writes
// single frames; this class joins them to messages and refuses what wslay lets pass.
//
// A fault of the client is answered with a close frame: 1002 (protocol), 1007 (text that is not
// UTF-8), 1009 (too large). Memory: one message of at most `message_max` bytes, and 4 KiB.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

struct wslay_frame_context;
struct wslay_frame_iocb;

namespace http {

class WebSocket {
 public:
  using OnMessage = std::function<void(bool binary, std::string message)>;

  // Appends to `out`, which must outlive it. `on_message` may call every function of this object.
  WebSocket(std::size_t message_max, std::string& out, OnMessage on_message);
  ~WebSocket();
  WebSocket(const WebSocket&) = delete;
  WebSocket& operator=(const WebSocket&) = delete;

  // Returns how many bytes were taken: all of them, unless it is paused or done.
  std::size_t receive(std::string_view bytes);
  bool send(bool binary, std::string_view message);  // false: closing, or done
  void ping();
  void close(std::uint16_t code, std::string_view reason);  // sends the close frame, once
  void pause() { paused_ = true; }
  void resume() { paused_ = false; }  // then call receive(), also without new bytes
  void end() { state_ = State::kDone; }
  // Sends the close frame and takes nothing more, not even the close frame of the client.
  void fail(std::uint16_t code, std::string_view reason);

  std::size_t held() const { return message_.size(); }  // bytes of a message that is not complete
  bool is_paused() const { return paused_; }
  bool is_closing() const { return state_ == State::kClosing; }  // the client must answer our close
  bool is_done() const { return state_ == State::kDone; }        // our close frame was the last one

 private:
  enum class State : std::uint8_t { kOpen, kClosing, kDone };

  bool begin_frame(const wslay_frame_iocb& frame);
  void end_frame(const wslay_frame_iocb& frame);
  void end_message();
  void take_close();
  void put(std::uint8_t opcode, std::string_view payload);

  const std::size_t message_max_;
  std::string& out_;
  OnMessage on_message_;
  wslay_frame_context* frames_ = nullptr;
  std::string_view incoming_;     // of the present receive(), not yet taken
  std::uint64_t frame_left_ = 0;  // bytes of the payload that have not come yet
  bool in_frame_ = false;
  bool in_message_ = false;  // between the first and the last frame of a message
  bool binary_ = false;
  bool paused_ = false;
  State state_ = State::kOpen;
  std::string message_;
  std::string control_;  // payload of the present control frame
};

}  // namespace http
