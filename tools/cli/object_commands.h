#pragma once

// `hearsay objects`: reads and writes CRDT objects and places inside them.

#include <string>
#include <vector>

#include "tools/cli/session.h"

namespace cli {

using Path = std::vector<std::string>;

int list_objects(Session& session);
int get_object(Session& session, const std::string& id, const Path& path);
int inspect_object(Session& session, const std::string& id,
                   const Path& path);  // with dots

// What the options of a write say. Absent: not given.
struct ObjectWrite {
  std::string type;        // of the place; empty: what is there, or the usual type of the operation
  bool is_string = false;  // the value is a string, even if it looks like JSON
  std::string by = "1";    // a counter
  std::string at;          // a position in a text, in code points
  std::string after;       // the id of an element of a text
  std::string length;      // code points
};

// The last word is the value: JSON if possible (value_json()), or always a string.
int set_object(Session& session, const std::string& id, const Path& path_and_value,
               const ObjectWrite& write);
int put_object(Session& session, const std::string& id, const Path& path_and_value,
               const ObjectWrite& write);
int add_element(Session& session, const std::string& id, const Path& path_and_value,
                const ObjectWrite& write);
int remove_element(Session& session, const std::string& id, const Path& path_and_value,
                   const ObjectWrite& write);
// The last word is the text.
int insert_text(Session& session, const std::string& id, const Path& path_and_text,
                const ObjectWrite& write);
int erase_text(Session& session, const std::string& id, const Path& path, const ObjectWrite& write);
int count_object(Session& session, const std::string& id, const Path& path, bool up,
                 const ObjectWrite& write);
int unset_object(Session& session, const std::string& id, const Path& path);

}  // namespace cli
