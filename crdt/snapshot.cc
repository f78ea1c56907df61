#include "crdt/snapshot.h"

#include <map>

#include "crdt/change_format.h"
#include "crdt/codec.h"

namespace crdt {
namespace {

using codec::Reader;
using codec::Writer;

constexpr std::uint64_t kVersion = 1;
constexpr std::size_t kQueryFields = 6;
constexpr std::size_t kPageFields = 11;
constexpr std::size_t kActorFields = 5;
constexpr std::size_t kObjectFields = 4;
constexpr std::size_t kSlotFields = 4;
constexpr std::size_t kCellFields = 8;
constexpr std::uint64_t kLeft = 1;
constexpr std::size_t kHeaders = 5;  // the longest header of a string or array
constexpr codec::Limits kQueryLimits{
    .bytes_max = kSnapshotQueryBytesMax, .depth_max = 6, .items_max = 256};
constexpr codec::Limits kPageLimits{
    .bytes_max = kSnapshotPageBytesMax, .depth_max = 6, .items_max = 4'000'000};

// How many leading components two slots share, the object's name being the first.
std::size_t shared_with(const Slot& slot, const Slot* before) {
  if (before == nullptr || before->object != slot.object) return 0;
  std::size_t shared = 0;
  std::size_t most = std::min(before->path.size(), slot.path.size());
  while (shared < most && before->path[shared] == slot.path[shared]) ++shared;
  return 1 + shared;
}

void write_slot(Writer& out, const Slot& slot, const Slot* before) {
  std::size_t shared = shared_with(slot, before);
  out.number(shared).array(1 + slot.path.size() - shared);
  if (shared == 0) out.binary(slot.object);
  for (std::size_t i = shared == 0 ? 0 : shared - 1; i < slot.path.size(); ++i) {
    out.binary(slot.path[i]);
  }
  out.number(static_cast<std::uint64_t>(slot.type));
}

class PageWriter {
 public:
  explicit PageWriter(const SnapshotPage& page) : page_(page) {}

  base::Bytes write() {
    out_.array(kPageFields).number(kVersion).number(page_.step).number(page_.name.id);
    out_.number(page_.name.state.vector).number(page_.name.state.cells);
    out_.array(2).signed_number(page_.clock.nanos).number(page_.clock.counter);
    out_.boolean(page_.more);
    write_actors();
    write_objects();
    write_actor_table();
    write_slots();
    return out_.take();
  }

 private:
  void write_actors() {
    out_.array(page_.actors.size() * kActorFields);
    for (const SnapshotActor& actor : page_.actors) {
      out_.binary(actor.actor.view()).number(actor.head.seq).number(actor.head.hash);
      out_.number(actor.left ? kLeft : 0);
      actor.node ? out_.binary(actor.node->view()) : out_.nil();
    }
  }
  void write_objects() {
    out_.array(page_.objects.size() * kObjectFields);
    for (const SnapshotObject& object : page_.objects) {
      out_.binary(object.key.first).number(static_cast<std::uint64_t>(object.key.second));
      out_.number(object.cells).binary(object.digest.bytes());
    }
  }
  void write_actor_table() {
    std::vector<ActorId> table;
    for (const SnapshotSlot& slot : page_.slots) {
      for (const Cell& cell : slot.cells) {
        if (numbers_.try_emplace(cell.dot.actor, table.size()).second) {
          table.push_back(cell.dot.actor);
        }
      }
    }
    out_.array(table.size());
    for (const ActorId& actor : table) out_.binary(actor.view());
  }
  void write_slots() {
    out_.array(page_.slots.size() * kSlotFields);
    const Slot* before = nullptr;
    for (const SnapshotSlot& slot : page_.slots) {
      write_slot(out_, slot.slot, before);
      before = &slot.slot;
      out_.array(slot.cells.size() * kCellFields);
      for (const Cell& cell : slot.cells) write_cell(cell);
    }
  }
  void write_cell(const Cell& cell) {
    out_.number(numbers_.at(cell.dot.actor)).number(cell.dot.seq).number(cell.dot.index);
    out_.number(static_cast<std::uint64_t>(cell.kind));
    out_.signed_number(format::wrapping_difference(cell.stamp.time.nanos, nanos_));
    nanos_ = cell.stamp.time.nanos;
    out_.number(cell.stamp.time.counter);
    cell.stamp.writer.empty() ? out_.nil() : out_.binary(cell.stamp.writer);
    out_.binary(cell.body);
  }

