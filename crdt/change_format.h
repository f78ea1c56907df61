#pragma once

// Numbers of the sealed form that sealing and opening must share; docs/protocol.md, "Sealed
// changes".

#include "crdt/change.h"
#include "crdt/codec.h"

namespace crdt::format {

inline constexpr std::uint64_t kEnvelopeVersion = 2;
inline constexpr std::size_t kEnvelopeFields = 10;  // the mark of a request is behind them
inline constexpr std::size_t kRequestFields = 3;
// Version, actor, seq: the same in every envelope.
inline constexpr std::size_t kFixedFields = 3;
inline constexpr std::size_t kDependencyNumbers = 3;
inline constexpr std::size_t kEffectFields = 7;  // an insert has its anchor behind them
inline constexpr std::size_t kKillNumbers = 5;
inline constexpr std::size_t kAnchorNumbers = 4;  // without a parent: 1
inline constexpr codec::Limits kLimits{
    .bytes_max = kChangeBytesMax, .depth_max = 12, .items_max = 2'000'000};

// The part of kChangeSlotBytesMax that a slot uses.
inline std::size_t slot_charge(const Slot& slot) {
  std::size_t charge = slot.object.size() + kComponentCharge;
  for (const auto& component : slot.path) charge += component.size() + kComponentCharge;
  return charge;
}

// Why an effect contradicts itself; null when it does not. Such an effect is neither sealed nor
// opened.
const char* contradiction(const Effect& effect);

// Differences of times wrap, so that every pair of times has one. Adding the difference gives the
// exact time back.
inline std::int64_t wrapping_difference(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) - static_cast<std::uint64_t>(b));
}
inline std::int64_t wrapping_sum(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
}

}  // namespace crdt::format
