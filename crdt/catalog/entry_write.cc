#include "crdt/catalog/entry_write.h"

#include <iterator>
#include <map>
#include <string>
#include <utility>

namespace crdt {
namespace {

using Whole = EntryWrite::Whole;

base::Error unprocessable(std::string message) {
  return {base::Code::kUnprocessable, std::move(message)};
}

base::Error does_not_fit(Verb verb, const std::string& hint) {
  return unprocessable(std::string(verb_name(verb)) + " does not fit " + hint);
}

class Folding {
 public:
  base::Status add(const Op& op) {
    if (op.path.size() > 2) {
      return unprocessable("a metadata field is one register: write the whole field " + op.path[1]);
    }
    if (op.type) RETURN_IF_ERROR(check_catalog_type(op.path, *op.type));
    if (op.path.empty()) return clear(op);
    RETURN_IF_ERROR(check_brings(op));
    EntryWrite& entry = entry_of(op.path[0]);
    entry.stamp = op.stamp;
    entry.tags = op.tags;
    return op.path.size() == 1 ? write_entry(op, entry) : write_field(op, entry);
  }

  CatalogWrite take() { return std::move(write_); }

 private:
  // Effects of one entry have one stamp, so operations with different ones cannot be folded.
  base::Status check_brings(const Op& op) const {
    const bool brings = op.stamp || !op.tags.empty();
    const bool at_field = op.path.size() == 2;
    if (brings && at_field && (op.verb == Verb::kUnset || !op.tags.empty())) {
      return unprocessable("a metadata field takes a stamp with set only, and no tags");
    }
    const auto found = numbers_.find(op.path[0]);
    if (found == numbers_.end()) return {};
    const EntryWrite& entry = write_.entries[found->second];
    if (!brings && !entry.stamp && entry.tags.empty()) return {};
    const bool sets_fields = op.verb == Verb::kMerge || (at_field && op.verb == Verb::kSet);
    if (sets_fields && entry.whole == Whole::kKeep && entry.stamp == op.stamp) return {};
    return unprocessable("an operation with a stamp or tags is the only one on the entry \"" +
                         op.path[0] +
                         "\" in its request, or all set fields with the same stamp: send several "
                         "requests");
  }

  base::Status clear(const Op& op) {
    if (op.verb != Verb::kUnset) return does_not_fit(op.verb, "a whole catalog; name an entry");
    write_ = {true, {}};
    numbers_.clear();
    return {};
  }

  EntryWrite& entry_of(std::string_view id) {
    const auto [number, is_new] = numbers_.try_emplace(id, write_.entries.size());
    if (is_new) {
      const Whole whole = write_.clears ? Whole::kRemove : Whole::kKeep;
      write_.entries.push_back({id, whole, {}, {}, {}, {}});
    }
    return write_.entries[number->second];
  }

  static base::Status write_entry(const Op& op, EntryWrite& entry) {
    if (op.verb == Verb::kUnset) {
      entry = {entry.id, Whole::kRemove, {}, {}, op.stamp, op.tags};
      return {};
    }
    const bool fits = op.verb == Verb::kSet || op.verb == Verb::kPut || op.verb == Verb::kMerge;
    if (!fits) return does_not_fit(op.verb, "an entry of a catalog: use set or unset");
    const auto* metadata = std::get_if<Members>(&op.argument);
    if (metadata == nullptr) {
      return base::invalid("the metadata of an entry must be a JSON object");
    }
    if (op.verb == Verb::kMerge) {
      for (const auto& [field, value] : *metadata) set(entry, field, value);
      return {};
    }
    if (op.verb == Verb::kPut && entry.whole == Whole::kRemove) {
      return does_not_fit(op.verb, "an entry that the same request removes: use set");
    }
    const bool adds = op.verb == Verb::kSet || entry.whole == Whole::kAdd;
    entry = {entry.id, adds ? Whole::kAdd : Whole::kPut, fields_of(*metadata), {}, op.stamp,
             op.tags};
    return {};
  }

