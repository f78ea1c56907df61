#pragma once

// The version vector with heads, the floors of the log, and what `deps` need: one row for each open
// actor. Closed actors stand many to a row (store/closed_codec.h). All of it is in memory.
// Store::commit writes the changed rows in the transaction of the change (rule 6).

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "crdt/change.h"
#include "crdt/digest.h"
#include "crdt/version_vector.h"
#include "store/database.h"
#include "store/meta_table.h"

namespace store {

struct Actor {
  std::int64_t index = 0;       // the small number that rows use for this actor
  crdt::Head head;              // the vector entry
  std::uint64_t floor = 0;      // the log holds every change in (floor, head.seq] (rule 7)
  std::uint64_t named_seq = 0;  // the highest number in the `deps` of an applied change
  std::optional<base::NodeId> node;
  bool left = false;       // its owner no longer uses it (rule 2)
  bool closed = false;     // left, and held in full by every member: not listed on the wire
  bool alone = false;      // perhaps no peer holds all of it: pruned last (rule 7)
  std::int64_t block = 0;  // its row in `closed`; 0: it has a row of its own

  // True if another applied change names the head in its `deps`.
  bool head_named() const { return named_seq >= head.seq; }
};

class Actors {
 public:
  explicit Actors(Database& database);
  base::Status load();

  const std::map<base::ActorId, Actor>& all() const { return actors_; }
  const Actor* find(const base::ActorId& id) const;
  const base::ActorId* id_of(std::int64_t index) const;
  // The same for callers that have not loaded all rows: reads the row of `index` if it is not known
  // yet. A number never changes its actor.
  base::Result<base::ActorId> resolve(std::int64_t index);
  const crdt::VersionVector& vector() const { return vector_; }
  const crdt::Digest& vector_digest() const {
    return vector_digest_;
  }  // crdt::vector_digest, incremental

  // These functions change memory. flush() writes the rows in the open transaction.
  // Returns the index; adds the actor when it is new.
  std::int64_t intern(const base::ActorId& id);
  void advance(const base::ActorId& id, crdt::Head head);
  void raise_floor(const base::ActorId& id, std::uint64_t floor);
  void set_node(const base::ActorId& id, const base::NodeId& node);
  // Does nothing for an actor without a change.
  void set_left(const base::ActorId& id);
  void set_closed(const base::ActorId& id, bool closed);
  void set_alone(const base::ActorId& id, bool alone);
  // A change with this dependency in its `deps` was applied.
  void name(const base::ActorId& id, std::uint64_t seq);
  // The heads that no applied change names, without that of `own`. Every applied change is one of
  // these, or the head of `own`, or came before one of them, because a change is applied only after
  // its `deps` and its predecessor (rule 4). So a new change of `own` needs to name no others.
  // Example: the vector is {a:7, b:3} and (a,7) names (b,3): the frontier is (a,7).
  std::vector<crdt::Dependency> frontier(const base::ActorId& own) const;
  std::vector<base::ActorId> take_left();  // the actors marked since the last call and committed
  base::Status flush();
  bool touched() const { return touched_; }  // memory differs from what load() read
  void committed() { touched_ = false; }

 private:
  Actor& at(const base::ActorId& id);  // adds the actor when it is new
  base::Result<Actor> parse(const Loan& row, base::ActorId& id) const;

  base::Status write_name(const base::ActorId& id, const Actor& actor);
  base::Status write_head(const Actor& actor);
  // Visits all actors in the rows of `closed`.
  base::Status read_blocks(const std::function<void(std::int64_t, const base::ActorId&, Actor&)>&);
  base::Status pack(Actor& actor);
  void unpack(const base::ActorId& id, Actor& actor);
  base::Bytes encode(const std::vector<std::int64_t>& block) const;
  base::Status write_block(std::int64_t block);
  void add(const base::ActorId& id, const Actor& actor);

  Database& database_;
  MetaTable meta_;
  Query select_all_;
  Query select_one_;
  Query upsert_;
  Query erase_;
  Query select_blocks_;
  Query upsert_block_;
  Query erase_block_;
  std::map<base::ActorId, Actor> actors_;
  std::map<std::int64_t, base::ActorId> ids_;
  std::map<std::int64_t, std::vector<std::int64_t>>
      blocks_;                        // row of `closed` -> indexes of its actors, in order
  std::set<base::ActorId> frontier_;  // actors whose head no change names
  std::set<base::ActorId> dirty_;     // actors whose head must be written
  std::set<base::ActorId> unnamed_;   // actors whose id and node must be written
  std::set<base::ActorId> left_;      // marked and not yet taken
  crdt::VersionVector vector_;
  crdt::Digest vector_digest_;
  std::int64_t next_index_ = 1;
  bool touched_ = false;
};

}  // namespace store
