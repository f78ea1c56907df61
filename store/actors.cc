#include "store/actors.h"

#include <algorithm>

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
constexpr int kClosed = 2;
constexpr int kAlone = 4;

std::int64_t block_checksum(std::int64_t block, base::BytesView row) {
  return RowChecksum('z').number(block).bytes(row).value();
}

// The part of an actor that changes often: a row of `meta`.
base::Bytes head_row(const Actor& actor) {
  base::Bytes row;
  base::append_be64(row, actor.head.seq);
  base::append_be64(row, actor.head.hash);
  base::append_be64(row, actor.floor);
  base::append_be64(row, actor.named_seq);
  // The byte is absent when there are no flags, as in version 1 of the file.
  const int flags =
      (actor.left ? kLeft : 0) | (actor.closed ? kClosed : 0) | (actor.alone ? kAlone : 0);
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
  actor.closed = (flags & kClosed) != 0;
  actor.alone = (flags & kAlone) != 0;
  return parser.complete() && (flags & ~(kLeft | kClosed | kAlone)) == 0;
}

// The key is MetaTable::kActors (2 << 32) plus the index.
const std::string kSelectAll =
    "SELECT a.idx, a.id, a.node, a.sum, m.v, m.sum FROM actors a "
    "LEFT JOIN meta m ON m.k = a.idx + (2 << 32)";
const std::string kSelectOne = kSelectAll + " WHERE a.idx=?1";

}  // namespace

Actors::Actors(Database& database)
    : database_(database),
      meta_(database),
      select_all_(database, kSelectAll),
      select_one_(database, kSelectOne),
      upsert_(database,
              "INSERT INTO actors(idx, id, node, sum) VALUES(?1, ?2, ?3, ?4) "
              "ON CONFLICT(idx) DO UPDATE SET node=excluded.node, sum=excluded.sum"),
      erase_(database, "DELETE FROM actors WHERE idx=?1"),
      select_blocks_(database, "SELECT block, v, sum FROM closed ORDER BY block"),
      upsert_block_(database,
                    "INSERT INTO closed(block, v, sum) VALUES(?1, ?2, ?3) "
                    "ON CONFLICT(block) DO UPDATE SET v=excluded.v, sum=excluded.sum"),
      erase_block_(database, "DELETE FROM closed WHERE block=?1") {}

base::Status Actors::load() {
  actors_.clear();
  ids_.clear();
  blocks_.clear();
  frontier_.clear();
  dirty_.clear();
  unnamed_.clear();
  vector_ = {};
  vector_digest_ = {};
  next_index_ = 1;
  touched_ = false;
  ASSIGN_OR_RETURN(Loan select, select_all_.use());
  for (;;) {
    ASSIGN_OR_RETURN(bool row, select->step());
    if (!row) break;
    base::ActorId id;
    ASSIGN_OR_RETURN(Actor actor, parse(select, id));
    add(id, actor);
  }
  RETURN_IF_ERROR(read_blocks([this](std::int64_t block, const base::ActorId& id, Actor& actor) {
    actor.block = block;
    blocks_[block].push_back(actor.index);
    add(id, actor);
  }));
  // A mark of a transaction that was rolled back is removed. A committed mark is still to be
  // reported.
  std::erase_if(left_, [this](const base::ActorId& id) {
    const Actor* known = find(id);
    return !known || !known->left;
  });
  return {};
}

void Actors::add(const base::ActorId& id, const Actor& actor) {
  ids_[actor.index] = id;
  next_index_ = std::max(next_index_, actor.index + 1);
  if (!actor.head_named()) frontier_.insert(id);
  if (actor.head.seq > 0) {
    vector_.set(id, actor.head);
    vector_digest_.add(crdt::vector_element(id, actor.head));
  }
  // Version 2 of the file gave each closed actor a row of its own. The next commit moves them into
  // blocks.
  if (actor.closed && actor.block == 0) {
    dirty_.insert(id);
    touched_ = true;
  }
  actors_.emplace(id, actor);
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
  // The actor may have been closed since our last look. All blocks are read, because a block cannot
  // be found by its actors.
  RETURN_IF_ERROR(read_blocks([this](std::int64_t, const base::ActorId& id, const Actor& actor) {
    ids_[actor.index] = id;
  }));
  if (const base::ActorId* known = id_of(index)) return *known;
  return corrupt_row(database_, "actors", index);
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
  actor.closed = false;  // a new change of this actor opens it again
  vector_.set(id, head);
  if (head.seq > 0) vector_digest_.add(crdt::vector_element(id, head));
  if (!actor.head_named()) frontier_.insert(id);
}

void Actors::raise_floor(const base::ActorId& id, std::uint64_t floor) {
  const Actor* known = find(id);
  if (known && known->floor >= floor) return;
  at(id).floor = floor;
}

