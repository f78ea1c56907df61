#pragma once

// The subcommands of `hearsay snapshots` and `hearsay images`. `object` is one of these two names.

#include <string>
#include <vector>

#include "tools/cli/session.h"

namespace cli {

// The parts of an entry, the weakest first: a JSON file, facts about a file, single fields, single
// fields that are strings.
struct EntryParts {
  std::string json_path;  // "-" is stdin; empty: no file
  std::string file_path;
  std::vector<std::string> pairs;         // "K=V"
  std::vector<std::string> string_pairs;  // "K=V" where V is always a string
};

// The fields to set or unset. An entry that does not exist is written all the same, as in HTTP, and
// a message on stderr says so. With `must_exist` nothing is written then and the command ends with
// kNotFound.
struct FieldChanges {
  std::vector<std::string> pairs;
  std::vector<std::string> string_pairs;
  std::vector<std::string> unset;  // names of fields
  bool must_exist = false;
};

int add_entry(Session& session, const std::string& object, const std::string& id,
              const EntryParts& parts);
int remove_entry(Session& session, const std::string& object, const std::string& id);
int set_fields(Session& session, const std::string& object, const std::string& id,
               const FieldChanges& changes);
int unset_fields(Session& session, const std::string& object, const std::string& id,
                 const FieldChanges& changes);
int get_entry(Session& session, const std::string& object, const std::string& id);
int list_entries(Session& session, const std::string& object, const std::string& query);
int import_entries(Session& session, const std::string& object, const std::string& path);

}  // namespace cli
