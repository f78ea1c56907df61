#pragma once

// Parses HTTP/1.1 answers, one after another, from bytes as they arrive. It trusts the server: an
// answer that it cannot parse is an error of the run.

#include <cstdint>
#include <string>

namespace bench {

class HttpParser {
 public:
  void feed(const char* bytes, std::size_t count) { input_.append(bytes, count); }
  // Parses as far as the bytes allow. True when an answer is complete; then read it and call
  // next().
  bool advance();
  void next();

  bool failed() const { return state_ == State::kFailed; }
  bool has_head() const { return state_ != State::kHead && state_ != State::kFailed; }
  int status() const { return status_; }
  // The body so far, without chunk framing. The reader of a stream removes parts from its start.
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
  std::uint64_t left_ = 0;  // bytes left of the body, or of the chunk with its end of line
};

}  // namespace bench
