#include "tools/bench/http_parser.h"

#include <strings.h>

#include <algorithm>
#include <cstdlib>
#include <string_view>

namespace bench {
namespace {

constexpr std::string_view kLineEnd = "\r\n";

// The value of a header; empty if there is no such header.
std::string header_of(std::string_view head, std::string_view name) {
  for (std::size_t at = head.find(kLineEnd); at != std::string_view::npos;
       at = head.find(kLineEnd, at)) {
    at += kLineEnd.size();
    std::string_view line = head.substr(at, head.find(kLineEnd, at) - at);
    if (line.size() <= name.size() || line[name.size()] != ':') continue;
    if (::strncasecmp(line.data(), name.data(), name.size()) != 0) continue;
    std::size_t value = line.find_first_not_of(' ', name.size() + 1);
    return value == std::string_view::npos ? "" : std::string(line.substr(value));
  }
  return "";
}

}  // namespace

bool HttpParser::advance() {
  bool moved = true;
  while (moved) {
    switch (state_) {
      case State::kHead:
        moved = read_head();
        break;
      case State::kLength:
        moved = read_length();
        break;
      case State::kChunkSize:
        moved = read_chunk_size();
        break;
      case State::kChunk:
        moved = read_chunk();
        break;
      case State::kEndless:
        body_ += input_;
        input_.clear();
        return false;
      case State::kComplete:
        return true;
      case State::kFailed:
        return false;
    }
  }
  return state_ == State::kComplete;
}

void HttpParser::next() {
  body_.clear();
  state_ = State::kHead;
}

bool HttpParser::read_head() {
  std::size_t end = input_.find("\r\n\r\n");
  if (end == std::string::npos) return false;
  std::string head = input_.substr(0, end);
  input_.erase(0, end + 4);
  status_ = head.starts_with("HTTP/1.") && head.size() > 12 ? std::atoi(head.c_str() + 9) : 0;
  std::string length = header_of(head, "Content-Length");
  if (status_ < 100) {
    state_ = State::kFailed;
  } else if (status_ < 200) {
    state_ = State::kHead;  // an interim answer
  } else if (header_of(head, "Transfer-Encoding") == "chunked") {
    state_ = State::kChunkSize;
  } else if (!length.empty() || status_ == 204) {
    left_ = std::strtoull(length.c_str(), nullptr, 10);
    state_ = State::kLength;
  } else {
    state_ = State::kEndless;
  }
  return true;
}

bool HttpParser::read_length() {
  std::size_t count = std::min<std::size_t>(left_, input_.size());
  body_.append(input_, 0, count);
  input_.erase(0, count);
  left_ -= count;
  if (left_ > 0) return false;
  state_ = State::kComplete;
  return true;
}

bool HttpParser::read_chunk_size() {
  std::size_t end = input_.find(kLineEnd);
  if (end == std::string::npos) return false;
  left_ = std::strtoull(input_.c_str(), nullptr, 16) + kLineEnd.size();
  input_.erase(0, end + kLineEnd.size());
  state_ = State::kChunk;
  return true;
}

bool HttpParser::read_chunk() {
  if (input_.size() < left_) return false;
  std::size_t size = left_ - kLineEnd.size();
  body_.append(input_, 0, size);
  input_.erase(0, left_);
  state_ = size == 0 ? State::kComplete : State::kChunkSize;
  return true;
}

}  // namespace bench
