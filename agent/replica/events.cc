#include "agent/replica/events.h"

#include "crdt/catalog/entry.h"

namespace agent {
namespace {

struct Touched {
  std::string object;
  std::string id;
  bool removes = false;  // the entry itself
  bool writes = false;   // a whole object, which does not remove the entry
};

// The entries that a change touches, each once, in the order of its effects.
std::vector<Touched> touched_entries(const crdt::Change& change) {
  std::vector<Touched> touched;
  for (const crdt::Effect& effect : change.effects) {
    if (effect.slot.path.empty()) continue;
    const std::string& id = effect.slot.path.front();
    // Only the removal of the entry itself counts. A field that is removed while its entry is
    // absent was not shown before.
    const bool at_entry = effect.slot.path.size() == 1;
    const bool removes =
        at_entry && effect.kind == crdt::EffectKind::kRemove &&
        (effect.slot.type == crdt::SlotType::kMap || effect.slot.type == crdt::SlotType::kSubtree);
    const bool writes = at_entry && effect.slot.type == crdt::SlotType::kReset && effect.body;
    // Effects of one entry follow each other, so it is enough to look at the last entry.
    if (!touched.empty() && touched.back().id == id &&
        touched.back().object == effect.slot.object) {
      touched.back().removes |= removes;
      touched.back().writes |= writes;
    } else {
      touched.push_back({effect.slot.object, id, removes, writes});
    }
  }
  return touched;
}

}  // namespace

base::Status append_events(store::CellTable& cells, const store::Actors& actors,
                           const crdt::Change& change, std::int64_t position,
                           std::vector<Event>& events) {
  const auto author = actors.find(change.actor);
  std::string node = author && author->node ? author->node->hex() : "";
  for (Touched& touched : touched_entries(change)) {
    ASSIGN_OR_RETURN(crdt::Entry entry, cells.entry(touched.object, touched.id));
    bool shown = crdt::exists(entry);
    // A field that was written under an absent id is kept but not shown, so there is no event.
    if (!shown && (!touched.removes || touched.writes)) continue;
    Event event;
    event.position = position;
    event.object = std::move(touched.object);
    event.path = {std::move(touched.id)};
    event.op = shown ? "put" : "remove";
    event.value = shown ? crdt::shown_text(entry) : "null";
    event.actor = change.actor;
    event.seq = change.seq;
    event.time = change.time;
    event.node = node;
    events.push_back(std::move(event));
  }
  return {};
}

}  // namespace agent
