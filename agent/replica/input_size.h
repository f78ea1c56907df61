#pragma once

// How much an input counts. A turn has a bound on its changes; the queue of a replica has bounds on
// its inputs and on their bytes.

#include <cstddef>
#include <string>
#include <vector>

#include "agent/replica/requests.h"

namespace agent {

inline std::size_t changes_in(const Input& input) {
  const auto* received = std::get_if<Received>(&input);
  return received ? received->changes.size() : 1;
}

// The bytes that a value takes on the heap, without the object itself. A parsed write takes several
// times as much as its text when it has many short fields. Example: the 6 bytes `"a":1,` become a
// member of 64.
inline constexpr std::size_t kHeapBlock = 16;  // what the allocator adds to a block, about

inline std::size_t heap_of(const std::string& text) {
  static const std::size_t inside = std::string().capacity();
  return text.capacity() > inside ? text.capacity() + kHeapBlock : 0;
}
inline std::size_t heap_of(const crdt::Members::value_type& member) {
  return heap_of(member.first) + heap_of(member.second);
}
inline std::size_t heap_of(const crdt::Op& op);
inline std::size_t heap_of(const crdt::Totals::Node& of) { return heap_of(of.node); }
inline std::size_t heap_of(const crdt::DotRun&) { return 0; }
inline std::size_t heap_of(const crdt::TemporaryId&) { return 0; }
template <typename T>
std::size_t heap_of(const std::vector<T>& list) {
  std::size_t bytes = list.capacity() > 0 ? list.capacity() * sizeof(T) + kHeapBlock : 0;
  for (const T& one : list) bytes += heap_of(one);
  return bytes;
}
inline std::size_t heap_of(const ImportEntries::Line& line) {
  return heap_of(line.id) + heap_of(line.metadata);
}
inline std::size_t heap_of(const crdt::Op& op) {
  std::size_t bytes = heap_of(op.path);
  if (const auto* text = std::get_if<std::string>(&op.argument)) bytes += heap_of(*text);
  if (const auto* members = std::get_if<crdt::Members>(&op.argument)) bytes += heap_of(*members);
  if (const auto* insert = std::get_if<crdt::TextInsert>(&op.argument)) {
    bytes += heap_of(insert->text);
  }
  if (const auto* erase = std::get_if<crdt::TextErase>(&op.argument)) {
    bytes += heap_of(erase->elements) + heap_of(erase->new_elements);
  }
  if (const auto* totals = std::get_if<crdt::Totals>(&op.argument)) bytes += heap_of(totals->nodes);
  if (op.stamp) bytes += heap_of(op.stamp->writer);
  bytes += heap_of(op.tags);
  return bytes;
}

inline std::size_t heap_of(const WriteObject& write) {
  return heap_of(write.object) + heap_of(write.ops);
}
inline std::size_t heap_of(const ImportEntries& import) {
  return heap_of(import.object) + heap_of(import.entries);
}

// The memory that a line of an import takes while its batch is collected.
inline std::size_t bytes_of(const ImportEntries::Line& line) {
  return sizeof(line) + heap_of(line);
}

// About how many bytes an input takes in a queue.
inline std::size_t bytes_of(const Input& input) {
  std::size_t bytes = sizeof(Input);
  if (const auto* received = std::get_if<Received>(&input)) bytes = received->bytes;
  if (const auto* answer = std::get_if<JoinAnswer>(&input)) bytes += answer->body.size();
  if (const auto* maintain = std::get_if<Maintain>(&input)) {
    const auto* import = std::get_if<ImportState>(&maintain->what);
    if (import) bytes += import->page.size();
  }
  if (const auto* asked = std::get_if<SnapshotQuery>(&input)) bytes += asked->query.size();
  if (const auto* write = std::get_if<Write>(&input)) {
    bytes += std::visit([](const auto& request) { return heap_of(request); }, write->request);
  }
  if (const auto* close = std::get_if<CloseActors>(&input)) {
    bytes += close->actors.size() * sizeof(base::ActorId);
  }
  return bytes;
}

}  // namespace agent
