#include "agent/api/acknowledged.h"

#include <algorithm>
#include <utility>

#include "agent/api/body.h"
#include "agent/api/json_text.h"
#include "agent/api/limits.h"

namespace agent {

std::uint64_t Acknowledged::seq_of(const base::ActorId& actor) const {
  const auto found = vector.find(actor);
  return found == vector.end() ? 0 : found->second;
}

void Acknowledged::raise(const base::ActorId& actor, std::uint64_t seq) {
  std::uint64_t& entry = vector[actor];
  entry = std::max(entry, seq);
}

void Acknowledged::join(const Acknowledged& other) {
  for (const auto& [actor, seq] : other.vector) raise(actor, seq);
}

base::Result<Acknowledged> read_acknowledged(store::Reader& reader, std::string_view door,
                                             std::string_view client) {
  ASSIGN_OR_RETURN(
      const crdt::Cells cells,
      reader.cells().cells_at(kAcknowledgedObject, {std::string(door), std::string(client)},
                              crdt::SlotType::kLwwRegister));
  Acknowledged all;
  for (const crdt::Cell& cell : cells) {
    // A client of another door may have written anything here.
    const auto members = crdt::parse_object(crdt::value_of(cell.body));
    if (!members.ok() || !*members) continue;
    for (const auto& [name, text] : **members) {
      const auto actor = base::ActorId::from_hex(name);
      const auto seq = number_member({{name, text}}, name, UINT64_MAX);
      if (actor && seq.ok() && *seq > 0) all.raise(*actor, *seq);
    }
  }
  return all;
}

base::Result<crdt::Op> op_to_acknowledge(std::string_view door, std::string_view client,
                                         const Acknowledged& acknowledged) {
  if (acknowledged.vector.size() > kAcknowledgedActorsMax) {
    return base::Error{base::Code::kTooLarge, "the position of a client names " +
                                                  std::to_string(acknowledged.vector.size()) +
                                                  " actors; at most " +
                                                  std::to_string(kAcknowledgedActorsMax) +
                                                  " can be kept: use cursors instead"};
  }
  JsonObject value;
  for (const auto& [actor, seq] : acknowledged.vector) value.number(actor.hex(), seq);
  crdt::Op op;
  op.path = {std::string(door), std::string(client)};
  op.verb = crdt::Verb::kSet;
  op.argument = value.take();
  op.type = crdt::SlotType::kLwwRegister;
  return op;
}

}  // namespace agent
