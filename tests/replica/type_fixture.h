#pragma once

// Three replicas that write objects of the replicated types, and give each other their changes by
// hand. Texts are folded after three changes, and pages of a join are tiny.

#include "agent/replica/store_view.h"
#include "crdt/types/shown.h"
#include "join_fixture.h"

namespace agent::types {

using crdt::Dot;
using crdt::Op;
using crdt::SlotType;
using crdt::Verb;

// The only place that knows how a request is written.
inline Input write(const std::string& object, std::vector<Op> ops) {
  return Write{1, WriteObject{object, std::move(ops)}};
}
inline Op op(Verb verb, crdt::Path path, crdt::Argument argument = {},
             std::optional<SlotType> type = std::nullopt) {
  return {std::move(path), verb, std::move(argument), type, std::nullopt};
}
inline Op insert(std::uint32_t at, std::string text, std::optional<Dot> after = {}) {
  return op(Verb::kInsert, {}, crdt::TextInsert{at, after, std::move(text)}, SlotType::kSeq);
}
inline Op erase(std::uint32_t at, std::uint32_t length) {
  return op(Verb::kErase, {}, crdt::TextErase{at, length}, SlotType::kSeq);
}
inline Op add(std::string element) {
  return op(Verb::kAdd, {}, std::move(element), SlotType::kOrSet);
}
inline Op remove(std::string element) {
  return op(Verb::kRemove, {}, std::move(element), SlotType::kOrSet);
}
inline Op increment(std::uint64_t by, crdt::Path path = {}, SlotType type = SlotType::kGCounter) {
  return op(Verb::kIncrement, std::move(path), crdt::Amount{by}, type);
}

inline std::string value_of(Replica& replica, const std::string& object,
                            const crdt::Path& path = {}, std::optional<SlotType> type = {}) {
  StoreView view(replica.store().cells(), object);
  auto shown = crdt::shown_at(view, path, type, SIZE_MAX);
  EXPECT_TRUE(shown.ok()) << shown.error().message;
  return shown.ok() && *shown ? (*shown)->value : "absent";
}

inline Sealed lacking(Replica& from, Replica& to) {
  Sealed missing;
  for (const crdt::SealedChange& change : log_of(from)) {
    if (!to.vector().covers(change.actor, change.seq)) missing.push_back(change);
  }
  return missing;
}
inline void exchange(Replica& from, Replica& to) {
  const Sealed missing = lacking(from, to);
  if (!missing.empty()) turn(to, 1'000, {received(missing)});
}

struct ThreeReplicas : testing::Test {
  Folder folder;
  ReplicaOptions options = folding();
  std::unique_ptr<Replica> a = open("a", 1);
  std::unique_ptr<Replica> b = open("b", 2);
  std::unique_ptr<Replica> c = open("c", 3);
  std::uint64_t starts = 10;

  // Texts are folded after three changes.
  static ReplicaOptions folding() {
    ReplicaOptions options = tiny_pages(300);
    options.store.fold_changes = 3;
    return options;
  }
  std::unique_ptr<Replica> open(const std::string& name, std::uint64_t seed) {
    return open_replica(folder.file(name + ".db"), seed, options);
  }
  void restart(std::unique_ptr<Replica>& replica, const std::string& name) {
    replica.reset();
    replica = open(name, starts++);
  }
  Sealed must(Replica& replica, const std::string& object, std::vector<Op> ops) {
    Outputs out = turn(replica, 1, {write(object, std::move(ops))});
    EXPECT_TRUE(out.replies.at(0).result.ok()) << out.replies.at(0).result.error().message;
    return out.facts.own;
  }
  std::string refusal(Replica& replica, const std::string& object, std::vector<Op> ops) {
    Outputs out = turn(replica, 1, {write(object, std::move(ops))});
    return out.replies.at(0).result.ok() ? "none" : out.replies.at(0).result.error().message;
  }
  void merge() {
    for (int round = 0; round < 2; ++round) {
      for (Replica* to : {a.get(), b.get(), c.get()}) {
        for (Replica* from : {a.get(), b.get(), c.get()}) exchange(*from, *to);
      }
    }
    expect_equal(*a, *b);
    expect_equal(*a, *c);
  }
};

}  // namespace agent::types
