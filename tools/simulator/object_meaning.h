#pragma once

// What a request means for one object, from the view of its author: the facts that it leaves, and
// those that it takes back (object_facts.h). It says the rules of docs/types.md again, in its own
// words, so it can judge the plans of the product. Whether a stamp is refused because it is in the
// future is not judged here.

#include "agent/replica/requests.h"
#include "tools/simulator/object_facts.h"

namespace simulation {

// Who writes, and the number that the oracle gives to the change.
struct Writer {
  base::ActorId actor;
  std::uint64_t seq = 0;
  std::size_t change = 0;
  crdt::HybridTime time;
};

class ObjectMeaning {
 public:
  // `facts`: all that was ever said of the object; `seen`: the changes that the author had.
  ObjectMeaning(Facts facts, const Writer& writer, const Covers& seen);

  // Each operation sees what those before it did.
  void read(const std::vector<crdt::Op>& ops);

  bool is_refused() const { return is_refused_; }  // then nothing of the request counts
  bool changes_anything() const { return changes_; }
  Facts take() { return std::move(facts_); }

 private:
  ObjectSight sight() const { return {facts_, covers_}; }
  void refuse() { is_refused_ = true; }
  void read(const crdt::Op& op);
  std::optional<crdt::SlotType> type_of(const crdt::Op& op) const;
  void write(const crdt::Op& op, crdt::SlotType type);
  void count(const crdt::Op& op, crdt::SlotType type);
  void set(const crdt::Op& op, crdt::SlotType type);
  void count_nodes(const crdt::Op& op, crdt::SlotType type);
  void add(const crdt::Op& op);
  void remove(const crdt::Op& op);
  void insert(const Place& place, const crdt::TextInsert& edit);
  void erase(const Place& place, const crdt::TextErase& erased);
  void replace(const crdt::Op& op, crdt::SlotType type);
  void replace_value(const crdt::Op& op, crdt::SlotType type);
  void replace_count(const Place& place, crdt::SlotType type, const std::string& value);
  void replace_set(const Place& place, const std::string& value);
  void replace_map(const Place& place, const std::string& value);
  void replace_text(const Place& place, const std::string& value);

  Fact fact(crdt::SlotType type, const Place& place, const std::string& text) const;
  void raise(crdt::Stamp& stamp, const FactIds& seen) const;
  std::optional<FactIds> overtaken(const crdt::Op& op, const FactIds& seen) const;
  std::string name_of(FactId add) const;
  FactId say(Fact fact);
  void take_back(const FactIds& ids);
  void contain(const Place& place, crdt::SlotType type);

  Facts facts_;
  const Writer writer_;
  const Covers covers_;
  bool is_refused_ = false;
  bool changes_ = false;
  bool is_first_ = true;  // the operation that is read
};

}  // namespace simulation
