#pragma once

// Small numbers in columns: what the stored form of a text is made of. A column has one kind of
// number, so a general compressor finds its patterns. Reading is bounded: after the first mismatch
// ok() is false and every number is 0.

#include <cstdint>

#include "crdt/base/bytes.h"

namespace crdt {

class Column {
 public:
  void add(std::uint64_t value);           // 7 bits a byte, lowest first
  void add_signed(std::int64_t value);     // small for small negative numbers too
  void append_to(base::Bytes& out) const;  // its length, then its bytes
 private:
  base::Bytes bytes_;
};

class ColumnReader {
 public:
  explicit ColumnReader(base::BytesView bytes) : rest_(bytes) {}
  std::uint64_t next() {
    const bool small = ok_ && !rest_.empty() && static_cast<unsigned char>(rest_[0]) < 0x80;
    if (!small) return next_large();
    const auto value = static_cast<unsigned char>(rest_[0]);
    rest_.remove_prefix(1);
    return value;
  }
  std::int64_t next_signed();
  ColumnReader column();  // what append_to() wrote
  base::BytesView take(std::size_t count);
  bool ok() const { return ok_; }
  bool at_end() const { return rest_.empty(); }
  void fail() { ok_ = false; }

 private:
  std::uint64_t next_large();  // of any size

  base::BytesView rest_;
  bool ok_ = true;
};

}  // namespace crdt
