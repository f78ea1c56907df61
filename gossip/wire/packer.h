#pragma once

// Fills datagrams with encoded messages up to a limit of sealed bytes, so that IP fragments
// nothing. Counts exactly the bytes that encode_packet and the seal make. A message that does not
// fit stays with its owner.

#include <cstdint>
#include <vector>

#include "gossip/wire/message.h"
#include "gossip/wire/seal.h"

namespace gossip::wire {

// The encoded size of a binary field, a record or an entry within a list of a message.
std::size_t encoded_size(base::BytesView binary);
std::size_t encoded_size(const MemberRecord& record);
std::size_t encoded_size(const crdt::Dependency& entry);

class Packer {
 public:
  // The largest message that fits into an empty packet under the limit.
  static std::size_t message_bytes_max(std::size_t datagram_bytes_max);

  explicit Packer(std::size_t datagram_bytes_max);

  std::size_t room() const;       // the most bytes for the next message
  bool add(base::Bytes message);  // false: it does not fit and was not added
  bool empty() const { return messages_.empty(); }
  // Returns the plaintext of a packet with all added messages, and empties the packer.
  base::Bytes take(const NodeId& sender, std::uint64_t boot_epoch);

 private:
  std::size_t limit_;  // of the encoded messages
  std::size_t used_ = 0;
  std::vector<base::Bytes> messages_;
};

}  // namespace gossip::wire
