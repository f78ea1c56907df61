#pragma once

// Addresses as the kernel takes them, and the two sockets of a bind.

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>

#include "crdt/base/result.h"
#include "gossip/address.h"

namespace transport {

using gossip::Address;

// IPv4 as sockaddr_in; for a socket of family AF_INET6 as a mapped address.
sockaddr_storage to_sockaddr(const Address& address, int family);
Address from_sockaddr(const sockaddr* address);
int family_of(const Address& address);

// A bound UDP socket and a listening TCP socket on one port. Plain descriptors, because a libuv
// handle cannot be closed without turning the loop, and a free port may take several tries.
struct BoundSockets {
  int udp = -1;
  int tcp = -1;
  Address address;
};
inline constexpr int kBacklog = 128;  // connections that wait to be accepted
base::Result<BoundSockets> bind_sockets(const Address& wanted, int receive_buffer_bytes);
// A TCP listener alone, on the address of former sockets.
base::Result<int> bind_listener(const Address& address);

// What connections of ours carry in a segment, both ways, whichever side opened them: with every
// header a packet of less than 1,000 bytes. Longer ones vanish on some paths without a word (a
// tunnel, a firewall that drops ICMP), and a stream that once sent one would stand still for ever:
// the kernel does not look for such paths unless its host is told to.
inline constexpr int kSegmentBytes = 900;
int connecting_socket(int family);  // -1: none can be had
// What we sent and the other side does not take for so long ends the connection.
void limit_silence(int descriptor, std::uint64_t millis);

}  // namespace transport
