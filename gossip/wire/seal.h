#pragma once

// XChaCha20-Poly1305 envelopes under the mesh key (docs/protocol.md). A datagram that does not open
// is not parsed, logged or answered, and nothing is allocated for it (rule 12). A nonce is never
// used twice, also not after a copied directory or a restored backup: it has 8 random bytes drawn
// at every start, 8 bytes of the sender and 8 bytes of counter.

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "crdt/base/bytes.h"
#include "crdt/base/random.h"
#include "crdt/base/result.h"
#include "crdt/base/strong.h"

namespace gossip::wire {

using base::NodeId;

// The shared secret of a mesh and the two public names derived from it.
struct MeshKey {
  std::array<unsigned char, 32> secret{};
  std::uint32_t key_id = 0;                 // on the wire: names the key that sealed this
  std::array<unsigned char, 16> mesh_id{};  // in the authenticated data only
  static MeshKey from_secret(const std::array<unsigned char, 32>& secret);
  // The text of a key file or of `hearsay keygen`: 64 hexadecimal digits, with optional white space
  // around them.
  static base::Result<MeshKey> parse(std::string_view text);
  static MeshKey generate(base::Random& random);
  std::string text() const;
  // Names the mesh where data leaves it as a file. It says nothing about the other two names.
  std::uint64_t mark() const;
};

// One start of one process.
using StartId = std::array<unsigned char, 8>;
// The start as a number, as in member records.
std::uint64_t start_number(const StartId& start);

inline constexpr std::size_t kSealOverhead = 1 + 4 + 24 + 16;  // version, key id, nonce, tag

class DatagramSeal {
 public:
  DatagramSeal(const MeshKey& key, const NodeId& self, const StartId& start);

  // `to` null: any node at the address can open it (a join). Otherwise only that node can.
  base::Bytes seal(base::BytesView plaintext, const NodeId* to);

  struct Opened {
    std::array<unsigned char, 8> sender{};  // the first bytes of its node id
    StartId start{};
    std::uint64_t counter = 0;
    bool addressed = false;  // sealed for this node only
    base::Bytes plaintext;
  };
  // kOwn: the header has our own start and sender, so our own datagram came back.
  enum class Refusal { kMalformed, kVersion, kKey, kAuthentication, kOwn };
  // nullopt: dropped; `refusal` has the reason.
  std::optional<Opened> open(base::BytesView datagram, Refusal& refusal) const;

 private:
  MeshKey key_;
  std::array<unsigned char, 32> datagram_key_;  // derived from the secret; sessions never use it
  NodeId self_;
  StartId start_;
  std::uint64_t counter_ = 0;
};

// The counters of one start that were seen (the bitmap of RFC 6479, 1024 wide).
class ReplayWindow {
 public:
  bool seen(std::uint64_t counter) const;  // also true for a counter that is too old
  void mark(std::uint64_t counter);        // call it only after the datagram was authenticated
  std::uint64_t highest() const { return highest_; }

 private:
  static constexpr std::uint64_t kWidth = 1024;
  // One more: the newest word is not full.
  static constexpr std::size_t kWords = kWidth / 64 + 1;
  std::array<std::uint64_t, kWords> bits_{};
  std::uint64_t highest_ = 0;
  bool any_ = false;
};

}  // namespace gossip::wire
