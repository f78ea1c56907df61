#include "crdt/codec.h"

#include <algorithm>
#include <limits>
#include <msgpack.hpp>
#include <string>
#include <utility>

namespace crdt::codec {
namespace {

using base::Code;
using base::Error;

// Turns the objects that msgpack::parse finds into a flat list of tokens. Returning false stops the
// parser.
class Collector : public msgpack::null_visitor {
 public:
  Collector(base::BytesView input, const Limits& limits, std::vector<Token>& tokens)
      : end_(input.data() + input.size()),
        reached_(input.data()),
        limits_(limits),
        tokens_(tokens) {}

  const char* refusal() const { return refusal_; }

  bool visit_nil() { return add(Token::Kind::kNil, 0); }
  bool visit_boolean(bool value) { return add(Token::Kind::kBool, value ? 1 : 0); }
  bool visit_positive_integer(std::uint64_t value) { return add(Token::Kind::kUnsigned, value); }
  bool visit_negative_integer(std::int64_t value) {
    return add(Token::Kind::kNegative, static_cast<std::uint64_t>(value));
  }
  bool visit_float32(float) { return refuse("a floating-point number"); }
  bool visit_float64(double) { return refuse("a floating-point number"); }
  bool visit_ext(const char*, std::uint32_t) { return refuse("an ext type"); }
  bool visit_str(const char* at, std::uint32_t size) { return bytes(Token::Kind::kText, at, size); }
  bool visit_bin(const char* at, std::uint32_t size) {
    return bytes(Token::Kind::kBinary, at, size);
  }
  bool start_array(std::uint32_t count) { return open(Token::Kind::kArray, count, count); }
  bool start_map(std::uint32_t pairs) {
    return open(Token::Kind::kMap, pairs, std::uint64_t{pairs} * 2);
  }
  bool end_array() {
    --depth_;
    return true;
  }
  bool end_map() {
    --depth_;
    return true;
  }

 private:
  bool refuse(const char* why) {
    refusal_ = why;
    return false;
  }
  bool add(Token::Kind kind, std::uint64_t number) {
    if (tokens_.size() >= limits_.items_max) return refuse("more items than allowed");
    ++reached_;  // an item takes at least one byte
    tokens_.push_back({kind, number, {}});
    return true;
  }
  bool bytes(Token::Kind kind, const char* at, std::uint32_t size) {
    if (!add(kind, size)) return false;
    tokens_.back().bytes = {at, size};
    // The parser gives no position for an empty string.
    if (size > 0) reached_ = at + size;
    return true;
  }
  // `reached_` is never ahead of the parser's real position, so the number of bytes left is never
  // too small.
  bool open(Token::Kind kind, std::uint32_t count, std::uint64_t items) {
    if (depth_ >= limits_.depth_max) return refuse("containers nested too deep");
    if (!add(kind, count)) return false;
    if (items > static_cast<std::uint64_t>(end_ - reached_)) {
      return refuse("a count larger than the bytes that are left");
    }
    ++depth_;
    return true;
  }

