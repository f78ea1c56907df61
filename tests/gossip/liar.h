#pragma once

#include <string>
#include <vector>

#include "tests/gossip/mesh.h"

namespace gossip::testing {

// A member whose messages the test writes. The constructor proves its start to host `to`; after
// that it can send anything, also lies.
class Liar {
 public:
  Liar(Mesh& mesh, std::size_t to, NodeId node, std::uint64_t epoch = 1,
       const std::string& here = "10.77.0.1:7700")
      : kHere(*Address::parse(here)),
        mesh_(mesh),
        to_(to),
        node_(node),
        epoch_(epoch),
        seal_(Mesh::key(), node,
              {node.bytes[0], node.bytes[1], static_cast<unsigned char>(epoch)}) {
    std::vector<Captured> answers;
    auto* former = mesh.capture;
    mesh.capture = &answers;
    say({wire::Ping{UINT64_MAX, {}, 0, {}}, wire::Challenge{UINT64_MAX}});
    mesh.capture = former;
    for (const Captured& captured : answers) {
      for (const wire::Message& message : read(captured)) {
        const auto* asked = std::get_if<wire::Challenge>(&message);
        if (asked == nullptr) continue;
        say({wire::ChallengeAnswer{asked->token}});
        return;
      }
    }
  }

  MemberRecord self() const {
    return {node_, "liar", kHere, epoch_ << 16, MemberState::kAlive, Topology::kDirect};
  }
  void say(const std::vector<wire::Message>& messages) {
    std::vector<base::Bytes> encoded;
    for (const wire::Message& message : messages) encoded.push_back(wire::encode(message));
    base::Bytes plain = wire::encode_packet(node_, epoch_, encoded);
    mesh_.inject(kHere, to_, seal_.seal(plain, &mesh_.host(to_).identity.node));
  }
  void claim(const MemberRecord& record) { say({wire::Ack{0, {}, 0, {record}}}); }

  // The messages of a captured datagram, or none if it was not sealed for this member.
  std::vector<wire::Message> read(const Captured& captured) {
    wire::DatagramSeal::Refusal refusal{};
    auto opened = seal_.open(captured.bytes, refusal);
    if (!opened) return {};
    auto packet = wire::decode_packet(opened->plaintext);
    return packet.ok() ? packet->messages : std::vector<wire::Message>{};
  }

  const Address kHere;

 private:
  Mesh& mesh_;
  std::size_t to_;
  NodeId node_;
  std::uint64_t epoch_;
  wire::DatagramSeal seal_;
};

}  // namespace gossip::testing
