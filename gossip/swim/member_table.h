#pragma once

// Every member we know of, by node id: what is held of it, and what we observe. A member is met
// when we have heard it ourselves, or somebody that we asked has; until then it is hearsay. Keeps
// the living that are met, the hearsay and the dead at hand, and a hash of the living that are met,
// so that nothing that happens often walks the table. Bounded: when full, the one that is dead or
// left for longest gives way to a new one; to one that speaks to us itself also one that we know
// from others only. A member that we have heard ourselves never gives way while it lives.

#include <array>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "crdt/base/time.h"
#include "gossip/member.h"

namespace gossip {

struct SentPing {
  std::uint64_t token = 0;
  base::Instant at;
};

struct Member {
  MemberRecord record;           // changed by MemberTable::change only
  bool introduced = false;       // has answered a ping that carried our own record to its present
                                 // start, and so knows our start too
  bool heard_ourselves = false;  // not only from others
  bool vouched = false;          // a member that we asked has heard it
  bool ghost = false;            // was never met, and nobody that we asked has heard it
  bool untold = false;           // news about it waits until it is met
  bool udp_blocked = false;      // heard over sessions, while pings by datagram get no answer
  int sessions_refused = 0;      // that could not be opened since one was, at most two
  base::Instant heard;           // last authenticated datagram or frame, or when it was learned
  bool disputed = false;  // its own word is below what we were told of it; it shall hear that
  base::Instant heard_datagram{INT64_MIN / 2};
  std::optional<base::Duration> rtt;
  std::optional<Address> elsewhere;  // where it was under the same number: it may have a twin, and
                                     // shall hear that
  // Another start under the same boot epoch: a twin, of which the member is told so many times.
  std::uint64_t rival = 0;
  int rival_words = 0;
  std::optional<Address> claimed;  // where it may have started anew; to be asked there
  // A ping or an ack has told the number of the record, but name, address and topology are those of
  // an older one. It is asked for them; until they come, others are not told of it.
  bool wordless = false;

  std::uint32_t unanswered = 0;            // pings since it was heard
  base::Instant revisited{INT64_MIN / 2};  // when somebody's word last made us ask it
  std::array<SentPing, 3> pings{};         // to measure the round trip

  MemberState state() const { return record.state; }
  // Counts as a member: a suspect does, until it is dead.
  bool is_alive() const {
    return record.state == MemberState::kAlive || record.state == MemberState::kSuspect;
  }
  // One may meet a restart.
  bool tcp_blocked() const { return sessions_refused >= 2 && is_alive(); }
  bool met() const { return heard_ourselves || vouched; }
  // Of the living: it may well be silent. One ping may just be on its way.
  bool is_doubtful() const { return record.state == MemberState::kSuspect || unanswered >= 2; }
  // Not what we only remember of an earlier run, nor old words under a new number, nor one that is
  // said to live and that we have not met.
  bool may_be_told() const {
    bool sound = met() || (!is_alive() && !ghost);
    return record.incarnation != 0 && !wordless && sound;
  }
  const MemberRecord& view() const { return record; }

 private:
  friend class MemberTable;
  std::size_t place_ = 0;     // among the living that are met
  std::uint64_t hash_ = 0;    // its part of the table's
  base::Instant gone_since_;  // key among those that may give way
};

class MemberTable {
 public:
  explicit MemberTable(std::size_t members_max) : members_max_(members_max) {}

  Member* find(const NodeId& node);
  const Member* find(const NodeId& node) const;
  Address address_of(const NodeId& node) const;  // none of who is no member
  // The member whose id begins so; null if none does.
  const Member* find_prefix(const std::array<unsigned char, 8>& prefix) const;
  // Null when the table is full. `itself`: the new one speaks to us. `evicted`, if set, gave way.
  Member* insert(base::Instant now, const MemberRecord& record, bool itself,
                 std::optional<MemberRecord>& evicted);
  void change(base::Instant now, Member& member, const MemberRecord& record);
  void heard(base::Instant now, Member& member);
  void vouch(base::Instant now, Member& member);  // somebody that we asked has heard it
  void erase(const NodeId& node);                 // must be there

  const std::map<NodeId, Member>& all() const { return members_; }
  std::size_t size() const { return members_.size(); }
  std::size_t left() const { return gone_.size() - dead_.size() - dead_hearsay_.size(); }
  std::vector<NodeId> gone_before(base::Instant at) const;  // dead or left since then or longer
  // Living and met, in no order that means anything.
  const std::vector<NodeId>& living() const { return living_; }
  // The next of them in id order, round and round. There must be one.
  NodeId living_after(const NodeId& node) const;
  // Living, known from others only: the oldest first.
  using ByTime = std::set<std::pair<base::Instant, NodeId>>;
  const ByTime& hearsay() const { return hearsay_; }
  const std::set<NodeId>& dead() const { return dead_; }  // met, or remembered of an earlier run
  const std::set<NodeId>& dead_hearsay() const { return dead_hearsay_; }  // the others
  // The next member in id order after `cursor`, round and round; null only when empty.
  const Member* after(NodeId& cursor) const;
  // A sum over the living and met of a hash of id, incarnation and start; `self` is added by its
  // owner.
  std::uint64_t hash() const { return hash_; }
  static std::uint64_t hash_of(const MemberRecord& record);

 private:
  void enter(base::Instant now, Member& member);  // into the indexes
  void leave(Member& member);

  std::size_t members_max_;
  std::map<NodeId, Member> members_;
  std::vector<NodeId> living_;
  std::set<NodeId> ring_;  // the same, in order
  std::set<NodeId> dead_;
  std::set<NodeId> dead_hearsay_;
  ByTime gone_;  // dead or left, the longest first
  ByTime hearsay_;
  std::uint64_t hash_ = 0;
};

}  // namespace gossip
