#pragma once

// What this mesh has taken of one node outside it: of each entry of the node's clock the highest
// number, and of the deltas with exactly that number which of them. Deltas of one change have one
// number, so the number alone does not say whether a delta is new. A delta is stale if no entry of
// its clock is above what was taken, unless it has the present number of its own entry and was not
// taken yet.
// Example: {n1:3} was taken for key a. {n1:2} is stale, {n1:3} for key b is not, {n1:3} for key a
// is.

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace agent {

using ClockEntries = std::map<std::string, std::uint64_t>;

class ForeignClock {
 public:
  // A text that text() did not return counts as nothing taken.
  static ForeignClock parse(std::string_view json);
  std::string text() const;  // JSON

  // Takes over what another agent has taken.
  void join(const ForeignClock& other);

  // `node` is the sender; `name` tells apart deltas of one number (a hash in hex).
  bool is_stale(const std::string& node, const ClockEntries& clock, const std::string& name) const;
  void take(const std::string& node, const ClockEntries& clock, const std::string& name);

 private:
  struct Origin {
    std::uint64_t number = 0;
    std::vector<std::string> taken;  // the names of the deltas with this number, oldest first
    std::uint64_t turn = 0;          // of turns_
  };
  const Origin* find(const std::string& name) const;
  Origin& latest(const std::string& name);  // moved to the end, added if it is new
  void forget_first();
  void keep_bounds();

  // By entries of clocks; the empty name is of clocks without an entry of their own.
  std::map<std::string, Origin> origins_;
  std::map<std::uint64_t, std::string> turns_;  // their names; the one that moved last is the last
  std::uint64_t next_turn_ = 0;
  std::size_t names_ = 0;  // in `taken` of all
};

}  // namespace agent
