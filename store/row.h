#pragma once

// The parts of rows: variable-length numbers, a bounded parser, and the checksum of every row.
// SQLite does not notice a changed byte in a row; the checksum does. It covers a letter for the
// table, the key and the content, so a sound row in the wrong place fails too.

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "crdt/base/bytes.h"
#include "crdt/base/result.h"
#include "store/database.h"

namespace store {

void append_varint(base::Bytes& out, std::uint64_t value);  // 7 bits a byte, lowest first

// Reads front to back. After the first mismatch ok() is false and every read gives a default.
class RowParser {
 public:
  explicit RowParser(base::BytesView bytes) : rest_(bytes) {}
  std::uint64_t varint();
  std::uint8_t byte();
  std::uint32_t be32();
  std::uint64_t be64();
  base::BytesView take(std::size_t count);
  base::BytesView rest() { return take(rest_.size()); }
  bool ok() const { return ok_; }
  bool at_end() const { return rest_.empty(); }
  bool complete() const { return ok_ && rest_.empty(); }

 private:
  base::BytesView rest_;
  bool ok_ = true;
};

class RowChecksum {
 public:
  explicit RowChecksum(char table) { start_[size_++] = table; }
  RowChecksum& number(std::int64_t value);
  RowChecksum& bytes(base::BytesView value);
  // A signed number of 32 bits: SQLite stores small integers in less room.
  std::int64_t value() const;
  std::uint64_t wide_value() const;  // all 64 bits

 private:
  char* room_for(std::size_t bytes);
  // Most rows fit into `start_`. When one does not, `rest_` has all of it.
  std::array<char, 512> start_;
  std::size_t size_ = 0;
  base::Bytes rest_;
};

base::Error corrupt_row(const Database& database, std::string_view table, std::string_view row);
inline base::Error corrupt_row(const Database& database, std::string_view table, std::int64_t row) {
  return corrupt_row(database, table, std::to_string(row));
}

}  // namespace store
