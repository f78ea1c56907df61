#include "crdt/types/sequence/text_digest.h"

namespace crdt {
namespace {

constexpr char kTextTag = 'T';
constexpr std::uint32_t kErased = 0x110000;  // no code point

constexpr std::uint64_t kFirst = 0x9E3779B97F4A7C15u;
constexpr std::uint64_t kSecond = 0xC2B2AE3D27D4EB4Fu;
constexpr std::uint64_t kThird = 0x165667B19E3779F9u;
constexpr std::uint64_t kFourth = 0x27D4EB2F165667C5u;

// The halves of the product, folded into one.
std::uint64_t fold(std::uint64_t a, std::uint64_t b) {
  const auto product = static_cast<unsigned __int128>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

void append_sized(base::Bytes& out, base::BytesView bytes) {
  base::append_be32(out, static_cast<std::uint32_t>(bytes.size()));
  out.append(bytes);
}

// The code point that begins at `at`, which is moved behind it. The text is valid UTF-8.
std::uint32_t next_point(std::string_view text, std::size_t& at) {
  const auto byte = [&] { return static_cast<unsigned char>(text[at++]); };
  const std::uint32_t first = byte();
  if (first < 0x80) return first;
  std::uint32_t point = first < 0xE0 ? first & 0x1F : first < 0xF0 ? first & 0x0F : first & 0x07;
  while (at < text.size() && base::is_continuation(text[at])) point = point << 6 | (byte() & 0x3Fu);
  return point;
}

}  // namespace

TextDigest::TextDigest(const Slot& slot) {
  slot_.push_back(kTextTag);
  append_sized(slot_, slot.object);
  base::append_be32(slot_, static_cast<std::uint32_t>(slot.path.size()));
  for (const auto& component : slot.path) append_sized(slot_, component);
}

const TextDigest::Keys& TextDigest::keys_of(const ActorId& actor) {
  const auto [found, added] = keys_.try_emplace(actor);
  if (added) {
    const Digest keys = Digest::of(slot_ + base::Bytes(actor.view()));
    found->second = {keys.high, keys.low};
  }
  return found->second;
}

Digest TextDigest::of(const TextRun& run) {
  static constexpr Keys kStart{kThird, kFourth};
  const Keys& own = keys_of(run.dots.actor);
  const Keys* above = run.anchor.parent ? &keys_of(run.anchor.parent->actor) : &kStart;
  Dot parent = run.anchor.parent.value_or(Dot{});
  bool right = run.anchor.right;
  std::size_t at = 0;
  Digest sum;
  for (std::uint32_t i = 0; i < run.size(); ++i) {
    const Dot dot = run.dot_of(i);
    const std::uint64_t point = run.live ? next_point(run.text, at) : kErased;
    const std::uint64_t self =
        fold(own.first ^ dot.seq, kFirst ^ (std::uint64_t{dot.index} << 32 | point));
    const std::uint64_t place = fold(
        above->first ^ parent.seq, kSecond ^ (std::uint64_t{parent.index} << 32 | (right ? 1 : 0)));
    Digest element;
    element.high = fold(self ^ kThird, place ^ own.second);
    element.low = fold(self ^ above->second, place ^ kFourth);
    sum.add(element);
    parent = dot;
    above = &own;
    right = true;
  }
  return sum;
}

}  // namespace crdt
