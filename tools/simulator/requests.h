#pragma once

// Requests on catalogs by name, for workloads and tests.

#include <string>
#include <utility>
#include <vector>

#include "agent/replica/requests.h"

namespace simulation {

inline crdt::Op op(crdt::Path path, crdt::Verb verb, crdt::Argument argument = {}) {
  return {std::move(path), verb, std::move(argument), std::nullopt, std::nullopt};
}

inline agent::WriteObject add_entry(std::string object, std::string id, crdt::Members metadata) {
  return {std::move(object), {op({std::move(id)}, crdt::Verb::kSet, std::move(metadata))}};
}
inline agent::WriteObject put_entry(std::string object, std::string id, crdt::Members metadata) {
  return {std::move(object), {op({std::move(id)}, crdt::Verb::kPut, std::move(metadata))}};
}
inline agent::WriteObject patch_entry(std::string object, const std::string& id, crdt::Members set,
                                      const std::vector<std::string>& unset = {}) {
  agent::WriteObject write{std::move(object), {}};
  if (!set.empty()) write.ops.push_back(op({id}, crdt::Verb::kMerge, std::move(set)));
  for (const std::string& field : unset) write.ops.push_back(op({id, field}, crdt::Verb::kUnset));
  return write;
}
inline agent::WriteObject remove_entry(std::string object, std::string id) {
  return {std::move(object), {op({std::move(id)}, crdt::Verb::kUnset)}};
}
inline agent::WriteObject remove_object(std::string object) {
  return {std::move(object), {op({}, crdt::Verb::kUnset)}};
}

}  // namespace simulation
