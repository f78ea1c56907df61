#include "gossip/reconcile/peer_state.h"

namespace gossip {
namespace {

template <typename... Cases>
struct Match : Cases... {
  using Cases::operator()...;
};
template <typename... Cases>
Match(Cases...) -> Match<Cases...>;

}  // namespace

void PeerState::differs(base::Instant now) {
  if (differs_since()) return;
  std::visit(Match{[&](InStep&) { state_ = Differs{now}; }, [](Differs&) {},
                   [&](auto& busy) { busy.since = now; }},
             state_);
}

void PeerState::equals() {
  settle();
  if (std::holds_alternative<BelowFloor>(state_)) state_ = InStep{};
}

void PeerState::settle() {
  std::visit(Match{[](InStep&) {}, [&](Differs&) { state_ = InStep{}; },
                   [](auto& busy) { busy.since.reset(); }},
             state_);
}

Exchange& PeerState::begin_exchange(bool cautious) {
  Since since = differs_since();
  return state_.emplace<Exchanging>(Exchanging{since, Exchange(cautious)}).exchange;
}

void PeerState::exchange_done() { state_ = InStep{}; }

void PeerState::exchange_broke(base::Instant now) {
  state_ = Differs{differs_since().value_or(now)};
}

void PeerState::fell_below(const States& at) { state_ = BelowFloor{differs_since(), at}; }

void PeerState::begin_join() { state_ = Joining{differs_since()}; }

void PeerState::join_ended(base::Instant now) {
  base::Instant since = differs_since().value_or(now);
  if (auto* exchanging = std::get_if<Exchanging>(&state_)) {
    exchanging->since = since;
  } else {
    state_ = Differs{since};
  }
}

std::optional<base::Instant> PeerState::differs_since() const {
  return std::visit(Match{[](const InStep&) -> Since { return std::nullopt; },
                          [](const auto& other) -> Since { return other.since; }},
                    state_);
}

Exchange* PeerState::exchange() {
  auto* exchanging = std::get_if<Exchanging>(&state_);
  return exchanging == nullptr ? nullptr : &exchanging->exchange;
}

const Exchange* PeerState::exchange() const {
  const auto* exchanging = std::get_if<Exchanging>(&state_);
  return exchanging == nullptr ? nullptr : &exchanging->exchange;
}

bool PeerState::is_below(const std::optional<States>& now) const {
  const auto* below = std::get_if<BelowFloor>(&state_);
  return below != nullptr && now == below->at;
}

}  // namespace gossip
