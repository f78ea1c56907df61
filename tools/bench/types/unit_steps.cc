#include "tools/bench/types/unit_steps.h"

#include <algorithm>

#include "crdt/base/check.h"

namespace bench {
namespace {

// The byte where code point `points` of `text` begins.
std::size_t byte_of(const std::string& text, std::uint64_t points) {
  std::size_t at = 0;
  for (; points > 0; --points) {
    do ++at;
    while (at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80);
  }
  return at;
}

// Takes the first `units` units out of `patches`.
std::vector<Patch> take(std::vector<Patch>& patches, std::uint64_t units) {
  std::vector<Patch> taken;
  std::size_t whole = 0;
  while (whole < patches.size() && unit_count(patches[whole]) <= units) {
    units -= unit_count(patches[whole]);
    taken.push_back(std::move(patches[whole++]));
  }
  patches.erase(patches.begin(), patches.begin() + static_cast<std::ptrdiff_t>(whole));
  if (units == 0) return taken;
  Patch& rest = patches.front();
  Patch part{rest.position, 0, {}};
  part.removed = static_cast<std::uint32_t>(std::min<std::uint64_t>(units, rest.removed));
  rest.removed -= part.removed;
  units -= part.removed;
  const std::size_t byte = byte_of(rest.inserted, units);
  part.inserted = rest.inserted.substr(0, byte);
  rest.inserted.erase(0, byte);
  rest.position += static_cast<std::uint32_t>(units);
  taken.push_back(std::move(part));
  return taken;
}

}  // namespace

std::vector<Step> cut_at_parents(std::vector<UnitStep> steps) {
  std::vector<std::uint64_t> ends;  // the numbers of the last units of all results, ascending
  for (const UnitStep& one : steps) {
    ends.insert(ends.end(), one.step.parents.begin(), one.step.parents.end());
  }
  std::vector<std::uint64_t> counts;
  for (const UnitStep& one : steps) {
    std::uint64_t count = 0;
    for (const Patch& patch : one.step.patches) count += unit_count(patch);
    counts.push_back(count);
    if (count > 0) ends.push_back(one.first + count - 1);
  }
  std::sort(ends.begin(), ends.end());
  ends.erase(std::unique(ends.begin(), ends.end()), ends.end());

  std::vector<Step> result;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    UnitStep& one = steps[i];
    for (std::uint32_t& parent : one.step.parents) {
      const auto at = std::lower_bound(ends.begin(), ends.end(), parent);
      parent = static_cast<std::uint32_t>(at - ends.begin());
    }
    std::uint64_t first = one.first;
    for (std::uint64_t left = counts[i]; left > 0;) {
      const std::uint64_t end = *std::lower_bound(ends.begin(), ends.end(), first);
      const std::uint64_t units = end - first + 1;
      CHECK(units <= left);
      Step step;
      step.parents = first == one.first
                         ? one.step.parents
                         : std::vector{static_cast<std::uint32_t>(result.size() - 1)};
      step.agent = one.step.agent;
      step.seq = one.step.seq + (first - one.first);
      step.patches = take(one.step.patches, units);
      result.push_back(std::move(step));
      first = end + 1;
      left -= units;
    }
  }
  return result;
}

}  // namespace bench
