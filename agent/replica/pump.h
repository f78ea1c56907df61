#pragma once

// Decides what the owner of a replica does next, and when: a turn, a flush, a slice of the scrub, a
// page that is read ahead, or nothing until a given moment. Holds the queue of inputs. The store
// thread of the daemon and the process of the simulator both run this class, so the order of work
// that the simulator tests is the order of production. It has no clock, no thread and no lock: the
// owner gives the time and guards the calls.
//
// Promises, whatever the load: a flush comes at most `flush_after` after the first commit that is
// not on the medium (rule 3); a slice of the scrub comes every `scrub_every` (rule 13); after a
// fault a turn is tried every `retry_every`.

#include <cstddef>
#include <deque>
#include <vector>

#include "agent/replica/requests.h"
#include "crdt/base/time.h"

namespace agent {

struct PumpOptions {
  std::size_t inputs_max = 16'384;       // waiting; above: refused, the client hears "busy"
  std::size_t bytes_max = 64u << 20;     // of waiting inputs
  std::size_t turn_changes_max = 1'000;  // of one turn: longer turns only delay the answers
  base::Duration scrub_every = base::seconds(1);
  // Remote changes of a busy writer come milliseconds apart: one flush does for a burst of them
  // (docs/decisions/0002).
  base::Duration flush_quiet = base::millis(50);  // without a turn
  base::Duration flush_after = base::seconds(1);  // with turns that do not end
  base::Duration retry_every = base::seconds(1);  // of a turn that failed
};

class Pump {
 public:
  enum class Step { kTurn, kFlush, kScrub, kReadAhead, kWait };

  // What the replica says of itself at this moment.
  struct Condition {
    bool unsynced = false;   // Replica::unsynced
    bool fault = false;      // Replica::fault
    bool replaying = false;  // Replica::replaying
  };

  explicit Pump(const PumpOptions& options) : options_(options) {}

  // False: the queue is full and `input` is untouched. One input larger than the whole bound passes
  // when nothing else waits.
  bool offer(Input&& input);
  // The inputs of the next turn, oldest first.
  std::vector<Input> take_turn();

  // What to do now. After every step but kWait the owner calls did() with the same step.
  Step next(base::Instant now, const Condition& replica) const;
  // After kWait: ask next() again at this moment, or after offer(), whichever is first.
  base::Instant deadline(const Condition& replica) const;

  // `now`: the time that the step was given. `replica`: as it is after the step.
  void did_turn(base::Instant now, const Condition& replica, bool damaged);
  void did_flush(base::Instant now, const Condition& replica);
  void did_scrub(base::Instant now) { scrubbed_ = now; }
  void did_read_ahead(bool more) { ahead_ = more; }

  std::size_t waiting() const { return queue_.size(); }

 private:
  struct Waiting {
    Input input;
    std::size_t bytes;
  };
  bool retries(const Condition& replica) const;  // a turn without inputs is due every retry_every
  base::Instant flush_deadline() const;          // never, where every commit is on the medium

  PumpOptions options_;
  std::deque<Waiting> queue_;
  std::size_t queue_bytes_ = 0;
  base::Instant turned_;    // the last turn
  base::Instant scrubbed_;  // the last slice
  base::Instant unsynced_since_ = base::Instant::never();
  bool quiet_flush_ = false;  // a turn came after the last flush
  bool damaged_ = false;      // said by the last turn: the next one may fail at the same row
  bool ahead_ = false;        // read_ahead() may have something to do
};

}  // namespace agent
