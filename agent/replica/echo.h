#pragma once

// Rule 2: what the replica concludes when a message shows our own actor at a higher number (an
// echo) or with another content (a fork). docs/decisions/0007-a-lost-tail-is-no-fork.md has the
// reasons.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "agent/replica/context.h"
#include "agent/replica/identity.h"
#include "agent/replica/turn.h"
#include "crdt/change.h"

namespace agent {

class Echo {
 public:
  struct State {
    // Our own former actor that peers have at a higher number, until the change after our head
    // shows whether this is a fork. It can also be the former actor of an agent that had a twin.
    std::optional<base::ActorId> undecided;
    bool tail_seen = false;  // peers have more of our actor: what we sealed may be a tail
  };
  struct Contradiction {
    const crdt::Opened* opened;
    base::ActorId actor;  // whose number has two contents
  };

  Echo(Context& context, Identity& identity) : context_(context), identity_(identity) {}

  // Finds a change that contradicts what we hold. Call it before any change of the message is
  // applied.
  base::Result<std::optional<Contradiction>> find_contradiction(
      const std::vector<crdt::Opened>& changes);
  // Keeps the change as a proof. If the contradicted actor belongs to our node, this is a fork of
  // our own changes. `from` names the sender in the notice.
  base::Status refuse_message(Turn& turn, const Contradiction& found, const std::string& from);
  // True when the change `theirs` of `actor` that a peer holds is provably not ours of this number.
  base::Result<bool> has_other_content(const base::ActorId& actor, const crdt::Head& theirs);
  // Other agents hold other contents under our numbers above `common`.
  void on_fork(Turn& turn, const base::ActorId& actor, std::uint64_t common);
  void note_echo(Turn& turn, const crdt::Opened& opened);
  base::Status on_echo(Turn& turn, const base::ActorId& actor, crdt::Head head);
  std::uint64_t floor_of(const base::ActorId& actor) const;

  bool is_undecided(const base::ActorId& actor) const;
  bool tail_seen() const { return state_.tail_seen; }
  // After a twin: the changes that we sealed may be a tail. If we have sealed under `actor`, the
  // question stays open until a change follows our head. A state join cannot answer it.
  void suspect_tail(const base::ActorId& actor);
  // A change of `actor` was applied: it follows our head, so there is no fork.
  void note_applied(const base::ActorId& actor);

  // For a turn that fails: restore() returns to the state before the turn, but keeps the echo that
  // the turn saw.
  const State& state() const { return state_; }
  void restore(const State& before, const Turn& failed);

 private:
  base::Result<const base::ActorId*> contradicted_dependency(const crdt::Opened& opened);
  base::Result<std::uint64_t> last_in_common(const crdt::Opened& other, const base::ActorId& actor);
  void behind_our_tail(Turn& turn, const base::ActorId& actor, std::uint64_t seq);

  Context& context_;
  Identity& identity_;
  State state_;
};

}  // namespace agent
