#include "store/texts.h"

#include <algorithm>
#include <utility>

#include "crdt/base/check.h"
#include "store/entry_key.h"

namespace store {
namespace {

// Of the edits of one transaction in one row; more of them are folded at once, because a row has a
// bound.
constexpr std::size_t kEditsBytesMax = 1u << 20;

std::size_t bytes_of(const std::vector<TextEdit>& edits) {
  std::size_t bytes = 0;
  for (const TextEdit& edit : edits) {
    bytes += sizeof(edit) + edit.text.size() + edit.erased.size() * sizeof(crdt::DotRun);
  }
  return bytes;
}

// Two nodes of maps, two hashes of the slot, and what an allocator adds to each part.
constexpr std::size_t kBytesAroundOpen = 320;

template <typename Open>
std::size_t bytes_beside(const Open& open) {
  std::size_t bytes = sizeof(Open) + kBytesAroundOpen + 3 * open.key.capacity();
  bytes += open.slot.object.capacity();
  for (const std::string& component : open.slot.path) bytes += sizeof(component) + component.size();
  return bytes;
}

}  // namespace

struct Texts::Open {
  Open(crdt::Slot place, base::Bytes place_key, TextRow figures, crdt::Sequence content)
      : slot(std::move(place)),
        key(std::move(place_key)),
        row(figures),
        text(std::move(content)),
        hash(slot),
        own_bytes(bytes_beside(*this)) {}