  static base::Status write_field(const Op& op, EntryWrite& entry) {
    const std::string& field = op.path[1];
    if (op.verb == Verb::kUnset) {
      entry.fields.erase(field);
      if (entry.whole == Whole::kKeep) entry.unset.insert(field);
      return {};
    }
    if (op.verb != Verb::kSet) return does_not_fit(op.verb, "a metadata field: use set or unset");
    const auto* value = std::get_if<std::string>(&op.argument);
    if (value == nullptr || value->empty()) return base::invalid("set needs a value");
    set(entry, field, *value);
    return {};
  }

  static void set(EntryWrite& entry, std::string_view field, std::string_view value) {
    entry.fields[field] = value;
    entry.unset.erase(field);
  }

  CatalogWrite write_;
  std::map<std::string_view, std::size_t> numbers_;  // of the entries
};

void append(std::vector<Effect>& effects, std::vector<Effect> more) {
  std::move(more.begin(), more.end(), std::back_inserter(effects));
}

// Tags name the presence; the stamp, the client's or else the agent's, is that of all effects.
std::vector<Effect> plan_brought(const Entry& entry, const EntryWrite& write,
                                 const std::function<HybridTime()>& when) {
  if (write.whole == Whole::kRemove) return plan_remove(entry, write.stamp, write.tags);
  if (write.whole == Whole::kKeep) return plan_merge_at(entry, write.fields, *write.stamp);
  if (write.whole == Whole::kPut) return plan_put_at(entry, write.fields, *write.stamp);
  const Stamp stamp = write.stamp ? *write.stamp : stamp_for(entry, when(), nullptr);
  std::vector<Effect> effects = plan_presence(entry, stamp, write.tags);
  append(effects, plan_put_at(entry, write.fields, stamp));
  return effects;
}

}  // namespace

base::Result<CatalogWrite> fold(const std::vector<Op>& ops) {
  Folding folding;
  for (std::size_t i = 0; i < ops.size(); ++i) {
    const base::Status added = folding.add(ops[i]);
    if (!added.ok()) return error_of_op(added.error(), i, ops.size());
  }
  return folding.take();
}

std::vector<Effect> plan(const Entry& entry, const EntryWrite& write,
                         const std::function<HybridTime()>& when) {
  // Tags alone have a meaning for an add and a remove only.
  const bool tagged = write.whole == Whole::kAdd || write.whole == Whole::kRemove;
  if (write.stamp || (tagged && !write.tags.empty())) return plan_brought(entry, write, when);
  if (write.whole == Whole::kAdd) return plan_add(entry, write.fields, when());
  if (write.whole == Whole::kPut) return plan_put(entry, write.fields, when());
  std::vector<Effect> effects;
  if (write.whole == Whole::kRemove) effects = plan_remove(entry);
  if (!write.fields.empty()) append(effects, plan_merge(entry, write.fields, when()));
  append(effects, plan_unset(entry, write.unset));
  return effects;
}

Outcome outcome_of(const Entry& entry, const EntryWrite& write,
                   const std::vector<Effect>& effects) {
  if (!effects.empty()) return Outcome::kWritten;
  const bool removes = write.whole == Whole::kRemove;
  const bool wants = removes ? exists(entry) && write.tags.empty()
                             : write.whole != Whole::kKeep || !write.fields.empty();
  return write.stamp && wants ? Outcome::kSuperseded : Outcome::kUnchanged;
}

SlotType catalog_type(const Path& path) {
  return path.size() < 2 ? SlotType::kMap : SlotType::kLwwRegister;
}

base::Status check_catalog_type(const Path& path, SlotType type) {
  if (type == catalog_type(path)) return {};
  return unprocessable("type " + std::string(type_name(type)) +
                       " does not fit a catalog; the type at this path is " +
                       std::string(type_name(catalog_type(path))));
}

}  // namespace crdt
