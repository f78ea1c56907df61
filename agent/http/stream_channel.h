#pragma once

// A channel on a socket: TCP or a Unix socket.

#include <uv.h>

#include <memory>
#include <vector>

#include "agent/http/channel.h"

namespace http {

class StreamChannel final : public Channel {
 public:
  // Owns the connected socket from now on. `read_buffer` is shared by many channels: its bytes are
  // used before the next read. Null when libuv refuses the socket.
  static std::unique_ptr<StreamChannel> open(uv_loop_t* loop, int socket,
                                             std::vector<char>& read_buffer);
  ~StreamChannel() override;  // close() must have finished
  StreamChannel(const StreamChannel&) = delete;
  StreamChannel& operator=(const StreamChannel&) = delete;

  const Peer& peer() const override { return peer_; }
  bool start_reading() override;
  void stop_reading() override;
  std::optional<std::size_t> try_write(std::string_view text) override;
  Wrote write(std::span<std::string> pieces) override;
  std::size_t unsent() const override;
  void shut_down() override;
  void close() override;

 private:
  explicit StreamChannel(std::vector<char>& read_buffer) : read_buffer_(read_buffer) {}
  bool take(uv_loop_t* loop, int socket);
  uv_stream_t* stream() { return &handle_.stream; }
  static void allocate(uv_handle_t* handle, std::size_t, uv_buf_t* buffer);
  static void on_read(uv_stream_t* stream, ssize_t count, const uv_buf_t* buffer);
  static void on_written(uv_write_t* request, int status);

  std::vector<char>& read_buffer_;
  Peer peer_;
  union {
    uv_stream_t stream;
    uv_tcp_t tcp;
    uv_pipe_t pipe;
  } handle_{};
  uv_write_t write_{};
  uv_shutdown_t shutdown_{};
  bool closed_ = false;
};

}  // namespace http
