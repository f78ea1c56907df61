#pragma once

// Decides whether this agent is cut off from its mesh, and why, in words for the log, /v1/status
// and /readyz. An agent is isolated when it has left the mesh, or when it should hear others (it
// has an address to join, or knows a member that has not left) and hears nobody. An agent that was
// started without an address to join and has met nobody is not isolated, because it should hear
// nobody; but it is without peers. The class has no clock: time is an argument.

#include <string>
#include <vector>

#include "agent/contact.h"
#include "crdt/base/time.h"
#include "gossip/member.h"

namespace agent {

struct Solitude {
  bool left = false;  // this agent has left the mesh
  gossip::Hearing hearing;
  std::vector<AskedPlace> seeds;  // the addresses to join, except our own
  std::vector<AskedPlace>
      members;         // some members that have not left; asked because nobody is heard
  bool asked = false;  // every place was asked since the silence began
};

class Isolation {
 public:
  // `silence`: when this agent has received nothing for so long, it hears nobody.
  explicit Isolation(base::Duration silence) : silence_(silence) {}

  enum class Turn { kNone, kBegan, kEnded };
  // Call it about once a second. kBegan and kEnded are each returned once.
  Turn look(base::Instant now, const Solitude& facts);

  const std::string& reason() const { return reason_; }  // empty when not isolated
  // Why no peer is heard: the reason of the isolation, or that nobody was heard yet, or that nobody
  // is known. Empty when a peer is heard.
  const std::string& without_peers() const { return without_peers_; }
  base::Duration lasted(base::Instant now) const { return now - began_; }  // while isolated
  // Nobody was heard for half of `silence`, so it is time to probe the addresses.
  bool is_quiet(base::Instant now) const;

 private:
  std::string judge(base::Instant now, const Solitude& facts) const;

  base::Duration silence_;
  std::optional<base::Instant> looked_;
  // Since when it should hear others: its start, the end of a pause of this process, or the first
  // address to join or member after it was alone on purpose.
  base::Instant listening_since_;
  base::Instant heard_;
  bool met_ = false;
  base::Instant began_;
  std::string reason_;
  std::string without_peers_;
};

// How long hearing nobody is still normal: ten ping intervals, but at least two seconds.
base::Duration silence_of(base::Duration ping_interval);

}  // namespace agent
