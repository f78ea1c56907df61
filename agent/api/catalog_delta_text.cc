#include "agent/api/catalog_delta_text.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "agent/api/json_text.h"
#include "agent/api/limits.h"
#include "agent/api/time_text.h"
#include "crdt/types/or_set.h"
#include "crdt/types/register.h"

namespace agent {
namespace {

using crdt::Effect;
using crdt::EffectKind;
using crdt::SlotType;

constexpr std::size_t kPresencesMax = 65'536;  // that are kept for tags

std::string set_key(const std::string& object, const std::string& id) { return object + ":" + id; }
std::string metadata_key(const std::string& object, const std::string& id) {
  return object.substr(0, object.size() - 1) + "_metadata:" + id;  // without the plural's s
}

void append_runs(crdt::DotRuns& runs, const crdt::DotRuns& more) {
  runs.insert(runs.end(), more.begin(), more.end());
}

}  // namespace

std::string delta_text(const CatalogDelta& delta, std::uint64_t clock) {
  return JsonObject()
      .text("node_id", delta.node)
      .raw("vector_clock", JsonObject().number(delta.actor.hex(), clock).take())
      .text("type", delta.type)
      .text("key", delta.key)
      .raw("data", delta.data)
      .number("timestamp", delta.timestamp)
      .take();
}

struct CatalogDeltas::Touched {
  std::string object;
  std::string id;
  std::optional<crdt::Stamp> presence;  // that was written
  std::string tag;                      // its name
  std::optional<crdt::Stamp> reset;     // of a whole object that was written
  std::optional<crdt::Stamp> field;     // the highest of single fields
  crdt::Members fields;                 // that were written
  bool unsets_fields = false;
  crdt::DotRuns presence_kills;
  crdt::DotRuns subtree_kills;

  void add(const Effect& effect, const crdt::Dot& dot) {
    const bool at_entry = effect.slot.path.size() == 1;
    if (at_entry && effect.slot.type == SlotType::kMap) {
      append_runs(presence_kills, effect.kills);
      if (!effect.body) return;
      presence = effect.stamp;
      tag = crdt::tag_name({dot, effect.kind, effect.stamp, *effect.body});
    } else if (at_entry && effect.slot.type == SlotType::kSubtree) {
      append_runs(subtree_kills, effect.kills);
    } else if (at_entry && effect.slot.type == SlotType::kReset) {
      if (effect.body) reset = effect.stamp;
    } else if (effect.slot.path.size() == 2) {
      add_field(effect);
    }
  }

