#pragma once

// Rule 13: a fault of the disk stops writing until the disk takes writes again. A full disk does
// not harm the file. After any other fault the database must be opened again on a new connection,
// so that SQLite recovers it.

#include <optional>

#include "agent/replica/context.h"
#include "agent/replica/identity.h"
#include "agent/replica/outputs.h"
#include "crdt/base/time.h"

namespace agent {

class DiskFaults {
 public:
  DiskFaults(Context& context, Identity& identity) : context_(context), identity_(identity) {}

  // Why writing is stopped, if it is.
  const std::optional<base::Error>& fault() const { return fault_; }
  bool broken() const { return broken_; }  // the database must be opened again before a write

  // A turn failed for `error`, which is one of the disk. Told once for each kind.
  void note(base::Now now, const base::Error& error, Outputs& out);
  // The files are no longer at their path. The connection is sound: it goes on when they are back.
  void note_displaced(const base::Error& error, Outputs& out);
  // A checkpoint may have failed although what came before it is done. Nothing is written until the
  // database was opened again; this is told now, and not when a client writes.
  void note_stopped(base::Now now, Outputs& out);
  // A commit succeeded, so the fault is over.
  void note_commit(Outputs& out);
  // Tries it at most once in each ReplicaOptions::reopen_interval, from `now` on. False: not yet.
  bool reopen(base::Now now, Outputs& out);
  void allow_reopen(base::Instant from) { reopen_at_ = from; }

 private:
  void tell(const base::Error& error, Outputs& out);

  Context& context_;
  Identity& identity_;
  std::optional<base::Error> fault_;
  bool broken_ = false;
  base::Instant reopen_at_;
};

}  // namespace agent
