#pragma once

// The order of a text (Fugue), as slowly as it can be written down: a tree of single letters. It
// shares nothing with the product but the definition.

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "crdt/anchor.h"
#include "crdt/dot_run.h"

namespace crdt::samples {

class NaiveTree {
 public:
  // One letter is one byte. `anchor` names a letter that is there, or none.
  void insert(const Anchor& anchor, Dot dot, const std::string& letters) {
    std::optional<Dot> parent;
    if (anchor.parent) parent = *anchor.parent;
    bool right = anchor.right;
    for (const char letter : letters) {
      const Dot id = dot;
      children_[parent][right].insert(id);
      letters_[id] = letter;
      parent = id;
      right = true;
      ++dot.index;
    }
  }
  void erase(const DotRuns& runs) {
    for (auto& [id, letter] : letters_) {
      for (const DotRun& run : runs) {
        if (run.contains(id)) letter = 0;
      }
    }
  }
  std::string text() {
    std::string out;
    walk(std::nullopt, out);
    return out;
  }

 private:
  void walk(const std::optional<Dot>& id, std::string& out) {
    for (const Dot& child : children_[id][false]) walk(child, out);
    if (id && letters_[*id] != 0) out += letters_[*id];
    for (const Dot& child : children_[id][true]) walk(child, out);
  }
  std::map<std::optional<Dot>, std::map<bool, std::set<Dot>>> children_;
  std::map<Dot, char> letters_;
};

}  // namespace crdt::samples
