#include "store/overlay.h"

#include <algorithm>
#include <iterator>

namespace store {
namespace {

std::optional<base::BytesView> cells_of(const Memtable::Entry& entry) {
  if (!entry.live()) return std::nullopt;
  return entry.cells();
}

// Adds the slots of a table to those of an older one, which they hide.
void hide(std::vector<Overlay::Held>& held, const Overlay::Held& newer) {
  const auto at = std::lower_bound(held.begin(), held.end(), newer.lane,
                                   [](const auto& a, std::uint8_t lane) { return a.lane < lane; });
  if (at != held.end() && at->lane == newer.lane) {
    *at = newer;
  } else {
    held.insert(at, newer);
  }
}

void add_name(const Memtable& table, base::BytesView name, std::int64_t last,
              std::vector<Overlay::Held>& held) {
  if (!table.may_hold(name)) return;
  int lane = 0;
  while (lane <= UINT8_MAX) {
    // Older entries of a lane come behind the newest one, and may be many.
    const Memtable::Entry* entry = table.seek({name, static_cast<std::uint8_t>(lane)}, last);
    if (!entry || entry->name() != name) return;
    hide(held, {entry->lane(), cells_of(*entry)});
    lane = entry->lane() + 1;
  }
}

void take_smaller(std::optional<base::BytesView>& smallest, base::BytesView name) {
  if (!smallest || name < *smallest) smallest = name;
}

}  // namespace

std::optional<Overlay::Held> Overlay::find(CellKey key) const {
  if (!pending_.empty()) {
    const auto own = pending_.find(key);
    if (own != pending_.end()) {
      return Held{key.lane,
                  own->second ? std::optional<base::BytesView>(*own->second) : std::nullopt};
    }
  }
  const Memtable::Entry* entry = version_.find(key);
  if (!entry) return std::nullopt;
  return Held{key.lane, cells_of(*entry)};
}

std::vector<Overlay::Held> Overlay::of_name(base::BytesView name) const {
  std::vector<Held> held;
  const std::int64_t last = version_.name.last;
  if (version_.frozen) add_name(*version_.frozen, name, last, held);
  if (version_.active) add_name(*version_.active, name, last, held);
  for (auto own = pending_.lower_bound(CellKey{name, 0});
       own != pending_.end() && own->first.name == name; ++own) {
    hide(held, {own->first.lane,
                own->second ? std::optional<base::BytesView>(*own->second) : std::nullopt});
  }
  return held;
}

std::optional<base::BytesView> Overlay::name_from(base::BytesView from) const {
  std::optional<base::BytesView> smallest;
  for (const Memtable* table : {version_.frozen.get(), version_.active.get()}) {
    if (!table) continue;
    const Memtable::Entry* entry = table->seek({from, 0}, version_.name.last);
    if (entry) take_smaller(smallest, entry->name());
  }
  const auto own = pending_.lower_bound(CellKey{from, 0});
  if (own != pending_.end()) take_smaller(smallest, own->first.name);
  return smallest;
}

std::optional<base::BytesView> Overlay::name_above(base::BytesView name) const {
  std::optional<base::BytesView> smallest;
  for (const Memtable* table : {version_.frozen.get(), version_.active.get()}) {
    if (!table) continue;
    const Memtable::Entry* entry = table->seek_behind(name, version_.name.last);
    if (entry) take_smaller(smallest, entry->name());
  }
  const auto own = pending_.upper_bound(CellKey{name, UINT8_MAX});
  if (own != pending_.end()) take_smaller(smallest, own->first.name);
  return smallest;
}

OverlayWalk::OverlayWalk(Names& names, const Overlay& overlay, base::BytesView from,
                         base::BytesView bound)
    : walk_(names, from, bound), overlay_(overlay), bound_(bound) {
  look_up(from);
}

void OverlayWalk::look_up(base::BytesView from) {
  const auto name = overlay_.name_from(from);
  held_.reset();
  if (name && *name < bound_) held_ = base::Bytes(*name);
}

base::Result<const NameRow*> OverlayWalk::next() {
  if (!file_) {
    ASSIGN_OR_RETURN(file_, walk_.next());
  }
  if (!held_ || (file_ && file_->key < *held_)) return std::exchange(file_, nullptr);
  const bool both = file_ && file_->key == *held_;
  const NameRow* given = both ? std::exchange(file_, nullptr) : &only_held_;
  if (!both) only_held_ = {std::move(*held_), 0};
  const auto name = overlay_.name_above(given->key);
  held_.reset();
  if (name && *name < bound_) held_ = base::Bytes(*name);
  return given;
}

void OverlayWalk::skip_to(base::BytesView key) {
  walk_.skip_to(key);
  if (file_ && file_->key < key) file_ = nullptr;
  if (held_ && *held_ < key) look_up(key);
}

}  // namespace store
