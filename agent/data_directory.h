#pragma once

// What an agent's data directory has besides the database: the locks that keep a second agent out,
// the mesh key, and agent.json for people and scripts. It also checks that the paths still name the
// files that this agent opened. A directory that was removed, moved, or hidden by a mount still
// takes writes, but a restart would not find them.

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "crdt/base/random.h"
#include "crdt/base/result.h"
#include "gossip/wire/seal.h"

namespace agent {

class DataDirectory {
 public:
  // Creates the directory (0700) if needed and takes its locks: of the file `lock`, of the
  // directory itself, and of the database if there is one. So a second agent cannot start after
  // `lock` was removed or the database was moved. kConflict: another agent has it; the message
  // names it.
  static base::Result<std::unique_ptr<DataDirectory>> open(const std::string& path);
  // Releases the locks and removes agent.json if it was written. Every connection to the database
  // must be closed before: closing a descriptor of the file drops the locks that SQLite holds in
  // this process.
  ~DataDirectory();

  // Call it when the database is open. From now on in_place() watches its files. Locks the database
  // if open() found none or another one. kConflict: another agent has it.
  base::Status watch_database();
  // Whether the paths still name what is open: the directory (also by the path that was given), the
  // database and its side files. The error kReadOnly says what differs. If the file `lock` is gone,
  // it is made and locked again. It costs a few stat() calls. Any thread may call it.
  base::Status in_place();
  // `told` is called each time `lock` had to be made again, on a thread that calls in_place(). Set
  // it before watch_database().
  void on_lock_made_again(std::function<void()> told) { lock_made_again_ = std::move(told); }

  const std::string& path() const { return path_; }  // absolute
  std::string database_path() const { return path_ + "/hearsay.db"; }
  std::string members_path() const { return path_ + "/members"; }
  std::string socket_path() const { return path_ + "/http.sock"; }
  std::string key_path() const { return path_ + "/mesh.key"; }
  base::Status write_agent_json(const std::string& json);
  void remove_agent_json();

 private:
  struct Identity {  // of a file, valid while it is open or has a name
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    bool operator==(const Identity&) const = default;
  };
  struct Watched {
    std::string path;
    std::optional<Identity> identity;  // empty: the file was not there yet
  };
  DataDirectory(std::string given, std::string path)
      : given_(std::move(given)), path_(std::move(path)) {}
  static std::optional<Identity> identity_at(const std::string& path);
  static std::optional<Identity> identity_of(int descriptor);
  base::Status lock_all();
  base::Status lock_file();
  base::Status lock_database();
  base::Status keep_lock_file();
  base::Error in_use(const std::string& what) const;

  std::string given_;  // absolute, with the links of the path that was given
  std::string path_;
  int directory_ = -1;
  int lock_ = -1;
  std::vector<int> databases_;  // all locked; the last one is in use
  bool announced_ = false;
  std::function<void()> lock_made_again_;

  std::mutex mutex_;
  std::vector<Watched> watched_;  // empty before watch_database()
};

// Reads a mesh key file. Refuses a file that others can read; the message then says "chmod 600 …".
base::Result<gossip::wire::MeshKey> read_key_file(const std::string& path);
// The key of a data directory. It is made at the first start; `made` says so.
base::Result<gossip::wire::MeshKey> own_key(const DataDirectory& directory, base::Random& random,
                                            bool& made);

}  // namespace agent
