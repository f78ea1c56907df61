#pragma once

// The closed actors of one state of the database, in about 29 bytes each. It never changes once it
// is made: the writer, all readers and the protocol use one copy, from any thread. It is exact:
// what it gives back is what it was made of.

#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "crdt/digest.h"
#include "crdt/packed_numbers.h"
#include "crdt/packed_vector.h"
#include "store/actor.h"

namespace store {

class ClosedTable {
 public:
  // `actors` are closed and stand in order of index. `digest`: digest_of(actors), which takes
  // longer than all the rest. `former`: the table that this one replaces.
  ClosedTable(const std::vector<ActorEntry>& actors, const crdt::Digest& digest,
              const ClosedTable* former);
  // The sum of crdt::vector_element.
  static crdt::Digest digest_of(const std::vector<ActorEntry>& actors);

  std::size_t size() const { return vector_->size(); }
  // Their entries of the version vector. An index is a number there.
  const std::shared_ptr<const crdt::PackedVector>& vector() const { return vector_; }
  std::optional<Actor> find(const base::ActorId& id) const;
  std::optional<base::ActorId> id_of(std::int64_t index) const;
  Actor at(std::size_t place) const;
  const base::ActorId& id_at(std::size_t place) const { return vector_->actor_at(place); }
  std::int64_t last_index() const;  // 0 if empty
  const crdt::Digest& digest() const { return digest_; }
  // Those whose head no applied change names: few.
  const std::vector<base::ActorId>& unnamed() const { return unnamed_; }

 private:
  // What many actors have in common.
  struct Kind {
    std::optional<base::NodeId> node;
    bool left = false;
    bool alone = false;
    bool pruned = false;  // the floor is at the head; else it is 0
    auto operator<=>(const Kind&) const = default;
  };
  // Of an actor of which a part is pruned, or whose head no change names.
  struct Odd {
    std::uint64_t floor = 0;
    std::uint64_t named_seq = 0;
  };

  std::shared_ptr<const crdt::PackedVector> vector_;
  std::vector<Kind> kinds_;
  crdt::PackedNumbers kind_of_;       // by place
  std::map<std::int64_t, Odd> odds_;  // by index
  std::vector<base::ActorId> unnamed_;
  crdt::Digest digest_;
};

// The closed actors of a committed state. Most are in the table; `loose` has those that were closed
// or changed since the table was made.
struct ClosedState {
  using Blocks = std::vector<std::pair<std::int64_t, crdt::Digest>>;  // in order
  std::shared_ptr<const ClosedTable> table;                           // never null
  std::vector<ActorEntry> loose;
  std::shared_ptr<const Blocks> blocks;  // the digests of the rows of `closed`, by key
  crdt::Digest digest;                   // the sum over `blocks`
};

// Where the connections to a database find a ClosedState that another connection has made. The
// digest of the rows names it, so a state that does not belong to the asker's snapshot is never
// found. Safe to use from any thread.
class ClosedShare {
 public:
  // kCommitted: of the writer's last commit. kRead: of some snapshot; takes the place of none that
  // was committed.
  enum class From { kCommitted, kRead };
  void put(std::shared_ptr<const ClosedState> state, From from);
  std::shared_ptr<const ClosedState> find(const crdt::Digest& digest) const;

 private:
  // The last one that was committed, and another: a reader may be one commit behind. Read and
  // written as wholes (std::atomic_load, std::atomic_store). Two that are put at one time may cost
  // that one of them is not found.
  std::shared_ptr<const ClosedState> newest_;
  std::shared_ptr<const ClosedState> other_;
};

}  // namespace store
