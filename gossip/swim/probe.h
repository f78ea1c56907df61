#pragma once

// One probe at a time, as in SWIM. First comes a direct ping. After the timeout come pings by
// helpers, a ping over a session, and two more direct pings. At the end of the interval the probe
// decides whether the target is silent. It decides this only if its own timers ran in time;
// otherwise the probe starts over. Membership chooses the target and sends the messages.

#include <optional>
#include <set>

#include "crdt/base/time.h"
#include "gossip/options.h"

namespace gossip {

class Probe {
 public:
  explicit Probe(const Profile& profile) : profile_(profile) {}

  enum class Step {
    kNothing,
    kNext,       // choose a target, then begin() or rest()
    kAskAround,  // no answer: try helpers, a session, and the target again
    kAskAgain,   // ping the target once more
    kSilent      // the probe ended without an answer
  };
  Step advance(base::Instant now);  // call until it returns kNothing
  base::Instant next_deadline() const { return next_; }

  void start_at(base::Instant at) { next_ = at; }
  // `score`: our own health; it stretches the interval. `rtt`: the round trip to the target, if
  // measured. A long round trip makes timeout and interval longer; otherwise no nack could come in
  // time.
  void begin(base::Instant now, const NodeId& target, std::uint32_t score,
             std::optional<base::Duration> rtt);
  void rest(base::Instant now);  // there is nobody to probe
  void asked_around(std::uint16_t token, std::size_t helpers);
  void drop(base::Instant resume_at);  // ends the probe without a verdict
  void stop();

  // True when this ended the probe, because the target is alive.
  bool heard(const NodeId& node);
  bool vouched(std::uint64_t token);
  void nack(std::uint64_t token, const NodeId& helper);

  const NodeId& target() const { return target_; }
  std::size_t helpers() const { return helpers_; }
  std::size_t nacks() const { return nacks_.size(); }
  // The interval is longer because of the round trip.
  bool stretched() const { return stretched_; }

 private:
  enum class Stage { kIdle, kDirect, kIndirect, kLast, kAnswered };
  bool waiting() const { return stage_ != Stage::kIdle && stage_ != Stage::kAnswered; }

  const Profile& profile_;
  Stage stage_ = Stage::kIdle;
  NodeId target_;
  base::Instant next_ = base::Instant::never();
  base::Instant end_;
  base::Duration timeout_{0};
  bool stretched_ = false;
  std::uint16_t token_ = 0;  // the token of the requests to helpers
  std::size_t helpers_ = 0;
  std::set<NodeId> nacks_;  // at most as many as helpers
};

}  // namespace gossip