  crdt::Slot slot;
  base::Bytes key;
  TextRow row;
  crdt::Sequence text;
  crdt::TextDigest hash;
  std::vector<TextEdit> edits;  // of this transaction
  std::uint32_t changes = 0;    // that they belong to
  crdt::Dot last_change;
  std::uint64_t used = 0;
  std::uint64_t edited = 0;  // the number of ticks at the last edit
  std::size_t own_bytes;     // beside those of `text`: most of a short text
  std::size_t bytes = 0;     // all
  bool stored = true;        // it has a row
  bool passing = false;      // was opened to be folded: closed after the commit
};

Texts::Texts(Database& database, Actors& actors, Objects& objects, const Options& options)
    : objects_(objects),
      options_(options),
      blocks_(database),
      rows_(database),
      content_(database, blocks_, actors, options),
      meta_(database) {}

Texts::~Texts() = default;

base::Status Texts::load() {
  RETURN_IF_ERROR(refresh());
  ASSIGN_OR_RETURN(const std::int64_t last, rows_.last_id());
  next_id_ = std::max(next_id_, last + 1);
  return {};
}

base::Status Texts::refresh() {
  forget();
  ASSIGN_OR_RETURN(totals_, meta_.text_totals());
  stored_totals_ = totals_;
  return {};
}

void Texts::forget() {
  by_use_.clear();
  open_.clear();
  dirty_.clear();
  open_bytes_ = 0;
}

base::Result<base::Bytes> Texts::key_of(const crdt::Slot& slot) {
  ASSIGN_OR_RETURN(const ObjectInfo* object, objects_.find(slot.object, crdt::root_type(slot)));
  if (!object) return base::Bytes();
  return entry_key(object->index, slot.path, slot.path.size());
}

// With kWhole a text that is opened is loaded at once, which costs less than block by block.
base::Result<Texts::Open*> Texts::opened(const crdt::Slot& slot, const base::Bytes& key,
                                         Extent extent) {
  const auto known = open_.find(key);
  if (known != open_.end()) {
    use(*known->second);
    return known->second.get();
  }
  ASSIGN_OR_RETURN(const auto row, rows_.find(key));
  if (!row) return nullptr;
  make_room();
  auto text = extent == Extent::kWhole ? content_.load(row->id, row->tail)
                                       : content_.open(row->id, row->tail);
  if (!text.ok()) return text.error();
  ++counts_.loaded;
  auto fresh = std::make_unique<Open>(slot, key, *row, std::move(*text));
  use(*fresh);
  measure(*fresh);
  return open_.emplace(key, std::move(fresh)).first->second.get();
}

// A text that this transaction edits must stay open, so it has no place in the order of use.
void Texts::use(Open& text) {
  if (dirty_.contains(text.key)) return;
  by_use_.erase(text.used);
  text.used = ++uses_;
  by_use_.emplace(text.used, &text);
}

void Texts::edit(Open& text) {
  by_use_.erase(text.used);
  dirty_.emplace(text.key, &text);
}

void Texts::close(const base::Bytes& key) {
  const auto open = open_.find(key);
  by_use_.erase(open->second->used);
  open_bytes_ -= open->second->bytes;
  open_.erase(open);
}

void Texts::measure(Open& text) {
  const std::size_t now = text.text.bytes() + text.own_bytes;
  open_bytes_ += now - text.bytes;
  text.bytes = now;
}

base::Status Texts::complete(Open& text, const crdt::TextNeed& need) {
  if (text.text.is_whole()) return {};
  const std::uint64_t before = content_.blocks_loaded();
  const base::Status completed = content_.complete(text.row.id, text.text, need);
  if (content_.blocks_loaded() != before) measure(text);
  return completed;
}

base::Result<const crdt::Sequence*> Texts::open(const crdt::Slot& slot) {
  ASSIGN_OR_RETURN(const base::Bytes key, key_of(slot));
  if (key.empty()) return nullptr;
  ASSIGN_OR_RETURN(Open * text, opened(slot, key, Extent::kWhole));
  if (!text) return nullptr;
  RETURN_IF_ERROR(complete(*text, [](const crdt::Sequence& part) { part.need_all(); }));
  return &text->text;
}

base::Result<const crdt::Sequence*> Texts::open(const crdt::Slot& slot,
                                                const crdt::TextNeed& need) {
  ASSIGN_OR_RETURN(const base::Bytes key, key_of(slot));
  if (key.empty()) return nullptr;
  ASSIGN_OR_RETURN(Open * text, opened(slot, key, Extent::kParts));
  if (!text) return nullptr;
  RETURN_IF_ERROR(complete(*text, need));
  return &text->text;
}

base::Status Texts::complete(const crdt::Slot& slot, crdt::Sequence& copy,
                             const crdt::TextNeed& need) {
  if (copy.is_whole()) return {};
  ASSIGN_OR_RETURN(const auto row, find(slot));
  CHECK(row);
  return content_.complete(row->id, copy, need);
}

base::Result<std::optional<TextRow>> Texts::find(const crdt::Slot& slot) {
  ASSIGN_OR_RETURN(const base::Bytes key, key_of(slot));
  if (key.empty()) return std::optional<TextRow>();
  return rows_.find(key);
}

base::Result<std::string> Texts::shown(const crdt::Slot& slot) {
  ASSIGN_OR_RETURN(const base::Bytes key, key_of(slot));
  if (key.empty()) return std::string();
  const auto known = open_.find(key);
  if (known != open_.end()) return content_.letters(known->second->row.id, known->second->text);
  ASSIGN_OR_RETURN(const auto row, rows_.find(key));
  if (!row) return std::string();
  if (row->folded()) return content_.letters(row->id);
  ASSIGN_OR_RETURN(const Open* text, opened(slot, key, Extent::kParts));
  auto shown = content_.letters(text->row.id, text->text);
  make_room();
  return shown;
}

base::Result<std::string> Texts::shown(const crdt::Slot& slot, const crdt::Sequence& copy) {
  if (copy.is_whole()) return copy.text();
  ASSIGN_OR_RETURN(const auto row, find(slot));
  CHECK(row);
  return content_.letters(row->id, copy);
}

base::Result<std::map<crdt::ActorId, std::uint64_t>> Texts::authors(const crdt::Slot& slot) {
  ASSIGN_OR_RETURN(const base::Bytes key, key_of(slot));
  std::map<crdt::ActorId, std::uint64_t> none;
  if (key.empty()) return none;
  ASSIGN_OR_RETURN(const auto row, rows_.find(key));
  if (row && row->folded() && !open_.contains(key)) {
    ASSIGN_OR_RETURN(const crdt::ElementIds names, content_.names(row->id));
    return names.last_seqs();
  }
  ASSIGN_OR_RETURN(const Open* text, opened(slot, key, Extent::kParts));
  return text ? text->text.last_seqs() : none;
}

// A text that this transaction has begun has no row yet, and one that it has edited an old one.
base::Status Texts::visit(const ObjectInfo& object, const std::vector<std::string>& path,
                          const Visitor& visitor) {
  const base::Bytes from = entry_key(object.index, path, path.size());
  const base::Bytes bound = after_all_below(from);
  std::map<base::Bytes, TextRow> edited;
  for (auto text = dirty_.lower_bound(from); text != dirty_.end() && text->first < bound; ++text) {
    edited.emplace(text->first, text->second->row);
  }
  base::Status parsed;
  bool more = true;
  const auto tell = [&](const base::Bytes& key, const TextRow& row) {
    auto name = parse_name_key(key);
    if (!name) parsed = base::Error{base::Code::kCorrupt, "table texts, key " + base::to_hex(key)};
    more = name && visitor({object.name, std::move(name->path), crdt::SlotType::kSeq}, row);
  };
  auto next = edited.begin();
  const auto visit_row = [&](const base::Bytes& key, const TextRow& row) {
    for (; more && next != edited.end() && next->first < key; ++next)
      tell(next->first, next->second);
    if (!more) return false;
    const bool same = next != edited.end() && next->first == key;
    tell(key, same ? next->second : row);
    if (same) ++next;
    return more;
  };
  RETURN_IF_ERROR(rows_.visit(from, bound, visit_row));
  for (; more && next != edited.end(); ++next) tell(next->first, next->second);
  return parsed;
}

base::Result<Texts::Open*> Texts::for_writing(const crdt::Slot& slot) {
  ASSIGN_OR_RETURN(const ObjectInfo* object, objects_.intern(slot.object, crdt::root_type(slot)));
  const base::Bytes key = entry_key(object->index, slot.path, slot.path.size());
  ASSIGN_OR_RETURN(Open * text, opened(slot, key, Extent::kParts));
  if (!text) {
    TextRow row;
    row.id = next_id_++;
    auto fresh = std::make_unique<Open>(slot, key, row, crdt::Sequence());
    fresh->stored = false;
    text = open_.emplace(key, std::move(fresh)).first->second.get();
  }
  edit(*text);
  text->edited = ticks_;
  text->passing = false;
  return text;
}

base::Status Texts::insert(const crdt::Slot& slot, const crdt::Dot& dot, crdt::Anchor anchor,
                           std::string_view text) {
  ASSIGN_OR_RETURN(Open * open, for_writing(slot));
  RETURN_IF_ERROR(complete(*open, [&](const crdt::Sequence& part) {
    part.need_for_insert(anchor, dot.actor);
    if (anchor.parent && !part.contains(*anchor.parent)) part.need_for_insert({}, dot.actor);
  }));
  if (!open->text.apply_insert(anchor, dot, text)) {
    anchor = {};
    open->text.apply_insert(anchor, dot, text);
  }
  const auto points = static_cast<std::uint32_t>(base::count_points(text));
  const crdt::Digest added =
      open->hash.of({{dot.actor, dot.seq, dot.index, points}, anchor, true, std::string(text)});
  open->row.digest.add(added);
  open->row.elements += points;
  open->edits.push_back({dot, anchor, std::string(text), {}});
  const bool same = open->last_change.actor == dot.actor && open->last_change.seq == dot.seq;
  if (!same) ++open->changes;
  open->last_change = dot;
  return objects_.account(slot.object, crdt::root_type(slot), points, {}, added);
}

base::Result<bool> Texts::erase(const crdt::Slot& slot, const crdt::DotRuns& kills) {
  ASSIGN_OR_RETURN(const base::Bytes key, key_of(slot));
  if (key.empty() || kills.empty()) return false;
  ASSIGN_OR_RETURN(Open * open, opened(slot, key, Extent::kParts));
  if (!open) return false;
  // Of a removal that reaches many texts, each text keeps only what it is about.
  crdt::DotRuns own = open->text.met(kills);
  RETURN_IF_ERROR(complete(*open, [&](const crdt::Sequence& part) {
    for (const crdt::DotRun& run : own) part.need_for_erase(run);
  }));
  std::vector<crdt::TextRun> erased;
  for (const crdt::DotRun& run : own) open->text.apply_erase(run, &erased);
  if (erased.empty()) return false;
  edit(*open);
  open->edited = ticks_;
  open->passing = false;
  crdt::Digest before;
  crdt::Digest after;
  for (crdt::TextRun& run : erased) {
    before.add(open->hash.of(run));
    run.live = false;
    after.add(open->hash.of(run));
  }
  open->row.digest.subtract(before);
  open->row.digest.add(after);
  open->edits.push_back({{}, {}, {}, std::move(own)});
  ++open->changes;
  open->last_change = {};
  RETURN_IF_ERROR(objects_.account(slot.object, crdt::root_type(slot), 0, before, after));
  return true;
}

base::Status Texts::flush() {
  for (const auto& [key, open] : dirty_) {
    if (open->edits.empty()) continue;  // it was folded in this transaction
    TextRow& row = open->row;
    const std::uint32_t waited = row.tail_changes;
    row.tail_changes += open->changes;
    const bool is_large = bytes_of(open->edits) > kEditsBytesMax;
    if (is_large || row.tail_changes >= options_.fold_changes) {
      RETURN_IF_ERROR(fold(*open));
    } else {
      RETURN_IF_ERROR(content_.append_edits(row.id, row.tail++, open->edits));
    }
    RETURN_IF_ERROR(put_row(*open, waited));
  }
  if (totals_ == stored_totals_) return {};
  return meta_.write(totals_);
}

// `waited`: the changes that waited according to the row that stands in the file.
base::Status Texts::put_row(Open& text, std::uint32_t waited) {
  const std::uint32_t waits = text.row.tail_changes;
  totals_.waiting_changes += waits;
  totals_.waiting_changes -= waited;
  if (waits > 0) ++totals_.waiting;
  if (waited > 0) --totals_.waiting;
  if (!std::exchange(text.stored, true)) ++totals_.texts;
  text.edits.clear();
  text.changes = 0;
  text.last_change = {};
  return rows_.put(text.key, text.row);
}

base::Status Texts::fold(Open& text) {
  RETURN_IF_ERROR(content_.fold(text.row.id, text.text, text.row.next_block, text.row.tail));
  ++counts_.folded;
  text.row.tail = 0;
  text.row.tail_changes = 0;
  return {};
}

base::Result<std::optional<Texts::Folded>> Texts::fold(const crdt::Slot& slot) {
  ASSIGN_OR_RETURN(const base::Bytes key, key_of(slot));
  if (key.empty()) return std::optional<Folded>();
  return fold_now(slot, key);
}

base::Result<std::optional<Texts::Folded>> Texts::fold_now(const crdt::Slot& slot,
                                                           const base::Bytes& key) {
  const bool was_open = open_.contains(key);
  ASSIGN_OR_RETURN(Open * open, opened(slot, key, Extent::kParts));
  if (!open) return std::optional<Folded>();
  if (!was_open) open->passing = true;
  const std::uint32_t waited = open->row.tail_changes;
  Folded folded{slot, waited + open->changes};
  if (folded.changes == 0) return std::optional<Folded>();
  ASSIGN_OR_RETURN(const std::int64_t before, blocks_.bytes(open->row.id));
  edit(*open);  // a rollback must forget it
  RETURN_IF_ERROR(fold(*open));
  RETURN_IF_ERROR(put_row(*open, waited));
  ASSIGN_OR_RETURN(const std::int64_t after, blocks_.bytes(open->row.id));
  folded.freed = before - after;
  return std::optional<Folded>(std::move(folded));
}

bool Texts::is_edited(const Open& text, std::uint32_t ticks) const {
  return ticks > 0 && ticks_ - text.edited < ticks;
}

std::uint64_t Texts::rested(std::uint32_t ticks) const {
  std::uint64_t edited = 0;
  for (const auto& [key, open] : open_) {
    if (!open->row.folded() && is_edited(*open, ticks)) ++edited;
  }
  return totals_.waiting - edited;
}

base::Result<Texts::FoldStep> Texts::fold_from(const FoldPlace& from,
                                               const std::optional<std::string>& only,
                                               const FoldLimits& limits) {
  FoldStep step;
  std::size_t rows = 0;
  std::size_t bytes = 0;
  ASSIGN_OR_RETURN(const auto objects, objects_.from(from.object, limits.objects));
  for (const ObjectInfo& object : objects) {
    if (only && object.name != *only) return step;
    const base::Bytes first = object_key(object.index);
    const bool goes_on = object.key() == from.object && !from.key.empty();
    std::vector<base::Bytes> waiting;
    std::optional<base::Bytes> stopped;
    const auto look = [&](const base::Bytes& key, const TextRow& row) {
      if (rows == limits.rows) stopped = key;
      if (stopped) return false;
      ++rows;
      const auto known = open_.find(key);
      const bool edited = known != open_.end() && is_edited(*known->second, limits.rest);
      if (!row.folded() && !edited) waiting.push_back(key);
      return true;
    };
    RETURN_IF_ERROR(rows_.visit(goes_on ? from.key : first, after_all_below(first), look));
    for (const base::Bytes& key : waiting) {
      if (bytes >= limits.bytes) {
        step.next = FoldPlace{object.key(), key};
        return step;
      }
      ASSIGN_OR_RETURN(const std::size_t folded, fold_at(object, key, step));
      bytes += folded;
    }
    if (stopped) {
      step.next = FoldPlace{object.key(), std::move(*stopped)};
      return step;
    }
  }
  if (objects.size() == limits.objects) step.next = FoldPlace{key_above(objects.back().key()), {}};
  return step;
}

// Returns the bytes that the text has in memory.
base::Result<std::size_t> Texts::fold_at(const ObjectInfo& object, const base::Bytes& key,
                                         FoldStep& step) {
  auto name = parse_name_key(key);
  if (!name) return base::Error{base::Code::kCorrupt, "table texts, key " + base::to_hex(key)};
  const crdt::Slot slot{object.name, std::move(name->path), crdt::SlotType::kSeq};
  ASSIGN_OR_RETURN(auto folded, fold_now(slot, key));
  if (folded) step.folded.push_back(std::move(*folded));
  return open_.at(key)->text.bytes();
}

void Texts::committed() {
  const auto edited = std::exchange(dirty_, {});
  for (const auto& [key, open] : edited) {
    measure(*open);
    if (open->passing) {
      close(key);
    } else {
      use(*open);
    }
  }
  stored_totals_ = totals_;
  make_room();
}

// Closes the texts that were used longest ago.
void Texts::make_room() {
  while (open_bytes_ > options_.texts_open_bytes && !by_use_.empty()) {
    ++counts_.closed_for_room;
    close(by_use_.begin()->second->key);
  }
}

Texts::Counts Texts::counts() const {
  Counts counts = counts_;
  counts.blocks = content_.blocks_loaded();
  return counts;
}

void Texts::release_memory() {
  content_.release_memory();
  if (dirty_.empty()) forget();
}

}  // namespace store