  const SnapshotPage& page_;
  Writer out_;
  std::map<ActorId, std::size_t> numbers_;
  std::int64_t nanos_ = 0;  // of the cell before
};

template <typename Id>
Id read_id(Reader& in) {
  auto id = Id::from(in.binary());
  if (!id) in.fail();
  return id.value_or(Id{});
}

SlotType read_type(Reader& in) { return static_cast<SlotType>(in.number(UINT8_MAX)); }

ObjectKey read_object(Reader& in) {
  ObjectKey key;
  key.first = in.binary(kObjectNameMax);
  key.second = read_type(in);
  return key;
}

void read_slot(Reader& in, Slot& slot, const Slot* before) {
  std::size_t shared = in.number(before == nullptr ? 0 : 1 + before->path.size());
  std::size_t rest = in.array(1 + kPathDepthMax);
  std::size_t total = shared + rest;
  if (!in.ok() || total == 0 || total > 1 + kPathDepthMax) return in.fail();
  slot.path.reserve(total - 1);
  if (shared > 0) {
    slot.object = before->object;
    slot.path.assign(before->path.begin(),
                     before->path.begin() + static_cast<std::ptrdiff_t>(shared - 1));
  } else {
    slot.object = in.binary(kObjectNameMax);
  }
  while (slot.path.size() + 1 < total) slot.path.emplace_back(in.binary(kPathComponentMax));
  slot.type = read_type(in);
}

// Reads one page. Mismatches turn the reader to !ok(), after which all reads give defaults.
class PageReader {
 public:
  PageReader(Reader& in, SnapshotPage& page) : in_(in), page_(page) {}

  void read() {
    std::size_t fields = in_.array();
    if (fields < kPageFields || in_.number() != kVersion) return in_.fail();
    page_.step = in_.number();
    page_.name.id = in_.number();
    if (page_.name.id == 0) in_.fail();
    page_.name.state.vector = in_.number();
    page_.name.state.cells = in_.number();
    if (in_.array() != 2) return in_.fail();
    page_.clock.nanos = in_.signed_number();
    page_.clock.counter = static_cast<std::uint32_t>(in_.number(UINT32_MAX));
    page_.more = in_.boolean();
    read_actors();
    read_objects();
    read_actor_table();
    read_slots();
    in_.skip(fields - kPageFields);
    if (!in_.at_end()) in_.fail();
  }

 private:
  // Items of a flat list; 0 when it is no multiple of `fields`.
  std::size_t list(std::size_t fields) {
    std::size_t numbers = in_.array();
    if (numbers % fields == 0) return numbers / fields;
    in_.fail();
    return 0;
  }
  void read_actors() {
    std::size_t count = list(kActorFields);
    for (std::size_t i = 0; i < count && in_.ok(); ++i) {
      SnapshotActor actor;
      actor.actor = read_id<ActorId>(in_);
      actor.head.seq = in_.number();
      actor.head.hash = in_.number();
      actor.left = (in_.number() & kLeft) != 0;
      if (!in_.take_nil()) actor.node = read_id<NodeId>(in_);
      if (actor.head.seq == 0) in_.fail();
      if (i > 0 && !(page_.actors.back().actor < actor.actor)) in_.fail();
      page_.actors.push_back(std::move(actor));
    }
  }
  void read_objects() {
    std::size_t count = list(kObjectFields);
    for (std::size_t i = 0; i < count && in_.ok(); ++i) {
      SnapshotObject object;
      object.key = read_object(in_);
      object.cells = in_.number();
      auto digest = Digest::from(in_.binary());
      if (!digest || object.cells == 0) return in_.fail();
      object.digest = *digest;
      if (i > 0 && !(page_.objects.back().key < object.key)) in_.fail();
      page_.objects.push_back(std::move(object));
    }
  }
  void read_actor_table() {
    std::size_t count = in_.array();
    for (std::size_t i = 0; i < count && in_.ok(); ++i) table_.push_back(read_id<ActorId>(in_));
  }
  void read_slots() {
    std::size_t count = list(kSlotFields);
    std::size_t charge = 0;
    for (std::size_t i = 0; i < count && in_.ok(); ++i) {
      SnapshotSlot slot;
      const Slot* before = i == 0 ? nullptr : &page_.slots.back().slot;
      read_slot(in_, slot.slot, before);
      charge += memory_charge(slot.slot);
      if (charge > kSnapshotSlotBytesMax) return in_.fail();
      if (before != nullptr && compare_slots(*before, slot.slot) >= 0) in_.fail();
      read_cells(slot.cells);
      page_.slots.push_back(std::move(slot));
    }
  }
  void read_cells(Cells& cells) {
    std::size_t count = list(kCellFields);
    if (count == 0) return in_.fail();
    for (std::size_t i = 0; i < count && in_.ok(); ++i) {
      Cell cell;
      std::uint64_t actor = in_.number();
      if (actor >= table_.size()) return in_.fail();
      cell.dot.actor = table_[actor];
      cell.dot.seq = in_.number();
      cell.dot.index = static_cast<std::uint32_t>(in_.number(UINT32_MAX));
      cell.kind = static_cast<EffectKind>(in_.number(UINT8_MAX));
      nanos_ = format::wrapping_sum(in_.signed_number(), nanos_);
      cell.stamp.time.nanos = nanos_;
      cell.stamp.time.counter = static_cast<std::uint32_t>(in_.number(UINT32_MAX));
      if (!in_.take_nil()) cell.stamp.writer = in_.binary(kWriterBytesMax);
      cell.body = in_.binary();
      if (cell.dot.seq == 0 || (i > 0 && !(cells.back().dot < cell.dot))) in_.fail();
      cells.push_back(std::move(cell));
    }
  }

