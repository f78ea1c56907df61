#pragma once

// The ephemeral keys of recent first messages. An opener draws a new key for every session, so a
// key that comes again is a replay. It is refused before any public-key work. Bounded: the oldest
// key is forgotten; then a replay that old costs one more answer.

#include <cstdint>
#include <deque>
#include <set>

#include "crdt/base/bytes.h"

namespace gossip::wire {

inline constexpr std::size_t kFirstMessagesMax = 1'024;

class FirstMessages {
 public:
  // False: this key was here before.
  bool take(base::BytesView ephemeral) {
    if (!keys_.emplace(ephemeral).second) return false;
    in_order_.emplace_back(ephemeral);
    if (in_order_.size() > kFirstMessagesMax) {
      keys_.erase(in_order_.front());
      in_order_.pop_front();
    }
    return true;
  }
  std::size_t size() const { return keys_.size(); }

 private:
  std::set<base::Bytes> keys_;
  std::deque<base::Bytes> in_order_;
};

}  // namespace gossip::wire
