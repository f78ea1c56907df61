#pragma once

// The version vector with heads, the floors of the log, and what `deps` need: one row for each open
// actor. Closed actors stand many to a row (store/closed_codec.h), and in memory many to a packed
// table (store/closed_table.h), because years of restarts leave tens of thousands of them.
// Everything is in memory and exact, so no question needs the file.
// Store::commit writes the changed rows in the transaction of the change (rule 6).

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "crdt/change.h"
#include "crdt/digest.h"
#include "crdt/version_vector.h"
#include "store/actor.h"
#include "store/closed_rows.h"
#include "store/database.h"
#include "store/meta_table.h"
#include "store/options.h"

namespace store {

class Actors {
 public:
  Actors(Database& database, const Options& options);
  base::Status load();
  void forget();  // what load() read, to free the memory; resolve() and load() read it again

  std::optional<Actor> find(const base::ActorId& id) const;
  std::optional<base::ActorId> id_of(std::int64_t index) const;
  // The same for callers that have not loaded all rows: reads what is not known yet. A number never
  // changes its actor.
  base::Result<base::ActorId> resolve(std::int64_t index);
  // All open actors. Some closed ones are among them.
  const std::map<base::ActorId, Actor>& loose() const { return actors_; }
  // Visits all actors in order, from the first one above `after` on, until `visit` returns false.
  using Visit = std::function<bool(const base::ActorId&, const Actor&)>;
  void visit(const Visit& visit, const base::ActorId* after = nullptr) const;
  // Visits the actors of which `have` lacks changes, until `visit` returns false. Cheap when `have`
  // is packed as our vector is.
  void visit_lacking(const crdt::VersionVector& have, const Visit& visit) const;
  // A copy of all of them, closed ones included: for tests and tools.
  std::map<base::ActorId, Actor> all() const;
  const crdt::VersionVector& vector() const { return vector_; }
  // crdt::vector_digest of vector(). A call costs two hashes for each actor that advanced since the
  // call before, however many changes of it were applied.
  const crdt::Digest& vector_digest() const;
  struct Closed {
    std::uint64_t count = 0;
    crdt::Digest digest;  // the sum of crdt::vector_element
  };
  Closed closed() const;

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
  // Adds the actor when it is new. One of the table is copied among the loose ones.
  Actor& at(const base::ActorId& id);
  base::Result<Actor> parse(const Loan& row, base::ActorId& id) const;
  base::Status take_closed();
  void add(const base::ActorId& id, const Actor& actor);

  base::Status write_name(const base::ActorId& id, const Actor& actor);
  base::Status write_head(const Actor& actor);
  base::Status erase_rows(const Actor& actor);
  base::Status write_blocks(const std::set<std::int64_t>& moved);
  std::vector<ActorEntry> closed_between(std::int64_t first, std::int64_t last) const;
  std::vector<ActorEntry> loose_closed() const;
  void pack();

  Database& database_;
  MetaTable meta_;
  ClosedRows rows_;
  Query select_all_;
  Query select_one_;
  Query upsert_;
  Query erase_;
  std::shared_ptr<const ClosedTable> table_;  // never null; a loose actor hides the one in it
  std::map<base::ActorId, Actor> actors_;     // the loose ones
  std::map<std::int64_t, base::ActorId> ids_;
  std::set<base::ActorId> frontier_;  // actors whose head no change names
  std::set<base::ActorId> dirty_;     // actors whose head must be written
  std::set<base::ActorId> unnamed_;   // actors whose id and node must be written
  std::set<base::ActorId> left_;      // marked and not yet taken
  crdt::VersionVector vector_;
  mutable crdt::Digest vector_digest_;
  // Actors that advanced since vector_digest() was called, and the heads that it counted then.
  mutable std::map<base::ActorId, crdt::Head> advanced_;
  std::int64_t next_index_ = 1;
  std::size_t loose_max_;
  bool touched_ = false;
};

}  // namespace store
