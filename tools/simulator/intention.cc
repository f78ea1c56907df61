#include "tools/simulator/intention.h"

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

Intention Intention::of(const agent::EntryWrite& write) {
  std::map<std::string, std::string> fields = fields_of(write.fields);
  switch (write.whole) {
    case agent::EntryWrite::Whole::kAdd:
      return add(std::move(fields));
    case agent::EntryWrite::Whole::kRemove:
      return {Clears::kAll, false, false, std::move(fields), {}};
    case agent::EntryWrite::Whole::kKeep:
      break;
  }
  return patch(std::move(fields), {write.unset.begin(), write.unset.end()});
}

std::map<std::string, std::string> fields_of(const crdt::Members& members) {
  return {members.begin(), members.end()};
}

}  // namespace simulation
