#pragma once

// The files outside the data directory that rule 2 asks for: the mark of a clean stop and the run
// tokens of a data path. One file of each, named by the hash of the path, in `mark_dir`. Copying or
// restoring the data directory does not bring them along: that is their whole point.

#include <string>

#include "agent/replica/mark.h"
#include "crdt/base/random.h"
#include "crdt/base/result.h"

namespace agent {

class Marks {
 public:
  Marks(const std::string& mark_dir, const std::string& data_path);

  // Reads and deletes the mark, puts a fresh run token beside the former ones, all durable. When
  // the place cannot be used, `warning` says so: the actor is then never kept.
  Outside begin_run(base::Random& random, std::string& warning);
  // The database holds `token` now: forget the former ones.
  base::Status settle_token(const base::RunToken& token);
  base::Status write_mark(const Mark& mark);  // by a clean stop, after the last COMMIT

 private:
  std::string directory_;
  std::string mark_file_;
  std::string token_file_;
  std::string data_path_;
};

// Of machine id, board serial, first hardware address and the data path: what changes when a disk
// image moves to another host.
base::Bytes host_fingerprint(const std::string& data_path);

}  // namespace agent
