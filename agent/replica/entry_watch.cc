#include "agent/replica/entry_watch.h"

#include <tuple>
#include <utility>

#include "crdt/catalog/entry.h"

namespace agent {
namespace {

std::string value_shown(const crdt::Entry& entry) {
  return crdt::exists(entry) ? crdt::shown_text(entry) : std::string();
}

// The cell that names the author in the event: the one with the highest stamp; of equal stamps, the
// one with the higher dot.
const crdt::Cell* latest(const crdt::Entry& entry) {
  const crdt::Cell* best = nullptr;
  auto look = [&](const crdt::Cells& cells) {
    for (const crdt::Cell& cell : cells) {
      if (!best || std::tie(best->stamp, best->dot) < std::tie(cell.stamp, cell.dot)) best = &cell;
    }
  };
  look(entry.presence);
  look(entry.reset);
  for (const auto& [field, cells] : entry.fields) look(cells);
  return best;
}

}  // namespace

base::Status EntryWatch::before(const crdt::Slot& slot) {
  if (!events_) return {};
  if (!crdt::is_catalog(slot.object)) events_->cut = true;
  if (slot.path.empty() || !crdt::is_catalog(slot.object)) return {};
  if (entry_ && entry_->object == slot.object && entry_->id == slot.path.front()) return {};
  RETURN_IF_ERROR(finish());
  ASSIGN_OR_RETURN(const crdt::Entry entry, store_.cells().entry(slot.object, slot.path.front()));
  entry_ = Shown{slot.object, slot.path.front(), value_shown(entry)};
  return {};
}

base::Status EntryWatch::finish() {
  if (!entry_) return {};
  Shown before = std::move(*entry_);
  entry_.reset();
  ASSIGN_OR_RETURN(const crdt::Entry entry, store_.cells().entry(before.object, before.id));
  std::string value = value_shown(entry);
  if (value == before.value) return {};
  events_->bytes += before.id.size() + value.size();
  if (events_->events.size() >= events_->most || events_->bytes > events_->bytes_most) {
    events_->cut = true;
    return {};
  }
  Event& event = events_->events.emplace_back();
  event.position = events_->position;
  event.object = std::move(before.object);
  event.path = {std::move(before.id)};
  event.op = value.empty() ? "remove" : "put";
  event.value = value.empty() ? "null" : std::move(value);
  event.time = events_->time;
  const crdt::Cell* cell = event.op == "put" ? latest(entry) : nullptr;
  if (!cell) return {};
  event.actor = cell->dot.actor;
  event.seq = cell->dot.seq;
  event.time = cell->stamp.time;
  const auto author = store_.actors().find(event.actor);
  if (author && author->node) event.node = author->node->hex();
  return {};
}

}  // namespace agent
