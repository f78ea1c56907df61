#include "tools/probe/answer_parser.h"

#include <strings.h>

#include <algorithm>
#include <charconv>
#include <optional>

namespace probe {
namespace {

constexpr std::string_view kLineEnd = "\r\n";
constexpr std::size_t kShownMax = 80;  // bytes of a wrong answer in the message

bool same_name(std::string_view a, std::string_view z) {
  return a.size() == z.size() && ::strncasecmp(a.data(), z.data(), a.size()) == 0;
}

std::optional<std::uint64_t> number_of(std::string_view text, int radix) {
  std::uint64_t value = 0;
  const char* end = text.data() + text.size();
  auto [stop, error] = std::from_chars(text.data(), end, value, radix);
  if (error != std::errc{} || stop != end) return std::nullopt;
  return value;
}

std::string_view take_line(std::string_view& text) {
  std::size_t end = std::min(text.find(kLineEnd), text.size());
  std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + kLineEnd.size(), text.size()));
  return line;
}

}  // namespace

std::string HttpAnswer::header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (same_name(key, name)) return value;
  }
  return "";
}

bool HttpAnswer::has_header(std::string_view name) const {
  return std::any_of(headers.begin(), headers.end(),
                     [&](const auto& header) { return same_name(header.first, name); });
}

bool AnswerParser::advance(std::string& input) {
  bool moved = true;
  while (moved) {
    switch (state_) {
      case State::kHead:
        moved = read_head(input);
        break;
      case State::kLength:
        moved = read_length(input);
        break;
      case State::kChunkSize:
        moved = read_chunk_size(input);
        break;
      case State::kChunk:
        moved = read_chunk(input);
        break;
      case State::kEndless:
        answer_.body += input;
        input.clear();
        return false;
      case State::kComplete:
        return true;
      case State::kFailed:
        return false;
    }
  }
  return state_ == State::kComplete;
}

bool AnswerParser::end() {
  if (state_ == State::kEndless) state_ = State::kComplete;
  return state_ == State::kComplete;
}

void AnswerParser::next() {
  answer_ = {};
  state_ = State::kHead;
}

bool AnswerParser::read_head(std::string& input) {
  std::size_t end = input.find("\r\n\r\n");
  if (end == std::string::npos) return false;
  bool good = parse_head(std::string_view(input).substr(0, end));
  input.erase(0, end + 4);
  if (good) state_ = state_after_head();
  return good;
}

bool AnswerParser::parse_head(std::string_view head) {
  answer_ = {};
  std::string_view first = take_line(head);
  bool known = first.starts_with("HTTP/1.") && first.size() >= 12;
  auto status = known ? number_of(first.substr(9, 3), 10).value_or(0) : 0;
  if (status < 100) return fail("status line", first);
  answer_.status = static_cast<int>(status);
  while (!head.empty()) {
    std::string_view line = take_line(head);
    std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) return fail("header", line);
    std::size_t value = std::min(line.find_first_not_of(" \t", colon + 1), line.size());
    answer_.headers.emplace_back(line.substr(0, colon), line.substr(value));
  }
  return true;
}

// RFC 9112, 6.3: how long the body is.
AnswerParser::State AnswerParser::state_after_head() {
  bool interim = answer_.status < 200;
  if (interim && !expected_.interim) return State::kHead;
  if (interim || !expected_.body || answer_.status == 204 || answer_.status == 304) {
    return State::kComplete;
  }
  if (same_name(answer_.header("Transfer-Encoding"), "chunked")) return State::kChunkSize;
  std::string length = answer_.header("Content-Length");
  if (length.empty()) return State::kEndless;
  auto size = number_of(length, 10);
  if (!size) {
    fail("Content-Length", length);
    return State::kFailed;
  }
  left_ = *size;
  return State::kLength;
}

bool AnswerParser::read_length(std::string& input) {
  std::size_t count = std::min<std::size_t>(left_, input.size());
  answer_.body.append(input, 0, count);
  input.erase(0, count);
  left_ -= count;
  if (left_ > 0) return false;
  state_ = State::kComplete;
  return true;
}

bool AnswerParser::read_chunk_size(std::string& input) {
  std::size_t end = input.find(kLineEnd);
  if (end == std::string::npos) return false;
  auto size = number_of(std::string_view(input).substr(0, end), 16);
  if (!size) return fail("chunk size", std::string_view(input).substr(0, end));
  left_ = *size + kLineEnd.size();
  input.erase(0, end + kLineEnd.size());
  state_ = State::kChunk;
  return true;
}

bool AnswerParser::read_chunk(std::string& input) {
  if (input.size() < left_) return false;
  std::size_t size = left_ - kLineEnd.size();
  std::string_view end = std::string_view(input).substr(size, kLineEnd.size());
  if (end != kLineEnd) return fail("end of a chunk", end);
  answer_.body.append(input, 0, size);
  input.erase(0, left_);
  state_ = size == 0 ? State::kComplete : State::kChunkSize;
  return true;
}

bool AnswerParser::fail(std::string_view what, std::string_view bytes) {
  failure_ = "the answer is not HTTP/1.1: " + std::string(what) + " \"" +
             std::string(bytes.substr(0, kShownMax)) + "\"";
  state_ = State::kFailed;
  return false;
}

}  // namespace probe
