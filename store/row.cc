#include "store/row.h"

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

RowChecksum& RowChecksum::number(std::int64_t value) {
  base::append_be64(bytes_, static_cast<std::uint64_t>(value));
  return *this;
}

RowChecksum& RowChecksum::bytes(base::BytesView value) {
  bytes_.reserve(bytes_.size() + value.size() + 24);  // often enough for the rest of the row
  // The length separates two neighbouring fields.
  base::append_be64(bytes_, value.size());
  bytes_.append(value);
  return *this;
}

std::int64_t RowChecksum::value() const {
  return static_cast<std::int32_t>(base::row_checksum(bytes_) & 0xffffffff);
}

base::Error corrupt_row(const Database& database, std::string_view table, std::string_view row) {
  return database.corrupt("table " + std::string(table) + ", row " + std::string(row) +
                          ": bad checksum or content");
}

}  // namespace store
