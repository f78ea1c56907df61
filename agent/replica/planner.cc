#include "agent/replica/planner.h"

#include <algorithm>
#include <map>
#include <utility>

#include "crdt/map.h"

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
    std::vector<Effect> effects = crdt::plan_patch(entry, patch.set, time_());
    for (Effect& effect : crdt::plan_unset(entry, patch.unset)) {
      effects.push_back(std::move(effect));
    }
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
      RETURN_IF_ERROR(cells_.scan(remove.object, after, [&](const Entry& entry) {
        if (effects.size() >= limits_.effects_max) {
          more = true;
          return false;
        }
        for (Effect& effect : crdt::plan_remove(entry)) effects.push_back(std::move(effect));
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
      for (Effect& effect : crdt::plan_add(entry, members, time_())) {
        effects.push_back(std::move(effect));
      }
      bytes += id.size() + metadata.size();
      if (effects.size() < limits_.effects_max && bytes < limits_.bytes_max) continue;
      RETURN_IF_ERROR(emit(std::exchange(effects, {})));
      bytes = 0;
    }
    RETURN_IF_ERROR(emit(std::move(effects)));
    return written_;
  }

 private:
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
