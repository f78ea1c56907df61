#include "gossip/wire/packer.h"

#include <utility>

#include "crdt/base/check.h"

namespace gossip::wire {
namespace {

// The head of an array with up to 66 items, the sender as a binary, and the longest number.
constexpr std::size_t kPacketHeadMax = 3 + (2 + NodeId::kSize) + 9;

std::size_t number_size(std::uint64_t value) {
  if (value < 0x80) return 1;
  if (value <= 0xFF) return 2;
  if (value <= 0xFFFF) return 3;
  return value <= 0xFFFF'FFFF ? 5 : 9;
}

std::size_t text_head(std::size_t size) { return size < 32 ? 1 : size <= 0xFF ? 2 : 3; }

}  // namespace

std::size_t encoded_size(base::BytesView binary) {
  std::size_t size = binary.size();
  return size + (size <= 0xFF ? 2 : size <= 0xFFFF ? 3 : 5);
}

std::size_t encoded_size(const MemberRecord& record) {
  return 1 + encoded_size(record.node.view()) + text_head(record.name.size()) + record.name.size() +
         encoded_size(record.address.bytes()) + number_size(record.incarnation) +
         number_size(static_cast<std::uint64_t>(record.state)) +
         number_size(static_cast<std::uint64_t>(record.topology)) +
         (record.accuser.is_zero() ? (record.start == 0 ? 0 : 1)
                                   : encoded_size(record.accuser.view())) +
         (record.start == 0 ? 0 : number_size(record.start));
}

std::size_t encoded_size(const crdt::Dependency& entry) {
  return 1 + encoded_size(entry.actor.view()) + number_size(entry.head.seq) +
         number_size(entry.head.hash);
}

std::size_t Packer::message_bytes_max(std::size_t datagram_bytes_max) {
  std::size_t overhead = kSealOverhead + kPacketHeadMax;
  return datagram_bytes_max > overhead ? datagram_bytes_max - overhead : 0;
}

Packer::Packer(std::size_t datagram_bytes_max) : limit_(message_bytes_max(datagram_bytes_max)) {}

std::size_t Packer::room() const {
  return messages_.size() < kMessagesPerPacket ? limit_ - used_ : 0;
}

bool Packer::add(base::Bytes message) {
  CHECK(!message.empty());
  if (message.size() > room()) return false;
  used_ += message.size();
  messages_.push_back(std::move(message));
  return true;
}

base::Bytes Packer::take(const NodeId& sender, std::uint64_t boot_epoch) {
  used_ = 0;
  return encode_packet(sender, boot_epoch, std::exchange(messages_, {}));
}

}  // namespace gossip::wire
