#pragma once

// How far a client of a door has received the changes of the mesh. This is a version vector under
// the name of the client. It is a replicated value, so the client can go on at any agent: it may
// get changes again, but it misses none. Object `acknowledged`, a crdt_map; path [door, client]; a
// register with the JSON object {actor: number}. Values that agents wrote concurrently are joined
// by maximum, because the client has acknowledged each of them.

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "crdt/types/op.h"
#include "store/store.h"

namespace agent {

inline constexpr const char* kAcknowledgedObject = "acknowledged";

struct Acknowledged {
  std::map<base::ActorId, std::uint64_t> vector;

  std::uint64_t seq_of(const base::ActorId& actor) const;  // 0 when nothing is acknowledged
  void raise(const base::ActorId& actor, std::uint64_t seq);
  void join(const Acknowledged& other);
  bool operator==(const Acknowledged&) const = default;
};

// `client` has at most crdt::kPathComponentMax bytes. What is no such JSON object counts as
// nothing.
base::Result<Acknowledged> read_acknowledged(store::Reader& reader, std::string_view door,
                                             std::string_view client);
// For a WriteObject of kAcknowledgedObject. It overwrites what is there, so join that first.
// kTooLarge above kAcknowledgedActorsMax actors.
base::Result<crdt::Op> op_to_acknowledge(std::string_view door, std::string_view client,
                                         const Acknowledged& acknowledged);

}  // namespace agent
