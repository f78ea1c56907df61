#include "agent/http/websocket.h"

#include <wslay/wslay.h>

#include <utility>

#include "agent/http/socket.h"
#include "crdt/base/bytes.h"
#include "crdt/base/check.h"

namespace http {
namespace {

constexpr std::uint16_t kProtocolError = 1002;
constexpr std::uint16_t kNoUtf8 = 1007;
constexpr std::uint16_t kTooBig = 1009;
constexpr std::size_t kReasonMax = 123;  // a control frame has at most 125 bytes, two are the code

bool is_control_frame(std::uint8_t opcode) { return (opcode & 8u) != 0; }

bool is_known(std::uint8_t opcode) {
  return opcode <= WSLAY_BINARY_FRAME || (opcode >= WSLAY_CONNECTION_CLOSE && opcode <= WSLAY_PONG);
}

// RFC 6455, 7.4, and the codes that were registered later. 1004 to 1006 and 1015 are never sent.
bool may_be_sent(std::uint16_t code) {
  if (code >= 1000 && code <= 1014) return code < 1004 || code > 1006;
  return code >= 3000 && code <= 4999;
}

// At most `size` bytes of `text`, cut between two characters.
std::string_view cut(std::string_view text, std::size_t size) {
  if (text.size() <= size) return text;
  while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xC0) == 0x80) --size;
  return text.substr(0, size);
}

std::string close_payload(std::uint16_t code, std::string_view reason) {
  std::string payload;
  payload += static_cast<char>(code >> 8);
  payload += static_cast<char>(code & 0xFF);
  payload += cut(reason, kReasonMax);
  return payload;
}

}  // namespace

WebSocket::WebSocket(std::size_t message_max, std::string& out, OnMessage on_message)
    : message_max_(message_max), out_(out), on_message_(std::move(on_message)) {
  wslay_frame_callbacks callbacks{};
  callbacks.send_callback = [](const std::uint8_t* bytes, std::size_t size, int, void* self) {
    static_cast<WebSocket*>(self)->out_.append(reinterpret_cast<const char*>(bytes), size);
    return static_cast<ssize_t>(size);
  };
  callbacks.recv_callback = [](std::uint8_t* to, std::size_t size, int, void* self) -> ssize_t {
    std::string_view& incoming = static_cast<WebSocket*>(self)->incoming_;
    std::size_t count = incoming.copy(reinterpret_cast<char*>(to), size);
    incoming.remove_prefix(count);
    return count > 0 ? static_cast<ssize_t>(count) : -1;
  };
  CHECK(wslay_frame_context_init(&frames_, &callbacks, this) == 0);
}

WebSocket::~WebSocket() { wslay_frame_context_free(frames_); }

std::size_t WebSocket::receive(std::string_view bytes) {
  incoming_ = bytes;
  while (!paused_ && !is_done()) {
    wslay_frame_iocb frame{};
    ssize_t count = wslay_frame_recv(frames_, &frame);
    if (count == WSLAY_ERR_WANT_READ) break;
    if (count < 0) {
      // A fragmented or too long control frame, or a length that is not in its shortest form.
      fail(kProtocolError, "malformed frame");
      break;
    }
    if (!in_frame_ && !begin_frame(frame)) break;
    std::string& payload = is_control_frame(frame.opcode) ? control_ : message_;
    payload.append(reinterpret_cast<const char*>(frame.data), frame.data_length);
    frame_left_ -= frame.data_length;
    if (frame_left_ > 0) continue;
    in_frame_ = false;
    end_frame(frame);
  }
  return bytes.size() - std::exchange(incoming_, {}).size();
}

// False: the frame was refused.
bool WebSocket::begin_frame(const wslay_frame_iocb& frame) {
  const char* fault = nullptr;
  bool continues = frame.opcode == WSLAY_CONTINUATION_FRAME;
  if (frame.mask == 0) fault = "a frame of a client must be masked";
  if (frame.rsv != 0) fault = "a reserved bit is set";
  if (!is_known(frame.opcode)) fault = "unknown opcode";
  if (continues && !in_message_) fault = "a continuation without a message";
  if (!continues && !is_control_frame(frame.opcode) && in_message_) {
    fault = "a new message inside a fragmented one";
  }
  if (frame.opcode == WSLAY_CONNECTION_CLOSE && frame.payload_length == 1) {
    fault = "half of a close code";
  }
  if (fault != nullptr) {
    fail(kProtocolError, fault);
    return false;
  }
  in_frame_ = true;
  frame_left_ = frame.payload_length;
  if (is_control_frame(frame.opcode)) return true;
  // message_ is never longer than message_max_.
  if (frame.payload_length > message_max_ - message_.size()) {
    fail(kTooBig, "a message has at most " + std::to_string(message_max_) + " bytes here");
    return false;
  }
  if (!continues) binary_ = frame.opcode == WSLAY_BINARY_FRAME;
  in_message_ = true;
  return true;
}

void WebSocket::end_frame(const wslay_frame_iocb& frame) {
  switch (frame.opcode) {
    case WSLAY_CONNECTION_CLOSE:
      return take_close();
    case WSLAY_PING:
      if (state_ == State::kOpen) put(WSLAY_PONG, control_);
      break;
    case WSLAY_PONG:
      break;
    default:
      if (frame.fin != 0) end_message();
  }
  control_.clear();
}

void WebSocket::end_message() {
  in_message_ = false;
  std::string message = std::exchange(message_, {});
  if (!binary_ && !base::is_utf8(message)) return fail(kNoUtf8, "a text message is not UTF-8");
  if (state_ == State::kOpen) on_message_(binary_, std::move(message));
}

void WebSocket::take_close() {
  std::string payload = std::exchange(control_, {});
  std::uint16_t code = kCloseNormal;
  if (!payload.empty()) {
    code = static_cast<std::uint16_t>(static_cast<unsigned char>(payload[0]) << 8 |
                                      static_cast<unsigned char>(payload[1]));
    if (!may_be_sent(code)) return fail(kProtocolError, "this close code must not be sent");
    if (!base::is_utf8(std::string_view(payload).substr(2))) {
      return fail(kNoUtf8, "the reason of a close is not UTF-8");
    }
  }
  close(code, {});
  state_ = State::kDone;
}

bool WebSocket::send(bool binary, std::string_view message) {
  if (state_ != State::kOpen) return false;
  put(binary ? WSLAY_BINARY_FRAME : WSLAY_TEXT_FRAME, message);
  return true;
}

void WebSocket::ping() {
  if (state_ == State::kOpen) put(WSLAY_PING, {});
}

void WebSocket::close(std::uint16_t code, std::string_view reason) {
  if (state_ != State::kOpen) return;
  put(WSLAY_CONNECTION_CLOSE, close_payload(code, reason));
  state_ = State::kClosing;
  message_ = std::string();  // gives its memory back, as `{}` would not
}

void WebSocket::fail(std::uint16_t code, std::string_view reason) {
  close(code, reason);
  state_ = State::kDone;
}

void WebSocket::put(std::uint8_t opcode, std::string_view payload) {
  wslay_frame_iocb frame{};
  frame.fin = 1;
  frame.opcode = opcode;
  frame.payload_length = payload.size();
  frame.data = reinterpret_cast<const std::uint8_t*>(payload.data());
  frame.data_length = payload.size();
  CHECK(wslay_frame_send(frames_, &frame) == static_cast<ssize_t>(payload.size()));
}

}  // namespace http
