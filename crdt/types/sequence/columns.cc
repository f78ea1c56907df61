#include "crdt/types/sequence/columns.h"

namespace crdt {
namespace {

void append(base::Bytes& out, std::uint64_t value) {
  while (value >= 0x80) {
    out.push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  out.push_back(static_cast<char>(value));
}

}  // namespace

void Column::add(std::uint64_t value) { append(bytes_, value); }

void Column::add_signed(std::int64_t value) {
  const auto bits = static_cast<std::uint64_t>(value);
  add((bits << 1) ^ (value < 0 ? UINT64_MAX : 0));
}

void Column::append_to(base::Bytes& out) const {
  append(out, bytes_.size());
  out += bytes_;
}

std::uint64_t ColumnReader::next_large() {
  std::uint64_t value = 0;
  for (int shift = 0; shift < 64; shift += 7) {
    const base::BytesView one = take(1);
    if (!ok_) return 0;
    const auto byte = static_cast<unsigned char>(one[0]);
    value |= std::uint64_t{byte & 0x7fu} << shift;
    if (byte < 0x80) return value;
  }
  ok_ = false;
  return 0;
}

std::int64_t ColumnReader::next_signed() {
  const std::uint64_t bits = next();
  return static_cast<std::int64_t>((bits >> 1) ^ ((bits & 1) != 0 ? UINT64_MAX : 0));
}

ColumnReader ColumnReader::column() { return ColumnReader(take(next())); }

base::BytesView ColumnReader::take(std::size_t count) {
  if (!ok_ || count > rest_.size()) {
    ok_ = false;
    return {};
  }
  const base::BytesView taken = rest_.substr(0, count);
  rest_.remove_prefix(count);
  return taken;
}

}  // namespace crdt
