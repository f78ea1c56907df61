#pragma once

// Who is in the mesh. Joins through seeds, asks for signs of life, spreads news of members on pings
// and acks, tells which came and went. Members are alive when they answered, or were told alive and
// have not been silent yet; the judgement "dead" is each node's own and never overrules another's
// (no suspicion in this version). Only the subject of a record raises its incarnation. What arrives
// here comes from a proven start; `from` is where the datagram came from.

#include <optional>
#include <vector>

#include "crdt/base/random.h"
#include "gossip/actions.h"
#include "gossip/options.h"
#include "gossip/outbox.h"
#include "gossip/peer.h"
#include "gossip/reconcile/claims.h"
#include "gossip/stats.h"
#include "gossip/swim/member_table.h"
#include "gossip/swim/news.h"
#include "gossip/swim/probe.h"
#include "gossip/swim/seeds.h"
#include "gossip/wire/message.h"

namespace gossip {

inline constexpr std::size_t kJoinPagesMax = 32;  // datagrams of Members in answer to one join
inline constexpr std::size_t kFillRecords = 2;    // rotating records on a ping or ack, beside news

class Membership {
 public:
  // `peers` and `claims` outlive this.
  Membership(MemberRecord self, const Options& options, Peers& peers, const Claims& claims,
             base::Random random, Stats& stats);

  void seeds(base::Instant now, const std::vector<Address>& seeds, Outbox& box, Actions& out);
  void leave(Outbox& box);
  void rejoin(base::Instant now, Outbox& box, Actions& out);

  void topology(Topology topology);  // told to others as news about ourselves

  void heard(base::Instant now, const NodeId& node, Actions& out);
  // The start of `node` was just proven: what we wanted of it is done at once.
  void proven(base::Instant now, const NodeId& node, const Address& from, Outbox& box);
  void receive(base::Instant now, const NodeId& node, const Address& from, const wire::Ping& ping,
               Outbox& box, Actions& out);
  void receive(base::Instant now, const NodeId& node, const Address& from, const wire::Ack& ack,
               Actions& out);
  // False: not what its sender may say.
  bool receive(base::Instant now, const NodeId& node, const Address& from, const wire::Join& join,
               Outbox& box, Actions& out);
  bool receive(base::Instant now, const NodeId& node, const Address& from, const wire::Leave& leave,
               Actions& out);
  // True when this is the answer of a seed.
  bool receive(base::Instant now, const NodeId& node, const Address& from,
               const wire::Members& members, Actions& out);

  void ping(base::Instant now, const NodeId& node, Outbox& box);
  void answer_as_left(const NodeId& node, const Address& from, Outbox& box);
  void advance(base::Instant now, Outbox& box, Actions& out);
  base::Instant next_deadline() const;

  const MemberTable& table() const { return table_; }
  const MemberRecord& self() const { return self_; }
  bool has_left() const { return self_.state == MemberState::kLeft; }

 private:
  enum class Source { kNews, kTable };  // kTable: old knowledge of a seed, not spread further
  void merge(base::Instant now, const NodeId& teller, const Address& from, const MemberRecord& told,
             Source source, Actions& out);
  void merge_self(base::Instant now, const MemberRecord& told);
  void add(base::Instant now, MemberRecord record, Source source, Actions& out);
  void update(base::Instant now, Member& member, const MemberRecord& told, Actions& out);
  void revisit(base::Instant now, Member& member);
  void merge_all(base::Instant now, const NodeId& node, const Address& from,
                 const std::vector<MemberRecord>& records, Source source, Actions& out);
  void join(base::Instant now, const Target& to, Outbox& box);
  std::vector<MemberRecord> pick_news(const NodeId& to, bool introduce, bool fill_all);

  MemberRecord self_;
  const Options& options_;
  Peers& peers_;
  const Claims& claims_;
  base::Random random_;
  Stats& stats_;
  std::size_t news_room_;
  MemberTable table_;
  Probe probe_;
  Seeds seeds_;
  News news_;
  NodeId fill_cursor_;
  base::Instant refuted_{INT64_MIN / 2};
};

}  // namespace gossip
