#pragma once

// Parses HTTP/1.1 answers, one after another, from bytes as they arrive. How they are cut into
// pieces makes no difference. It holds what came of one answer; it sets no bound.

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace probe {

using HttpHeaders = std::vector<std::pair<std::string, std::string>>;

struct HttpAnswer {
  int status = 0;
  HttpHeaders headers;
  std::string body;  // without chunk framing
  // The first header of that name, in any case; empty if there is none.
  std::string header(std::string_view name) const;
  bool has_header(std::string_view name) const;
};

class AnswerParser {
 public:
  // What the next answer is like. A request with HEAD is answered without a body. Interim answers
  // (1xx) are passed over, unless they are to be shown.
  struct Expected {
    bool body = true;
    bool interim = false;
  };
  void expect(Expected expected) { expected_ = expected; }

  // Takes from `input` what belongs to the present answer. True when that is complete; then read it
  // and call next().
  bool advance(std::string& input);
  // The connection has ended. True if that completes the answer: its body had no length.
  bool end();
  void next();

  bool is_complete() const { return state_ == State::kComplete; }
  bool failed() const { return state_ == State::kFailed; }
  const std::string& failure() const { return failure_; }  // what is wrong with the bytes
  bool has_head() const { return state_ != State::kHead && state_ != State::kFailed; }
  // The answer so far. The reader of a stream removes parts from the start of its body.
  HttpAnswer& answer() { return answer_; }

 private:
  enum class State { kHead, kLength, kChunkSize, kChunk, kEndless, kComplete, kFailed };
  bool read_head(std::string& input);
  bool read_length(std::string& input);
  bool read_chunk_size(std::string& input);
  bool read_chunk(std::string& input);
  bool parse_head(std::string_view head);
  State state_after_head();
  bool fail(std::string_view what, std::string_view bytes);

  Expected expected_;
  HttpAnswer answer_;
  State state_ = State::kHead;
  std::uint64_t left_ = 0;  // bytes left of the body, or of the chunk with its end of line
  std::string failure_;
};

}  // namespace probe
