#pragma once

// Serves pages of our state to peers that do a state join: a bounded number of peers at a time, one
// query of each. Above that the asker gets "busy". A peer that has a place keeps it while it goes
// on asking. So many joining peers cannot prevent each other from finishing. The driver reads the
// pages (ReadSnapshot, then snapshot_read()).

#include <map>
#include <optional>

#include "gossip/actions.h"
#include "gossip/options.h"
#include "gossip/stats.h"
#include "gossip/swim/member_table.h"
#include "gossip/wire/message.h"

namespace gossip {

class SnapshotServer {
 public:
  SnapshotServer(const Options& options, const MemberTable& members, Stats& stats)
      : options_(options), members_(members), stats_(stats) {}

  void requested(base::Instant now, const NodeId& peer, const wire::SnapshotRequest& request,
                 Actions& out);
  void read(base::Instant now, const SnapshotRead& read, Actions& out);
  void advance(base::Instant now);
  base::Instant next_deadline() const;
  std::size_t serving() const { return places_.size(); }

 private:
  struct Place {
    std::uint64_t request = 0;  // the number of its last query, given by the peer
    std::uint64_t reading = 0;  // our number of the read for it; 0: none
    base::Bytes query;          // the query that is being read
    std::uint64_t bytes_max = 0;
    base::Instant until;
  };
  void answer(const NodeId& peer, wire::SnapshotAnswer page, Actions& out) const;

  const Options& options_;
  const MemberTable& members_;
  Stats& stats_;
  std::uint64_t requests_ = 0;
  std::map<NodeId, Place> places_;
};

}  // namespace gossip
