#pragma once

// XChaCha20-Poly1305 envelopes under the mesh key (design section 8). Nothing is parsed, logged,
// answered or allocated for a datagram that does not open (rule 12). The nonce never repeats, not
// after a copied directory or a restored backup: 8 random bytes drawn at every start, 8 of the
// sender, 8 of counter.

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
  std::uint32_t key_id = 0;                 // on the wire: which key sealed this
  std::array<unsigned char, 16> mesh_id{};  // in the authenticated data only
  static MeshKey from_secret(const std::array<unsigned char, 32>& secret);
  // A key file or `hearsay keygen`: 64 hexadecimal digits, white space around them allowed.
  static base::Result<MeshKey> parse(std::string_view text);
  static MeshKey generate(base::Random& random);
  std::string text() const;
};

// One start of one process.
using StartId = std::array<unsigned char, 8>;
// The same as records carry it.
std::uint64_t start_number(const StartId& start);

inline constexpr std::size_t kSealOverhead = 1 + 4 + 24 + 16;  // version, key id, nonce, tag

class DatagramSeal {
 public:
  DatagramSeal(const MeshKey& key, const NodeId& self, const StartId& start);

  // `to` null: for whoever holds the address (a join). Else only that node can open it.
  base::Bytes seal(base::BytesView plaintext, const NodeId* to);

  struct Opened {
    std::array<unsigned char, 8> sender{};  // the first bytes of its node id
    StartId start{};
    std::uint64_t counter = 0;
    bool addressed = false;  // sealed for us by name
    base::Bytes plaintext;
  };
  // kOwn is judged by the header alone: our own start and sender, come back.
  enum class Refusal { kMalformed, kVersion, kKey, kAuthentication, kOwn };
  // nullopt: dropped, the reason is counted in `refusal`.
  std::optional<Opened> open(base::BytesView datagram, Refusal& refusal) const;

 private:
  MeshKey key_;
  std::array<unsigned char, 32> datagram_key_;  // derived: sessions never encrypt under it
  NodeId self_;
  StartId start_;
  std::uint64_t counter_ = 0;
};

// Which counters of one start were seen (RFC 6479's bitmap, 1024 wide).
class ReplayWindow {
 public:
  bool seen(std::uint64_t counter) const;  // also true when it is too old to tell
  void mark(std::uint64_t counter);        // only after the datagram authenticated
  std::uint64_t highest() const { return highest_; }

 private:
  static constexpr std::uint64_t kWidth = 1024;
  static constexpr std::size_t kWords = kWidth / 64 + 1;  // one more: the newest is filling up
  std::array<std::uint64_t, kWords> bits_{};
  std::uint64_t highest_ = 0;
  bool any_ = false;
};

}  // namespace gossip::wire
