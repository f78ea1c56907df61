#include "agent/replica/planner.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "agent/replica/store_view.h"
#include "crdt/catalog/entry_write.h"
#include "crdt/types/plan.h"

namespace agent {
namespace {

using crdt::ChangeMeter;
using crdt::Effect;
using crdt::Entry;

class Planner {
 public:
  Planner(store::CellTable& cells, const PlanAuthor& author, const PlanLimits& limits,
          const PlanSink& next)
      : cells_(cells), author_(author), limits_(limits), next_(next) {}

  // The type of the object decides: a catalog has the rule of its entries, all others have the
  // types.
  base::Result<Written> operator()(const WriteObject& write) {
    return crdt::is_catalog(write.object) ? write_catalog(write) : write_places(write);
  }

  base::Result<Written> operator()(const ImportEntries& import) {
    // When two lines have the same id, the later one counts, as if they were two requests.
    std::map<std::string_view, std::size_t> last;
    for (std::size_t i = 0; i < import.entries.size(); ++i) last[import.entries[i].id] = i;
    std::vector<Effect> effects;
    ChangeMeter meter;
    for (std::size_t i = 0; i < import.entries.size(); ++i) {
      const auto& [id, metadata] = import.entries[i];
      ASSIGN_OR_RETURN(Entry entry, cells_.entry(import.object, id));
      if (shows_already(entry, metadata)) {
        ++written_.unchanged;
        continue;
      }
      ++written_.added;
      if (last[id] != i) continue;
      const crdt::Fields fields = crdt::fields_of(metadata);
      std::vector<Effect> added = crdt::plan_add(entry, fields, author_.time());
      ChangeMeter with = meter;
      with.add(added);
      // The entry that reaches over the part still belongs to it, if one change can hold it.
      bool full = !meter.within(limits_.part) || !with.within(limits_.whole);
      if (!effects.empty() && full) {
        RETURN_IF_ERROR(emit(std::exchange(effects, {})));
        with = {};
        added = crdt::plan_add(entry, fields, author_.time());  // the next change has its own time
        with.add(added);
      }
      if (!with.within(limits_.whole)) return entries_too_large();
      append(effects, std::move(added));
      meter = with;
    }
    RETURN_IF_ERROR(emit(std::move(effects)));
    return written_;
  }

 private:
  base::Result<Written> write_places(const WriteObject& write) {
    StoreView view(cells_, write.object);
    const crdt::Author author{author_.time, [this] { return author_.first_dot().actor; }};
    std::vector<Effect> effects;
    std::size_t on_top = 0;  // effects that the view has already
    std::uint32_t dots = 0;  // of these effects
    for (std::size_t i = 0; i < write.ops.size(); ++i) {
      for (; on_top < effects.size(); ++on_top) {
        crdt::Dot dot = author_.first_dot();
        dot.index = dots;
        RETURN_IF_ERROR(view.put_on_top(effects[on_top], dot));
        dots += effects[on_top].span();
      }
      const auto planned = crdt::plan(view, write.ops[i], author, effects);
      if (!planned.ok()) return crdt::error_of_op(planned.error(), i, write.ops.size());
    }
    for (const Effect& effect : effects) {
      const bool better = !written_.type || *written_.type == crdt::SlotType::kSubtree;
      if (better) written_.type = effect.slot.type;
    }
    if (!fits(effects)) {
      return too_large("it has " + std::to_string(effects.size()) +
                           ": each element of a set, member of a map, value and insert is one",
                       "send it in several requests, each with some of the elements or operations");
    }
    RETURN_IF_ERROR(emit(std::move(effects)));
    return written_;
  }

  base::Result<Written> write_catalog(const WriteObject& write) {
    ASSIGN_OR_RETURN(const crdt::CatalogWrite folded, crdt::fold(write.ops));
    std::set<std::string_view> named;
    for (const crdt::EntryWrite& entry : folded.entries) named.insert(entry.id);
    std::vector<Effect> effects;
    ChangeMeter meter;
    if (folded.clears && !named.empty()) {
      RETURN_IF_ERROR(remove_others(write.object, named, effects, meter));
    }
    for (const crdt::EntryWrite& entry : folded.entries) {
      if (!meter.within(limits_.whole)) break;
      RETURN_IF_ERROR(plan_entry(write.object, entry, effects, meter));
    }
    if (meter.within(limits_.whole)) {
      RETURN_IF_ERROR(emit(std::move(effects)));
      if (folded.clears && named.empty()) RETURN_IF_ERROR(remove_all(write.object, named));
      return written_;
    }
    // The new entries must fit into one change. What they replace may follow in others.
    effects = {};
    for (const crdt::EntryWrite& entry : folded.entries) {
      RETURN_IF_ERROR(plan_entry(write.object, entry, effects, meter));
    }
    RETURN_IF_ERROR(emit_whole(std::move(effects)));
    if (folded.clears) RETURN_IF_ERROR(remove_all(write.object, named));
    return written_;
  }

