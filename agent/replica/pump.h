#pragma once

// Decides what the owner of a replica does next and when: a turn, a flush, a part of the scrub,
// reading a page ahead, or waiting until a given time. It holds the queue of inputs. The store
// thread of the daemon and the process of the simulator both run this class, so the simulator tests
// the order of work that production has. It has no clock, no thread and no lock: the owner passes
// the time and protects the calls.
//
// Promises, whatever the load: a flush comes at most `flush_after` after the first commit that is
// not on the medium (rule 3); a part of the scrub comes every `scrub_every` (rule 13); after a
// fault a turn is tried every `retry_every`.

#include <cstddef>
#include <deque>
#include <vector>

#include "agent/replica/requests.h"
#include "crdt/base/time.h"

namespace agent {

struct PumpOptions {
  std::size_t inputs_max = 16'384;       // that wait; above: refused, the client gets "busy"
  std::size_t bytes_max = 64u << 20;     // of inputs that wait
  std::size_t turn_changes_max = 1'000;  // in one turn: a longer turn only delays the answers
  base::Duration scrub_every = base::seconds(1);
  // Changes of a busy peer come milliseconds apart. One flush is enough for a burst of them
  // (docs/decisions/0002-durability-of-remote-changes.md).
  base::Duration flush_quiet = base::millis(50);  // time without a turn
  base::Duration flush_after = base::seconds(1);  // while turns follow each other
  base::Duration retry_every = base::seconds(1);  // after a turn that failed
};

class Pump {
 public:
  enum class Step { kTurn, kFlush, kScrub, kReadAhead, kWait };

  // The present state of the replica.
  struct Condition {
    bool unsynced = false;   // Replica::unsynced
    bool fault = false;      // Replica::fault
    bool replaying = false;  // Replica::replaying
  };

  explicit Pump(const PumpOptions& options) : options_(options) {}

  // False: the queue is full and `input` is untouched. An input larger than the whole bound is
  // accepted when nothing else waits.
  bool offer(Input&& input);
  // The inputs of the next turn, oldest first.
  std::vector<Input> take_turn();

  // What to do now. After every step but kWait the owner calls did() with the same step.
  Step next(base::Instant now, const Condition& replica) const;
  // After kWait: ask next() again at this time, or after offer(), whichever comes first.
  base::Instant deadline(const Condition& replica) const;

  // `now`: the time of the step. `replica`: its state after the step.
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
  bool retries(const Condition& replica) const;  // try a turn without inputs every retry_every
  base::Instant flush_deadline() const;          // never, if every commit is on the medium

  PumpOptions options_;
  std::deque<Waiting> queue_;
  std::size_t queue_bytes_ = 0;
  base::Instant turned_;    // time of the last turn
  base::Instant scrubbed_;  // time of the last part of the scrub
  base::Instant unsynced_since_ = base::Instant::never();
  bool quiet_flush_ = false;  // there was a turn since the last flush
  bool damaged_ = false;      // the last turn met a damaged row: the next may fail there too
  bool ahead_ = false;        // read_ahead() may find a page to make
};

}  // namespace agent
