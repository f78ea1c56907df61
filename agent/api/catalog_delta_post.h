#pragma once

// The body of POST /crdt/delta, and what its deltas become.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/api/foreign_clock.h"
#include "agent/replica/requests.h"
#include "store/store.h"

namespace agent {

struct PostedDelta {
  enum class Kind : std::uint8_t { kAdd, kRemove, kMetadata } kind = Kind::kAdd;
  std::string node;
  ClockEntries clock;
  std::string object;
  std::string id;
  crdt::Members metadata;
  std::vector<std::string> tags;  // one of an add; of a remove those that go, none: all
  std::int64_t timestamp = 0;
  std::string text;  // as it was sent, minified
};
struct PostedDeltas {
  std::vector<PostedDelta> deltas;
  bool is_array = false;
};
// kInvalid: no JSON, no delta, an unknown type or key; kTooLarge above a bound. The message names
// the number of the delta in an array.
base::Result<PostedDeltas> parse_posted(std::string_view body);

// What this mesh has taken of the nodes of a request.
using ForeignClocks = std::map<std::string, ForeignClock>;

// Judges deltas in their order.
class DeltaJudge {
 public:
  DeltaJudge(store::Reader& reader, const store::Actors& actors)
      : reader_(reader), actors_(actors) {}

  // Nullopt for a stale delta, else the write that it becomes; `clocks` then has it. A delta is
  // stale if its clock names only actors of this mesh and this agent has those changes, or by what
  // was taken of its node.
  base::Result<std::optional<WriteObject>> judge(const PostedDelta& delta, ForeignClocks& clocks);

 private:
  bool is_ours(const PostedDelta& delta) const;
  base::Result<crdt::Stamp> stamp_of(const PostedDelta& delta);

  store::Reader& reader_;
  const store::Actors& actors_;
};

// Keeps the clocks of these nodes.
WriteObject write_of(const ForeignClocks& clocks);

}  // namespace agent
