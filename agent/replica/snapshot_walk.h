#pragma once

// The queries that fetch a whole snapshot in order: its head pages, then the cells and texts of all
// objects as one run. The pages of a state file are the answers to them.

#include <optional>

#include "crdt/snapshot.h"

namespace agent {

class SnapshotWalk {
 public:
  static constexpr std::uint64_t kFirstStep = 1;
  SnapshotWalk() { query_.step = kFirstStep; }

  const crdt::SnapshotQuery& query() const { return query_; }
  bool done() const { return done_; }
  // `page` answered query(), which asked for a head page.
  base::Status after_head(base::BytesView page);
  // The same for a page of cells. `next`: the query for the page after it, if there is one.
  void after_cells(std::optional<crdt::SnapshotQuery> next);

 private:
  crdt::SnapshotQuery query_;
  std::optional<crdt::ObjectKey> first_;
  crdt::ObjectKey last_;
  bool done_ = false;
};

}  // namespace agent
