#pragma once

// The verbs of `hearsay snapshots` and `hearsay images`. `object` is one of these two names.

#include <string>
#include <vector>

#include "tools/cli/session.h"

namespace cli {

// What an entry is made of, the weaker first: a JSON file, facts of a file, single fields.
struct EntryParts {
  std::string json_path;  // "-" is stdin; empty: none
  std::string file_path;
  std::vector<std::string> pairs;  // "K=V"
};

int add_entry(Session& session, const std::string& object, const std::string& id,
              const EntryParts& parts);
int remove_entry(Session& session, const std::string& object, const std::string& id);
int set_fields(Session& session, const std::string& object, const std::string& id,
               const std::vector<std::string>& pairs);
int get_entry(Session& session, const std::string& object, const std::string& id);
int list_entries(Session& session, const std::string& object, const std::string& query);
int import_entries(Session& session, const std::string& object, const std::string& path);

}  // namespace cli
