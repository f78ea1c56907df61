#pragma once

// msgpack with hard limits. msgpack::packer writes. msgpack::parse reads with a visitor that makes
// a flat list of tokens; `Reader` then walks this list. The visitor refuses too much depth, too
// many items, counts larger than the bytes left, ext types, floats, and anything after the first
// object. Nothing is allocated in proportion to a number that a peer only claims (rule 12).

#include <cstdint>
#include <optional>
#include <vector>

#include "crdt/base/bytes.h"
#include "crdt/base/result.h"

namespace crdt::codec {

struct Limits {
  std::size_t bytes_max = 24u << 20;
  std::size_t depth_max = 12;
  std::size_t items_max = 2'000'000;  // tokens in all
};

struct Token {
  enum class Kind : std::uint8_t {
    kNil,
    kBool,
    kUnsigned,
    kNegative,
    kText,
    kBinary,
    kArray,
    kMap
  };
  Kind kind = Kind::kNil;
  std::uint64_t number = 0;  // the value, or the number of items (of pairs for a map)
  base::BytesView bytes{};   // for text and binary: points into the parsed buffer
};

// Walks the tokens in order. After the first mismatch ok() is false and every further read returns
// a default. So a decoder can read on and check once at the end of each part.
class Reader {
 public:
  static base::Result<Reader> parse(base::BytesView bytes, const Limits& limits = {});

  bool ok() const { return ok_; }
  bool at_end() const { return next_ == tokens_.size(); }
  void fail() { ok_ = false; }

  std::size_t array();  // the number of items; fails if the next token is not an array
  std::size_t array(std::size_t at_most);  // fails if the number is larger
  std::size_t map();
  std::uint64_t number();
  std::uint64_t number(std::uint64_t at_most);
  std::int64_t signed_number();
  bool boolean();
  base::BytesView text();  // fails if it is not UTF-8
  base::BytesView text(std::size_t at_most);
  base::BytesView binary();
  base::BytesView binary(std::size_t at_most);
  template <typename Id>
  Id id() {  // fails if the length is wrong
    std::optional<Id> found = Id::from(binary());
    if (!found) fail();
    return found.value_or(Id{});
  }
  bool take_nil();  // consumes the next token if it is nil
  Token::Kind peek() const;
  void skip();  // skips one object of any kind
  void skip(std::size_t count);

 private:
  const Token* take(Token::Kind kind);
  std::vector<Token> tokens_;
  std::size_t next_ = 0;
  bool ok_ = true;
};

// Appends to a byte string; the packer of msgpack-c encodes. Its headers are large, so only
// codec.cc includes them.
class Writer {
 public:
  Writer& array(std::size_t count);
  Writer& map(std::size_t pairs);
  Writer& number(std::uint64_t value);
  Writer& signed_number(std::int64_t value);
  Writer& boolean(bool value);
  Writer& text(std::string_view value);
  Writer& binary(base::BytesView value);
  Writer& nil();
  Writer& encoded(base::BytesView objects);  // encoded by another writer
  void reserve(std::size_t bytes) { buffer_.reserve(bytes); }
  std::size_t size() const { return buffer_.size(); }
  base::Bytes take();
  base::BytesView view() const { return buffer_; }

 private:
  base::Bytes buffer_;
};

}  // namespace crdt::codec
