#include "crdt/types/op.h"

namespace crdt {
namespace {

base::Status check_name(std::string_view what, std::string_view name) {
  const std::string start(what);
  if (name.size() > kWriterBytesMax) {
    return base::invalid(start + " has " + std::to_string(name.size()) + " bytes; at most " +
                         std::to_string(kWriterBytesMax) + " are possible");
  }
  if (name.find('\0') != std::string_view::npos) return base::invalid(start + " has a NUL byte");
  if (!base::is_utf8(name)) return base::invalid(start + " is not valid UTF-8");
  return {};
}

base::Status check_given_name(std::string_view what, std::string_view name) {
  if (name.empty()) return base::invalid(std::string(what) + " is empty");
  return check_name(what, name);
}

base::Status check_stamp(const Stamp& stamp, const base::Now& now, const HybridClock& clock) {
  RETURN_IF_ERROR(check_name("the writer of a stamp", stamp.writer));
  const bool trusted = clock.trusts(now);
  const std::int64_t reference = trusted ? now.wall_nanos : clock.latest().nanos;
  // Both are at most the year 2200 here, so the sum fits.
  if (stamp.time.nanos <= reference + kStampAheadMax.nanos) return {};
  return base::invalid(
      "the stamp " + std::to_string(stamp.time.nanos) + " is more than an hour ahead of " +
      (trusted ? "this agent's clock" : "the time that this agent knows (its clock is not set)") +
      ", which is at " + std::to_string(reference) +
      "; stamps are nanoseconds since 1970: set the clock of the client and send the write again");
}

}  // namespace

std::string_view verb_name(Verb verb) {
  switch (verb) {
    case Verb::kSet:
      return "set";
    case Verb::kReplace:
      return "replace";
    case Verb::kPut:
      return "put";
    case Verb::kMerge:
      return "merge";
    case Verb::kUnset:
      return "unset";
    case Verb::kAbsent:
      return "absent";
    case Verb::kTotals:
      return "totals";
    case Verb::kIncrement:
      return "increment";
    case Verb::kDecrement:
      return "decrement";
    case Verb::kAdd:
      return "add";
    case Verb::kRemove:
      return "remove";
    case Verb::kInsert:
      return "insert";
    case Verb::kErase:
      return "erase";
  }
  return "unknown";
}

base::Error error_of_op(const base::Error& error, std::size_t number, std::size_t ops) {
  if (ops == 1) return error;
  return {error.code, "op " + std::to_string(number) + ": " + error.message};
}

base::Status check_brought(const Op& op, const base::Now& now, const HybridClock& clock) {
  if (op.stamp) RETURN_IF_ERROR(check_stamp(*op.stamp, now, clock));
  for (const std::string& tag : op.tags) RETURN_IF_ERROR(check_given_name("a tag", tag));
  const auto* totals = std::get_if<Totals>(&op.argument);
  if (totals == nullptr) return {};
  for (const Totals::Node& of : totals->nodes) {
    RETURN_IF_ERROR(check_given_name("the node of a total", of.node));
  }
  return {};
}

}  // namespace crdt
