#include "gossip/swim/turns.h"

#include <array>
#include <utility>

namespace gossip {

namespace {

// For each turn: which place after ourselves on the ring is probed. 0 means the shuffled round.
// With fewer members the places wrap.
constexpr std::array<std::size_t, 8> kPlaces = {0, 1, 2, 1, 0, 1, 3, 1};

}  // namespace

bool Turns::on_round() const { return kPlaces[count_ % kPlaces.size()] == 0; }

std::optional<NodeId> Turns::next() {
  if (table_.living().empty()) return next_of_hearsay();
  if (hurried_) {
    const Member* member = table_.find(*std::exchange(hurried_, std::nullopt));
    if (member != nullptr && member->state() == MemberState::kSuspect) return member->record.node;
  }
  ++count_;
  if (count_ % kPlaces.size() == 4 && !table_.hearsay().empty()) return next_of_hearsay();
  if (on_round()) return next_of_round();
  NodeId node = self_;
  for (std::size_t i = 0; i < kPlaces[count_ % kPlaces.size()]; ++i) {
    node = table_.living_after(node);
  }
  return node;
}

std::optional<NodeId> Turns::next_of_round() {
  for (int fresh = 0; fresh < 2; ++fresh) {
    while (!round_.empty()) {
      NodeId node = round_.back();
      round_.pop_back();
      const Member* member = table_.find(node);
      if (member != nullptr && member->is_alive() && member->met()) return node;
    }
    round_ = table_.living();
    for (std::size_t i = round_.size(); i > 1; --i) {
      auto other = static_cast<std::size_t>(random_.below(i));
      std::swap(round_[i - 1], round_[other]);
    }
  }
  return std::nullopt;
}

std::optional<NodeId> Turns::next_of_hearsay() {
  const auto& all = table_.hearsay();
  if (all.empty()) return std::nullopt;
  auto next = all.upper_bound(hearsay_);
  if (next == all.end()) next = all.begin();
  hearsay_ = *next;
  return hearsay_.second;
}

void Turns::accused(const NodeId& node) {
  if (table_.living().empty()) return;
  NodeId watched = self_;
  for (std::size_t i = 0; i < kWatched; ++i) {
    watched = table_.living_after(watched);
    if (watched == node) hurried_ = node;
  }
}

std::optional<NodeId> Turns::next_dead() {
  bool hearsay =
      table_.dead().empty() || (++dead_count_ % 4 == 0 && !table_.dead_hearsay().empty());
  const auto& dead = hearsay ? table_.dead_hearsay() : table_.dead();
  NodeId& last = hearsay ? dead_hearsay_ : dead_;
  if (dead.empty()) return std::nullopt;
  auto next = dead.upper_bound(last);
  if (next == dead.end()) next = dead.begin();
  last = *next;
  return last;
}

}  // namespace gossip
