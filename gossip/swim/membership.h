#pragma once

// Keeps the list of members: SWIM with Lifeguard. It joins through seeds, probes and suspects
// members, and sends news of members on pings, on acks and in rounds of their own. A member that
// does not answer is suspected. It is declared dead when nobody hears it contradict in time. Only
// the subject of a record raises its incarnation. What we hear ourselves counts more than what
// others tell. If nobody answers, our own network is the cause, and we accuse nobody.
// Every message comes from a proven start or an authenticated session; the caller checks this.
// `from` is the address that a datagram came from.

#include <map>
#include <optional>
#include <set>
#include <vector>

#include "crdt/base/random.h"
#include "crdt/digest.h"
#include "gossip/actions.h"
#include "gossip/options.h"
#include "gossip/outbox.h"
#include "gossip/peer.h"
#include "gossip/stats.h"
#include "gossip/swim/awareness.h"
#include "gossip/swim/greetings.h"
#include "gossip/swim/hearsay.h"
#include "gossip/swim/indirect_probes.h"
#include "gossip/swim/member_table.h"
#include "gossip/swim/news.h"
#include "gossip/swim/probe.h"
#include "gossip/swim/seeds.h"
#include "gossip/swim/suspicion.h"
#include "gossip/swim/turns.h"
#include "gossip/wire/message.h"