  Reader& in_;
  SnapshotPage& page_;
  std::vector<ActorId> table_;
  std::int64_t nanos_ = 0;
};

void read_run(Reader& in, SnapshotQuery::Run& run) {
  run.first = read_object(in);
  run.last = read_object(in);
  if (run.last < run.first) in.fail();
  if (in.take_nil()) return;
  run.after.emplace();
  if (in.array() != 6) return in.fail();
  read_slot(in, run.after->slot, nullptr);
  run.after->dot.actor = read_id<ActorId>(in);
  run.after->dot.seq = in.number();
  run.after->dot.index = static_cast<std::uint32_t>(in.number(UINT32_MAX));
  ObjectKey object = object_of(run.after->slot);
  if (object < run.first || run.last < object) in.fail();
}

}  // namespace

ObjectKey object_of(const Slot& slot) { return {slot.object, root_type(slot)}; }

std::strong_ordering compare_slots(const Slot& a, const Slot& b) {
  if (auto order = a.object <=> b.object; order != 0) return order;
  if (auto order = root_type(a) <=> root_type(b); order != 0) return order;
  if (auto order = a.path <=> b.path; order != 0) return order;
  return a.type <=> b.type;
}

base::Bytes encode(const SnapshotQuery& query) {
  Writer out;
  out.array(kQueryFields).number(kVersion).number(query.step).number(query.snapshot);
  query.head.actor ? out.binary(query.head.actor->view()) : out.nil();
  query.head.object ? out.binary(*query.head.object) : out.nil();
  if (!query.run) {
    out.nil();
    return out.take();
  }
  out.array(5);
  for (const ObjectKey* key : {&query.run->first, &query.run->last}) {
    out.binary(key->first).number(static_cast<std::uint64_t>(key->second));
  }
  if (const auto& after = query.run->after) {
    out.array(6);
    write_slot(out, after->slot, nullptr);
    out.binary(after->dot.actor.view()).number(after->dot.seq).number(after->dot.index);
  } else {
    out.nil();
  }
  return out.take();
}

base::Result<SnapshotQuery> decode_snapshot_query(base::BytesView bytes) {
  ASSIGN_OR_RETURN(Reader in, Reader::parse(bytes, kQueryLimits));
  SnapshotQuery query;
  std::size_t fields = in.array();
  if (fields < kQueryFields || in.number() != kVersion) in.fail();
  query.step = in.number();
  query.snapshot = in.number();
  if (!in.take_nil()) query.head.actor = read_id<ActorId>(in);
  if (!in.take_nil()) query.head.object = in.binary(kObjectNameMax);
  if (!in.take_nil()) {
    query.run.emplace();
    if (in.array() != 5) in.fail();
    read_run(in, *query.run);
  }
  if (in.ok()) in.skip(fields - kQueryFields);
  if (!in.ok() || !in.at_end()) return base::invalid("decode snapshot query: malformed");
  return query;
}

base::Bytes encode(const SnapshotPage& page) { return PageWriter(page).write(); }

base::Result<SnapshotPage> decode_snapshot_page(base::BytesView bytes) {
  ASSIGN_OR_RETURN(Reader in, Reader::parse(bytes, kPageLimits));
  SnapshotPage page;
  PageReader(in, page).read();
  if (!in.ok()) return base::invalid("decode snapshot page: malformed");
  return page;
}

std::size_t encoded_size(const SnapshotActor&) { return 2 * 18 + 2 * 9 + 1; }

std::size_t encoded_size(const SnapshotObject& object) {
  return kHeaders + object.key.first.size() + 2 + 9 + 18;
}

std::size_t encoded_size(const Slot& slot, const Slot* before) {
  std::size_t size = 4 + kHeaders;
  std::size_t shared = shared_with(slot, before);
  if (shared == 0) size += kHeaders + slot.object.size();
  for (std::size_t i = shared == 0 ? 0 : shared - 1; i < slot.path.size(); ++i) {
    size += kHeaders + slot.path[i].size();
  }
  return size;
}

std::size_t encoded_size(const Cell& cell) {
  // The numbers of a cell take up to 36 bytes, its actor 18 more where it is new to the page.
  return 54 + 2 * kHeaders + cell.stamp.writer.size() + cell.body.size();
}

std::size_t memory_charge(const Slot& slot) { return format::slot_charge(slot); }

}  // namespace crdt
