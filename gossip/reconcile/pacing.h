#pragma once

// When the next exchange may start. Pacing has the reasons of one peer: its last exchange was a
// short time ago, its exchanges stall, or the same two states were compared before and nothing was
// found. QuietGap has the one reason that all peers share: the last exchanges, with any peers,
// found nothing. They only give times; Reconciler starts exchanges and tells them how each ended.

#include <optional>

#include "crdt/base/time.h"
#include "gossip/options.h"
#include "gossip/reconcile/backoff.h"
#include "gossip/reconcile/states.h"

namespace gossip {

inline constexpr int kGraceStretch = 8;  // constant writes delay an exchange by so many graces
inline constexpr int kQuietGapMax = 4;   // ping intervals between exchanges that find nothing

// The time between exchanges that find nothing. Under constant writes every comparison differs, and
// most find nothing; so this time doubles, up to kQuietGapMax ping intervals.
class QuietGap {
 public:
  explicit QuietGap(const Profile& profile) : profile_(profile) {}

  void started(base::Instant now);  // an exchange with any peer
  void fetched(base::Instant now);  // new changes came: no gap
  void done(base::Instant now, bool fetched);
  base::Instant until() const { return until_; }

 private:
  const Profile& profile_;
  base::Duration gap_{0};
  base::Instant until_{INT64_MIN / 2};
};

// A difference between our state and that of a peer, as Reconciler sees it when it decides.
struct Difference {
  base::Instant since;  // when we first heard of it
  std::optional<States> states;
  base::Instant ours_moved;  // when our claim last moved
  std::uint64_t drops = 0;   // turns in which our replica dropped changes
};

class Pacing {
 public:
  explicit Pacing(const Profile& profile) : profile_(profile) {}

  // No exchange at all before this time.
  base::Instant allowed() const { return allowed_; }
  // The time from which an exchange about this difference may start.
  base::Instant ready(const Difference& difference, const QuietGap& quiet) const;
  bool has_stalled() const { return stalls_ > 0; }

  void wait_until(base::Instant at) { allowed_ = at; }
  void started(base::Instant now) { allowed_ = now + profile_.ping_interval * 2; }
  void progressed() { stalls_ = 0; }  // an exchange brought changes, or the states are equal
  // These return the time of the next try.
  base::Instant stalled(base::Instant now, Backoff& backoff);
  base::Instant put_off(base::Instant now, Backoff& backoff);
  // The vectors were compared in these states and we have nothing to fetch; this ends a row of
  // stalls. The next comparison of the same two states waits longer each time. Two states stay
  // different while the other side must fetch, or until an upgrade (rule 12).
  void found_nothing(base::Instant now, const States& states, std::uint64_t drops,
                     Backoff& backoff);

 private:
  // Comparisons in a row that found nothing in the same states.
  struct Fruitless {
    States states;
    std::uint64_t drops = 0;
    int times = 0;
    base::Instant until;  // no further comparison of these states before this time
  };
  bool was_fruitless(const std::optional<States>& states, std::uint64_t drops) const;

  const Profile& profile_;
  base::Instant allowed_{INT64_MIN / 2};
  int stalls_ = 0;  // exchanges in a row that stalled
  std::optional<Fruitless> fruitless_;
};

}  // namespace gossip
