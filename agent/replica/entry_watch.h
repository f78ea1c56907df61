#pragma once

// What watchers hear of a merge: the value an entry showed before its first slot is touched, and
// the one it shows after its last. Slots come in order, so the slots of an entry come together.

#include <optional>
#include <string>

#include "agent/replica/merge.h"

namespace agent {

class EntryWatch {
 public:
  EntryWatch(store::Store& store, MergeEvents* events) : store_(store), events_(events) {}

  base::Status before(const crdt::Slot& slot);  // it is about to be changed
  base::Status finish();                        // of the entry at hand, when there is one

 private:
  struct Shown {
    std::string object;
    std::string id;
    std::string value;  // empty: not shown
  };
  store::Store& store_;
  MergeEvents* events_;
  std::optional<Shown> entry_;
};

}  // namespace agent
