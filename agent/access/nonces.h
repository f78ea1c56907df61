#pragma once

// Nonces that were given out and not used yet. A nonce belongs to the key that asked for it, can be
// used once, and only within its time. At kNoncesMax nonces of one key its oldest one is forgotten,
// so a client that asks too often disturbs only itself.

#include <array>
#include <cstddef>
#include <deque>
#include <map>
#include <string>
#include <string_view>

#include "agent/access/limits.h"
#include "crdt/base/random.h"
#include "crdt/base/time.h"

namespace auth {

class Nonces {
 public:
  explicit Nonces(base::Random random) : random_(std::move(random)) {}

  // A new nonce of 32 hex digits. `owner`: the id of a key, empty for callers without one.
  std::string give(const std::string& owner, base::Duration life, base::Instant now);
  // True once for a nonce of this owner whose time is not over; it is then used up.
  bool take(const std::string& owner, std::string_view nonce, base::Instant now);
  void forget(const std::string& owner);
  std::size_t count() const;

 private:
  struct Given {
    std::array<char, 16> bytes;
    base::Instant end;
  };
  base::Random random_;
  std::map<std::string, std::deque<Given>, std::less<>> given_;  // by owner, the oldest first
};

}  // namespace auth
