#pragma once

// Makes the events of a state join for watchers of catalogs. When another object changes, watchers
// must read all again (MergeEvents::cut). It takes the value that an entry shows before its
// first slot is changed and the value after its last slot. The merge visits slots in order, so all
// slots of an entry follow each other.

#include <optional>
#include <string>

#include "agent/replica/merge.h"

namespace agent {

class EntryWatch {
 public:
  EntryWatch(store::Store& store, MergeEvents* events) : store_(store), events_(events) {}

  base::Status before(const crdt::Slot& slot);  // call it before the slot is changed
  // Edits of a text are not told one by one: watchers must read it again.
  void text_changed() {
    if (events_) events_->cut = true;
  }
  base::Status finish();  // ends the present entry, if there is one

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
