#include "agent/http/outbox.h"

#include <utility>

namespace http {
namespace {

constexpr std::size_t kCopyBelow = 16 * 1024;  // smaller bodies are copied behind their head

}  // namespace

void Outbox::append_body(std::string body) {
  if (body.size() < kCopyBelow) {
    tail_ += body;
    return;
  }
  if (!tail_.empty()) chunks_.push_back(std::exchange(tail_, {}));
  chunks_.push_back(std::move(body));
}

bool Outbox::flush() {
  if (writing_ || channel_.unsent() > 0 || unwritten() == 0) return true;
  if (chunks_.empty()) {
    auto taken = channel_.try_write(tail_);
    if (!taken) return false;
    if (*taken == tail_.size()) {
      tail_.clear();
      if (tail_.capacity() > kKeepCapacity) tail_.shrink_to_fit();
      return true;
    }
    tail_.erase(0, *taken);
    if (channel_.unsent() > 0) return true;
  }
  return write_chunks();
}

bool Outbox::write_chunks() {
  if (!tail_.empty()) chunks_.push_back(std::exchange(tail_, {}));
  writing_bytes_ = unwritten();
  writing_chunks_ = std::exchange(chunks_, {});
  Channel::Wrote wrote = channel_.write(writing_chunks_);
  writing_ = true;
  if (wrote != Channel::Wrote::kLater) drained();
  return wrote != Channel::Wrote::kBroken;
}

void Outbox::drained() {
  writing_ = false;
  writing_chunks_.clear();
  writing_bytes_ = 0;
}

std::size_t Outbox::unsent() const { return unwritten() + in_flight(); }

std::size_t Outbox::in_flight() const { return channel_.unsent(); }

std::size_t Outbox::unwritten() const {
  std::size_t bytes = tail_.size();
  for (const std::string& chunk : chunks_) bytes += chunk.size();
  return bytes;
}

}  // namespace http
