#pragma once

// What a request means for one entry, in words of its author: which marks it leaves and which of
// those it sees it wants gone.

#include <map>
#include <set>
#include <string>
#include <string_view>

#include "agent/replica/requests.h"

namespace simulation {

struct Intention {
  // What happens to what the author sees.
  enum class Clears {
    kNothing,  // but the fields named in `values` and `unset`
    kContent,  // every field and whole-object write, not the presence
    kAll,
  } clears = Clears::kNothing;
  bool presence = false;                      // the entry is there from now on
  bool whole = false;                         // hides fields that are older
  std::map<std::string, std::string> values;  // fields set: JSON texts
  std::set<std::string> unset;

  bool replaces_presence() const { return clears == Clears::kAll; }
  bool replaces_whole() const { return clears != Clears::kNothing; }
  bool replaces_field(const std::string& field) const {
    return clears != Clears::kNothing || values.contains(field) || unset.contains(field);
  }
  // Leaves no mark: it only removes.
  bool only_removes() const { return !presence && !whole && values.empty(); }

  static Intention add(std::map<std::string, std::string> fields);
  static Intention put(std::map<std::string, std::string> fields);
  static Intention patch(std::map<std::string, std::string> set, std::set<std::string> unset);
  static Intention remove();
  static Intention of(const agent::EntryWrite& write);
};

// The members of a minified JSON object: unescaped names, value texts as they are spelled.
std::map<std::string, std::string> fields_of(std::string_view object);

}  // namespace simulation
