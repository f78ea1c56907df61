#include "tools/bench/floor_message.h"

#include <cstring>

#include "crdt/base/bytes.h"

namespace bench {
namespace {

constexpr std::size_t kHeadSize = 1 + 8 + 4;  // kind, number, count of values

}  // namespace

std::string encode(const FloorMessage& message) {
  std::string bytes(1, static_cast<char>(message.kind));
  base::append_be64(bytes, message.number);
  base::append_be32(bytes, static_cast<std::uint32_t>(message.values.size()));
  for (std::int64_t value : message.values) {
    base::append_be64(bytes, static_cast<std::uint64_t>(value));
  }
  return bytes + message.payload;
}

std::optional<FloorMessage> decode_floor_message(const std::string& bytes) {
  if (bytes.size() < kHeadSize || !std::strchr("hpgcsd", bytes[0])) return std::nullopt;
  FloorMessage message;
  message.kind = static_cast<FloorMessage::Kind>(bytes[0]);
  message.number = base::read_be64(bytes.data() + 1);
  std::size_t count = base::read_be32(bytes.data() + 9);
  if (count > (bytes.size() - kHeadSize) / 8) return std::nullopt;
  for (std::size_t i = 0; i < count; ++i) {
    message.values.push_back(
        static_cast<std::int64_t>(base::read_be64(bytes.data() + kHeadSize + 8 * i)));
  }
  message.payload = bytes.substr(kHeadSize + 8 * count);
  return message;
}

}  // namespace bench
