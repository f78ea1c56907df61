#include "gossip/swim/probe.h"

#include <algorithm>

namespace gossip {

Probe::Step Probe::advance(base::Instant now) {
  if (now < next_) return Step::kNothing;
  bool late = now - next_ > profile_.ping_timeout;
  switch (stage_) {
    case Stage::kDirect:
      stage_ = Stage::kIndirect;
      next_ = now + timeout_;
      return Step::kAskAround;
    case Stage::kIndirect:
      stage_ = Stage::kLast;
      next_ = end_;
      return Step::kAskAgain;
    case Stage::kLast:
      if (late) {
        // Our process did not run, so answers may wait unread in the socket. Ask once more.
        next_ = now + timeout_;
        return Step::kAskAgain;
      }
      stage_ = Stage::kIdle;
      next_ = now;
      return Step::kSilent;
    case Stage::kIdle:
    case Stage::kAnswered:
      stage_ = Stage::kIdle;
      return Step::kNext;
  }
  return Step::kNothing;
}

void Probe::begin(base::Instant now, const NodeId& target, std::uint32_t score,
                  std::optional<base::Duration> rtt) {
  base::Duration trip = rtt.value_or(base::Duration{0});
  base::Duration interval = profile_.ping_interval * (score + 1);
  timeout_ = std::max(profile_.ping_timeout, trip + trip / 4);
  // The time for a probe through a helper: to the helper, its own timeout, and back. With less time
  // no nack could arrive, and nobody would ever be suspected.
  base::Duration needed = timeout_ * 2 + trip * 2;
  stretched_ = needed >= profile_.ping_interval;
  stage_ = Stage::kDirect;
  target_ = target;
  next_ = now + timeout_;
  end_ = now + (stretched_ ? std::max(interval, needed + needed / 8) : interval);
  token_ = 0;
  helpers_ = 0;
  nacks_.clear();
}

void Probe::rest(base::Instant now) {
  stage_ = Stage::kIdle;
  next_ = now + profile_.ping_interval;
}

void Probe::asked_around(std::uint16_t token, std::size_t helpers) {
  token_ = token;
  helpers_ = helpers;
}

void Probe::drop(base::Instant resume_at) {
  stage_ = Stage::kIdle;
  next_ = resume_at;
}

void Probe::stop() {
  stage_ = Stage::kIdle;
  next_ = base::Instant::never();
}

bool Probe::heard(const NodeId& node) {
  if (!waiting() || node != target_) return false;
  stage_ = Stage::kAnswered;
  next_ = end_;
  return true;
}

bool Probe::vouched(std::uint64_t token) {
  return token_ != 0 && token == token_ && heard(target_);
}

void Probe::nack(std::uint64_t token, const NodeId& helper) {
  if (!waiting() || token_ == 0 || token != token_) return;
  if (nacks_.size() < helpers_) nacks_.insert(helper);
}

}  // namespace gossip
