#include "crdt/types/plan.h"

#include <algorithm>
#include <array>
#include <utility>

#include "crdt/types/counter.h"
#include "crdt/types/map.h"
#include "crdt/types/or_set.h"
#include "crdt/types/places.h"
#include "crdt/types/register.h"
#include "crdt/types/text.h"

namespace crdt {
namespace {

using base::Code;
using base::Error;

// What each verb may do to a place, the usual type first.
std::vector<SlotType> types_of(Verb verb) {
  switch (verb) {
    case Verb::kSet:
    case Verb::kAbsent:
      return {SlotType::kLwwRegister, SlotType::kMvRegister};
    case Verb::kReplace:
      return {SlotType::kLwwRegister, SlotType::kMvRegister, SlotType::kGCounter,
              SlotType::kPnCounter,   SlotType::kOrSet,      SlotType::kMap,
              SlotType::kSeq};
    case Verb::kIncrement:
    case Verb::kTotals:
      return {SlotType::kGCounter, SlotType::kPnCounter};
    case Verb::kDecrement:
      return {SlotType::kPnCounter};
    case Verb::kAdd:
    case Verb::kRemove:
      return {SlotType::kOrSet};
    case Verb::kInsert:
    case Verb::kErase:
      return {SlotType::kSeq};
    case Verb::kPut:
    case Verb::kMerge:
    case Verb::kUnset:
      return {};
  }
  return {};
}

std::string verbs_of(SlotType type) {
  static constexpr std::array kVerbs{Verb::kSet,    Verb::kIncrement, Verb::kDecrement, Verb::kAdd,
                                     Verb::kRemove, Verb::kInsert,    Verb::kErase};
  std::string names = "unset, and PUT (on the command line `objects put`)";
  for (const Verb verb : kVerbs) {
    const auto types = types_of(verb);
    if (std::find(types.begin(), types.end(), type) == types.end()) continue;
    names = std::string(verb_name(verb)) + ", " + names;
  }
  return names;
}

std::string names_of(const std::vector<SlotType>& types) {
  std::string names;
  for (const SlotType type : types) {
    if (!names.empty()) names += " and ";
    names += with_article(type);
  }
  return names;
}

Error does_not_fit(Verb verb, SlotType type) {
  std::string hint = "; this type takes " + verbs_of(type);
  if (verb == Verb::kDecrement && type == SlotType::kGCounter) {
    hint = ", which only grows; use a pncounter";
  }
  return {Code::kUnprocessable, std::string(verb_name(verb)) + " does not fit the type " +
                                    std::string(type_name(type)) + hint};
}

// An object with something at its empty path that is no map has no places below it. The marker of
// a map answers first, so this costs one look-up in a map.
base::Status check_object(Draft& draft, const Op& op) {
  if (op.path.empty()) return {};
  ASSIGN_OR_RETURN(const bool is_map, is_there(draft.view, {}, SlotType::kMap));
  if (is_map) return {};
  ASSIGN_OR_RETURN(const std::vector<SlotType> types, types_there(draft.view, {}));
  if (types.empty()) return {};
  return Error{Code::kUnprocessable, in_words(draft, {}) + " is " + names_of(types) +
                                         " and has no places in it; leave out the path"};
}

constexpr std::string_view kMakeRoom =
    "PUT (on the command line `objects put`) replaces it, and unset removes it";

Error conflict(const Draft& draft, const Op& op, const std::vector<SlotType>& types) {
  const std::string verb(verb_name(op.verb));
  if (op.path.empty() && types == std::vector{SlotType::kMap}) {
    return {Code::kUnprocessable,
            in_words(draft, {}) + " is a crdt_map: " + verb + " needs the path of a place in it"};
  }
  return {Code::kConflict, verb + " does not fit what is at " + in_words(draft, op.path) + ": " +
                               names_of(types) + "; " + std::string(kMakeRoom)};
}

// The type for a verb that the client gave no type: what is there, or else the usual one.
base::Result<SlotType> found_type(Draft& draft, const Op& op) {
  std::vector<SlotType> fitting = types_of(op.verb);
  const SlotType usual = fitting.front();
  std::sort(fitting.rbegin(), fitting.rend());
  for (const SlotType type : fitting) {
    ASSIGN_OR_RETURN(const bool there, is_there(draft.view, op.path, type));
    if (there) return type;
  }
  ASSIGN_OR_RETURN(const std::vector<SlotType> types, types_there(draft.view, op.path));
  if (types.empty()) return usual;
  if (types.size() == 1 && op.verb == Verb::kDecrement && types[0] == SlotType::kGCounter) {
    return does_not_fit(op.verb, types[0]);
  }
  return conflict(draft, op, types);
}

// A type at the top level is the type of the object, which only a replacement changes.
base::Status check_named(Draft& draft, const Op& op) {
  const auto fitting = types_of(op.verb);
  if (std::find(fitting.begin(), fitting.end(), *op.type) == fitting.end()) {
    return does_not_fit(op.verb, *op.type);
  }
  if (!op.path.empty() || op.verb == Verb::kReplace) return {};
  ASSIGN_OR_RETURN(const bool there, is_there(draft.view, {}, *op.type));
  if (there) return {};
  ASSIGN_OR_RETURN(const std::vector<SlotType> types, types_there(draft.view, {}));
  return types.empty() ? base::Status() : base::Status(conflict(draft, op, types));
}

base::Result<SlotType> type_for(Draft& draft, const Op& op) {
  if (!op.type) return found_type(draft, op);
  RETURN_IF_ERROR(check_named(draft, op));
  return *op.type;
}

Error lacks(Verb verb, std::string_view what) {
  return base::invalid(std::string(verb_name(verb)) + " needs " + std::string(what));
}

base::Result<std::string> value_for(const Draft& draft, const Op& op) {
  std::string value;
  if (const auto* members = std::get_if<Members>(&op.argument)) {
    value = object_text(*members);
  } else if (const auto* text = std::get_if<std::string>(&op.argument)) {
    value = *text;
  }
  if (value.empty()) return lacks(op.verb, "a value");
  if (value.size() > kValueBytesMax) {
    return Error{Code::kTooLarge, "a value for " + in_words(draft, op.path) + " has " +
                                      std::to_string(value.size()) + " bytes; at most " +
                                      std::to_string(kValueBytesMax) + " are possible"};
  }
  return value;
}

base::Status plan_value(Draft& draft, const Op& op, SlotType type) {
  ASSIGN_OR_RETURN(const std::string value, value_for(draft, op));
  switch (op.verb) {
    case Verb::kAdd:
      RETURN_IF_ERROR(add_element(draft, op.path, value));
      return mark(draft, op.path, type);
    case Verb::kRemove:
      return remove_element(draft, op.path, value);
    case Verb::kReplace:
      return replace(draft, op.path, type, value);
    default:
      return set_register(draft, op.path, type, value);
  }
}

base::Status plan_at(Draft& draft, const Op& op, SlotType type) {
  switch (op.verb) {
    case Verb::kIncrement:
    case Verb::kDecrement: {
      const auto* amount = std::get_if<Amount>(&op.argument);
      if (amount == nullptr) return lacks(op.verb, "a number");
      return count(draft, op.path, type, op.verb == Verb::kDecrement, *amount);
    }
    case Verb::kTotals: {
      const auto* totals = std::get_if<Totals>(&op.argument);
      if (totals == nullptr) return lacks(op.verb, "totals");
      return count_totals(draft, op.path, type, *totals);
    }
    case Verb::kAbsent:
      return set_register(draft, op.path, type, {});
    case Verb::kInsert: {
      const auto* edit = std::get_if<TextInsert>(&op.argument);
      if (edit == nullptr) return lacks(op.verb, "a place and a text");
      const std::size_t before = draft.effects.size();
      RETURN_IF_ERROR(insert_text(draft, op.path, *edit));
      return draft.effects.size() == before ? base::Status() : mark(draft, op.path, type);
    }
    case Verb::kErase: {
      const auto* edit = std::get_if<TextErase>(&op.argument);
      if (edit == nullptr) return lacks(op.verb, "a place and a length");
      return erase_text(draft, op.path, *edit);
    }
    default:
      return plan_value(draft, op, type);
  }
}

// A write that its own author would not see is refused, and so is one that would hide what the
// author sees at a place above. Examples: a register at "k", where the author sees a map; one at
// "k/x", where a register is at "k". Concurrent writes may still meet like this; docs/types.md says
// what is shown.
base::Status check_shown(Draft& draft, const Op& op, SlotType type) {
  const bool only_removes =
      op.verb == Verb::kRemove || op.verb == Verb::kErase || op.verb == Verb::kAbsent;
  if (only_removes) return {};
  const std::string what = with_article(type) + " at " + in_words(draft, op.path);
  ASSIGN_OR_RETURN(const std::optional<Standing> above, no_map_above(draft.view, op.path));
  if (above) {
    const bool hides = above->type != SlotType::kSeq;
    return Error{Code::kConflict,
                 what + (hides ? " would hide what is at " : " would not be shown under ") +
                     in_words(draft, above->path) + ": " + with_article(above->type) + "; " +
                     std::string(kMakeRoom)};
  }
  if (op.verb == Verb::kReplace) return {};
  ASSIGN_OR_RETURN(const std::optional<Standing> shown, hiding(draft.view, op.path, type));
  if (!shown) return {};
  return Error{Code::kConflict, what + " would not be shown: " + with_article(shown->type) +
                                    " is there; " + std::string(kMakeRoom)};
}

// How many components the slots of this operation have below its path.
std::size_t components_below(const Op& op, SlotType type) {
  if (type == SlotType::kOrSet) return 1;
  return type == SlotType::kMap && op.verb == Verb::kReplace ? 1 : 0;
}

base::Status plan_write(Draft& draft, const Op& op) {
  ASSIGN_OR_RETURN(const SlotType type, type_for(draft, op));
  RETURN_IF_ERROR(check_path(draft.view, op.path, components_below(op, type)));
  RETURN_IF_ERROR(check_shown(draft, op, type));
  const std::size_t before = draft.effects.size();
  RETURN_IF_ERROR(plan_at(draft, op, type));
  const bool adds = std::any_of(draft.effects.begin() + static_cast<std::ptrdiff_t>(before),
                                draft.effects.end(), [](const Effect& e) { return !!e.body; });
  return adds && !op.path.empty() ? mark(draft, {}, SlotType::kMap) : base::Status();
}

}  // namespace

base::Result<Outcome> plan(View& view, const Op& op, const Author& author,
                           std::vector<Effect>& effects) {
  std::vector<Effect> planned;
  Draft draft{view, author, planned, op.stamp, op.tags, op.keeps_ties, false};
  if (op.verb == Verb::kPut || op.verb == Verb::kMerge) {
    return Error{Code::kUnprocessable, std::string(verb_name(op.verb)) +
                                           " is for entries of a catalog; " + in_words(draft, {}) +
                                           " is none: use set, or PUT"};
  }
  RETURN_IF_ERROR(check_path(draft.view, op.path, 0));
  RETURN_IF_ERROR(check_object(draft, op));
  RETURN_IF_ERROR(op.verb == Verb::kUnset ? unset(draft, op.path) : plan_write(draft, op));
  if (planned.empty()) return draft.superseded ? Outcome::kSuperseded : Outcome::kUnchanged;
  std::move(planned.begin(), planned.end(), std::back_inserter(effects));
  return Outcome::kWritten;
}

}  // namespace crdt