  void add_field(const Effect& effect) {
    if (!effect.body || effect.kind != EffectKind::kPut) {
      unsets_fields = true;
      return;
    }
    if (!field || *field < effect.stamp) field = effect.stamp;
    const std::string_view value = crdt::value_of(*effect.body);
    if (!value.empty()) fields.emplace_back(effect.slot.path[1], crdt::json_or_quoted(value));
  }
};

base::Result<std::vector<CatalogDelta>> CatalogDeltas::of_change(const crdt::Change& change) {
  std::vector<CatalogDelta> deltas;
  std::optional<Touched> touched;
  const auto finish = [&]() -> base::Status {
    if (!touched) return {};
    const Touched done = std::move(*touched);
    touched.reset();
    return add_deltas(change, done, deltas);
  };
  const auto visit = [&](const Effect& effect, const crdt::Dot& dot) -> base::Status {
    if (!crdt::is_catalog(effect.slot.object) || effect.slot.path.empty()) return {};
    // Effects of one entry follow each other.
    const bool same =
        touched && touched->object == effect.slot.object && touched->id == effect.slot.path.front();
    if (!same) {
      RETURN_IF_ERROR(finish());
      touched.emplace();
      touched->object = effect.slot.object;
      touched->id = effect.slot.path.front();
    }
    touched->add(effect, dot);
    return {};
  };
  RETURN_IF_ERROR(crdt::each_effect(change, visit));
  RETURN_IF_ERROR(finish());
  return deltas;
}

// A removal comes before the add of the same change: it names the presences that the add replaces.
// Without it, peers would keep them, and a later removal would leave the entry there.
base::Status CatalogDeltas::add_deltas(const crdt::Change& change, const Touched& touched,
                                       std::vector<CatalogDelta>& deltas) {
  const crdt::Stamp at_change{change.time, {}};
  const auto start = [&](const crdt::Stamp& stamp) {
    return delta_of(touched.object, touched.id, change.actor, change.seq, stamp);
  };
  ASSIGN_OR_RETURN(std::vector<std::string> tags, tags_of(touched.presence_kills, true, touched));
  // A whole object also kills fields below the entry, but never its presence.
  if (!touched.reset) {
    ASSIGN_OR_RETURN(const auto more, tags_of(touched.subtree_kills, false, touched));
    tags.insert(tags.end(), more.begin(), more.end());
  }
  if (!tags.empty()) {
    CatalogDelta& delta = deltas.emplace_back(start(touched.presence.value_or(at_change)));
    delta.type = "orset";
    delta.key = set_key(touched.object, touched.id) + ":remove";
    delta.data = JsonObject().boolean("removed", true).raw("tags", json_strings(tags)).take();
  }
  const bool metadata = touched.reset || touched.field || touched.unsets_fields;
  if (!touched.presence && !metadata) return {};
  std::string object;
  bool gone = false;
  if (touched.reset) {
    object = crdt::object_text(touched.fields);
  } else {
    ASSIGN_OR_RETURN(const crdt::Entry now, reader_.cells().entry(touched.object, touched.id));
    object = crdt::shown_text(now);
    gone = now.presence.empty() && now.reset.empty() && now.fields.empty();
  }
  if (touched.presence) {
    CatalogDelta& delta = deltas.emplace_back(start(*touched.presence));
    delta.type = "orset";
    delta.key = set_key(touched.object, touched.id);
    delta.data = JsonObject().text("tag", touched.tag).raw("metadata", object).take();
    return {};
  }
  const auto& stamp = touched.reset ? touched.reset : touched.field;
  CatalogDelta& delta = deltas.emplace_back(start(stamp.value_or(at_change)));
  delta.type = "lww";
  delta.key = metadata_key(touched.object, touched.id);
  delta.data = std::move(object);
  delta.gone = gone;
  return {};
}

base::Result<std::vector<std::string>> CatalogDeltas::tags_of(const crdt::DotRuns& kills, bool only,
                                                              const Touched& touched) {
  std::vector<std::string> tags;
  std::size_t looked_up = 0;
  for (const crdt::DotRun& run : kills) {
    for (std::uint32_t i = 0; i < run.changes && looked_up < kTagLookupsMax; ++i, ++looked_up) {
      const std::uint64_t seq = run.seq + i;
      ASSIGN_OR_RETURN(const auto* presences, presences_of(run.actor, seq));
      if (presences == nullptr) {
        // The log no longer has the add, so a client's tag of it is not known.
        if (only || i == 0) tags.push_back(run.actor.hex() + ":" + std::to_string(seq));
        continue;
      }
      for (const Presence& presence : *presences) {
        const bool killed = presence.index >= run.index && presence.index - run.index < run.count;
        const bool here = presence.object == touched.object && presence.id == touched.id;
        if (killed && here) tags.push_back(presence.tag);
      }
    }
  }
  std::sort(tags.begin(), tags.end());
  tags.erase(std::unique(tags.begin(), tags.end()), tags.end());
  return tags;
}

// Null if the log does not have the change.
base::Result<const std::vector<CatalogDeltas::Presence>*> CatalogDeltas::presences_of(
    const base::ActorId& actor, std::uint64_t seq) {
  const auto known = looked_up_.find({actor, seq});
  if (known != looked_up_.end()) return &known->second;
  ASSIGN_OR_RETURN(const auto sealed, reader_.log().find(actors_, actor, seq));
  const std::vector<Presence>* none = nullptr;
  if (!sealed) return none;
  ASSIGN_OR_RETURN(const crdt::Opened opened, crdt::open_change(*sealed));
  std::vector<Presence> presences;
  RETURN_IF_ERROR(crdt::each_effect(opened.change, [&](const Effect& effect, const crdt::Dot& dot) {
    const bool adds = crdt::is_catalog(effect.slot.object) && effect.slot.path.size() == 1 &&
                      effect.slot.type == SlotType::kMap && effect.body;
    if (adds) {
      presences.push_back({dot.index, effect.slot.object, effect.slot.path[0],
                           crdt::tag_name({dot, effect.kind, effect.stamp, *effect.body})});
    }
    return base::Status();
  }));
  if (presences_ > kPresencesMax) {
    looked_up_.clear();
    presences_ = 0;
  }
  presences_ += presences.size() + 1;
  const std::vector<Presence>* found =
      &looked_up_.emplace(std::pair(actor, seq), std::move(presences)).first->second;
  return found;
}

std::vector<CatalogDelta> CatalogDeltas::of_entry(const crdt::Entry& entry) {
  std::vector<CatalogDelta> deltas;
  if (!crdt::exists(entry)) return deltas;
  const std::string metadata = crdt::shown_text(entry);
  const crdt::Cell* newest = nullptr;  // of the metadata
  const auto look_at = [&](const crdt::Cells& cells) {
    const auto best = crdt::winner(cells);
    if (best && (newest == nullptr || newest->stamp < cells[*best].stamp)) newest = &cells[*best];
  };
  look_at(entry.reset);
  for (const auto& [name, cells] : entry.fields) look_at(cells);
  std::uint64_t added = 0;
  for (const crdt::Cell& cell : entry.presence) {
    CatalogDelta& delta = deltas.emplace_back(
        delta_of(entry.object, entry.id, cell.dot.actor, cell.dot.seq, cell.stamp));
    delta.type = "orset";
    delta.key = set_key(entry.object, entry.id);
    delta.data = JsonObject().text("tag", crdt::tag_name(cell)).raw("metadata", metadata).take();
    added = std::max(added, delta.timestamp);
  }
  if (newest == nullptr || nanos_with_counter(newest->stamp.time) <= added) return deltas;
  CatalogDelta& delta = deltas.emplace_back(
      delta_of(entry.object, entry.id, newest->dot.actor, newest->dot.seq, newest->stamp));
  delta.type = "lww";
  delta.key = metadata_key(entry.object, entry.id);
  delta.data = metadata;
  return deltas;
}

std::string CatalogDeltas::node_of(const base::ActorId& actor) const {
  const auto known = actors_.find(actor);
  return known && known->node ? known->node->hex() : actor.hex();
}

CatalogDelta CatalogDeltas::delta_of(const std::string& object, const std::string& id,
                                     const base::ActorId& actor, std::uint64_t seq,
                                     const crdt::Stamp& stamp) const {
  CatalogDelta delta;
  delta.object = object;
  delta.id = id;
  delta.actor = actor;
  delta.seq = seq;
  delta.of_mesh = stamp.writer.empty();
  delta.node = delta.of_mesh ? node_of(actor) : stamp.writer;
  delta.timestamp = nanos_with_counter(stamp.time);
  return delta;
}

}  // namespace agent
