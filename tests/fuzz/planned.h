#pragma once

// What comes of a request that a parser of a door took: its operations are planned on an object in
// which nothing is yet. Each ends in an error with a message, or in effects that can be sealed.

#include <cstdint>
#include <string>

#include "agent/replica/requests.h"
#include "crdt/base/check.h"
#include "crdt/types/plan.h"

namespace fuzz {

class Empty : public crdt::View {
 public:
  const std::string& object() const override { return object_; }
  base::Result<crdt::Cells> cells(const crdt::Path&, crdt::SlotType) override {
    return crdt::Cells();
  }
  base::Status below(const crdt::Path&, const Visit&) override { return {}; }
  base::Result<const crdt::Sequence*> text(const crdt::Path&, const crdt::TextNeed&) override {
    return nullptr;
  }
  base::Result<std::string> shown_text(const crdt::Path&) override { return std::string(); }

 private:
  std::string object_ = "o";
};

inline void check_ops(const base::Result<agent::WriteObject>& write) {
  if (!write.ok()) {
    CHECK(!write.error().message.empty());
    return;
  }
  Empty view;
  const crdt::Author author{[] { return crdt::HybridTime{1, 0}; }, [] { return crdt::ActorId(); }};
  crdt::Change change;
  change.seq = 1;
  for (const crdt::Op& op : write->ops) {
    // The door refuses it before it is planned.
    if (!crdt::check_brought(op, {}, crdt::HybridClock({INT64_MAX / 2, 0}, {})).ok()) continue;
    const std::size_t before = change.effects.size();
    const auto planned = crdt::plan(view, op, author, change.effects);
    if (planned.ok()) continue;
    CHECK(!planned.error().message.empty());
    CHECK(change.effects.size() == before);
  }
  CHECK(crdt::seal(change).ok());
}

}  // namespace fuzz
