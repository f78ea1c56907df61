#pragma once

// Makes one page of a snapshot from the committed state that a reader holds open.

#include "crdt/snapshot.h"
#include "store/store.h"

namespace agent {

struct PageBytes {
  base::Bytes body;                         // a crdt::SnapshotPage
  bool more = false;                        // what the page says: more pages follow
  std::optional<crdt::SnapshotPlace> last;  // how far it reaches
};

// At most about `bytes` long, unless a single item is longer. kCorrupt when a row cannot be read.
base::Result<PageBytes> make_page(store::Reader& reader, const crdt::SnapshotName& name,
                                  const crdt::SnapshotQuery& query, std::size_t bytes);

}  // namespace agent
