#pragma once

// The vector with heads, the floors of the log, and what deps need: one row an actor, while it is
// open; closed ones stand many to a row (store/closed_codec.h). All of it is in memory; rows that
// moved are written by Store::commit in the transaction of the change (rule 6).

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
  std::int64_t index = 0;       // small number used in rows
  crdt::Head head;              // the vector entry
  std::uint64_t floor = 0;      // the log holds every change in (floor, head.seq] (rule 7)
  std::uint64_t named_seq = 0;  // the highest that `deps` of a change applied here name
  std::optional<base::NodeId> node;
  bool left = false;       // its owner has gone on under another actor (rule 2)
  bool closed = false;     // and every member held it in full: not on the wire by itself
  bool alone = false;      // no peer may hold all of it: pruned last (rule 7)
  std::int64_t block = 0;  // the row of `closed` that it stands in; 0: it has rows of its own

  // Another change applied here came after the head, and says so.
  bool head_named() const { return named_seq >= head.seq; }
};

class Actors {
 public:
  explicit Actors(Database& database);
  base::Status load();

  const std::map<base::ActorId, Actor>& all() const { return actors_; }
  const Actor* find(const base::ActorId& id) const;
  const base::ActorId* id_of(std::int64_t index) const;
  // The same for whoever has not loaded all rows: reads the one row when it is not known yet. A
  // number never changes its actor.
  base::Result<base::ActorId> resolve(std::int64_t index);
  const crdt::VersionVector& vector() const { return vector_; }
  const crdt::Digest& vector_digest() const {
    return vector_digest_;
  }  // crdt::vector_digest, incremental

  // These change memory; flush() writes the rows inside the open transaction.
  std::int64_t intern(const base::ActorId& id);  // index, adding the actor when new
  void advance(const base::ActorId& id, crdt::Head head);
  void raise_floor(const base::ActorId& id, std::uint64_t floor);
  void set_node(const base::ActorId& id, const base::NodeId& node);
  // An actor without a change of its own is not worth a mark.
  void set_left(const base::ActorId& id);
  void set_closed(const base::ActorId& id, bool closed);
  void set_alone(const base::ActorId& id, bool alone);
  // A change that names this as one of its `deps` was applied.
  void name(const base::ActorId& id, std::uint64_t seq);
  // The heads that no applied change came after, without that of `own`: everything applied is one
  // of these, `own`'s, or came before one of them, because nothing is applied before its `deps`
  // and its predecessor (rule 4). So a new change under `own` needs to name no others.
  std::vector<crdt::Dependency> frontier(const base::ActorId& own) const;
  std::vector<base::ActorId> take_left();  // marked since the last call, and committed
  base::Status flush();
  bool touched() const { return touched_; }  // memory differs from what load() read
  void committed() { touched_ = false; }

 private:
  Actor& at(const base::ActorId& id);  // adds the actor when new
  base::Result<Actor> parse(const Loan& row, base::ActorId& id) const;

  base::Status write_name(const base::ActorId& id, const Actor& actor);
  base::Status write_head(const Actor& actor);
  // Visits what the rows of `closed` hold.
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
      blocks_;                        // indexes in order, by row of `closed`
  std::set<base::ActorId> frontier_;  // heads that are not named
  std::set<base::ActorId> dirty_;     // heads to write
  std::set<base::ActorId> unnamed_;   // ids and nodes to write: seldom
  std::set<base::ActorId> left_;      // marked and not yet taken
  crdt::VersionVector vector_;
  crdt::Digest vector_digest_;
  std::int64_t next_index_ = 1;
  bool touched_ = false;
};

}  // namespace store
