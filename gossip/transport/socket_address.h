#pragma once

// Converts addresses for the kernel, and binds the UDP and TCP sockets.

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>

#include "crdt/base/result.h"
#include "gossip/address.h"

namespace transport {

using gossip::Address;

// IPv4 becomes a sockaddr_in, or a mapped address for a socket of family AF_INET6.
sockaddr_storage to_sockaddr(const Address& address, int family);
Address from_sockaddr(const sockaddr* address);
int family_of(const Address& address);

// A bound UDP socket and a listening TCP socket with the same port. They are plain descriptors:
// closing a libuv handle needs a turn of the loop, and finding a free port may take several tries.
struct BoundSockets {
  int udp = -1;
  int tcp = -1;
  Address address;
};
inline constexpr int kBacklog = 128;  // connections that wait to be accepted
base::Result<BoundSockets> bind_sockets(const Address& wanted, int receive_buffer_bytes);
// Opens only a TCP listener, on the address of earlier sockets.
base::Result<int> bind_listener(const Address& address);

// The largest TCP segment of our connections, in both directions and whichever side opened them.
// With all headers a packet has less than 1,000 bytes. Some paths drop longer packets without an
// error (a tunnel, a firewall that drops ICMP). A stream that sent one would hang for ever, because
// the kernel does not look for this problem unless the host is configured to.
inline constexpr int kSegmentBytes = 900;
int connecting_socket(int family);  // -1 if it cannot be made
// Ends the connection when the other side does not acknowledge our bytes for so long.
void limit_silence(int descriptor, std::uint64_t millis);

}  // namespace transport
