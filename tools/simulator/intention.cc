#include "tools/simulator/intention.h"

#include <algorithm>
#include <utility>

namespace simulation {

Intention Intention::add(std::map<std::string, std::string> fields) {
  return {Clears::kAll, true, true, std::move(fields), {}};
}

Intention Intention::put(std::map<std::string, std::string> fields) {
  return {Clears::kContent, false, true, std::move(fields), {}};
}

Intention Intention::patch(std::map<std::string, std::string> set, std::set<std::string> unset) {
  return {Clears::kNothing, false, false, std::move(set), std::move(unset)};
}

Intention Intention::remove() { return {Clears::kAll, false, false, {}, {}}; }

void Intention::then(const crdt::Op& op) {
  if (op.path.size() == 2) {
    const std::string& field = op.path[1];
    values.erase(field);
    unset.erase(field);
    if (op.verb == crdt::Verb::kSet) values[field] = std::get<std::string>(op.argument);
    if (op.verb == crdt::Verb::kUnset && clears == Clears::kNothing) unset.insert(field);
    return;
  }
  if (op.verb == crdt::Verb::kUnset) {
    *this = remove();
    return;
  }
  const auto& members = std::get<crdt::Members>(op.argument);
  if (op.verb == crdt::Verb::kSet) *this = add(fields_of(members));
  if (op.verb == crdt::Verb::kPut) {
    const Intention before = std::exchange(*this, put(fields_of(members)));
    clears = std::max(clears, before.clears);
    presence = before.presence;
  }
  if (op.verb != crdt::Verb::kMerge) return;
  for (const auto& [field, value] : members) {
    values[field] = value;
    unset.erase(field);
  }
}

std::map<std::string, std::string> fields_of(const crdt::Members& members) {
  return {members.begin(), members.end()};
}

}  // namespace simulation
