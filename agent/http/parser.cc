#include "agent/http/parser.h"

#include <boost/beast/http/basic_parser.hpp>
#include <limits>
#include <optional>

namespace http {
namespace {

namespace beast = boost::beast;
using ErrorCode = beast::error_code;

constexpr std::size_t kLastChunkBytes = 5;  // "0\r\n\r\n"

Verb verb_of(beast::http::verb verb) {
  switch (verb) {
    case beast::http::verb::get:
      return Verb::kGet;
    case beast::http::verb::head:
      return Verb::kHead;
    case beast::http::verb::post:
      return Verb::kPost;
    case beast::http::verb::put:
      return Verb::kPut;
    case beast::http::verb::patch:
      return Verb::kPatch;
    case beast::http::verb::delete_:
      return Verb::kDelete;
    case beast::http::verb::options:
      return Verb::kOptions;
    default:
      return Verb::kOther;
  }
}

std::string lower_case(beast::string_view text) {
  std::string out(text.data(), text.size());
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

base::Error broken(const ErrorCode& error) {
  return base::invalid("malformed request: " + error.message());
}

class Reader final : public beast::http::basic_parser<true> {
 public:
  Reader() {
    // The head was measured before it came here. An empty optional ("no limit") would be less than
    // every length in this version of Beast, so that it would refuse every body.
    header_limit(std::numeric_limits<std::uint32_t>::max());
    body_limit(std::numeric_limits<std::uint64_t>::max());
  }

  Request* out = nullptr;  // set only while the head is read
  std::string target;
  int version = 11;
  std::string_view piece;

  bool is_between_chunks() const { return chunked() && chunk_left_ == 0; }

 private:
  void on_request_impl(beast::http::verb verb, beast::string_view method,
                       beast::string_view request_target, int http_version, ErrorCode&) override {
    out->verb = verb_of(verb);
    out->method.assign(method.data(), method.size());
    target.assign(request_target.data(), request_target.size());
    version = http_version;
  }
  void on_response_impl(int, beast::string_view, int, ErrorCode&) override {}
  void on_field_impl(beast::http::field, beast::string_view name, beast::string_view value,
                     ErrorCode& error) override {
    if (out == nullptr) return count_framing(name.size() + value.size() + 4, error);
    out->headers.emplace_back(lower_case(name), std::string(value.data(), value.size()));
  }
  void on_header_impl(ErrorCode&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>&, ErrorCode&) override {}
  std::size_t on_body_impl(beast::string_view body, ErrorCode&) override {
    piece = {body.data(), body.size()};
    return body.size();
  }
  void on_chunk_header_impl(std::uint64_t size, beast::string_view extensions,
                            ErrorCode& error) override {
    chunk_left_ = size;
    count_framing(extensions.size(), error);
  }
  std::size_t on_chunk_body_impl(std::uint64_t, beast::string_view body, ErrorCode&) override {
    piece = {body.data(), body.size()};
    chunk_left_ -= body.size();
    return body.size();
  }
  void on_finish_impl(ErrorCode&) override {}

  void count_framing(std::size_t bytes, ErrorCode& error) {
    framing_bytes_ += bytes;
    if (framing_bytes_ > Parser::kFramingBytesMax) error = beast::http::error::bad_chunk_extension;
  }

  std::size_t framing_bytes_ = 0;
  std::uint64_t chunk_left_ = 0;
};

}  // namespace

struct Parser::Impl {
  std::optional<Reader> reader;
  bool keep_alive = false;
  std::uint64_t body_limit = 0;
};

base::Error body_too_large(std::uint64_t byte_limit) {
  return {base::Code::kTooLarge, "the body is larger than " + std::to_string(byte_limit) +
                                     " bytes, the limit of this route"};
}

Parser::Parser() : impl_(std::make_unique<Impl>()) {}
Parser::~Parser() = default;

base::Status Parser::read_head(std::string_view head, Request& out) {
  Reader& reader = impl_->reader.emplace();
  reader.out = &out;
  ErrorCode error;
  std::size_t consumed = reader.put({head.data(), head.size()}, error);
  reader.out = nullptr;
  if (error) return broken(error);
  if (!reader.is_header_done() || consumed != head.size()) {
    return base::invalid("malformed request: the parser found another end of the head");
  }
  // If Beast does not take the body as chunked although the header says so, it would see no body.
  if (!out.header("transfer-encoding").empty() && !reader.chunked()) {
    return base::invalid("the Transfer-Encoding is not chunked");
  }
  impl_->keep_alive = reader.keep_alive();
  ASSIGN_OR_RETURN(out.target, parse_target(reader.target));
  return {};
}

bool Parser::keep_alive() const { return impl_->keep_alive; }
bool Parser::is_http_1_0() const { return impl_->reader->version == 10; }
bool Parser::done() const { return impl_->reader->is_done(); }
std::uint64_t Parser::content_length() const { return impl_->reader->content_length().value_or(0); }
void Parser::limit_body(std::uint64_t byte_limit) {
  impl_->body_limit = byte_limit;
  impl_->reader->body_limit(byte_limit);
}

base::Result<Parser::Step> Parser::read_body(std::string_view bytes) {
  Reader& reader = *impl_->reader;
  // When Beast has seen the first line of the last chunk, it asserts that five bytes are there. But
  // "0\r\n" may come alone, so a client could end the program. No body ends in fewer than five
  // bytes, so we wait for them.
  if (reader.is_between_chunks() && bytes.size() < kLastChunkBytes) return Step{};
  ErrorCode error;
  reader.piece = {};
  Step step;
  step.consumed = reader.put({bytes.data(), bytes.size()}, error);
  step.piece = reader.piece;
  if (error == beast::http::error::need_more) {
    // A chunk line or trailers without an end must not make the input grow without a bound.
    if (bytes.size() - step.consumed > 2 * kFramingBytesMax) {
      return base::invalid("a chunk line or trailers are too long");
    }
    return step;
  }
  if (error == beast::http::error::body_limit) {
    return body_too_large(impl_->body_limit);
  }
  if (error) return broken(error);
  return step;
}

}  // namespace http
