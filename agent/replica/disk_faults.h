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

  // A turn failed because of `error`, an error of the disk. There is one notice for each kind of
  // error.
  void note(base::Now now, const base::Error& error, Outputs& out);
  // The database files are no longer at their path. The connection still works, so writing goes on
  // when the files are back.
  void note_displaced(const base::Error& error, Outputs& out);
  // Checks whether the store has stopped. Example: a commit succeeded, but the checkpoint after it
  // failed. Nothing is written then until the database is opened again. The notice is given now,
  // not at the next write of a client.
  void note_stopped(base::Now now, Outputs& out);
  // A commit succeeded, so the fault is over.
  void note_commit(Outputs& out);
  // Opens the database again, at most once in each ReplicaOptions::reopen_interval. False: it is
  // too early, or the open failed.
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