namespace gossip {

inline constexpr std::size_t kJoinPagesMax = 32;  // datagrams of Members in answer to one join
// How far above the held incarnation another member may claim. For a larger number we ask the
// member itself. Otherwise one lie could set a number that the member can never exceed.
inline constexpr std::uint64_t kIncarnationStep = 8;
inline constexpr int kRefutationsMax = 8;  // at once; one more is allowed after each interval
inline constexpr int kRivalWords = 4;      // messages that tell a member of a twin
inline constexpr int kLastWords = 8;       // pings to a suspect during its suspicion
// In a larger mesh about so many members send these pings.
inline constexpr std::size_t kLastWordSpeakers = 40;
inline constexpr int kSilentIntervals = 10;  // without a message from any member: isolated
// Intervals after our own pause in which we accuse nobody.
inline constexpr int kQuietPeriods = 2;
// A member that is dead or left for so long is forgotten. The time counts only while our process
// runs. Two parts of a mesh that hear nothing of each other for longer come together again through
// a seed or a manual join.
inline constexpr base::Duration kForgetAfter = base::seconds(7 * 86'400);
// A node that has heard nobody for so long was away: its dead members may be alive elsewhere. It
// forgets nobody during that time, and nobody for kForgetAfter after its return.
inline constexpr base::Duration kAwayAfter = base::seconds(3'600);
// A dead or left member is replaced when another living member has its name and its address.
// Example: a container without a volume gets a new node id at its next start. A replaced member is
// forgotten after so many intervals, when its end has been told.
inline constexpr int kReplacedIntervals = 10;
// A member that left more recently than this is remembered over our restart, because a whole mesh
// may have been stopped.
inline constexpr base::Duration kLeftRemembered = base::seconds(3'600);
// Every so many pings one carries a hash of the table. The number has no common factor with the
// cycle of eight probes; otherwise the same few members would get them all.
inline constexpr std::uint32_t kTableEvery = 9;
static_assert(kTableEvery % 2 == 1);
// Intervals that a difference lasts before we ask for a table.
inline constexpr int kTableGrace = 8;
// So many joins are answered in a second, each with one table. Further joins are dropped.
inline constexpr std::uint32_t kJoinAnswersPerSecond = 128;

class Membership {
 public:
  // `peers` outlives this. `self` has the first incarnation of this start.
  Membership(MemberRecord self, const Options& options, Peers& peers, base::Random random,
             Stats& stats);

  // Our state hash is now this one. Pings and acks carry it. One of them also tells each member
  // that has the same state how far our log reaches in it.
  void claim(crdt::StateHash state, std::optional<std::uint64_t> position) {
    state_hash_ = state;
    position_ = position;
  }

  void seeds(base::Instant now, const std::vector<Address>& seeds, Outbox& box, Actions& out);
  // Members of an earlier run. They are dead until we hear them. We ping them at once, and then
  // like all dead members.
  void remember(base::Instant now, const std::vector<MemberRecord>& members);
  void leave(Outbox& box);
  void rejoin(base::Instant now, Outbox& box, Actions& out);

  void topology(Topology topology);  // other members get it as news about ourselves

  void heard(base::Instant now, const NodeId& node, bool session, Actions& out);
  void session_closed(const NodeId& node, bool opened);
  void proven(base::Instant now, const NodeId& node);  // it proved a start that we did not know
  // `node` has just proven its start, or it asks us for a proof. In the second case it took nothing
  // that we sent before. So we send at once what we want from it.
  void introduce(base::Instant now, const NodeId& node, const Address& from, Outbox& box);
  // A node whose id begins with `prefix` sends from a start that we do not know.
  void doubted(base::Instant now, const std::array<unsigned char, 8>& prefix);

  void receive(base::Instant now, const NodeId& node, const Address& from, const wire::Ping& ping,
               Outbox& box, Actions& out);
  void receive(base::Instant now, const NodeId& node, const Address& from, const wire::Ack& ack,
               Outbox& box, Actions& out);
  // These arrived over a session. The answer goes over the session too.
  void receive_frame(base::Instant now, const NodeId& node, const wire::Ping& ping, Actions& out);
  void receive_frame(base::Instant now, const NodeId& node, const wire::Ack& ack, Actions& out);
  void receive(base::Instant now, const NodeId& node, const Address& from,
               const wire::PingRequest& request, Outbox& box);
  void receive(const NodeId& node, const wire::Nack& nack);
  // False: the sender may not send this message.
  bool receive(base::Instant now, const NodeId& node, const Address& from, const wire::Join& join,
               Outbox& box, Actions& out);
  bool receive(base::Instant now, const NodeId& node, const Address& from, const wire::Leave& leave,
               Actions& out);
  // True when a seed answered.
  bool receive(base::Instant now, const NodeId& node, const Address& from,
               const wire::Members& members, Actions& out);

  void ping(base::Instant now, const NodeId& node, Outbox& box);
  void answer_as_left(const NodeId& node, const Address& from, Outbox& box);
  void advance(base::Instant now, Outbox& box, Actions& out);
  base::Instant next_deadline() const;

  const MemberTable& table() const { return table_; }
  const MemberRecord& self() const { return self_; }
  bool has_left() const { return self_.state == MemberState::kLeft; }
  std::uint32_t health_score() const { return awareness_.score(); }
  bool isolated(base::Instant now) const;  // no member is heard; false with fewer than two others
  Hearing hearing() const;
  bool let_in_by(const Address& address) const { return seeds_.content(address, table_); }
  std::vector<MemberRecord> memory(
      base::Instant now) const;  // input for remember() after a restart

 private:
  enum class Source { kNews, kTable };  // kTable: the table of a seed; we do not spread it
  struct RunningSuspicion {
    Suspicion suspicion;
    base::Instant next_word;
    int words = 0;  // pings still to be sent
  };

  void wake(base::Instant now);
  // Records (membership_records.cc).
  void merge_all(base::Instant now, const NodeId& node, const Address& from,
                 const std::vector<MemberRecord>& records, Source source, Actions& out);
  void merge(base::Instant now, const NodeId& teller, const Address& from, const MemberRecord& told,
             Source source, Actions& out);
  void merge_hearsay(base::Instant now, const NodeId& teller, Member& there,
                     const MemberRecord& record, Actions& out);
  void merge_self(base::Instant now, const NodeId& teller, const MemberRecord& told, Actions& out);
  static bool place_on_link(MemberRecord& record, bool itself, const Address& from);
  bool is_of_a_twin(const MemberRecord& told) const;
  static bool note_rival(Member& member, std::uint64_t one, std::uint64_t another);
  void merge_own(base::Instant now, Member& member, const MemberRecord& told, Actions& out);
  void merge_alive(base::Instant now, Member& member, const MemberRecord& told, Actions& out);
  void merge_suspect(base::Instant now, Member& member, const MemberRecord& told,
                     const NodeId& teller, Actions& out);
  void merge_dead(base::Instant now, Member& member, const MemberRecord& told, const NodeId& teller,
                  Actions& out);
  void own_incarnation(base::Instant now, Member& member, const Address& from,
                       std::uint64_t in_start, Actions& out);
  void take_words(base::Instant now, Member& member, const MemberRecord& told, Actions& out);
  void repair(base::Instant now, Member& member, const MemberRecord& told, Actions& out);
  void renew(base::Instant now, Member& member, const MemberRecord& record, Actions& out);
  void add(base::Instant now, MemberRecord record, bool itself, Source source, Actions& out);
  void change(base::Instant now, Member& member, const MemberRecord& record, Actions& out);
  void suspect(base::Instant now, Member& member, const NodeId& accuser, Actions& out);
  void die(base::Instant now, Member& member, const NodeId& accuser, Actions& out);
  void forget_suspicion(NodeId node);
  void schedule(const NodeId& node);
  void schedule(const NodeId& node, base::Instant at);
  void revisit(base::Instant now, Member& member);
  void remind(base::Instant now, Member& member);
  bool may_refute(base::Instant now);

  // Members that we have not met: membership_hearsay.cc.
  void tell(Member& member);
  void greet(base::Instant now, const Member& member, int tries = kGreetingTries);
  void meet(Member& member, Actions& out);
  void vouch(base::Instant now, const NodeId& node, Actions& out);
  void run_hearsay(base::Instant now, Outbox& box, Actions& out);

  void join(base::Instant now, const Target& to, Outbox& box);
  void run_probe(base::Instant now, Outbox& box, Actions& out);
  void begin_probe(base::Instant now, Outbox& box);
  void ask_around(base::Instant now, Outbox& box, Actions& out);
  void judge_silence(base::Instant now, Actions& out);
  void run_suspicions(base::Instant now, Outbox& box, Actions& out);
  void run_news(base::Instant now, Outbox& box);
  void run_retries(base::Instant now, Outbox& box);
  void run_forgetting(base::Instant now);
  std::vector<NodeId> replaced(base::Instant now) const;
  void forget(const NodeId& node);
  void answered(base::Instant now, Member& member, std::uint64_t token);
  void ping(base::Instant now, Member& member, const Address& address, Outbox& box,
            std::uint16_t token);
  void compare_tables(base::Instant now, const NodeId& node, std::uint64_t theirs, Outbox& box);
  std::uint64_t table_hash() const { return table_.hash() + MemberTable::hash_of(self_); }
  std::uint64_t in_start() const { return self_.incarnation - start_; }
  std::uint16_t next_token();
  bool may_be_short(const NodeId& node) const;
  std::vector<NodeId> pick_living(std::size_t count, const NodeId& but, bool introduced);
  std::optional<std::uint64_t> untold_position(const NodeId& node);
  std::vector<MemberRecord> pick_news(const NodeId& to, bool introduce, bool fill);

  MemberRecord self_;
  const std::uint64_t start_;
  const Options& options_;
  Peers& peers_;
  crdt::StateHash state_hash_;             // what we claim to hold (rule 3)
  std::optional<std::uint64_t> position_;  // how far our log reaches then
  base::Random random_;
  Stats& stats_;
  std::size_t news_room_;
  MemberTable table_;
  Turns turns_;
  Probe probe_;
  Awareness awareness_;
  IndirectProbes indirect_probes_;
  Greetings greetings_;
  Hearsay hearsay_;
  Seeds seeds_;
  News news_;
  AnswerLimit join_answers_;
  std::map<NodeId, RunningSuspicion> suspicions_;
  std::set<std::pair<base::Instant, NodeId>> suspicions_due_;
  std::map<NodeId, base::Instant> suspicion_times_;  // member -> its key in suspicions_due_

  bool started_ = false;
  std::uint16_t token_ = 0;
  std::uint32_t pings_ = 0;
  base::Instant news_at_{INT64_MIN / 2};  // the next round of news
  base::Instant retry_at_ = base::Instant::never();
  base::Instant accuse_from_{INT64_MIN / 2};
  base::Instant heard_any_;
  std::optional<base::Instant> heard_member_;  // when a member that has not left was heard
  base::Instant company_since_;                // since then we were never away (kAwayAfter)
  base::Instant forget_at_{INT64_MIN / 2};     // the next look for members to forget
  int refutations_ = kRefutationsMax;
  base::Instant refuted_{INT64_MIN / 2};
  std::optional<base::Instant> tables_differ_;
  base::Instant table_asked_{INT64_MIN / 2};
  NodeId fill_cursor_;
};

}  // namespace gossip
