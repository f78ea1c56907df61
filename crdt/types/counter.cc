#include "crdt/types/counter.h"

#include <algorithm>
#include <iterator>
#include <limits>
#include <map>
#include <utility>

#include "crdt/base/plant.h"
#include "crdt/decimal.h"

namespace crdt {
namespace {

// Longer numbers are not ours: they count as 0. A sum of more cells than memory holds still fits
// into 128 bits.
constexpr std::size_t kNumberDigitsMax = 30;

constexpr Int128 kTotalMax = std::numeric_limits<std::uint64_t>::max();

// What one cell says. Only `added` is used by an increment in a map (it may be negative there) and
// by a gcounter.
struct Counted {
  Int128 added = 0;
  Int128 taken = 0;
};

struct Range {
  Int128 least;
  Int128 most;
};

Range range_of(SlotType type) {
  if (type == SlotType::kGCounter) return {0, kTotalMax};
  return {std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max()};
}

std::string digits_of(Int128 number) {
  const bool negative = number < 0;
  std::string digits;
  do {
    const int digit = static_cast<int>(number % 10);
    digits += static_cast<char>('0' + (digit < 0 ? -digit : digit));
    number /= 10;
  } while (number != 0);
  if (negative) digits += '-';
  std::reverse(digits.begin(), digits.end());
  return digits;
}

std::optional<Int128> number_of(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  if (text.empty() || text.size() > kNumberDigitsMax) return std::nullopt;
  Int128 number = 0;
  for (const char digit : text) {
    if (digit < '0' || digit > '9') return std::nullopt;
    number = number * 10 + (digit - '0');
  }
  return negative ? -number : number;
}

// A total, or else an increment in a map.
bool is_total(const Slot& slot, std::string_view writer) {
  return slot.path.empty() || !writer.empty();
}

bool holds_pairs(const Slot& slot, std::string_view writer) {
  return slot.type == SlotType::kPnCounter && is_total(slot, writer);
}

Counted counted(const Cell& cell, const Slot& slot) {
  const std::string_view body = cell.body;
  if (!holds_pairs(slot, cell.stamp.writer)) {
    const Int128 number = number_of(body).value_or(0);
    return {slot.type == SlotType::kGCounter ? std::max<Int128>(number, 0) : number, 0};
  }
  const std::size_t space = std::min(body.find(' '), body.size());
  const auto added = number_of(body.substr(0, space));
  const auto taken = number_of(body.substr(std::min(space + 1, body.size())));
  if (!added || !taken) return {};
  return {std::max<Int128>(*added, 0), std::max<Int128>(*taken, 0)};
}

std::string body_of(const Counted& value, bool pair) {
  if (!pair) return digits_of(value.added);
  return digits_of(value.added) + ' ' + digits_of(value.taken);
}

Counted highest(const Counted& a, const Counted& b) {
  return {std::max(a.added, b.added), std::max(a.taken, b.taken)};
}

// Concurrent increments may have brought a counter above its range. A step towards the range is
// taken, although it does not reach it.
base::Status check_range(const Draft& draft, const Slot& slot, Int128 before, Int128 after) {
  const auto [least, most] = range_of(slot.type);
  const bool low = after < least && after <= before;
  const bool high = after > most && after >= before;
  if (!low && !high) return {};
  return base::Error{base::Code::kUnprocessable,
                     in_words(type_name(slot.type), draft.view, slot.path) + " would become " +
                         digits_of(after) + "; it takes values from " + digits_of(least) + " to " +
                         digits_of(most)};
}

void push_count(Draft& draft, Slot slot, const Cells& replaced, const Counted& value,
                const std::string& writer = {}) {
  const Stamp stamp{draft.author.time(), writer};
  std::string body = body_of(value, holds_pairs(slot, writer));
  draft.effects.push_back(
      {EffectKind::kCount, std::move(slot), dots_of(replaced), stamp, std::move(body), {}});
}

// The new total of the author in place of its last.
base::Status count_total(Draft& draft, Slot slot, const Cells& seen, const Counted& step) {
  const std::string self(draft.author.actor().view());
  Cells own;
  Counted total;
  for (const Cell& cell : seen) {
    if (contributor_of(cell) != self) continue;
    own.push_back(cell);
    total = highest(total, counted(cell, slot));
  }
  total.added += step.added;
  total.taken += step.taken;
  if (std::max(total.added, total.taken) > kTotalMax) {
    return base::Error{base::Code::kUnprocessable,
                       "all that this agent counted in " + in_words(draft, slot.path) +
                           " would become more than " + digits_of(kTotalMax) +
                           "; replace the value with PUT to start again"};
  }
  push_count(draft, std::move(slot), own, total);
  return {};
}

// An increment of its own, or one that takes the author's other increments into itself.
void count_step(Draft& draft, Slot slot, const Cells& seen, const Counted& step) {
  const ActorId self = draft.author.actor();
  Cells own;
  for (const Cell& cell : seen) {
    if (cell.dot.actor == self && cell.stamp.writer.empty()) own.push_back(cell);
  }
  Counted sum{step.added - step.taken, 0};
  if (own.size() < kFoldAt) {
    own.clear();
  } else {
    for (const Cell& cell : own) sum.added += counted(cell, slot).added;
    if (PLANTED(kCounterFoldDropsOne)) sum.added -= counted(own[0], slot).added;
  }
  push_count(draft, std::move(slot), own, sum);
}

}  // namespace

bool is_counter(SlotType type) {
  return type == SlotType::kGCounter || type == SlotType::kPnCounter;
}

std::string contributor_of(const Cell& cell) {
  return cell.stamp.writer.empty() ? std::string(cell.dot.actor.view()) : cell.stamp.writer;
}

bool counts(const Cells& cells, const Cell& cell, const Slot& slot) {
  if (!is_total(slot, cell.stamp.writer)) return true;
  const Counted own = counted(cell, slot);
  const std::string self = contributor_of(cell);
  for (const Cell& other : cells) {
    if (!is_total(slot, other.stamp.writer) || contributor_of(other) != self) continue;
    if (other.dot == cell.dot) continue;
    const Counted most = highest(own, counted(other, slot));
    const bool as_high = most.added == own.added && most.taken == own.taken;
    const Counted theirs = counted(other, slot);
    const bool equal = theirs.added == own.added && theirs.taken == own.taken;
    if (!as_high || (equal && other.dot > cell.dot)) return false;
  }
  return true;
}

Int128 counter_sum(const Cells& cells, const Slot& slot) {
  Int128 sum = 0;
  std::map<std::string, Counted> totals;
  for (const Cell& cell : cells) {
    if (!is_total(slot, cell.stamp.writer)) {
      sum += counted(cell, slot).added;
      continue;
    }
    Counted& total = totals[contributor_of(cell)];
    total = highest(total, counted(cell, slot));
  }
  for (const auto& [contributor, total] : totals) sum += total.added - total.taken;
  return sum;
}

std::string counter_value(const Cells& cells, const Slot& slot) {
  return digits_of(counter_sum(cells, slot));
}

base::Status count(Draft& draft, const Path& path, SlotType type, bool down, Amount amount) {
  Slot slot = draft.slot(path, type);
  ASSIGN_OR_RETURN(const Cells seen, draft.view.cells(path, type));
  if (amount.by == 0 && !seen.empty()) return {};
  const Counted step = down ? Counted{0, amount.by} : Counted{amount.by, 0};
  const Int128 before = counter_sum(seen, slot);
  RETURN_IF_ERROR(check_range(draft, slot, before, before + step.added - step.taken));
  if (path.empty()) return count_total(draft, std::move(slot), seen, step);
  count_step(draft, std::move(slot), seen, step);
  return {};
}

base::Status count_totals(Draft& draft, const Path& path, SlotType type, const Totals& totals) {
  const Slot slot = draft.slot(path, type);
  ASSIGN_OR_RETURN(const Cells seen, draft.view.cells(path, type));
  std::map<std::string, Counted> brought;
  for (const Totals::Node& of : totals.nodes) {
    if (of.taken > 0 && type == SlotType::kGCounter) {
      return base::invalid("a total of a gcounter has nothing that was taken; use a pncounter");
    }
    Counted& total = brought[of.node];
    total = highest(total, {of.added, of.taken});
  }
  const Int128 before = counter_sum(seen, slot);
  Int128 after = before;
  std::vector<Effect> effects;
  Draft only{draft.view, draft.author, effects, {}, {}, false, false};
  for (const auto& [node, total] : brought) {
    Cells own;
    Counted known;
    for (const Cell& cell : seen) {
      if (cell.stamp.writer != node) continue;
      own.push_back(cell);
      known = highest(known, counted(cell, slot));
    }
    const Counted merged = highest(known, total);
    const bool is_news = merged.added != known.added || merged.taken != known.taken;
    draft.superseded |= !is_news && (known.added > total.added || known.taken > total.taken);
    if (!is_news && !(seen.empty() && effects.empty())) continue;
    after += (merged.added - known.added) - (merged.taken - known.taken);
    push_count(only, slot, own, merged, node);
  }
  RETURN_IF_ERROR(check_range(draft, slot, before, after));
  std::move(effects.begin(), effects.end(), std::back_inserter(draft.effects));
  return {};
}

base::Status reset_counter(Draft& draft, const Path& path, SlotType type, std::string_view value) {
  Slot slot = draft.slot(path, type);
  const auto decimal = Decimal::parse(value);
  const auto number = decimal ? number_of(decimal->text()) : std::nullopt;
  const auto [least, most] = range_of(type);
  if (!number || *number < least || *number > most) {
    return base::invalid(with_article(type) + " takes a whole number from " + digits_of(least) +
                         " to " + digits_of(most) + " as its value");
  }
  ASSIGN_OR_RETURN(const Cells seen, draft.view.cells(path, type));
  const bool pair = holds_pairs(slot, {});
  const Counted fresh{pair ? std::max<Int128>(*number, 0) : *number,
                      pair ? std::max<Int128>(-*number, 0) : 0};
  push_count(draft, std::move(slot), seen, fresh);
  return {};
}

}  // namespace crdt
