#include "agent/isolation.h"

#include <algorithm>
#include <utility>

namespace agent {
namespace {

// When the time between two looks is longer than this, the process stood still and could not hear
// anybody.
constexpr base::Duration kPause = base::seconds(3);
// We wait for the reason before we report isolation, but not longer than this.
constexpr base::Duration kAskingTakes = base::seconds(5);
constexpr std::int64_t kSilentIntervals = 10;

// "1 member has left". Members that have left are listed, so a reader must not take "0 known" for a
// contradiction.
std::string left_text(std::size_t left) {
  return std::to_string(left) + (left == 1 ? " member has left" : " members have left");
}

// Example: " (3 known; 1 member has left)".
std::string known_text(const gossip::Hearing& hearing) {
  std::string text = " (" + std::to_string(hearing.others) + " known";
  if (hearing.left > 0) text += "; " + left_text(hearing.left);
  return text + ")";
}

std::string silence_text(const Solitude& facts) {
  std::string text;
  if (facts.hearing.met) {
    text = "no other agent is heard any more" + known_text(facts.hearing);
  } else if (facts.hearing.others > 0) {
    text = "no agent of an earlier run answers" + known_text(facts.hearing);
  } else {
    text = "none of the addresses to join answers";
  }
  std::vector<AskedPlace> places = facts.seeds;
  places.insert(places.end(), facts.members.begin(), facts.members.end());
  if (places.empty()) return text;
  return text + ": " + places_text(places);
}

}  // namespace

base::Duration silence_of(base::Duration ping_interval) {
  return std::max(ping_interval * kSilentIntervals, base::seconds(2));
}

Isolation::Turn Isolation::look(base::Instant now, const Solitude& facts) {
  const bool on_purpose = facts.seeds.empty() && facts.hearing.others == 0;
  const bool paused = !looked_ || now - *looked_ > kPause;
  if (paused || on_purpose) listening_since_ = now;
  looked_ = now;
  heard_ = facts.hearing.since;
  met_ = facts.hearing.met;
  std::string before = std::exchange(reason_, judge(now, facts));
  bool heard = met_ && now - heard_ < silence_ && !facts.left;
  if (heard) {
    without_peers_.clear();
  } else if (!reason_.empty()) {
    without_peers_ = reason_;
  } else if (on_purpose && facts.hearing.left > 0) {
    without_peers_ = "no other agent is in the mesh: " + left_text(facts.hearing.left) +
                     ", and none was given to join";
  } else if (on_purpose) {
    without_peers_ = "no other agent is known, and none was given to join";
  } else {
    without_peers_ = "no other agent was heard yet";
  }
  if (before.empty() == reason_.empty()) return Turn::kNone;
  if (reason_.empty()) return Turn::kEnded;
  began_ = now;
  return Turn::kBegan;
}

bool Isolation::is_quiet(base::Instant now) const {
  base::Instant since = met_ ? std::max(heard_, listening_since_) : listening_since_;
  return looked_ && now - since >= silence_ / 2;
}

std::string Isolation::judge(base::Instant now, const Solitude& facts) const {
  if (facts.left) return "this agent has left the mesh; `hearsay join HOST:PORT` brings it back";
  if (facts.seeds.empty() && facts.hearing.others == 0) return "";
  base::Instant since = met_ ? std::max(heard_, listening_since_) : listening_since_;
  base::Duration quiet = now - since;
  // A reason stays until somebody is heard again. A later reason is never worse than the first one.
  bool over = reason_.empty() ? quiet < silence_ : met_ && now - heard_ < silence_;
  if (over) return "";
  if (reason_.empty() && !facts.asked && quiet < silence_ + kAskingTakes) return "";
  return silence_text(facts);
}

}  // namespace agent
