#pragma once

// Reads one HTTP/1.1 answer after another from bytes as they arrive. It believes the server: what
// it cannot read is an error of the run, not an attack.

#include <cstdint>
#include <string>

namespace bench {

class HttpParser {
 public:
  void feed(const char* bytes, std::size_t count) { input_.append(bytes, count); }
  // Goes as far as the bytes allow. True when an answer is complete; then read it and call next().
  bool advance();
  void next();

  bool failed() const { return state_ == State::kFailed; }
  bool has_head() const { return state_ != State::kHead && state_ != State::kFailed; }
  int status() const { return status_; }
  // The body so far, out of its chunks. A stream's reader takes pieces off its front.
  std::string& body() { return body_; }

 private:
  enum class State { kHead, kLength, kChunkSize, kChunk, kEndless, kComplete, kFailed };
  bool read_head();
  bool read_length();
  bool read_chunk_size();
  bool read_chunk();
  std::string input_;
  std::string body_;
  State state_ = State::kHead;
  int status_ = 0;
  std::uint64_t left_ = 0;  // of the body, or of the chunk with its end of line
};

}  // namespace bench
