#include "agent/replica/planner.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "agent/replica/answered.h"
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
      const auto planned = plan_op(view, write.ops, i, author, effects);
      if (!planned.ok()) return crdt::error_of_op(planned.error(), i, write.ops.size());
      const bool wrote = *planned == crdt::Outcome::kWritten;
      written_.ops.push_back({*planned, wrote ? std::optional(dots) : std::nullopt});
    }
    written_.type = type_written(effects);
    if (!fits(effects)) {
      return too_large("it has " + std::to_string(effects.size()) +
                           ": each element of a set, member of a map, value and insert is one",
                       "send it in several requests, each with some of the elements or operations");
    }
    RETURN_IF_ERROR(emit(std::move(effects)));
    return written_;
  }

  base::Result<crdt::Outcome> plan_op(StoreView& view, const std::vector<crdt::Op>& ops,
                                      std::size_t number, const crdt::Author& author,
                                      std::vector<Effect>& effects) {
    const crdt::Op& op = ops[number];
    const auto* insert = std::get_if<crdt::TextInsert>(&op.argument);
    const auto* erase = std::get_if<crdt::TextErase>(&op.argument);
    const bool behind_new = insert != nullptr && insert->behind_new;
    const bool erases_new = erase != nullptr && !erase->new_elements.empty();
    if (!behind_new && !erases_new) return crdt::plan(view, op, author, effects);
    crdt::Op resolved = op;
    if (behind_new) {
      auto& edit = std::get<crdt::TextInsert>(resolved.argument);
      ASSIGN_OR_RETURN(edit.after, new_element(ops, number, *edit.behind_new));
    } else {
      auto& edit = std::get<crdt::TextErase>(resolved.argument);
      for (const crdt::TemporaryId& id : edit.new_elements) {
        ASSIGN_OR_RETURN(const crdt::Dot dot, new_element(ops, number, id));
        edit.elements.push_back({dot.actor, dot.seq, dot.index});
      }
      edit.elements = crdt::ordered_runs(std::move(edit.elements));
    }
    return crdt::plan(view, resolved, author, effects);
  }

  // The dot of an element that an earlier operation of this request inserts.
  base::Result<crdt::Dot> new_element(const std::vector<crdt::Op>& ops, std::size_t number,
                                      const crdt::TemporaryId& id) {
    const std::string name = "~" + std::to_string(id.op) + "." + std::to_string(id.element);
    const auto* insert =
        id.op < number ? std::get_if<crdt::TextInsert>(&ops[id.op].argument) : nullptr;
    if (insert == nullptr) {
      return base::invalid(name +
                           " names no earlier insert of this request: ~N.k is element k of "
                           "the insert that is op N, both counted from 0");
    }
    const std::size_t elements = base::count_points(insert->text);
    if (id.element >= elements) {
      return base::invalid(name + " does not exist: op " + std::to_string(id.op) + " inserts " +
                           std::to_string(elements) + " code points");
    }
    crdt::Dot dot = author_.first_dot();
    dot.index = *written_.ops[id.op].first + id.element;
    return dot;
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
      note_outcomes(write.ops);
      RETURN_IF_ERROR(emit(std::move(effects)));
      if (folded.clears && named.empty()) RETURN_IF_ERROR(remove_all(write.object, named));
      return written_;
    }
    // The new entries must fit into one change. What they replace may follow in others.
    effects = {};
    for (const crdt::EntryWrite& entry : folded.entries) {
      RETURN_IF_ERROR(plan_entry(write.object, entry, effects, meter));
    }
    note_outcomes(write.ops);
    RETURN_IF_ERROR(emit_whole(std::move(effects)));
    if (folded.clears) RETURN_IF_ERROR(remove_all(write.object, named));
    return written_;
  }

  // --- Entries of an object ----------------------------------------------------------------------

  // Operations on one entry are one write. Those before the removal of the whole catalog count as
  // that removal.
  void note_outcomes(const std::vector<crdt::Op>& ops) {
    for (const crdt::Op& op : ops) {
      const auto found = op.path.empty() ? outcomes_.end() : outcomes_.find(op.path[0]);
      const bool folded = found != outcomes_.end();
      written_.ops.push_back({folded ? found->second : crdt::Outcome::kWritten, std::nullopt});
    }
  }

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
    outcomes_[write.id] = crdt::outcome_of(entry, write, planned);
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
    const auto planned = next_(Plan{std::move(effects), written_.ops});
    return planned.ok() ? base::Status() : planned.error();
  }

  store::CellTable& cells_;
  const PlanAuthor& author_;
  const PlanLimits& limits_;
  const PlanSink& next_;
  std::map<std::string_view, crdt::Outcome> outcomes_;  // of the entries of a catalog
  Written written_;
};

}  // namespace

base::Result<Written> plan_request(store::CellTable& cells, const WriteRequest& request,
                                   const PlanAuthor& author, const PlanLimits& limits,
                                   const PlanSink& next) {
  return std::visit(Planner(cells, author, limits, next), request);
}

}  // namespace agent
