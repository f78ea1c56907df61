#include "store/texts.h"

#include <algorithm>
#include <utility>

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

}  // namespace

struct Texts::Open {
  Open(crdt::Slot place, base::Bytes place_key, TextRow figures, crdt::Sequence content)
      : slot(std::move(place)),
        key(std::move(place_key)),
        row(figures),
        text(std::move(content)),
        hash(slot) {}

  crdt::Slot slot;
  base::Bytes key;
  TextRow row;
  crdt::Sequence text;
  crdt::TextDigest hash;
  std::vector<TextEdit> edits;  // of this transaction
  std::uint32_t changes = 0;    // that they belong to
  crdt::Dot last_change;
  std::uint64_t used = 0;
  std::size_t bytes = 0;
};

Texts::Texts(Database& database, Actors& actors, Objects& objects, const Options& options)
    : objects_(objects),
      options_(options),
      blocks_(database),
      rows_(database),
      content_(database, blocks_, actors) {}

Texts::~Texts() = default;

base::Status Texts::load() {
  refresh();
  ASSIGN_OR_RETURN(const std::int64_t last, rows_.last_id());
  next_id_ = std::max(next_id_, last + 1);
  return {};
}

void Texts::refresh() {
  open_.clear();
  dirty_.clear();
  open_bytes_ = 0;
}

base::Result<base::Bytes> Texts::key_of(const crdt::Slot& slot) {
  ASSIGN_OR_RETURN(const ObjectInfo* object, objects_.find(slot.object, crdt::root_type(slot)));
  if (!object) return base::Bytes();
  return entry_key(object->index, slot.path, slot.path.size());
}

base::Result<Texts::Open*> Texts::opened(const crdt::Slot& slot, const base::Bytes& key) {
  const auto known = open_.find(key);
  if (known != open_.end()) {
    known->second->used = ++uses_;
    return known->second.get();
  }
  ASSIGN_OR_RETURN(const auto row, rows_.find(key));
  if (!row) return nullptr;
  make_room();
  ASSIGN_OR_RETURN(crdt::Sequence text, content_.load(row->id, row->tail));
  ++counts_.loaded;
  auto fresh = std::make_unique<Open>(slot, key, *row, std::move(text));
  fresh->used = ++uses_;
  fresh->bytes = fresh->text.bytes();
  open_bytes_ += fresh->bytes;
  return open_.emplace(key, std::move(fresh)).first->second.get();
}

base::Result<const crdt::Sequence*> Texts::open(const crdt::Slot& slot) {
  ASSIGN_OR_RETURN(const base::Bytes key, key_of(slot));
  if (key.empty()) return nullptr;
  ASSIGN_OR_RETURN(const Open* text, opened(slot, key));
  return text ? &text->text : nullptr;
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
  if (known != open_.end()) return known->second->text.text();
  ASSIGN_OR_RETURN(const auto row, rows_.find(key));
  if (!row) return std::string();
  if (row->folded()) return content_.letters(row->id);
  ASSIGN_OR_RETURN(const Open* text, opened(slot, key));
  std::string shown = text->text.text();
  make_room();
  return shown;
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
  ASSIGN_OR_RETURN(const Open* text, opened(slot, key));
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
  ASSIGN_OR_RETURN(Open * text, opened(slot, key));
  if (!text) {
    TextRow row;
    row.id = next_id_++;
    auto fresh = std::make_unique<Open>(slot, key, row, crdt::Sequence());
    fresh->used = ++uses_;
    text = open_.emplace(key, std::move(fresh)).first->second.get();
  }
  dirty_.emplace(key, text);
  return text;
}

base::Status Texts::insert(const crdt::Slot& slot, const crdt::Dot& dot, crdt::Anchor anchor,
                           std::string_view text) {
  ASSIGN_OR_RETURN(Open * open, for_writing(slot));
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
  ASSIGN_OR_RETURN(Open * open, opened(slot, key));
  if (!open) return false;
  std::vector<crdt::TextRun> erased;
  for (const crdt::DotRun& run : kills) open->text.apply_erase(run, &erased);
  if (erased.empty()) return false;
  dirty_.emplace(key, open);
  crdt::Digest before;
  crdt::Digest after;
  for (crdt::TextRun& run : erased) {
    before.add(open->hash.of(run));
    run.live = false;
    after.add(open->hash.of(run));
  }
  open->row.digest.subtract(before);
  open->row.digest.add(after);
  open->edits.push_back({{}, {}, {}, kills});
  ++open->changes;
  open->last_change = {};
  RETURN_IF_ERROR(objects_.account(slot.object, crdt::root_type(slot), 0, before, after));
  return true;
}

base::Status Texts::flush() {
  for (const auto& [key, open] : dirty_) {
    if (open->edits.empty()) continue;  // it was folded in this transaction
    TextRow& row = open->row;
    row.tail_changes += open->changes;
    const bool is_large = bytes_of(open->edits) > kEditsBytesMax;
    if (is_large || row.tail_changes >= options_.fold_changes) {
      RETURN_IF_ERROR(fold(*open));
    } else {
      RETURN_IF_ERROR(content_.append_edits(row.id, row.tail++, open->edits));
    }
    RETURN_IF_ERROR(rows_.put(key, row));
    open->edits.clear();
    open->changes = 0;
  }
  return {};
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
  ASSIGN_OR_RETURN(Open * open, opened(slot, key));
  if (!open) return std::optional<Folded>();
  Folded folded{slot, open->row.tail_changes + open->changes};
  if (folded.changes == 0) return std::optional<Folded>();
  RETURN_IF_ERROR(fold(*open));
  RETURN_IF_ERROR(rows_.put(key, open->row));
  open->edits.clear();
  open->changes = 0;
  dirty_.emplace(key, open);  // a rollback must forget it
  return std::optional<Folded>(std::move(folded));
}

void Texts::committed() {
  for (const auto& [key, open] : dirty_) {
    const std::size_t now = open->text.bytes();
    open_bytes_ += now - open->bytes;
    open->bytes = now;
  }
  dirty_.clear();
  make_room();
}

// Closes the texts that were used longest ago.
void Texts::make_room() {
  while (open_bytes_ > options_.texts_open_bytes) {
    auto oldest = open_.end();
    for (auto text = open_.begin(); text != open_.end(); ++text) {
      if (dirty_.contains(text->first)) continue;
      if (oldest == open_.end() || text->second->used < oldest->second->used) oldest = text;
    }
    if (oldest == open_.end()) return;
    ++counts_.closed_for_room;
    open_bytes_ -= oldest->second->bytes;
    open_.erase(oldest);
  }
}

void Texts::release_memory() {
  if (dirty_.empty()) refresh();
}

}  // namespace store
