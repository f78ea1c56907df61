#include "store/row.h"

#include <cstring>

#include "crdt/base/hash.h"

namespace store {

void append_varint(base::Bytes& out, std::uint64_t value) {
  while (value >= 0x80) {
    out.push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  out.push_back(static_cast<char>(value));
}

std::uint64_t RowParser::varint() {
  std::uint64_t value = 0;
  for (int shift = 0; shift < 64; shift += 7) {
    const std::uint64_t next = byte();
    if (!ok_) return 0;
    value |= (next & 0x7f) << shift;
    if (next < 0x80) return value;
  }
  ok_ = false;
  return 0;
}

std::uint8_t RowParser::byte() {
  const base::BytesView one = take(1);
  return ok_ ? static_cast<std::uint8_t>(one[0]) : std::uint8_t{0};
}

std::uint32_t RowParser::be32() {
  const base::BytesView four = take(4);
  return ok_ ? base::read_be32(four.data()) : 0;
}

std::uint64_t RowParser::be64() {
  const base::BytesView eight = take(8);
  return ok_ ? base::read_be64(eight.data()) : 0;
}

base::BytesView RowParser::take(std::size_t count) {
  if (!ok_ || count > rest_.size()) {
    ok_ = false;
    return {};
  }
  const base::BytesView taken = rest_.substr(0, count);
  rest_.remove_prefix(count);
  return taken;
}

// The place of the next bytes. The caller fills all of them.
char* RowChecksum::room_for(std::size_t bytes) {
  const std::size_t at = size_;
  size_ += bytes;
  if (rest_.empty() && size_ <= start_.size()) return start_.data() + at;
  if (rest_.empty()) rest_.assign(start_.data(), at);
  rest_.resize(size_);
  return rest_.data() + at;
}

RowChecksum& RowChecksum::number(std::int64_t value) {
  char* at = room_for(8);
  for (int shift = 56; shift >= 0; shift -= 8) {
    *at++ = static_cast<char>(static_cast<std::uint64_t>(value) >> shift);
  }
  return *this;
}

RowChecksum& RowChecksum::bytes(base::BytesView value) {
  // The length separates two neighbouring fields.
  number(static_cast<std::int64_t>(value.size()));
  if (!value.empty()) std::memcpy(room_for(value.size()), value.data(), value.size());
  return *this;
}

std::int64_t RowChecksum::value() const {
  return static_cast<std::int32_t>(wide_value() & 0xffffffff);
}

std::uint64_t RowChecksum::wide_value() const {
  return base::row_checksum(rest_.empty() ? base::BytesView(start_.data(), size_)
                                          : base::BytesView(rest_));
}

base::Error corrupt_row(const Database& database, std::string_view table, std::string_view row) {
  return database.corrupt("table " + std::string(table) + ", row " + std::string(row) +
                          ": bad checksum or content");
}

}  // namespace store
