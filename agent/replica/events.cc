#include "agent/replica/events.h"

#include <algorithm>
#include <set>
#include <utility>

#include "agent/replica/store_view.h"
#include "crdt/catalog/entry.h"
#include "crdt/types/counter.h"
#include "crdt/types/shown.h"

namespace agent {
namespace {

using crdt::Effect;
using crdt::SlotType;

// The place of which this effect is the marker: the cell that says that a container is there.
std::optional<crdt::Path> marked_place(const Effect& effect) {
  if (!effect.body || effect.anchor || crdt::is_catalog(effect.slot.object)) return std::nullopt;
  crdt::Path place = effect.slot.path;
  if (effect.slot.type == SlotType::kMap || effect.slot.type == SlotType::kSeq) return place;
  const bool marks_set =
      effect.slot.type == SlotType::kOrSet && !place.empty() && place.back().empty();
  if (!marks_set) return std::nullopt;
  place.pop_back();
  return place;
}

// The places at which, or below which, the change writes something else than markers. The event of
// a marker there would say that the container is empty.
using Places = std::set<std::pair<std::string_view, crdt::Path>>;
Places filled_places(const crdt::Change& change) {
  Places places;
  const bool marks =
      std::any_of(change.effects.begin(), change.effects.end(),
                  [](const Effect& effect) { return marked_place(effect).has_value(); });
  if (!marks) return places;
  for (const Effect& effect : change.effects) {
    if (!effect.body || marked_place(effect)) continue;
    crdt::Path place = effect.slot.path;
    while (places.emplace(effect.slot.object, place).second && !place.empty()) place.pop_back();
  }
  return places;
}

// What is shown of an effect; empty if it leaves nothing that has a value here.
std::string value_written(const Effect& effect) {
  if (!effect.body || effect.kind != crdt::EffectKind::kPut) return {};
  const std::string_view value = crdt::value_of(*effect.body);
  return value.empty() ? std::string() : crdt::json_or_quoted(value);
}

// Makes the events of one change, in the order of its effects.
class Projection {
 public:
  Projection(store::CellTable& cells, const crdt::Change& change, const Event& common,
             std::vector<Event>& events)
      : cells_(cells), common_(common), events_(events), filled_(filled_places(change)) {}

  // `first` is the first dot of the effect.
  base::Status effect(const Effect& effect, const crdt::Dot& first) {
    const bool entry = crdt::is_catalog(effect.slot.object) && !effect.slot.path.empty();
    // Effects of one entry follow each other, so they are one event.
    const bool same = entry && entry_ && entry_->object == effect.slot.object &&
                      entry_->id == effect.slot.path.front();
    if (!same) RETURN_IF_ERROR(finish());
    if (!entry) return other(effect, first);
    if (!same) entry_ = Touched{effect.slot.object, effect.slot.path.front(), {}, false, false};
    touch(effect);
    return {};
  }

  // The entry that the last effects were of.
  base::Status finish() {
    if (!entry_) return {};
    Touched touched = std::move(*entry_);
    entry_.reset();
    ASSIGN_OR_RETURN(const crdt::Entry entry, cells_.entry(touched.object, touched.id));
    const bool shown = crdt::exists(entry);
    // A field that was written under an absent id is kept but not shown, so there is no event.
    if (!shown && (!touched.removes || touched.writes)) return {};
    Event& event = add(touched.object, {std::move(touched.id)}, SlotType::kMap);
    event.op = shown ? "put" : "remove";
    event.value = shown ? crdt::shown_text(entry) : "null";
    if (touched.stamp) event.time = *touched.stamp;
    return {};
  }

 private:
  struct Touched {
    std::string object;
    std::string id;
    std::optional<crdt::HybridTime> stamp;  // the highest that was written
    bool removes = false;                   // the entry itself
    bool writes = false;                    // a whole object, which does not remove the entry
  };

  void touch(const Effect& effect) {
    const bool at_entry = effect.slot.path.size() == 1;
    // Only the removal of the entry itself counts. A field that is removed while its entry is
    // absent was not shown before.
    entry_->removes |=
        at_entry && effect.kind == crdt::EffectKind::kRemove &&
        (effect.slot.type == SlotType::kMap || effect.slot.type == SlotType::kSubtree);
    entry_->writes |= at_entry && effect.slot.type == SlotType::kReset && effect.body;
    if (!effect.body) return;
    if (!entry_->stamp || *entry_->stamp < effect.stamp.time) entry_->stamp = effect.stamp.time;
  }

