#pragma once

// What an input costs. A turn is bounded by its changes; the queue of a replica by its inputs and
// bytes.

#include <cstddef>

#include "agent/replica/requests.h"

namespace agent {

inline std::size_t changes_in(const Input& input) {
  const auto* received = std::get_if<Received>(&input);
  return received ? received->changes.size() : 1;
}

// About how many bytes a client's write takes in a queue.
struct WriteBytes {
  static std::size_t of(const crdt::Members& members) {
    std::size_t bytes = 0;
    for (const auto& [name, value] : members) bytes += name.size() + value.size();
    return bytes;
  }
  std::size_t operator()(const AddEntry& add) const { return add.id.size() + add.metadata.size(); }
  std::size_t operator()(const PutEntry& put) const { return put.id.size() + put.metadata.size(); }
  std::size_t operator()(const PatchEntry& patch) const { return patch.id.size() + of(patch.set); }
  std::size_t operator()(const RemoveEntry& remove) const { return remove.id.size(); }
  std::size_t operator()(const RemoveObject& remove) const { return remove.object.size(); }
  std::size_t operator()(const ImportEntries& import) const { return of(import.entries); }
  std::size_t operator()(const WriteEntries& write) const {
    std::size_t bytes = write.entries.size() * sizeof(EntryWrite);
    for (const EntryWrite& entry : write.entries) bytes += entry.id.size() + of(entry.fields);
    return bytes;
  }
};

// About how many bytes an input takes in a queue.
inline std::size_t bytes_of(const Input& input) {
  std::size_t bytes = sizeof(Input);
  if (const auto* received = std::get_if<Received>(&input)) bytes = received->bytes;
  if (const auto* answer = std::get_if<JoinAnswer>(&input)) bytes += answer->body.size();
  if (const auto* asked = std::get_if<SnapshotQuery>(&input)) bytes += asked->query.size();
  if (const auto* write = std::get_if<Write>(&input)) {
    bytes += std::visit(WriteBytes{}, write->request);
  }
  if (const auto* close = std::get_if<CloseActors>(&input)) {
    bytes += close->actors.size() * sizeof(base::ActorId);
  }
  return bytes;
}

}  // namespace agent
