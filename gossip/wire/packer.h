#pragma once

// Fills datagrams with encoded messages up to a limit of sealed bytes, so that nothing is sent that
// IP would fragment. Counts exactly what encode_packet and the seal will make; leaves what does not
// fit to its owner.

#include <cstdint>
#include <vector>

#include "gossip/wire/message.h"
#include "gossip/wire/seal.h"

namespace gossip::wire {

// What a binary field of this size, a record or an entry takes within a list of a message.
std::size_t encoded_size(base::BytesView binary);
std::size_t encoded_size(const MemberRecord& record);
std::size_t encoded_size(const crdt::Dependency& entry);

class Packer {
 public:
  // Every packet under the limit has room for a message of this size, if it is empty.
  static std::size_t message_bytes_max(std::size_t datagram_bytes_max);

  explicit Packer(std::size_t datagram_bytes_max);

  std::size_t room() const;       // bytes that the next message may have
  bool add(base::Bytes message);  // false: does not fit, nothing happened
  bool empty() const { return messages_.empty(); }
  // The plaintext of a packet with all that was added; the packer is empty again.
  base::Bytes take(const NodeId& sender, std::uint64_t boot_epoch);

 private:
  std::size_t limit_;  // of the encoded messages
  std::size_t used_ = 0;
  std::vector<base::Bytes> messages_;
};

}  // namespace gossip::wire
