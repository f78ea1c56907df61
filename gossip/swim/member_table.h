#pragma once

// Every member that we know of, by node id: its record, and what we observe of it. A member is met
// when we have heard it ourselves, or when a member that we asked has heard it. Until then it is
// hearsay. The table has indexes of the living met members, of hearsay and of the dead, and a hash
// of the living met members, so that no frequent operation walks the whole table.
// The table is bounded. When it is full, a new member takes the place of the one that is dead or
// left for longest. If there is none, a new member that speaks to us itself takes the place of one
// that we know from others only. A living member that we have heard ourselves is never removed for
// a new one.

#include <array>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "crdt/base/time.h"
#include "crdt/digest.h"
#include "gossip/member.h"

namespace gossip {

struct SentPing {
  std::uint64_t token = 0;
  base::Instant at;
};

struct Member {
  MemberRecord record;  // changed only by MemberTable::change()
  // It answered a ping that carried our own record, in its present start; so it knows our start
  // too.
  bool introduced = false;
  bool heard_ourselves = false;  // we have heard it in this run
  bool vouched = false;          // a member that we asked has heard it
  bool ghost = false;            // never met, and no member that we asked has heard it
  bool untold = false;           // news about it waits until we meet it
  bool udp_blocked = false;      // heard over sessions, but pings by datagram get no answer
  int sessions_refused = 0;      // failed openings since the last success, at most two
  base::Instant heard;           // time of the last authenticated message, or when we learned of it
  bool disputed = false;         // its own incarnation is below the one we hold; we tell it
  base::Instant heard_datagram{INT64_MIN / 2};
  std::optional<base::Duration> rtt;
  // Its former address with the same incarnation: it may have a twin, and we tell it.
  std::optional<Address> elsewhere;
  // Another start in the same boot epoch: a twin. The member is told of it so many times.
  std::uint64_t rival = 0;
  int rival_words = 0;
  std::optional<Address> claimed;  // where it may have restarted; we ask it there
  // A ping or an ack told the incarnation of this record, but name, address and topology are still
  // the older ones. We ask the member for them. Until we have them, we do not tell others of the
  // member.
  bool wordless = false;

  std::optional<crdt::StateHash> said;         // its state hash in its last ping or ack
  std::optional<std::uint64_t> told_position;  // how far our log reaches, as it was told last
  std::uint32_t unanswered = 0;                // pings since we last heard it
  base::Instant revisited{INT64_MIN / 2};      // when news from others last made us ask it
  std::array<SentPing, 3> pings{};             // the last pings, to measure the round trip

  MemberState state() const { return record.state; }
  // Alive or suspect. A suspect counts as a member until it is dead.
  bool is_alive() const {
    return record.state == MemberState::kAlive || record.state == MemberState::kSuspect;
  }
  // Two failed sessions; one may be due to a restart.
  bool tcp_blocked() const { return sessions_refused >= 2 && is_alive(); }
  bool met() const { return heard_ourselves || vouched; }
  // True if this living member may be silent. One unanswered ping proves nothing, because its
  // answer may be on its way.
  bool is_doubtful() const { return record.state == MemberState::kSuspect || unanswered >= 2; }
  // We do not tell others of a member in these cases: we only remember it from an earlier run; its
  // other fields are older than its incarnation; or it is said to live and we have not met it.
  bool may_be_told() const {
    bool sound = met() || (!is_alive() && !ghost);
    return record.incarnation != 0 && !wordless && sound;
  }
  const MemberRecord& view() const { return record; }

 private:
  friend class MemberTable;
  std::size_t place_ = 0;     // its index in living_
  std::uint64_t hash_ = 0;    // its part of the table's hash
  base::Instant gone_since_;  // its key in gone_
};

class MemberTable {
 public:
  explicit MemberTable(std::size_t members_max) : members_max_(members_max) {}

  Member* find(const NodeId& node);
  const Member* find(const NodeId& node) const;
  Address address_of(const NodeId& node) const;  // zero if it is not a member
  // The member whose id begins with `prefix`; null if there is none.
  const Member* find_prefix(const std::array<unsigned char, 8>& prefix) const;
  // Null when the table is full. `itself`: the new member speaks to us. `evicted` gets the member
  // that was removed for it.
  Member* insert(base::Instant now, const MemberRecord& record, bool itself,
                 std::optional<MemberRecord>& evicted);
  void change(base::Instant now, Member& member, const MemberRecord& record);
  void heard(base::Instant now, Member& member);
  void vouch(base::Instant now, Member& member);  // a member that we asked has heard it
  void erase(const NodeId& node);                 // must be there

  const std::map<NodeId, Member>& all() const { return members_; }
  std::size_t size() const { return members_.size(); }
  std::size_t left() const { return gone_.size() - dead_.size() - dead_hearsay_.size(); }
  std::vector<NodeId> gone_before(base::Instant at) const;  // dead or left since `at` or earlier
  // The living members that we have met, in no particular order.
  const std::vector<NodeId>& living() const { return living_; }
  // The next of them in the order of ids; after the last comes the first. There must be at least
  // one.
  NodeId living_after(const NodeId& node) const;
  // Living members that we know only from others, the oldest first.
  using ByTime = std::set<std::pair<base::Instant, NodeId>>;
  const ByTime& hearsay() const { return hearsay_; }
  // Met, or remembered from an earlier run.
  const std::set<NodeId>& dead() const { return dead_; }
  const std::set<NodeId>& dead_hearsay() const { return dead_hearsay_; }  // never met
  // The next member after `cursor` in the order of ids; after the last comes the first. Null only
  // when the table is empty.
  const Member* after(NodeId& cursor) const;
  // The sum over all living met members of a hash of id, incarnation and start. The owner adds its
  // own record.
  std::uint64_t hash() const { return hash_; }
  static std::uint64_t hash_of(const MemberRecord& record);

 private:
  void enter(base::Instant now, Member& member);  // into the indexes
  void leave(Member& member);

  std::size_t members_max_;
  std::map<NodeId, Member> members_;
  std::vector<NodeId> living_;
  std::set<NodeId> ring_;  // the same members, in the order of ids
  std::set<NodeId> dead_;
  std::set<NodeId> dead_hearsay_;
  ByTime gone_;  // dead or left, the longest time first
  ByTime hearsay_;
  std::uint64_t hash_ = 0;
};

}  // namespace gossip
