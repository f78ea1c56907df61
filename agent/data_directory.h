#pragma once

// What stands in an agent's data directory besides the database: the lock that keeps a second agent
// out, the mesh key, and agent.json for people and scripts.

#include <memory>
#include <string>

#include "crdt/base/random.h"
#include "crdt/base/result.h"
#include "gossip/wire/seal.h"

namespace agent {

class DataDirectory {
 public:
  // Creates it (0700) if needed and takes the lock. kConflict: another agent has it, and which.
  static base::Result<std::unique_ptr<DataDirectory>> open(const std::string& path);
  ~DataDirectory();  // releases the lock; agent.json is removed if it was written

  const std::string& path() const { return path_; }  // absolute
  std::string database_path() const { return path_ + "/hearsay.db"; }
  std::string members_path() const { return path_ + "/members"; }
  std::string key_path() const { return path_ + "/mesh.key"; }
  base::Status write_agent_json(const std::string& json);
  void remove_agent_json();

 private:
  DataDirectory(std::string path, int lock) : path_(std::move(path)), lock_(lock) {}
  std::string path_;
  int lock_;
  bool announced_ = false;
};

// Reads a mesh key file. Refuses one that others can read: "chmod 600 …" is in the message.
base::Result<gossip::wire::MeshKey> read_key_file(const std::string& path);
// The key of a data directory, made at the first start. `made`: it is new.
base::Result<gossip::wire::MeshKey> own_key(const DataDirectory& directory, base::Random& random,
                                            bool& made);

}  // namespace agent
