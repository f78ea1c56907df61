#pragma once

// Whether this agent is cut off from the mesh that it should be in, and why, in words for the log,
// /v1/status and /readyz. Isolated is who has left, and who has somebody to hear (an address to
// join, a member that has not left) and hears nobody. Who was started without an address to join
// and has met nobody is alone by choice: not isolated, but without peers. Pure: time comes in.

#include <string>
#include <vector>

#include "agent/contact.h"
#include "crdt/base/time.h"
#include "gossip/member.h"

namespace agent {

struct Solitude {
  bool left = false;  // by this agent's own word
  gossip::Hearing hearing;
  std::vector<Place> seeds;    // the addresses to join, without our own
  std::vector<Place> members;  // some that have not left, asked because nobody is heard
  bool asked = false;          // every place was asked in this silence
};

class Isolation {
 public:
  // `silence`: without a word from anybody for so long, this agent hears nobody.
  explicit Isolation(base::Duration silence) : silence_(silence) {}

  enum class Turn { kNone, kBegan, kEnded };
  // To be called about once a second. kBegan and kEnded are told once each.
  Turn look(base::Instant now, const Solitude& facts);

  const std::string& reason() const { return reason_; }  // empty: not isolated
  // Why there is no peer: the reason, or that nobody was heard yet or is known. Empty: one is
  // heard.
  const std::string& without_peers() const { return without_peers_; }
  base::Duration lasted(base::Instant now) const { return now - began_; }  // while isolated
  // Nobody was heard for half of the silence: time to ask around.
  bool is_quiet(base::Instant now) const;

 private:
  std::string judge(base::Instant now, const Solitude& facts) const;

  base::Duration silence_;
  std::optional<base::Instant> looked_;
  base::Instant listening_since_;  // our start, or the end of a pause of this process
  base::Instant heard_;
  bool met_ = false;
  base::Instant began_;
  std::string reason_;
  std::string without_peers_;
};

// How long nobody may be heard: ten ping intervals, two seconds at least.
base::Duration silence_of(base::Duration ping_interval);

}  // namespace agent
