#include "agent/replica/planner.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "crdt/map.h"
#include "crdt/snapshot.h"

namespace agent {
namespace {

using crdt::Effect;
using crdt::Entry;

class Planner {
 public:
  Planner(store::CellTable& cells, const std::function<crdt::HybridTime()>& time,
          const PlanLimits& limits, const PlanSink& next)
      : cells_(cells), time_(time), limits_(limits), next_(next) {}

  base::Result<Written> operator()(const AddEntry& add) {
    ASSIGN_OR_RETURN(Entry entry, cells_.entry(add.object, add.id));
    ASSIGN_OR_RETURN(crdt::Members metadata, crdt::object_members(add.metadata));
    RETURN_IF_ERROR(emit(crdt::plan_add(entry, metadata, time_())));
    return written_;
  }

  base::Result<Written> operator()(const PutEntry& put) {
    ASSIGN_OR_RETURN(Entry entry, cells_.entry(put.object, put.id));
    ASSIGN_OR_RETURN(crdt::Members metadata, crdt::object_members(put.metadata));
    RETURN_IF_ERROR(emit(crdt::plan_put(entry, metadata, time_())));
    return written_;
  }

  base::Result<Written> operator()(const PatchEntry& patch) {
    ASSIGN_OR_RETURN(Entry entry, cells_.entry(patch.object, patch.id));
    std::vector<Effect> effects;
    // Asking for the time may mint an actor: not for a request that writes nothing.
    if (!patch.set.empty()) effects = crdt::plan_patch(entry, patch.set, time_());
    append(effects, crdt::plan_unset(entry, patch.unset));
    RETURN_IF_ERROR(emit(std::move(effects)));
    return written_;
  }

  base::Result<Written> operator()(const RemoveEntry& remove) {
    ASSIGN_OR_RETURN(Entry entry, cells_.entry(remove.object, remove.id));
    RETURN_IF_ERROR(emit(crdt::plan_remove(entry)));
    return written_;
  }

  base::Result<Written> operator()(const RemoveObject& remove) {
    std::string after;
    for (bool more = true; more;) {
      more = false;
      std::vector<Effect> effects;
      std::size_t bytes = 0;
      RETURN_IF_ERROR(cells_.scan(remove.object, after, [&](const Entry& entry) {
        std::vector<Effect> removed = crdt::plan_remove(entry);
        for (const Effect& effect : removed) bytes += crdt::memory_charge(effect.slot);
        more = !effects.empty() &&
               (effects.size() + removed.size() > limits_.effects_max || bytes > limits_.bytes_max);
        if (more) return false;
        append(effects, std::move(removed));
        after = entry.id;
        return true;
      }));
      RETURN_IF_ERROR(emit(std::move(effects)));
    }
    return written_;
  }

  base::Result<Written> operator()(const ImportEntries& import) {
    // Of two lines with one id the later stands, as if they had been two requests.
    std::map<std::string_view, std::size_t> last;
    for (std::size_t i = 0; i < import.entries.size(); ++i) last[import.entries[i].first] = i;
    std::vector<Effect> effects;
    std::size_t bytes = 0;
    for (std::size_t i = 0; i < import.entries.size(); ++i) {
      const auto& [id, metadata] = import.entries[i];
      ASSIGN_OR_RETURN(Entry entry, cells_.entry(import.object, id));
      ASSIGN_OR_RETURN(crdt::Members members, crdt::object_members(metadata));
      if (shows_already(entry, members)) {
        ++written_.unchanged;
        continue;
      }
      ++written_.added;
      if (last[id] != i) continue;
      std::vector<Effect> added = crdt::plan_add(entry, members, time_());
      // An entry may reach over the bytes, which are far below what a change may hold.
      bool full = effects.size() + added.size() > limits_.effects_max || bytes >= limits_.bytes_max;
      if (full) {
        RETURN_IF_ERROR(emit(std::exchange(effects, {})));
        bytes = 0;
        added = crdt::plan_add(entry, members, time_());  // the next change has a time of its own
      }
      append(effects, std::move(added));
      bytes += id.size() + metadata.size();
    }
    RETURN_IF_ERROR(emit(std::move(effects)));
    return written_;
  }

  base::Result<Written> operator()(const WriteEntries& write) {
    std::vector<Effect> effects;
    if (write.replace) RETURN_IF_ERROR(remove_others(write, effects));
    for (const EntryWrite& entry : write.entries) {
      RETURN_IF_ERROR(check_count(effects));
      RETURN_IF_ERROR(plan_entry(write.object, entry, effects));
    }
    RETURN_IF_ERROR(check_count(effects));
    RETURN_IF_ERROR(emit(std::move(effects)));
    return written_;
  }

 private:
  // One change cannot be split: all or nothing.
  static base::Status check_count(const std::vector<Effect>& effects) {
    if (effects.size() <= crdt::kChangeEffectsMax) return {};
    return base::Error{base::Code::kTooLarge, "one change has at most " +
                                                  std::to_string(crdt::kChangeEffectsMax) +
                                                  " effects; write in smaller parts"};
  }

  base::Status remove_others(const WriteEntries& write, std::vector<Effect>& effects) {
    std::set<std::string_view> named;
    for (const EntryWrite& entry : write.entries) named.insert(entry.id);
    RETURN_IF_ERROR(cells_.scan(write.object, "", [&](const Entry& entry) {
      if (named.contains(entry.id)) return true;
      append(effects, crdt::plan_remove(entry));
      return effects.size() <= crdt::kChangeEffectsMax;
    }));
    return {};
  }

  base::Status plan_entry(const std::string& object, const EntryWrite& write,
                          std::vector<Effect>& effects) {
    ASSIGN_OR_RETURN(Entry entry, cells_.entry(object, write.id));
    if (write.whole == EntryWrite::Whole::kAdd) {
      append(effects, crdt::plan_add(entry, write.fields, time_()));
      return {};
    }
    std::vector<Effect> sets;
    if (!write.fields.empty()) sets = crdt::plan_patch(entry, write.fields, time_());
    if (write.whole == EntryWrite::Whole::kRemove) {
      std::set<std::string_view> set;
      for (const auto& [field, value] : write.fields) set.insert(field);
      for (Effect& effect : crdt::plan_remove(entry)) {
        // The new value of such a field kills what it sees there itself.
        bool replaced = effect.slot.path.size() > 1 && set.contains(effect.slot.path[1]);
        if (!replaced) effects.push_back(std::move(effect));
      }
    }
    append(effects, std::move(sets));
    append(effects, crdt::plan_unset(entry, write.unset));
    return {};
  }

  static void append(std::vector<Effect>& effects, std::vector<Effect> more) {
    for (Effect& effect : more) effects.push_back(std::move(effect));
  }

  static bool shows_already(const Entry& entry, crdt::Members members) {
    if (!crdt::exists(entry)) return false;
    std::sort(members.begin(), members.end());
    return crdt::shown(entry) == members;
  }

  base::Status emit(std::vector<Effect> effects) {
    if (effects.empty()) return {};
    return next_(Plan{std::move(effects)});
  }

  store::CellTable& cells_;
  const std::function<crdt::HybridTime()>& time_;
  const PlanLimits& limits_;
  const PlanSink& next_;
  Written written_;
};

}  // namespace

base::Result<Written> plan_request(store::CellTable& cells, const WriteRequest& request,
                                   const std::function<crdt::HybridTime()>& time,
                                   const PlanLimits& limits, const PlanSink& next) {
  return std::visit(Planner(cells, time, limits, next), request);
}

}  // namespace agent
