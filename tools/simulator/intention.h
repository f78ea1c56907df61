#pragma once

// What a request means for one entry, from the view of its author: which marks it leaves, and which
// of the marks that the author sees it removes.

#include <map>
#include <set>
#include <string>

#include "agent/replica/requests.h"

namespace simulation {

struct Intention {
  // What happens to the marks that the author sees.
  enum class Clears {
    kNothing,  // only the fields named in `values` and `unset` are replaced
    kContent,  // removes every field and whole-object write, but not the presence
    kAll,
  } clears = Clears::kNothing;
  bool presence = false;                      // the entry exists from now on
  bool whole = false;                         // hides fields that are older
  std::map<std::string, std::string> values;  // fields that are set, with their JSON texts
  std::set<std::string> unset;

  bool replaces_presence() const { return clears == Clears::kAll; }
  bool replaces_whole() const { return clears != Clears::kNothing; }
  bool replaces_field(const std::string& field) const {
    return clears != Clears::kNothing || values.contains(field) || unset.contains(field);
  }
  // The operation leaves no mark: it only removes.
  bool only_removes() const { return !presence && !whole && values.empty(); }

  static Intention add(std::map<std::string, std::string> fields);
  static Intention put(std::map<std::string, std::string> fields);
  static Intention patch(std::map<std::string, std::string> set, std::set<std::string> unset);
  static Intention remove();

  // An operation on the entry that the same request does next.
  void then(const crdt::Op& op);
};

// The same by name. A request names each field once.
std::map<std::string, std::string> fields_of(const crdt::Members& members);

}  // namespace simulation
