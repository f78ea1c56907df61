#pragma once

// The naive model of a catalog map: what every author saw and meant, and what follows from that.
// It shares no code and no data structure with crdt/ and knows nothing of dots, kills or plans; it
// is slow on purpose. Each operation remembers its true causal past as a set of operations.

#include <bitset>
#include <compare>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace intent {

inline constexpr std::size_t kOperationsMax = 512;  // of one run
using Known = std::bitset<kOperationsMax>;          // a set of operations, by index

enum class Verb { kAdd, kPut, kPatch, kUnset, kRemove };

struct Time {
  std::int64_t nanos = 0;
  std::uint32_t counter = 0;
  auto operator<=>(const Time&) const = default;
};

struct Operation {
  std::string author;  // with `change` and `step` what breaks a full tie
  std::uint64_t change = 0;
  std::size_t step = 0;  // place among the operations of one change
  Verb verb = Verb::kAdd;
  std::string id;
  std::map<std::string, std::string> values;  // of add, put and patch
  std::set<std::string> unset;
  Time clock;  // the author's own
  Known past;  // everything its author had seen
  Time stamp;  // follows from the above
};

// Where an operation leaves its mark: presence, whole-object write, or a field.
struct Place {
  enum class Kind { kPresence, kWhole, kField } kind = Kind::kPresence;
  std::string field;
  auto operator<=>(const Place&) const = default;
};

struct Conflict {
  std::string field;
  std::size_t winner = 0;
  std::vector<std::size_t> losers;  // best first
  std::string rule;
  bool operator==(const Conflict&) const = default;
};

class Model {
 public:
  // Works out the stamp; returns the index under which the operation is known from now on.
  std::size_t record(Operation operation);

  // The operations whose mark at each place of `id` is still there for who knows `known`.
  std::map<Place, std::set<std::size_t>> live(const Known& known, const std::string& id) const;
  bool exists(const Known& known, const std::string& id) const;
  std::map<std::string, std::string> shown(const Known& known, const std::string& id) const;
  std::vector<Conflict> conflicts(const Known& known, const std::string& id) const;
  const Operation& operation(std::size_t index) const { return operations_[index]; }
  std::size_t size() const { return operations_.size(); }

 private:
  bool loses(std::size_t a, std::size_t b) const;
  std::size_t best(const std::set<std::size_t>& marks) const;
  bool written_over(std::size_t field_mark, const std::set<std::size_t>& whole) const;
  std::vector<Operation> operations_;
};

}  // namespace intent
