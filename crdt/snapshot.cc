#include "crdt/snapshot.h"

#include <algorithm>
#include <utility>

#include "crdt/change_format.h"
#include "crdt/codec.h"
#include "crdt/content.h"
#include "crdt/dot_run_codec.h"
#include "crdt/slot_codec.h"
#include "crdt/snapshot_codec.h"

namespace crdt {
namespace {

using codec::read_slot;
using codec::Reader;
using codec::write_slot;
using codec::Writer;

constexpr std::size_t kPageFields = 13;
constexpr std::size_t kActorFields = 5;
constexpr std::size_t kObjectFields = 4;
constexpr std::size_t kNamedFields = 3;
constexpr std::size_t kSlotFields = 5;
constexpr std::size_t kCellFields = 8;
constexpr std::size_t kRunFields = 10;
constexpr std::uint64_t kCellSection = 0;
constexpr std::uint64_t kTextSection = 1;
constexpr std::uint64_t kRight = 1;  // flags of a run
constexpr std::uint64_t kLive = 2;
constexpr std::uint64_t kParent = 4;
constexpr std::uint64_t kLeft = 1;
constexpr std::uint64_t kNamed = 2;
constexpr std::size_t kHeaders = 5;  // the longest header of a string or array
constexpr codec::Limits kPageLimits{
    .bytes_max = kSnapshotPageBytesMax, .depth_max = 6, .items_max = 4'000'000};

bool can_be_shown(const SnapshotSlot& slot) {
  return can_be_named(slot.slot) &&
         std::all_of(slot.cells.begin(), slot.cells.end(), [&](const Cell& cell) {
           return crdt::can_be_shown(slot.slot.type, cell.kind, cell.body);
         });
}

base::Error malformed_page() { return base::invalid("decode snapshot page: malformed"); }

}  // namespace

ObjectKey object_of(const Slot& slot) { return {slot.object, root_type(slot)}; }

bool is_of(const Slot& slot, const ObjectKey& object) {
  return slot.object == object.first && root_type(slot) == object.second;
}

std::strong_ordering compare_slots(const Slot& a, const Slot& b) {
  if (auto order = a.object <=> b.object; order != 0) return order;
  if (auto order = root_type(a) <=> root_type(b); order != 0) return order;
  if (auto order = a.path <=> b.path; order != 0) return order;
  return a.type <=> b.type;
}

bool is_behind(const SnapshotPlace& place, const Slot& slot, const Dot& dot) {
  const auto order = compare_slots(place.slot, slot);
  return order < 0 || (order == 0 && !place.text && place.dot < dot);
}

bool is_behind(const SnapshotPlace& place, const SnapshotPlace& next) {
  const bool one_text = place.text && next.text && place.slot == next.slot;
  if (one_text) return place.dot != next.dot;
  if (next.text && place.slot == next.slot) return true;
  return is_behind(place, next.slot, next.dot);
}

SnapshotPageBuilder::SnapshotPageBuilder(std::uint64_t step, const SnapshotName& name,
                                         const HybridTime& clock)
    : step_(step), name_(name), clock_(clock) {}

void SnapshotPageBuilder::add(const SnapshotActor& actor) {
  ++actors_;
  actors_out_.binary(actor.actor.view()).number(actor.head.seq).number(actor.head.hash);
  actors_out_.number((actor.left ? kLeft : 0) | (actor.named ? kNamed : 0));
  actor.node ? actors_out_.binary(actor.node->view()) : actors_out_.nil();
}

void SnapshotPageBuilder::add(const SnapshotObject& object) {
  ++objects_;
  objects_out_.binary(object.key.first).number(static_cast<std::uint64_t>(object.key.second));
  objects_out_.number(object.cells).binary(object.digest.bytes());
}

void SnapshotPageBuilder::name(const ObjectKey& key, std::span<const DotRun> dots) {
  ++named_;
  named_out_.binary(key.first).number(static_cast<std::uint64_t>(key.second));
  codec::write_runs(named_out_, dots, [&](const ActorId& actor) { return number_of(actor); });
}

void SnapshotPageBuilder::end_at(const SnapshotPlace& until) {
  codec::write_place(until_out_, until);
}

void SnapshotPageBuilder::begin(const Slot& slot, std::uint64_t section) {
  write_slot(slots_out_, slot, last_slot());
  slots_out_.number(section);
  before_ = slot;
  ++slots_;
}

void SnapshotPageBuilder::add(const Slot& slot, std::span<const TextRun> runs) {
  begin(slot, kTextSection);
  slots_out_.array(runs.size() * kRunFields);
  for (const TextRun& run : runs) add(run);
}

void SnapshotPageBuilder::add(const TextRun& run) {
  const DotRun& dots = run.dots;
  const Dot parent = run.anchor.parent.value_or(Dot{});
  slots_out_.number(number_of(dots.actor)).number(dots.seq).number(dots.index);
  slots_out_.number(dots.count).number(dots.changes);
  slots_out_.number((run.anchor.right ? kRight : 0) | (run.live ? kLive : 0) |
                    (run.anchor.parent ? kParent : 0));
  slots_out_.number(run.anchor.parent ? number_of(parent.actor) : 0);
  slots_out_.number(parent.seq).number(parent.index);
  slots_out_.binary(run.text);
}

void SnapshotPageBuilder::add(const Slot& slot, std::span<const Cell> cells) {
  begin(slot, kCellSection);
  slots_out_.array(cells.size() * kCellFields);
  for (const Cell& cell : cells) add(cell);
}

void SnapshotPageBuilder::add(const Cell& cell) {
  slots_out_.number(number_of(cell.dot.actor)).number(cell.dot.seq).number(cell.dot.index);
  slots_out_.number(static_cast<std::uint64_t>(cell.kind));
  slots_out_.signed_number(format::wrapping_difference(cell.stamp.time.nanos, nanos_));
  nanos_ = cell.stamp.time.nanos;
  slots_out_.number(cell.stamp.time.counter);
  cell.stamp.writer.empty() ? slots_out_.nil() : slots_out_.binary(cell.stamp.writer);
  slots_out_.binary(cell.body);
}

// Neighbouring cells usually have the same actor.
std::size_t SnapshotPageBuilder::number_of(const ActorId& actor) {
  if (!table_.empty() && actor == table_[last_number_]) return last_number_;
  auto [found, added] = numbers_.try_emplace(actor, table_.size());
  if (added) table_.push_back(actor);
  last_number_ = found->second;
  return last_number_;
}

base::Bytes SnapshotPageBuilder::finish(bool more) {
  Writer out;
  out.array(kPageFields).number(codec::kSnapshotVersion).number(step_).number(name_.id);
  out.number(name_.state.vector).number(name_.state.cells);
  out.array(2).signed_number(clock_.nanos).number(clock_.counter);
  out.boolean(more);
  out.array(actors_ * kActorFields).encoded(actors_out_.view());
  out.array(objects_ * kObjectFields).encoded(objects_out_.view());
  out.array(table_.size());
  for (const ActorId& actor : table_) out.binary(actor.view());
  until_out_.size() > 0 ? out.encoded(until_out_.view()) : out.nil();
  out.array(named_ * kNamedFields).encoded(named_out_.view());
  out.array(slots_ * kSlotFields).encoded(slots_out_.view());
  return out.take();
}

base::Bytes encode(const SnapshotPage& page) {
  SnapshotPageBuilder builder(page.step, page.name, page.clock);
  for (const SnapshotActor& actor : page.actors) builder.add(actor);
  for (const SnapshotObject& object : page.objects) builder.add(object);
  for (const SnapshotSlot& slot : page.slots) {
    if (!slot.cells.empty() || !slot.is_text())
      builder.add(slot.slot, std::span<const Cell>(slot.cells));
    if (slot.is_text()) builder.add(slot.slot, std::span<const TextRun>(slot.runs));
  }
  for (const SnapshotNamed& named : page.named) builder.name(named.key, named.dots);
  if (page.until) builder.end_at(*page.until);
  return builder.finish(page.more);
}

base::Result<SnapshotPageReader> SnapshotPageReader::open(base::BytesView bytes) {
  ASSIGN_OR_RETURN(Reader in, Reader::parse(bytes, kPageLimits));
  SnapshotPageReader reader(std::move(in));
  reader.read_head();
  if (reader.in_.ok()) return reader;
  return malformed_page();
}

void SnapshotPageReader::read_head() {
  std::size_t fields = in_.array();
  if (fields < kPageFields || in_.number() != codec::kSnapshotVersion) return in_.fail();
  fields_behind_ = fields - kPageFields;
  head_.step = in_.number();
  head_.name.id = in_.number();
  if (head_.name.id == 0) in_.fail();
  head_.name.state.vector = in_.number();
  head_.name.state.cells = in_.number();
  if (in_.array() != 2) return in_.fail();
  head_.clock.nanos = in_.signed_number();
  head_.clock.counter = static_cast<std::uint32_t>(in_.number(UINT32_MAX));
  head_.more = in_.boolean();
  read_actors();
  read_objects();
  read_table();
  if (!in_.take_nil()) codec::read_place(in_, head_.until.emplace());
  read_named();
  slots_left_ = list(kSlotFields);
}

void SnapshotPageReader::read_table() {
  std::size_t count = in_.array();
  for (std::size_t i = 0; i < count && in_.ok(); ++i) table_.push_back(in_.id<ActorId>());
}

void SnapshotPageReader::read_named() {
  std::size_t count = list(kNamedFields);
  std::uint64_t dots = 0;
  for (std::size_t i = 0; i < count && in_.ok(); ++i) {
    SnapshotNamed named;
    named.key = codec::read_object(in_);
    codec::read_runs(in_, table_, kSnapshotNamedMax - dots, named.dots);
    dots += codec::count_dots(named.dots);
    if (i > 0 && !(head_.named.back().key < named.key)) in_.fail();
    head_.named.push_back(std::move(named));
  }
}

// The number of items of a flat list; 0 when its length is not a multiple of `fields`.
std::size_t SnapshotPageReader::list(std::size_t fields) {
  std::size_t numbers = in_.array();
  if (numbers % fields == 0) return numbers / fields;
  in_.fail();
  return 0;
}

void SnapshotPageReader::read_actors() {
  std::size_t count = list(kActorFields);
  for (std::size_t i = 0; i < count && in_.ok(); ++i) {
    SnapshotActor actor;
    actor.actor = in_.id<ActorId>();
    actor.head.seq = in_.number();
    actor.head.hash = in_.number();
    std::uint64_t flags = in_.number();
    actor.left = (flags & kLeft) != 0;
    actor.named = (flags & kNamed) != 0;
    if (!in_.take_nil()) actor.node = in_.id<NodeId>();
    if (actor.head.seq == 0) in_.fail();
    if (i > 0 && !(head_.actors.back().actor < actor.actor)) in_.fail();
    head_.actors.push_back(std::move(actor));
  }
}

void SnapshotPageReader::read_objects() {
  std::size_t count = list(kObjectFields);
  for (std::size_t i = 0; i < count && in_.ok(); ++i) {
    SnapshotObject object;
    object.key = codec::read_object(in_);
    object.cells = in_.number();
    auto digest = Digest::from(in_.binary());
    if (!digest || object.cells == 0) return in_.fail();
    object.digest = *digest;
    if (i > 0 && !(head_.objects.back().key < object.key)) in_.fail();
    head_.objects.push_back(std::move(object));
  }
}

base::Result<bool> SnapshotPageReader::next(SnapshotSlot& slot) {
  if (slots_left_ == 0) {
    in_.skip(std::exchange(fields_behind_, 0));
    if (in_.ok() && in_.at_end()) return false;
    return malformed_page();
  }
  --slots_left_;
  const Slot* before = first_ ? nullptr : &before_;
  read_slot(in_, slot.slot, before);
  charge_ += memory_charge(slot.slot);
  if (charge_ > kSnapshotSlotBytesMax) in_.fail();
  const std::uint64_t section = in_.number(kTextSection);
  const bool text = section == kTextSection;
  if (before != nullptr) {
    const auto order = compare_slots(*before, slot.slot);
    if (order > 0 || (order == 0 && (text_before_ || !text))) in_.fail();
  }
  slot.cells.clear();
  slot.runs.clear();
  text ? read_runs(slot.runs) : read_cells(slot.cells);
  if (text && slot.slot.type != SlotType::kSeq) in_.fail();
  if (!can_be_shown(slot)) in_.fail();
  if (!in_.ok()) return malformed_page();
  text_before_ = text;
  before_ = slot.slot;
  first_ = false;
  return true;
}

ActorId SnapshotPageReader::actor() {
  const std::uint64_t number = in_.number();
  if (number < table_.size()) return table_[number];
  in_.fail();
  return {};
}

void SnapshotPageReader::read_runs(std::vector<TextRun>& runs) {
  const std::size_t count = list(kRunFields);
  if (count == 0) return in_.fail();
  runs.reserve(count);
  for (std::size_t i = 0; i < count && in_.ok(); ++i) {
    if (!read_run(runs.emplace_back())) in_.fail();
  }
}

// False: the run contradicts itself.
bool SnapshotPageReader::read_run(TextRun& run) {
  run.dots.actor = actor();
  run.dots.seq = in_.number();
  run.dots.index = static_cast<std::uint32_t>(in_.number(UINT32_MAX));
  run.dots.count = static_cast<std::uint32_t>(in_.number(UINT32_MAX));
  run.dots.changes = static_cast<std::uint32_t>(in_.number(UINT32_MAX));
  const std::uint64_t flags = in_.number(kRight | kLive | kParent);
  run.anchor.right = (flags & kRight) != 0;
  run.live = (flags & kLive) != 0;
  if ((flags & kParent) != 0) {
    run.anchor.parent =
        Dot{actor(), in_.number(), static_cast<std::uint32_t>(in_.number(UINT32_MAX))};
  } else {
    in_.skip(3);
  }
  run.text = in_.binary();
  if (!base::is_utf8(run.text)) in_.fail();
  const bool one_way = run.dots.count == 1 || run.dots.changes == 1;
  if (!in_.ok() || !one_way || run.dots.seq == 0 || !are_ordered(std::span(&run.dots, 1))) {
    return false;
  }
  if (run.live) return base::count_points(run.text) == run.size();
  erased_ += run.size();
  return run.text.empty() && erased_ <= kSnapshotErasedMax;
}

void SnapshotPageReader::read_cells(Cells& cells) {
  std::size_t count = list(kCellFields);
  if (count == 0) return in_.fail();
  cells.resize(count);  // the parser has seen that many items
  for (std::size_t i = 0; i < count && in_.ok(); ++i) {
    Cell& cell = cells[i];
    cell.dot.actor = actor();
    cell.dot.seq = in_.number();
    cell.dot.index = static_cast<std::uint32_t>(in_.number(UINT32_MAX));
    cell.kind = static_cast<EffectKind>(in_.number(UINT8_MAX));
    nanos_ = format::wrapping_sum(in_.signed_number(), nanos_);
    cell.stamp.time.nanos = nanos_;
    cell.stamp.time.counter = static_cast<std::uint32_t>(in_.number(UINT32_MAX));
    cell.stamp.writer.clear();
    if (!in_.take_nil()) cell.stamp.writer = in_.binary(kWriterBytesMax);
    cell.body = in_.binary();
    if (cell.dot.seq == 0 || (i > 0 && !(cells[i - 1].dot < cell.dot))) in_.fail();
  }
}

base::Result<SnapshotPage> decode_snapshot_page(base::BytesView bytes) {
  ASSIGN_OR_RETURN(auto reader, SnapshotPageReader::open(bytes));
  SnapshotPage page = reader.head();
  for (;;) {
    SnapshotSlot slot;
    ASSIGN_OR_RETURN(const bool found, reader.next(slot));
    if (!found) return page;
    page.slots.push_back(std::move(slot));
  }
}

std::size_t encoded_size(const SnapshotActor&) { return 2 * 18 + 2 * 9 + 1; }

std::size_t encoded_size(const SnapshotObject& object) {
  return kHeaders + object.key.first.size() + 2 + 9 + 18;
}

std::size_t encoded_size(const Slot& slot, const Slot* before) {
  std::size_t size = 5 + kHeaders;  // with the number of the section
  std::size_t shared = codec::shared_with(before, slot);
  if (shared == 0) size += kHeaders + slot.object.size();
  for (std::size_t i = shared == 0 ? 0 : shared - 1; i < slot.path.size(); ++i) {
    size += kHeaders + slot.path[i].size();
  }
  return size;
}

std::size_t encoded_size(const Cell& cell) {
  // The numbers of a cell take up to 36 bytes. Its actor takes 18 more if it is new on the page.
  return 54 + 2 * kHeaders + cell.stamp.writer.size() + cell.body.size();
}

std::size_t encoded_size(const TextRun& run) {
  // Numbers of a run, and up to two actors that are new on the page.
  return 100 + kHeaders + run.text.size();
}

std::size_t memory_charge(const Slot& slot) { return format::slot_charge(slot); }

}  // namespace crdt