  // --- Entries of an object ----------------------------------------------------------------------

  // Removes all entries except those in `kept`, with as many changes as needed.
  base::Status remove_all(const std::string& object, const std::set<std::string_view>& kept) {
    std::string after;
    for (bool more = true; more;) {
      more = false;
      std::vector<Effect> effects;
      ChangeMeter meter;
      RETURN_IF_ERROR(cells_.scan(object, after, [&](const Entry& entry) {
        if (kept.contains(entry.id)) return true;
        std::vector<Effect> removed = crdt::plan_remove(entry);
        ChangeMeter with = meter;
        with.add(removed);
        more = !effects.empty() && !with.within(limits_.part);
        if (more) return false;
        after = entry.id;
        append(effects, std::move(removed));
        meter = with;
        return true;
      }));
      RETURN_IF_ERROR(emit_whole(std::move(effects)));
    }
    return {};
  }

  // Plans to remove the entries that are not named, as many as fit into one change.
  base::Status remove_others(const std::string& object, const std::set<std::string_view>& named,
                             std::vector<Effect>& effects, ChangeMeter& meter) {
    return cells_.scan(object, "", [&](const Entry& entry) {
      if (named.contains(entry.id)) return true;
      std::vector<Effect> removed = crdt::plan_remove(entry);
      meter.add(removed);
      append(effects, std::move(removed));
      return meter.within(limits_.whole);
    });
  }

  base::Status plan_entry(const std::string& object, const crdt::EntryWrite& write,
                          std::vector<Effect>& effects, ChangeMeter& meter) {
    ASSIGN_OR_RETURN(Entry entry, cells_.entry(object, write.id));
    std::vector<Effect> planned = crdt::plan(entry, write, author_.time);
    meter.add(planned);
    append(effects, std::move(planned));
    return {};
  }

  // --- Changes -----------------------------------------------------------------------------------

  bool fits(const std::vector<Effect>& effects) const {
    ChangeMeter meter;
    meter.add(effects);
    return meter.within(limits_.whole);
  }

  base::Status emit_whole(std::vector<Effect> effects) {
    return fits(effects) ? emit(std::move(effects)) : entries_too_large();
  }

  // `counts`: what is how many effects. `advice`: what to do.
  base::Error too_large(const std::string& counts, const std::string& advice) const {
    return {base::Code::kTooLarge,
            "the request is too large: readers must see all of it at once, so it must fit into one "
            "change of at most " +
                std::to_string(limits_.whole.effects) + " effects and " +
                std::to_string(limits_.whole.bytes >> 20) + " MiB (" + counts + "); " + advice};
  }

  base::Error entries_too_large() const {
    return too_large(
        "a field that is set or unset is one effect, an entry that is added is two, an entry that "
        "is removed is one",
        "send it in several requests, each PATCH with some of the fields, or import the entries");
  }

  static void append(std::vector<Effect>& effects, std::vector<Effect> more) {
    for (Effect& effect : more) effects.push_back(std::move(effect));
  }

  static bool shows_already(const Entry& entry, const crdt::Members& metadata) {
    if (!crdt::exists(entry)) return false;
    const crdt::Members shown = crdt::shown(entry);
    if (shown.size() != metadata.size()) return false;
    crdt::Members sorted = metadata;
    std::sort(sorted.begin(), sorted.end());
    return shown == sorted;
  }

  base::Status emit(std::vector<Effect> effects) {
    if (effects.empty()) return {};
    const auto planned = next_(Plan{std::move(effects)});
    return planned.ok() ? base::Status() : planned.error();
  }

  store::CellTable& cells_;
  const PlanAuthor& author_;
  const PlanLimits& limits_;
  const PlanSink& next_;
  Written written_;
};

}  // namespace

base::Result<Written> plan_request(store::CellTable& cells, const WriteRequest& request,
                                   const PlanAuthor& author, const PlanLimits& limits,
                                   const PlanSink& next) {
  return std::visit(Planner(cells, author, limits, next), request);
}

}  // namespace agent
