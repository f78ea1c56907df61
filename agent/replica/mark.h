#pragma once

// Rule 2: what a kept actor needs as proof, and what the driver found outside the data directory.
// The driver reads and writes files; the replica judges.

#include <optional>
#include <string>
#include <vector>

#include "crdt/version_vector.h"

namespace agent {

// Written only by a clean stop, after the last COMMIT; deleted at start before anything else. The
// actor is kept only if every field equals the database exactly.
struct Mark {
  base::RunToken run_token;
  base::ActorId actor;
  crdt::Head head;
  bool operator==(const Mark&) const = default;
};

// What stands outside the data directory at a start.
struct Outside {
  std::optional<Mark> mark;
  // Run tokens known for this data path, the new one last. It was put there, durably, before the
  // database is opened; the former ones stay until it is committed.
  std::vector<base::RunToken> tokens;
  base::Bytes fingerprint;  // of machine id, board serial, first MAC and the data path
};

}  // namespace agent
