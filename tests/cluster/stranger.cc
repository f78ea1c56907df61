#include "tests/cluster/stranger.h"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>

#include "tests/support/process.h"

namespace cluster {
namespace {

using gossip::Address;
using namespace gossip::wire;

constexpr std::size_t kFloodSockets = 200;

int socket_to(const std::string& to, const std::string& from, int type = SOCK_DGRAM) {
  auto address_of = [](const std::string& text) {
    auto parsed = *Address::parse(text);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(parsed.port);
    std::memcpy(&address.sin_addr, parsed.ip.data() + 12, 4);
    return address;
  };
  int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
  sockaddr_in here = address_of(from);
  sockaddr_in there = address_of(to);
  bool bound = bind(fd, reinterpret_cast<sockaddr*>(&here), sizeof here) == 0;
  if (!bound || connect(fd, reinterpret_cast<sockaddr*>(&there), sizeof there) != 0) std::abort();
  return fd;
}

StartId start_of(std::uint64_t seed) {
  StartId start{};
  auto bytes = base::Random::from_number(seed).bytes(start.size());
  std::memcpy(start.data(), bytes.data(), start.size());
  return start;
}

}  // namespace

Stranger::Stranger(const std::filesystem::path& key_file, const std::string& agent,
                   std::uint64_t seed)
    : fd_(socket_to(agent, "127.0.0.1:0")),
      node_(base::Random::from_number(seed + 1'000).id<base::NodeTag>()),
      key_(*MeshKey::parse(support::read_file(key_file))),
      seal_(key_, node_, start_of(seed)) {}

Stranger::~Stranger() { close(fd_); }

gossip::MemberRecord Stranger::self() const {
  sockaddr_in here{};
  socklen_t length = sizeof here;
  getsockname(fd_, reinterpret_cast<sockaddr*>(&here), &length);
  auto address = *Address::parse("127.0.0.1:" + std::to_string(ntohs(here.sin_port)));
  return {
      node_, "stranger", address, 1 << 16, gossip::MemberState::kAlive, gossip::Topology::kDirect};
}

base::Bytes Stranger::sealed(const std::vector<Message>& messages) {
  std::vector<base::Bytes> encoded;
  for (const Message& message : messages) encoded.push_back(encode(message));
  return seal_.seal(encode_packet(node_, 1, encoded), nullptr);
}

void Stranger::send(const base::Bytes& datagram) {
  [[maybe_unused]] ssize_t sent = ::send(fd_, datagram.data(), datagram.size(), 0);
}

base::Bytes Stranger::recording() { return sealed({Join{self()}, Challenge{UINT64_MAX}}); }

void Stranger::say(const std::vector<Message>& messages) { send(sealed(messages)); }

bool Stranger::join(std::chrono::milliseconds wait) {
  send(recording());
  pollfd readable{fd_, POLLIN, 0};
  while (poll(&readable, 1, static_cast<int>(wait.count())) > 0) {
    char buffer[2048];
    ssize_t size = recv(fd_, buffer, sizeof buffer, 0);
    if (size <= 0) return false;
    DatagramSeal::Refusal refusal{};
    auto opened = seal_.open({buffer, static_cast<std::size_t>(size)}, refusal);
    auto packet = opened ? decode_packet(opened->plaintext)
                         : base::Result<Packet>(base::invalid("sealed for somebody else"));
    if (!packet.ok()) continue;
    for (const Message& message : packet->messages) {
      const auto* asked = std::get_if<Challenge>(&message);
      if (asked != nullptr) {
        say({ChallengeAnswer{asked->token}, Join{self()}});
        break;
      }
      if (std::holds_alternative<Members>(message)) return true;
    }
  }
  return false;
}

int tcp_to(const std::string& to, const std::string& from) {
  return socket_to(to, from, SOCK_STREAM);
}

Flood::Flood(const std::string& to) : to_(to) {
  for (std::size_t i = 0; i < kFloodSockets; ++i) {
    std::string from = "127." + std::to_string(1 + i % 50) + "." + std::to_string(i) + ".9:0";
    sockets_.push_back(socket_to(to_, from));
  }
}

Flood::~Flood() {
  for (int fd : sockets_) close(fd);
}

void Flood::burst(const base::Bytes& datagram, int count) {
  for (int i = 0; i < count; ++i) {
    int fd = sockets_[next_++ % sockets_.size()];
    // What comes back is thrown away by the kernel when the buffer is full.
    [[maybe_unused]] ssize_t sent =
        ::send(fd, datagram.data(), datagram.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  }
}

}  // namespace cluster
