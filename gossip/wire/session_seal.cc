#include "gossip/wire/session_seal.h"

#include <sodium.h>

#include <cstring>

#include "crdt/base/check.h"
#include "gossip/wire/frame.h"
#include "gossip/wire/handshake.h"

namespace gossip::wire {

SigningKey SigningKey::from_seed(base::BytesView seed) {
  CHECK(seed.size() == crypto_sign_SEEDBYTES);
  SigningKey key;
  crypto_sign_seed_keypair(key.public_key.data(), key.secret_key.data(),
                           reinterpret_cast<const unsigned char*>(seed.data()));
  return key;
}

struct SessionSeal::State {
  State(Role role, const MeshKey& key, const Identity& self, std::size_t bytes_max,
        base::Random random, FirstMessages* firsts)
      : handshake(role, key, self, std::move(random), firsts), message_bytes_max(bytes_max) {}

  bool take(base::BytesView& input, std::vector<base::Bytes>& messages, base::Bytes& out);
  bool fail(std::string_view why) {
    failure = why;
    return false;
  }

  Handshake handshake;
  std::size_t message_bytes_max;
  std::optional<FrameSealer> sealer;  // both when established
  std::optional<FrameOpener> opener;
  base::Bytes unfinished;  // received bytes, less than one handshake message or frame
  std::string_view failure;
};

SessionSeal::SessionSeal(Role role, const MeshKey& key, const Identity& self,
                         std::size_t message_bytes_max, base::Random random, FirstMessages* firsts)
    : state_(
          std::make_shared<State>(role, key, self, message_bytes_max, std::move(random), firsts)) {}

base::Bytes SessionSeal::start() { return state_->handshake.start(); }

bool SessionSeal::receive(base::BytesView bytes, std::vector<base::Bytes>& messages,
                          base::Bytes& out) {
  CHECK(state_->failure.empty());
  auto& unfinished = state_->unfinished;
  base::BytesView input = bytes;
  if (!unfinished.empty()) {
    unfinished += bytes;
    input = unfinished;
  }
  if (!state_->take(input, messages, out)) return false;
  // `input` may point into `unfinished`.
  if (unfinished.empty()) {
    unfinished = base::Bytes(input);
  } else {
    unfinished.erase(0, unfinished.size() - input.size());
  }
  return true;
}

bool SessionSeal::State::take(base::BytesView& input, std::vector<base::Bytes>& messages,
                              base::Bytes& out) {
  if (!opener) {
    auto progress = handshake.receive(input, out);
    if (progress == Handshake::Progress::kFailed) return fail(handshake.failure());
    if (progress == Handshake::Progress::kWaiting) return true;
    auto keys = handshake.keys();
    sealer.emplace(keys.send);
    opener.emplace(keys.receive, message_bytes_max);
  }
  switch (opener->receive(input, messages)) {
    case FrameOpener::Progress::kWaiting:
      return true;
    case FrameOpener::Progress::kUnsealed:
      return fail("a frame that does not open");
    case FrameOpener::Progress::kTooLarge:
      return fail("a frame or message above its bound");
  }
  return false;
}

base::Bytes SessionSeal::seal(base::BytesView message) {
  CHECK(established());
  CHECK(message.size() <= state_->message_bytes_max);
  return state_->sealer->seal(message);
}

bool SessionSeal::begun() const { return state_->handshake.begun(); }

bool SessionSeal::established() const { return state_->opener.has_value(); }

const NodeId& SessionSeal::peer() const {
  CHECK(established());
  return state_->handshake.peer();
}

const std::array<unsigned char, 32>& SessionSeal::peer_signing_key() const {
  CHECK(established());
  return state_->handshake.peer_signing_key();
}

std::string_view SessionSeal::failure() const { return state_->failure; }

}  // namespace gossip::wire