  const char* end_;
  const char* reached_;
  const Limits& limits_;
  std::vector<Token>& tokens_;
  std::size_t depth_ = 0;
  const char* refusal_ = nullptr;
};

// Estimates the number of tokens from the size, up to a bound. Most messages need no second
// allocation, and a large message that consists mostly of values does not reserve for them.
std::size_t tokens_to_reserve(std::size_t bytes) {
  return std::min<std::size_t>(bytes / 3 + 8, 4096);
}

// The output of the packer of msgpack-c. A packer keeps no other state, so each call makes a new
// one.
struct Sink {
  base::Bytes& out;
  void write(const char* bytes, std::size_t size) { out.append(bytes, size); }
};

template <typename Pack>
void pack_into(base::Bytes& out, const Pack& pack) {
  Sink sink{out};
  msgpack::packer<Sink> packer(sink);
  pack(packer);
}

}  // namespace

base::Result<Reader> Reader::parse(base::BytesView bytes, const Limits& limits) {
  if (bytes.size() > limits.bytes_max) {
    return Error{Code::kTooLarge, "decode msgpack: " + std::to_string(bytes.size()) +
                                      " bytes, at most " + std::to_string(limits.bytes_max)};
  }
  Reader reader;
  reader.tokens_.reserve(tokens_to_reserve(bytes.size()));
  Collector collector(bytes, limits, reader.tokens_);
  std::size_t offset = 0;
  bool complete = msgpack::parse(bytes.data(), bytes.size(), offset, collector);
  if (collector.refusal() != nullptr) {
    return base::invalid(std::string("decode msgpack: ") + collector.refusal());
  }
  if (!complete) return base::invalid("decode msgpack: truncated or malformed");
  if (offset != bytes.size()) return base::invalid("decode msgpack: bytes after the first object");
  return reader;
}

const Token* Reader::take(Token::Kind kind) {
  if (!ok_ || next_ == tokens_.size() || tokens_[next_].kind != kind) {
    ok_ = false;
    return nullptr;
  }
  return &tokens_[next_++];
}

std::size_t Reader::array() {
  const Token* token = take(Token::Kind::kArray);
  return token == nullptr ? 0 : token->number;
}

std::size_t Reader::array(std::size_t at_most) {
  std::size_t count = array();
  if (count <= at_most) return count;
  ok_ = false;
  return 0;
}

std::size_t Reader::map() {
  const Token* token = take(Token::Kind::kMap);
  return token == nullptr ? 0 : token->number;
}

std::uint64_t Reader::number() {
  const Token* token = take(Token::Kind::kUnsigned);
  return token == nullptr ? 0 : token->number;
}

std::uint64_t Reader::number(std::uint64_t at_most) {
  std::uint64_t value = number();
  if (value <= at_most) return value;
  ok_ = false;
  return 0;
}

std::int64_t Reader::signed_number() {
  if (ok_ && next_ < tokens_.size() && tokens_[next_].kind == Token::Kind::kNegative) {
    return static_cast<std::int64_t>(tokens_[next_++].number);
  }
  constexpr auto kMost = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  return static_cast<std::int64_t>(number(kMost));
}

bool Reader::boolean() {
  const Token* token = take(Token::Kind::kBool);
  return token != nullptr && token->number != 0;
}

base::BytesView Reader::text() {
  const Token* token = take(Token::Kind::kText);
  if (token == nullptr) return {};
  if (base::is_utf8(token->bytes)) return token->bytes;
  ok_ = false;
  return {};
}

base::BytesView Reader::text(std::size_t at_most) {
  base::BytesView value = text();
  if (value.size() <= at_most) return value;
  ok_ = false;
  return {};
}

base::BytesView Reader::binary() {
  const Token* token = take(Token::Kind::kBinary);
  return token == nullptr ? base::BytesView() : token->bytes;
}

base::BytesView Reader::binary(std::size_t at_most) {
  base::BytesView value = binary();
  if (value.size() <= at_most) return value;
  ok_ = false;
  return {};
}

bool Reader::take_nil() {
  if (!ok_ || next_ == tokens_.size() || tokens_[next_].kind != Token::Kind::kNil) return false;
  ++next_;
  return true;
}

Token::Kind Reader::peek() const {
  return ok_ && next_ < tokens_.size() ? tokens_[next_].kind : Token::Kind::kNil;
}

void Reader::skip() { skip(1); }

void Reader::skip(std::size_t count) {
  // Iterative: the tokens of a container follow it, so it is enough to count the objects that are
  // still to skip.
  std::size_t due = count;
  while (ok_ && due > 0) {
    if (next_ == tokens_.size()) {
      ok_ = false;
      return;
    }
    const Token& token = tokens_[next_++];
    --due;
    if (token.kind == Token::Kind::kArray) due += token.number;
    if (token.kind == Token::Kind::kMap) due += 2 * token.number;
  }
}

Writer& Writer::array(std::size_t count) {
  CHECK(count <= std::numeric_limits<std::uint32_t>::max());
  pack_into(buffer_, [&](auto& out) { out.pack_array(static_cast<std::uint32_t>(count)); });
  return *this;
}

Writer& Writer::map(std::size_t pairs) {
  CHECK(pairs <= std::numeric_limits<std::uint32_t>::max());
  pack_into(buffer_, [&](auto& out) { out.pack_map(static_cast<std::uint32_t>(pairs)); });
  return *this;
}

Writer& Writer::number(std::uint64_t value) {
  pack_into(buffer_, [&](auto& out) { out.pack_uint64(value); });
  return *this;
}

Writer& Writer::signed_number(std::int64_t value) {
  pack_into(buffer_, [&](auto& out) { out.pack_int64(value); });
  return *this;
}

Writer& Writer::boolean(bool value) {
  pack_into(buffer_, [&](auto& out) { value ? out.pack_true() : out.pack_false(); });
  return *this;
}

Writer& Writer::text(std::string_view value) {
  CHECK(value.size() <= std::numeric_limits<std::uint32_t>::max());
  auto size = static_cast<std::uint32_t>(value.size());
  pack_into(buffer_, [&](auto& out) { out.pack_str(size).pack_str_body(value.data(), size); });
  return *this;
}

Writer& Writer::binary(base::BytesView value) {
  CHECK(value.size() <= std::numeric_limits<std::uint32_t>::max());
  auto size = static_cast<std::uint32_t>(value.size());
  pack_into(buffer_, [&](auto& out) { out.pack_bin(size).pack_bin_body(value.data(), size); });
  return *this;
}

Writer& Writer::nil() {
  pack_into(buffer_, [](auto& out) { out.pack_nil(); });
  return *this;
}

Writer& Writer::encoded(base::BytesView objects) {
  buffer_.append(objects);
  return *this;
}

base::Bytes Writer::take() { return std::exchange(buffer_, {}); }

}  // namespace crdt::codec
