#pragma once

// The verbs of `hearsay snapshots` and `hearsay images`. `object` is one of these two names.

#include <string>
#include <vector>

#include "tools/cli/session.h"

namespace cli {

// What an entry is made of, the weaker first: a JSON file, facts of a file, single fields, single
// fields that are strings.
struct EntryParts {
  std::string json_path;  // "-" is stdin; empty: none
  std::string file_path;
  std::vector<std::string> pairs;         // "K=V"
  std::vector<std::string> string_pairs;  // the same, V is a string whatever it looks like
};

// What is set or unset of an entry. One that does not exist is written to all the same, as in HTTP,
// and that is said on stderr; with `must_exist` nothing is written and the command ends kNotFound.
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
