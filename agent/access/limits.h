#pragma once

// All bounds of keys, nonces and plans (rule 11), and what happens when one is reached.

#include <cstddef>
#include <cstdint>

namespace auth {

inline constexpr std::size_t kKeysMax = 512;          // in a key file; above: `apikey add` refuses
inline constexpr std::size_t kRevokedMax = 10'000;    // serial numbers; above: `tls revoke` refuses
inline constexpr std::size_t kKeyFileMax = 1u << 20;  // bytes; a larger file is refused
inline constexpr std::size_t kNameMax = 64;           // bytes of the name of a key
inline constexpr std::size_t kSerialDigitsMax = 40;   // hex digits: 20 bytes (RFC 5280, 4.1.2.2)

inline constexpr std::uint32_t kRateMax = 1'000'000;  // requests a minute of one key

// Nonces of one key that were given out and not used yet; above: the oldest one is forgotten. So
// all nonces together are at most 256 * (512 + 1), the last for callers without a key.
inline constexpr std::size_t kNoncesMax = 256;
inline constexpr std::uint32_t kNonceSecondsMin = 10;
inline constexpr std::uint32_t kNonceSecondsMax = 3'600;
inline constexpr std::uint32_t kNonceSecondsDefault = 60;

}  // namespace auth
