#pragma once

// One page of a snapshot, read from the committed state that a reader holds open.

#include "crdt/snapshot.h"
#include "store/store.h"

namespace agent {

struct PageBytes {
  base::Bytes body;                                // a crdt::SnapshotPage
  bool more = false;                               // as it says
  std::optional<crdt::SnapshotQuery::Place> last;  // of its cells
};

// At most about `bytes` long unless one item alone is longer. kCorrupt when a row cannot be read.
base::Result<PageBytes> make_page(store::Reader& reader, const crdt::SnapshotName& name,
                                  const crdt::SnapshotQuery& query, std::size_t bytes);

}  // namespace agent
