#include "store/actors.h"

#include <algorithm>

#include "crdt/base/check.h"
#include "store/row.h"

namespace store {
namespace {

std::int64_t checksum(const base::ActorId& id, const Actor& actor) {
  RowChecksum sum('a');
  sum.number(actor.index).bytes(id.view());
  sum.number(static_cast<std::int64_t>(actor.head.seq));
  sum.number(static_cast<std::int64_t>(actor.head.hash));
  sum.number(static_cast<std::int64_t>(actor.floor));
  sum.number(static_cast<std::int64_t>(actor.sealed_seq));
  sum.bytes(actor.node ? actor.node->view() : base::BytesView());
  return sum.value();
}

}  // namespace

Actors::Actors(Database& database)
    : database_(database),
      select_all_(database, "SELECT idx, id, seq, head, floor, sealed_seq, node, sum FROM actors"),
      select_one_(database,
                  "SELECT idx, id, seq, head, floor, sealed_seq, node, sum FROM actors "
                  "WHERE idx=?1"),
      upsert_(database,
              "INSERT INTO actors(idx, id, seq, head, floor, sealed_seq, node, sum) "
              "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT(idx) DO UPDATE SET "
              "seq=excluded.seq, head=excluded.head, floor=excluded.floor, "
              "sealed_seq=excluded.sealed_seq, node=excluded.node, sum=excluded.sum") {}

base::Status Actors::load() {
  actors_.clear();
  ids_.clear();
  moved_.clear();
  unsealed_.clear();
  dirty_.clear();
  vector_ = {};
  vector_digest_ = {};
  next_index_ = 1;
  touched_ = false;
  ASSIGN_OR_RETURN(Loan select, select_all_.use());
  for (;;) {
    ASSIGN_OR_RETURN(bool row, select->step());
    if (!row) return {};
    base::ActorId id;
    ASSIGN_OR_RETURN(Actor actor, parse(select, id));
    ids_[actor.index] = id;
    next_index_ = std::max(next_index_, actor.index + 1);
    if (actor.head.seq > actor.sealed_seq) moved_.insert(id);
    if (actor.head.seq > 0) {
      vector_.set(id, actor.head);
      vector_digest_.add(crdt::vector_element(id, actor.head));
    }
    actors_.emplace(id, actor);
  }
}

const Actor* Actors::find(const base::ActorId& id) const {
  const auto found = actors_.find(id);
  return found == actors_.end() ? nullptr : &found->second;
}

const base::ActorId* Actors::id_of(std::int64_t index) const {
  const auto found = ids_.find(index);
  return found == ids_.end() ? nullptr : &found->second;
}

base::Result<base::ActorId> Actors::resolve(std::int64_t index) {
  if (const base::ActorId* known = id_of(index)) return *known;
  ASSIGN_OR_RETURN(Loan select, select_one_.use());
  select->bind(1, index);
  ASSIGN_OR_RETURN(bool row, select->step());
  if (!row) return corrupt_row(database_.path(), "actors", index);
  base::ActorId id;
  ASSIGN_OR_RETURN(Actor actor, parse(select, id));
  ids_[actor.index] = id;
  return id;
}

std::int64_t Actors::intern(const base::ActorId& id) {
  const Actor* known = find(id);
  return known ? known->index : at(id).index;
}

void Actors::advance(const base::ActorId& id, crdt::Head head) {
  Actor& actor = at(id);
  CHECK(head.seq >= actor.head.seq);
  if (actor.head.seq > 0) vector_digest_.subtract(crdt::vector_element(id, actor.head));
  actor.head = head;
  vector_.set(id, head);
  if (head.seq > 0) vector_digest_.add(crdt::vector_element(id, head));
  if (head.seq > actor.sealed_seq) moved_.insert(id);
}

void Actors::raise_floor(const base::ActorId& id, std::uint64_t floor) {
  const Actor* known = find(id);
  if (known && known->floor >= floor) return;
  at(id).floor = floor;
}

void Actors::set_node(const base::ActorId& id, const base::NodeId& node) { at(id).node = node; }

std::vector<crdt::Dependency> Actors::take_moved(const base::ActorId& own) {
  std::vector<crdt::Dependency> moved;
  for (const base::ActorId& id : moved_) {
    if (id == own && !unsealed_.contains(id)) continue;
    Actor& actor = at(id);
    moved.push_back({id, actor.head});
    actor.sealed_seq = actor.head.seq;
  }
  for (const crdt::Dependency& dependency : moved) moved_.erase(dependency.actor);
  unsealed_.clear();
  return moved;
}

void Actors::mark_unsealed(const base::ActorId& id) {
  Actor& actor = at(id);
  actor.sealed_seq = 0;
  if (actor.head.seq == 0) return;
  moved_.insert(id);
  unsealed_.insert(id);
}

base::Status Actors::flush() {
  for (const base::ActorId& id : dirty_) {
    const Actor& actor = actors_.at(id);
    ASSIGN_OR_RETURN(Loan upsert, upsert_.use());
    upsert->bind(1, actor.index).bind_blob(2, id.view());
    upsert->bind(3, static_cast<std::int64_t>(actor.head.seq));
    upsert->bind(4, static_cast<std::int64_t>(actor.head.hash));
    upsert->bind(5, static_cast<std::int64_t>(actor.floor));
    upsert->bind(6, static_cast<std::int64_t>(actor.sealed_seq));
    if (actor.node) {
      upsert->bind_blob(7, actor.node->view());
    } else {
      upsert->bind_null(7);
    }
    upsert->bind(8, checksum(id, actor));
    RETURN_IF_ERROR(upsert->run());
  }
  dirty_.clear();
  return {};
}

Actor& Actors::at(const base::ActorId& id) {
  touched_ = true;
  dirty_.insert(id);
  auto [place, added] = actors_.try_emplace(id);
  if (added) {
    place->second.index = next_index_++;
    ids_[place->second.index] = id;
  }
  return place->second;
}

base::Result<Actor> Actors::parse(const Loan& row, base::ActorId& id) const {
  Actor actor;
  actor.index = row->integer(0);
  const auto stored_id = base::ActorId::from(row->blob(1));
  if (!stored_id) return corrupt_row(database_.path(), "actors", actor.index);
  id = *stored_id;
  actor.head.seq = static_cast<std::uint64_t>(row->integer(2));
  actor.head.hash = static_cast<std::uint64_t>(row->integer(3));
  actor.floor = static_cast<std::uint64_t>(row->integer(4));
  actor.sealed_seq = static_cast<std::uint64_t>(row->integer(5));
  if (!row->is_null(6)) {
    actor.node = base::NodeId::from(row->blob(6));
    if (!actor.node) return corrupt_row(database_.path(), "actors", actor.index);
  }
  if (row->integer(7) != checksum(id, actor)) {
    return corrupt_row(database_.path(), "actors", actor.index);
  }
  return actor;
}

}  // namespace store
