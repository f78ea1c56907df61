#include "agent/replica/snapshot_walk.h"

#include <utility>

namespace agent {

base::Status SnapshotWalk::after_head(base::BytesView bytes) {
  ASSIGN_OR_RETURN(const auto reader, crdt::SnapshotPageReader::open(bytes));
  const crdt::SnapshotPage& page = reader.head();
  ++query_.step;
  query_.snapshot = page.name.id;
  if (!page.actors.empty()) query_.head.actor = page.actors.back().actor;
  if (!page.objects.empty()) {
    if (!first_) first_ = page.objects.front().key;
    last_ = page.objects.back().key;
    query_.head.object = last_.first;
  }
  if (page.more) return {};
  done_ = !first_;
  if (first_) query_.run = crdt::SnapshotQuery::Run{*first_, last_, std::nullopt};
  return {};
}

void SnapshotWalk::after_cells(std::optional<crdt::SnapshotQuery> next) {
  done_ = !next;
  if (next) query_ = std::move(*next);
}

}  // namespace agent
