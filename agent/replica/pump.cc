#include "agent/replica/pump.h"

#include <algorithm>
#include <utility>

#include "agent/replica/input_size.h"

namespace agent {

// Steps with a deadline are looked at before turns, whatever the load. Each of them is due at most
// once a second, so turns are never starved.
Pump::Step Pump::next(base::Instant now, const Condition& replica) const {
  if (replica.unsynced && now >= flush_deadline()) return Step::kFlush;
  if (!replica.fault && now >= scrubbed_ + options_.scrub_every) return Step::kScrub;
  if (!queue_.empty()) return Step::kTurn;
  if (retries(replica) && now >= turned_ + options_.retry_every) return Step::kTurn;
  if (replica.fault) return Step::kWait;
  if (replica.replaying && !damaged_) return Step::kTurn;
  bool quiet = quiet_flush_ && now >= turned_ + options_.flush_quiet;
  if (replica.unsynced && quiet) return Step::kFlush;
  return ahead_ ? Step::kReadAhead : Step::kWait;
}

base::Instant Pump::deadline(const Condition& replica) const {
  base::Instant at = base::Instant::never();
  if (replica.unsynced) at = flush_deadline();
  if (retries(replica)) at = std::min(at, turned_ + options_.retry_every);
  if (replica.fault) return at;
  if (replica.unsynced && quiet_flush_) at = std::min(at, turned_ + options_.flush_quiet);
  return std::min(at, scrubbed_ + options_.scrub_every);
}

base::Instant Pump::flush_deadline() const {
  bool waits = unsynced_since_ != base::Instant::never();
  return waits ? unsynced_since_ + options_.flush_after : unsynced_since_;
}

// True when the next turn would fail again at once: after a fault of the disk, or when a damaged
// row stops the replay. Then a turn is tried every `retry_every` only.
bool Pump::retries(const Condition& replica) const {
  return replica.fault || (replica.replaying && damaged_);
}

bool Pump::offer(Input&& input) {
  std::size_t bytes = bytes_of(input);
  bool full = queue_.size() >= options_.inputs_max || queue_bytes_ + bytes > options_.bytes_max;
  if (full && !queue_.empty()) return false;
  queue_.push_back({std::move(input), bytes});
  queue_bytes_ += bytes;
  return true;
}

std::vector<Input> Pump::take_turn() {
  std::vector<Input> inputs;
  std::size_t changes = 0;
  while (!queue_.empty()) {
    std::size_t more = changes_in(queue_.front().input);
    if (!inputs.empty() && changes + more > options_.turn_changes_max) break;
    changes += more;
    queue_bytes_ -= queue_.front().bytes;
    inputs.push_back(std::move(queue_.front().input));
    queue_.pop_front();
  }
  return inputs;
}

void Pump::did_turn(base::Instant now, const Condition& replica, bool damaged) {
  turned_ = now;
  damaged_ = damaged;
  ahead_ = true;
  quiet_flush_ = true;
  unsynced_since_ = replica.unsynced ? std::min(unsynced_since_, now) : base::Instant::never();
}

// A failed flush is tried again after the next turn, or `flush_after` later.
void Pump::did_flush(base::Instant now, const Condition& replica) {
  quiet_flush_ = false;
  unsynced_since_ = replica.unsynced ? now : base::Instant::never();
}

}  // namespace agent
