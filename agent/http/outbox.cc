#include "agent/http/outbox.h"

#include <algorithm>
#include <utility>

namespace http {
namespace {

constexpr std::size_t kCopyBelow = 16 * 1024;  // smaller bodies are copied behind their head

uv_buf_t as_buffer(std::string& text, std::size_t from) {
  return uv_buf_init(text.data() + from, static_cast<unsigned>(text.size() - from));
}

}  // namespace

Outbox::Outbox(uv_stream_t* stream, std::function<void(int)> written)
    : stream_(stream), written_(std::move(written)) {
  request_.data = this;
}

void Outbox::append_body(std::string body) {
  if (body.size() < kCopyBelow) {
    tail_ += body;
    return;
  }
  if (!tail_.empty()) chunks_.push_back(std::exchange(tail_, {}));
  chunks_.push_back(std::move(body));
}

bool Outbox::flush() {
  if (writing_ || unwritten() == 0) return true;
  if (chunks_.empty()) {
    uv_buf_t buffer = as_buffer(tail_, 0);
    int written = uv_try_write(stream_, &buffer, 1);
    if (written < 0 && written != UV_EAGAIN) return false;
    if (written > 0 && static_cast<std::size_t>(written) == tail_.size()) {
      tail_.clear();
      if (tail_.capacity() > kKeepCapacity) tail_.shrink_to_fit();
      return true;
    }
    tail_.erase(0, static_cast<std::size_t>(std::max(written, 0)));
  }
  return write_chunks();
}

bool Outbox::write_chunks() {
  if (!tail_.empty()) chunks_.push_back(std::exchange(tail_, {}));
  writing_bytes_ = unwritten();
  writing_chunks_ = std::exchange(chunks_, {});
  std::vector<uv_buf_t> buffers;
  buffers.reserve(writing_chunks_.size());
  for (std::string& chunk : writing_chunks_) buffers.push_back(as_buffer(chunk, 0));
  // Writes what the socket takes at once, and keeps the rest until it takes more.
  int status =
      uv_write(&request_, stream_, buffers.data(), static_cast<unsigned>(buffers.size()), finish);
  writing_ = status == 0;
  return writing_;
}

void Outbox::finish(uv_write_t* request, int status) {
  auto* self = static_cast<Outbox*>(request->data);
  self->writing_ = false;
  self->writing_chunks_.clear();
  self->writing_bytes_ = 0;
  self->written_(status);
}

std::size_t Outbox::unsent() const { return unwritten() + in_flight(); }

std::size_t Outbox::in_flight() const {
  return writing_ ? uv_stream_get_write_queue_size(stream_) : 0;
}

std::size_t Outbox::unwritten() const {
  std::size_t bytes = tail_.size();
  for (const std::string& chunk : chunks_) bytes += chunk.size();
  return bytes;
}

}  // namespace http
