#pragma once

// Serves ranges of the log to peers: at most one at a time for each peer, and a bounded number in
// all. Above that the asker gets "busy". The driver reads the log (Fetch, then fetched()).

#include <map>
#include <set>

#include "gossip/actions.h"
#include "gossip/options.h"
#include "gossip/reconcile/claims.h"
#include "gossip/stats.h"
#include "gossip/swim/member_table.h"
#include "gossip/wire/message.h"

namespace gossip {

class RangeServer {
 public:
  RangeServer(const Options& options, const Claims& claims, const MemberTable& members,
              Stats& stats)
      : options_(options), claims_(claims), members_(members), stats_(stats) {}

  void requested(base::Instant now, const NodeId& peer, const wire::RangeRequest& request,
                 Actions& out);
  void fetched(const Fetched& range, Actions& out);
  void closed(const NodeId& peer);  // its session ended: nobody takes the range that is being read
  void advance(base::Instant now);
  base::Instant next_deadline() const;
  std::size_t serving() const { return serving_.size(); }

 private:
  struct Serving {
    NodeId peer;
    std::uint64_t request = 0;  // the number of the request, given by the peer
    base::Instant until;        // a fetch without an answer gives its place back then
    bool wanted = true;
  };
  void answer(const NodeId& peer, wire::Range range, Actions& out) const;

  const Options& options_;
  const Claims& claims_;
  const MemberTable& members_;
  Stats& stats_;
  std::uint64_t requests_ = 0;
  std::map<std::uint64_t, Serving> serving_;
};

}  // namespace gossip
