// Any bytes on a session. The first byte chooses the case: raw bytes to a responder, raw bytes to
// an initiator, raw frames to an established session, or an authenticated peer with a hostile
// message or identity. The second byte is the size of the pieces in which the bytes arrive.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "crdt/base/check.h"
#include "gossip/wire/handshake.h"
#include "gossip/wire/message.h"
#include "gossip/wire/session_seal.h"

namespace {

using namespace gossip::wire;  // NOLINT: a fuzz entry point is one file

constexpr std::size_t kMessageMax = 1u << 20;

SessionSeal make(SessionSeal::Role role, unsigned char letter) {
  static const MeshKey key = [] {
    auto random = base::Random::from_number(1);
    return MeshKey::generate(random);
  }();
  SessionSeal::Identity self;
  self.node.bytes.fill(letter);
  self.signing = SigningKey::from_seed(base::Bytes(32, static_cast<char>(letter)));
  return SessionSeal(role, key, self, kMessageMax, base::Random::from_number(letter));
}

struct Sessions {
  SessionSeal a = make(SessionSeal::Role::kInitiator, 'A');
  SessionSeal z = make(SessionSeal::Role::kResponder, 'Z');
};

void establish(Sessions& both) {
  std::vector<base::Bytes> none;
  base::Bytes second;
  base::Bytes third;
  base::Bytes nothing;
  CHECK(both.z.receive(both.a.start(), none, second));
  CHECK(both.a.receive(second, none, third));
  CHECK(both.z.receive(third, none, nothing));
}

// False when the session refused.
bool feed(SessionSeal& seal, base::BytesView bytes, std::size_t chunk,
          std::vector<base::Bytes>& messages, base::Bytes& out) {
  for (std::size_t at = 0; at < bytes.size(); at += chunk) {
    if (!seal.receive(bytes.substr(at, chunk), messages, out)) return false;
  }
  return true;
}

void receive_raw(SessionSeal seal, base::BytesView bytes, std::size_t chunk) {
  std::vector<base::Bytes> messages;
  base::Bytes out;
  if (!feed(seal, bytes, chunk, messages, out)) CHECK(!seal.failure().empty());
  // Without the keys, the only answer that can be got is the answer to a recorded first message.
  CHECK(messages.empty());
}

void receive_message(base::BytesView message, std::size_t chunk) {
  Sessions both;
  establish(both);
  std::vector<base::Bytes> messages;
  base::Bytes out;
  CHECK(feed(both.z, both.a.seal(message), chunk, messages, out));
  CHECK(messages.size() == 1 && messages[0] == message);
  auto decoded = decode(messages[0]);
  if (!decoded.ok()) return;
  const auto* known = std::get_if<Message>(&*decoded);
  if (!known) return;
  CHECK(!message_name(*known).empty());
  auto again = decode(encode(*known));
  CHECK(again.ok());
  CHECK(std::get<Message>(*again) == *known);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2 || size > kMessageMax) return 0;
  base::BytesView bytes(reinterpret_cast<const char*>(data) + 2, size - 2);
  std::size_t chunk = data[1] == 0 ? kMessageMax : data[1];
  switch (data[0] % 5) {
    case 0:
      receive_raw(make(SessionSeal::Role::kResponder, 'Z'), bytes, chunk);
      break;
    case 1: {
      auto a = make(SessionSeal::Role::kInitiator, 'A');
      (void)a.start();
      receive_raw(std::move(a), bytes, chunk);
      break;
    }
    case 2: {
      Sessions both;
      establish(both);
      receive_raw(std::move(both.z), bytes, chunk);
      break;
    }
    case 3:
      receive_message(bytes, std::max<std::size_t>(chunk, 64));
      break;
    default:
      (void)decode_identity(bytes).has_value();
      break;
  }
  return 0;
}
