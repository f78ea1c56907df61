#pragma once

// The database files on this host. They are moved and removed as a whole when a database is set
// aside, and watched while it is open. Each change is flushed together with its directory.

#include "agent/data_directory.h"
#include "agent/replica/set_aside.h"

namespace agent {

class HostDatabaseFiles : public DatabaseFiles {
 public:
  explicit HostDatabaseFiles(DataDirectory& directory) : directory_(directory) {}
  bool exists(const std::string& path) override;
  bool is_log_without_database(const std::string& path) override;
  base::Status move(const std::string& from, const std::string& to) override;
  base::Status remove(const std::string& path) override;
  void fill_ballast(const std::string& path) override;
  bool drop_ballast(const std::string& path) override;
  base::Status in_place() override { return directory_.in_place(); }

 private:
  DataDirectory& directory_;
};

}  // namespace agent