void Actors::set_node(const base::ActorId& id, const base::NodeId& node) {
  at(id).node = node;
  unnamed_.insert(id);
}

void Actors::set_left(const base::ActorId& id) {
  const Actor* known = find(id);
  if (!known || known->left || known->head.seq == 0) return;
  at(id).left = true;
  left_.insert(id);
}

void Actors::set_closed(const base::ActorId& id, bool closed) { at(id).closed = closed; }

void Actors::set_alone(const base::ActorId& id, bool alone) {
  const Actor* known = find(id);
  if (known ? known->alone != alone : alone) at(id).alone = alone;
}

void Actors::name(const base::ActorId& id, std::uint64_t seq) {
  const Actor* known = find(id);
  if (!known || known->named_seq >= seq) return;
  Actor& actor = at(id);
  actor.named_seq = seq;
  if (actor.head_named()) frontier_.erase(id);
}

std::vector<crdt::Dependency> Actors::frontier(const base::ActorId& own) const {
  std::vector<crdt::Dependency> heads;
  for (const base::ActorId& id : frontier_) {
    if (id != own) heads.push_back({id, find(id)->head});
  }
  return heads;
}

std::vector<base::ActorId> Actors::take_left() {
  std::vector<base::ActorId> left(left_.begin(), left_.end());
  left_.clear();
  return left;
}

base::Status Actors::flush() {
  std::set<std::int64_t> moved;  // blocks to write
  for (const base::ActorId& id : dirty_) {
    Actor& actor = actors_.at(id);
    if (actor.closed) {
      if (actor.block == 0) RETURN_IF_ERROR(pack(actor));
      moved.insert(actor.block);
      continue;
    }
    if (actor.block != 0) {
      moved.insert(actor.block);
      unpack(id, actor);
    }
    RETURN_IF_ERROR(write_head(actor));
  }
  for (const base::ActorId& id : unnamed_) {
    const Actor& actor = actors_.at(id);
    if (!actor.closed) RETURN_IF_ERROR(write_name(id, actor));
  }
  for (const std::int64_t block : moved) RETURN_IF_ERROR(write_block(block));
  unnamed_.clear();
  dirty_.clear();
  return {};
}

// Puts the actor into the last block while that has room.
base::Status Actors::pack(Actor& actor) {
  auto insert = [&](std::vector<std::int64_t>& block) {
    block.insert(std::lower_bound(block.begin(), block.end(), actor.index), actor.index);
  };
  actor.block = blocks_.empty() ? 1 : blocks_.rbegin()->first;
  std::vector<std::int64_t> fuller = blocks_[actor.block];
  insert(fuller);
  if (encode(fuller).size() <= kClosedBlockBytes) {
    blocks_[actor.block] = std::move(fuller);
  } else {
    insert(blocks_[++actor.block]);
  }
  RETURN_IF_ERROR(meta_.erase(MetaTable::kActors + actor.index));
  ASSIGN_OR_RETURN(Loan erase, erase_.use());
  erase->bind(1, actor.index);
  return erase->run();
}

void Actors::unpack(const base::ActorId& id, Actor& actor) {
  std::erase(blocks_.at(actor.block), actor.index);
  actor.block = 0;
  unnamed_.insert(id);
}

base::Bytes Actors::encode(const std::vector<std::int64_t>& block) const {
  std::vector<const ActorEntry*> entries;
  for (const std::int64_t index : block) entries.push_back(&*actors_.find(ids_.at(index)));
  return encode_closed(entries);
}

base::Status Actors::write_block(std::int64_t block) {
  const auto found = blocks_.find(block);
  if (found->second.empty()) {
    blocks_.erase(found);
    ASSIGN_OR_RETURN(Loan erase, erase_block_.use());
    erase->bind(1, block);
    return erase->run();
  }
  const base::Bytes row = encode(found->second);
  ASSIGN_OR_RETURN(Loan upsert, upsert_block_.use());
  upsert->bind(1, block).bind_blob(2, row).bind(3, block_checksum(block, row));
  return upsert->run();
}

base::Status Actors::read_blocks(
    const std::function<void(std::int64_t, const base::ActorId&, Actor&)>& visit) {
  ASSIGN_OR_RETURN(Loan select, select_blocks_.use());
  for (;;) {
    ASSIGN_OR_RETURN(bool row, select->step());
    if (!row) return {};
    const std::int64_t block = select->integer(0);
    const base::BytesView bytes = select->blob(1);
    auto actors = decode_closed(bytes);
    if (!actors || block_checksum(block, bytes) != select->integer(2)) {
      return corrupt_row(database_, "closed", block);
    }
    for (auto& [id, actor] : *actors) visit(block, id, actor);
  }
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
  if (added) {
    place->second.index = next_index_++;
    ids_[place->second.index] = id;
    unnamed_.insert(id);
  }
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