  base::Status other(const Effect& effect, const crdt::Dot& first) {
    const SlotType type = effect.slot.type;
    const auto marked = marked_place(effect);
    if (marked && filled_.contains({effect.slot.object, *marked})) return {};
    if (type == SlotType::kSubtree) {  // of every type that was there
      add(effect.slot.object, effect.slot.path, type).op = "remove";
      return {};
    }
    if (type == SlotType::kSeq) return text(effect, first);
    if (crdt::is_counter(type)) return counter(effect);
    if (type == SlotType::kOrSet) return element(effect);
    Event& event = add(effect.slot.object, effect.slot.path, type);
    std::string value = type == SlotType::kMap ? "{}" : value_written(effect);
    event.op = effect.body && !value.empty() ? "put" : "remove";
    if (event.op == "put") event.value = std::move(value);
    event.absent = event.op == "remove" && effect.body && effect.kind == crdt::EffectKind::kPut;
    if (effect.body) event.time = effect.stamp.time;
    return {};
  }

  // The path of an element is that of its set; the value tells the element.
  base::Status element(const Effect& effect) {
    crdt::Path path = effect.slot.path;
    const std::string canonical = path.empty() ? std::string() : path.back();
    if (!path.empty()) path.pop_back();
    Event& event = add(effect.slot.object, std::move(path), SlotType::kOrSet);
    event.op = effect.body ? "put" : "remove";
    const bool set_itself = canonical.empty();
    if (set_itself) {
      event.value = effect.body ? "[]" : "null";
    } else {
      event.value = value_written(effect);
      if (event.value.empty()) event.value = crdt::json_or_quoted(canonical);
    }
    if (effect.body) event.time = effect.stamp.time;
    return {};
  }

  base::Status counter(const Effect& effect) {
    StoreView view(cells_, effect.slot.object);
    ASSIGN_OR_RETURN(const auto shown,
                     crdt::shown_at(view, effect.slot.path, effect.slot.type, SIZE_MAX));
    Event& event = add(effect.slot.object, effect.slot.path, effect.slot.type);
    event.op = effect.body ? "count" : "remove";
    if (shown && effect.body) event.value = shown->value;
    if (effect.body) event.time = effect.stamp.time;
    return {};
  }

  // The element that is shown before the place of `element`, which may be erased by now. Later
  // changes may be applied already when the log is read.
  base::Result<std::optional<crdt::Dot>> shown_before(const crdt::Slot& slot,
                                                      const crdt::Dot& element) {
    std::optional<crdt::Dot> before;
    const auto look = [&](const crdt::Sequence& text) {
      before.reset();
      auto place = text.position_behind(element);
      if (!place || *place == 0) return;
      before = text.element_at(*place - 1);
      if (before != element) return;
      before.reset();
      if (*place > 1) before = text.element_at(*place - 2);
    };
    StoreView view(cells_, slot.object);
    ASSIGN_OR_RETURN(const crdt::Sequence* text, view.text(slot.path, look));
    if (text != nullptr) look(*text);
    return before;
  }

  base::Status text(const Effect& effect, const crdt::Dot& first) {
    Event& event = add(effect.slot.object, effect.slot.path, SlotType::kSeq);
    if (effect.anchor) {
      event.op = "insert";
      event.value = crdt::json_quote(*effect.body);
      event.time = effect.stamp.time;
      event.element = first;
      ASSIGN_OR_RETURN(event.after, shown_before(effect.slot, first));
    } else if (effect.body) {  // the marker of an empty text
      event.op = "put";
      event.value = "\"\"";
      event.time = effect.stamp.time;
    } else {
      std::uint64_t erased = 0;
      for (const crdt::DotRun& run : effect.kills) erased += std::uint64_t{run.count} * run.changes;
      event.op = "erase";
      event.value = std::to_string(erased);
      event.erased = effect.kills;
    }
    return {};
  }

  Event& add(std::string object, crdt::Path path, SlotType type) {
    Event& event = events_.emplace_back(common_);
    event.object = std::move(object);
    event.path = std::move(path);
    event.type = type;
    event.value = "null";
    return event;
  }

  store::CellTable& cells_;
  const Event& common_;
  std::vector<Event>& events_;
  const Places filled_;
  std::optional<Touched> entry_;
};

}  // namespace

base::Status append_events(store::CellTable& cells, const store::Actors& actors,
                           const crdt::Change& change, std::int64_t position,
                           std::vector<Event>& events) {
  const auto author = actors.find(change.actor);
  Event common;
  common.position = position;
  common.actor = change.actor;
  common.seq = change.seq;
  common.time = change.time;
  common.node = author && author->node ? author->node->hex() : "";
  Projection projection(cells, change, common, events);
  RETURN_IF_ERROR(crdt::each_effect(change, [&](const Effect& effect, const crdt::Dot& first) {
    return projection.effect(effect, first);
  }));
  return projection.finish();
}

}  // namespace agent
