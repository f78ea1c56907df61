#include "store/actors.h"

#include <algorithm>
#include <utility>

#include "crdt/base/check.h"
#include "store/closed_codec.h"
#include "store/row.h"

namespace store {
namespace {

std::int64_t checksum(const base::ActorId& id, const Actor& actor) {
  RowChecksum sum('a');
  sum.number(actor.index).bytes(id.view());
  return sum.bytes(actor.node ? actor.node->view() : base::BytesView()).value();
}

constexpr int kLeft = 1;
constexpr int kAlone = 4;

// The part of an actor that changes often: a row of `meta`.
base::Bytes head_row(const Actor& actor) {
  base::Bytes row;
  base::append_be64(row, actor.head.seq);
  base::append_be64(row, actor.head.hash);
  base::append_be64(row, actor.floor);
  base::append_be64(row, actor.named_seq);
  // The byte is absent when there are no flags.
  const int flags = (actor.left ? kLeft : 0) | (actor.alone ? kAlone : 0);
  if (flags != 0) row.push_back(static_cast<char>(flags));
  return row;
}

bool parse_head(base::BytesView row, Actor& actor) {
  RowParser parser(row);
  actor.head.seq = parser.be64();
  actor.head.hash = parser.be64();
  actor.floor = parser.be64();
  actor.named_seq = parser.be64();
  const int flags = parser.at_end() ? 0 : parser.byte();
  actor.left = (flags & kLeft) != 0;
  actor.alone = (flags & kAlone) != 0;
  return parser.complete() && (flags & ~(kLeft | kAlone)) == 0;
}

// The key is MetaTable::kActors (2 << 32) plus the index.
const std::string kSelectAll =
    "SELECT a.idx, a.id, a.node, a.sum, m.v, m.sum FROM actors a "
    "LEFT JOIN meta m ON m.k = a.idx + (2 << 32)";
const std::string kSelectOne = kSelectAll + " WHERE a.idx=?1";

}  // namespace

Actors::Actors(Database& database, const Options& options)
    : database_(database),
      meta_(database),
      rows_(database, options.closed),
      select_all_(database, kSelectAll),
      select_one_(database, kSelectOne),
      upsert_(database,
              "INSERT INTO actors(idx, id, node, sum) VALUES(?1, ?2, ?3, ?4) "
              "ON CONFLICT(idx) DO UPDATE SET node=excluded.node, sum=excluded.sum"),
      erase_(database, "DELETE FROM actors WHERE idx=?1"),
      table_(std::make_shared<ClosedTable>(std::vector<ActorEntry>(), crdt::Digest(), nullptr)),
      loose_max_(options.closed_loose_max) {}

void Actors::forget() {
  table_ = std::make_shared<ClosedTable>(std::vector<ActorEntry>(), crdt::Digest(), nullptr);
  actors_.clear();
  ids_.clear();
  frontier_.clear();
  dirty_.clear();
  unnamed_.clear();
  vector_ = crdt::VersionVector(table_->vector());
  vector_digest_ = {};
  advanced_.clear();
  touched_ = false;
}

base::Status Actors::load() {
  forget();
  RETURN_IF_ERROR(take_closed());
  ASSIGN_OR_RETURN(Loan select, select_all_.use());
  for (;;) {
    ASSIGN_OR_RETURN(bool row, select->step());
    if (!row) break;
    base::ActorId id;
    ASSIGN_OR_RETURN(Actor actor, parse(select, id));
    add(id, actor);
  }
  // A mark of a transaction that was rolled back is removed. A committed mark is still to be
  // reported.
  std::erase_if(left_, [this](const base::ActorId& id) {
    const auto known = find(id);
    return !known || !known->left;
  });
  return {};
}

base::Status Actors::take_closed() {
  ASSIGN_OR_RETURN(const auto state, rows_.load());
  table_ = state->table;
  vector_ = crdt::VersionVector(table_->vector());
  vector_digest_ = table_->digest();
  next_index_ = table_->last_index() + 1;
  for (const base::ActorId& id : table_->unnamed()) frontier_.insert(id);
  for (const auto& [id, actor] : state->loose) add(id, actor);
  return {};
}

// An actor in rows of its own, or a loose closed one. It may hide one of the table.
void Actors::add(const base::ActorId& id, const Actor& actor) {
  ids_[actor.index] = id;
  next_index_ = std::max(next_index_, actor.index + 1);
  if (actor.head_named()) {
    frontier_.erase(id);
  } else {
    frontier_.insert(id);
  }
  const crdt::Head before = vector_.head_of(id);
  if (before.seq > 0) vector_digest_.subtract(crdt::vector_element(id, before));
  if (actor.head.seq > 0) vector_digest_.add(crdt::vector_element(id, actor.head));
  vector_.set(id, actor.head);
  actors_.insert_or_assign(id, actor);
}

// --- Looking up ----------------------------------------------------------------------------------

std::optional<Actor> Actors::find(const base::ActorId& id) const {
  const auto found = actors_.find(id);
  return found == actors_.end() ? table_->find(id) : std::optional<Actor>(found->second);
}

std::optional<base::ActorId> Actors::id_of(std::int64_t index) const {
  const auto found = ids_.find(index);
  return found == ids_.end() ? table_->id_of(index) : std::optional<base::ActorId>(found->second);
}

base::Result<base::ActorId> Actors::resolve(std::int64_t index) {
  if (const auto known = id_of(index)) return *known;
  {
    ASSIGN_OR_RETURN(Loan select, select_one_.use());
    select->bind(1, index);
    ASSIGN_OR_RETURN(bool row, select->step());
    if (row) {
      base::ActorId id;
      ASSIGN_OR_RETURN(Actor actor, parse(select, id));
      ids_[actor.index] = id;
      return id;
    }
  }
  // The actor may have been closed since our last look.
  ASSIGN_OR_RETURN(const auto state, rows_.load());
  table_ = state->table;
  for (const auto& [id, actor] : state->loose) ids_[actor.index] = id;
  if (const auto known = id_of(index)) return *known;
  return corrupt_row(database_, "actors", index);
}

void Actors::visit(const Visit& visit, const base::ActorId* after) const {
  auto loose = after ? actors_.upper_bound(*after) : actors_.begin();
  const crdt::PackedVector& packed = *table_->vector();
  std::size_t nth = after ? packed.first_from(*after) : 0;
  for (;;) {
    const bool more = nth < packed.size();
    const std::size_t place = more ? packed.in_order(nth) : 0;
    const base::ActorId* id = more ? &packed.actor_at(place) : nullptr;
    const bool is_loose = loose != actors_.end() && (!id || !(*id < loose->first));
    const bool hidden = id && ((is_loose && *id == loose->first) || (after && *id == *after));
    if (!is_loose && !id) return;
    if (hidden || !is_loose) ++nth;
    if (is_loose) {
      if (!visit(loose->first, loose->second)) return;
      ++loose;
    } else if (!hidden && !visit(*id, table_->at(place))) {
      return;
    }
  }
}

void Actors::visit_lacking(const crdt::VersionVector& have, const Visit& visit) const {
  if (have.packed() != vector_.packed()) {
    this->visit([&](const base::ActorId& id, const Actor& actor) {
      return have.covers(id, actor.head.seq) || visit(id, actor);
    });
    return;
  }
  for (const auto& [id, actor] : actors_) {
    if (!have.covers(id, actor.head.seq) && !visit(id, actor)) return;
  }
  for (const auto& [id, head] : have.loose()) {
    if (actors_.contains(id)) continue;
    const auto actor = table_->find(id);
    if (actor && head.seq < actor->head.seq && !visit(id, *actor)) return;
  }
}

std::map<base::ActorId, Actor> Actors::all() const {
  std::map<base::ActorId, Actor> copy;
  visit([&](const base::ActorId& id, const Actor& actor) {
    copy.emplace_hint(copy.end(), id, actor);
    return true;
  });
  return copy;
}

const crdt::Digest& Actors::vector_digest() const {
  for (const auto& [id, before] : advanced_) {
    const crdt::Head head = vector_.head_of(id);
    if (before.seq > 0) vector_digest_.subtract(crdt::vector_element(id, before));
    if (head.seq > 0) vector_digest_.add(crdt::vector_element(id, head));
  }
  advanced_.clear();
  return vector_digest_;
}

Actors::Closed Actors::closed() const {
  Closed closed{table_->size(), table_->digest()};
  for (const auto& [id, actor] : actors_) {
    const crdt::Head packed = table_->vector()->head_of(id);
    if (packed.seq > 0) {
      --closed.count;
      closed.digest.subtract(crdt::vector_element(id, packed));
    }
    if (!actor.closed) continue;
    ++closed.count;
    closed.digest.add(crdt::vector_element(id, actor.head));
  }
  return closed;
}

// --- Changing ------------------------------------------------------------------------------------

std::int64_t Actors::intern(const base::ActorId& id) {
  const auto known = find(id);
  return known ? known->index : at(id).index;
}

void Actors::advance(const base::ActorId& id, crdt::Head head) {
  Actor& actor = at(id);
  CHECK(head.seq >= actor.head.seq);
  advanced_.try_emplace(id, actor.head);
  actor.head = head;
  actor.closed = false;  // a new change of this actor opens it again
  vector_.set(id, head);
  if (!actor.head_named()) frontier_.insert(id);
}

void Actors::raise_floor(const base::ActorId& id, std::uint64_t floor) {
  const auto known = find(id);
  if (known && known->floor >= floor) return;
  at(id).floor = floor;
}

void Actors::set_node(const base::ActorId& id, const base::NodeId& node) {
  at(id).node = node;
  unnamed_.insert(id);
}

void Actors::set_left(const base::ActorId& id) {
  const auto known = find(id);
  if (!known || known->left || known->head.seq == 0) return;
  at(id).left = true;
  left_.insert(id);
}

void Actors::set_closed(const base::ActorId& id, bool closed) { at(id).closed = closed; }

void Actors::set_alone(const base::ActorId& id, bool alone) {
  const auto known = find(id);
  if (known ? known->alone != alone : alone) at(id).alone = alone;
}

void Actors::name(const base::ActorId& id, std::uint64_t seq) {
  const auto known = find(id);
  if (!known || known->named_seq >= seq) return;
  Actor& actor = at(id);
  actor.named_seq = seq;
  if (actor.head_named()) frontier_.erase(id);
}

std::vector<crdt::Dependency> Actors::frontier(const base::ActorId& own) const {
  std::vector<crdt::Dependency> heads;
  for (const base::ActorId& id : frontier_) {
    if (id != own) heads.push_back({id, vector_.head_of(id)});
  }
  return heads;
}

std::vector<base::ActorId> Actors::take_left() {
  std::vector<base::ActorId> left(left_.begin(), left_.end());
  left_.clear();
  return left;
}

// --- Writing -------------------------------------------------------------------------------------

base::Status Actors::flush() {
  std::set<std::int64_t> moved;  // rows of `closed` to write
  for (const base::ActorId& id : dirty_) {
    Actor& actor = actors_.at(id);
    if (actor.closed || actor.in_block) moved.insert(ClosedRows::block_of(actor.index));
    if (actor.closed) {
      if (!actor.in_block) RETURN_IF_ERROR(erase_rows(actor));
      actor.in_block = true;
      continue;
    }
    if (actor.in_block) unnamed_.insert(id);
    actor.in_block = false;
    RETURN_IF_ERROR(write_head(actor));
  }
  for (const base::ActorId& id : unnamed_) {
    const Actor& actor = actors_.at(id);
    if (!actor.closed) RETURN_IF_ERROR(write_name(id, actor));
  }
  RETURN_IF_ERROR(write_blocks(moved));
  unnamed_.clear();
  dirty_.clear();
  return {};
}

base::Status Actors::erase_rows(const Actor& actor) {
  RETURN_IF_ERROR(meta_.erase(MetaTable::kActors + actor.index));
  ASSIGN_OR_RETURN(Loan erase, erase_.use());
  erase->bind(1, actor.index);
  return erase->run();
}

base::Status Actors::write_blocks(const std::set<std::int64_t>& moved) {
  if (moved.empty()) return {};
  for (const std::int64_t block : moved) {
    const std::int64_t first = block * kClosedPerBlock;
    RETURN_IF_ERROR(rows_.write(block, closed_between(first, first + kClosedPerBlock)));
  }
  if (loose_closed().size() > loose_max_) pack();
  return rows_.finish(table_, loose_closed(), closed().digest);
}

// The closed actors with first <= index < last, in order of index.
std::vector<ActorEntry> Actors::closed_between(std::int64_t first, std::int64_t last) const {
  std::vector<ActorEntry> found;
  for (std::int64_t index = first; index < last; ++index) {
    const auto id = id_of(index);
    if (!id) continue;
    const auto actor = find(*id);
    if (actor && actor->closed) found.emplace_back(*id, *actor);
  }
  return found;
}

std::vector<ActorEntry> Actors::loose_closed() const {
  std::vector<ActorEntry> found;
  for (const auto& [id, actor] : actors_) {
    if (actor.closed) found.emplace_back(id, actor);
  }
  return found;
}

// Moves the loose closed actors into a new table. No row and no entry of the vector changes.
void Actors::pack() {
  const crdt::Digest digest = closed().digest;
  std::vector<ActorEntry> all = loose_closed();
  for (std::size_t i = 0; i < table_->size(); ++i) {
    const base::ActorId& id = table_->id_at(i);
    if (!actors_.contains(id)) all.emplace_back(id, table_->at(i));
  }
  std::sort(all.begin(), all.end(), [](const ActorEntry& a, const ActorEntry& b) {
    return a.second.index < b.second.index;
  });
  std::erase_if(actors_, [](const auto& entry) { return entry.second.closed; });
  table_ = std::make_shared<ClosedTable>(all, digest, table_.get());
  std::erase_if(ids_, [this](const auto& entry) { return !actors_.contains(entry.second); });
  vector_.pack(table_->vector());
}

base::Status Actors::write_name(const base::ActorId& id, const Actor& actor) {
  ASSIGN_OR_RETURN(Loan upsert, upsert_.use());
  upsert->bind(1, actor.index).bind_blob(2, id.view());
  if (actor.node) {
    upsert->bind_blob(3, actor.node->view());
  } else {
    upsert->bind_null(3);
  }
  upsert->bind(4, checksum(id, actor));
  return upsert->run();
}

base::Status Actors::write_head(const Actor& actor) {
  return meta_.put(MetaTable::kActors + actor.index, head_row(actor));
}

Actor& Actors::at(const base::ActorId& id) {
  touched_ = true;
  dirty_.insert(id);
  auto [place, added] = actors_.try_emplace(id);
  if (!added) return place->second;
  if (const auto packed = table_->find(id)) {
    place->second = *packed;
  } else {
    place->second.index = next_index_++;
    unnamed_.insert(id);
  }
  ids_[place->second.index] = id;
  return place->second;
}

base::Result<Actor> Actors::parse(const Loan& row, base::ActorId& id) const {
  Actor actor;
  actor.index = row->integer(0);
  const auto stored_id = base::ActorId::from(row->blob(1));
  if (!stored_id) return corrupt_row(database_, "actors", actor.index);
  id = *stored_id;
  if (!row->is_null(2)) {
    actor.node = base::NodeId::from(row->blob(2));
    if (!actor.node) return corrupt_row(database_, "actors", actor.index);
  }
  if (row->integer(3) != checksum(id, actor)) {
    return corrupt_row(database_, "actors", actor.index);
  }
  const std::int64_t key = MetaTable::kActors + actor.index;
  const bool sound = !row->is_null(4) && MetaTable::is_sound(key, row->blob(4), row->integer(5));
  if (!sound || !parse_head(row->blob(4), actor)) {
    return corrupt_row(database_, "meta", key);
  }
  return actor;
}

}  // namespace store
