#pragma once

// The presences of the mesh: small texts that clients show to each other and that nobody stores,
// such as who edits a text and where the cursor stands. A presence lives for at most 30 s after its
// client set it last, measured on our own monotonic clock from the life that its message has left.
// It ends earlier when its origin says so, or when its origin is dead or has left.
// What is new here is told to others in rounds, each presence to a multiple of log N members (as
// news of members), the least told first, within a budget of bytes. An ended presence is remembered
// for 30 s more, so a late copy does not bring it back. The caller picks the members of a round,
// sends the messages, and takes only presences whose origin is a living member.

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "crdt/base/result.h"
#include "crdt/base/time.h"
#include "gossip/options.h"
#include "gossip/presence_view.h"
#include "gossip/rate_limit.h"
#include "gossip/stats.h"
#include "gossip/wire/presence.h"

namespace gossip {

inline constexpr base::Duration kPresenceLife =
    base::millis(static_cast<std::int64_t>(wire::kPresenceMillisMax));

class Presences {
 public:
  // `epoch`: our boot epoch. Versions of a later start are above those of an earlier one.
  Presences(const NodeId& self, std::uint64_t epoch, const Options& options, Stats& stats);

  // Shows or renews a presence of a client of this agent. kInvalid or kTooLarge: topic, key or body
  // is outside its bounds. kRateLimited: too many were set, or the table is full.
  base::Status set(base::Instant now, const std::string& topic, const std::string& key,
                   base::Bytes body);
  // Ends one that was set here. False: there is none.
  bool drop(base::Instant now, const std::string& topic, const std::string& key);
  // A message of another member about a presence of a living member.
  void take(base::Instant now, const wire::Presence& told);
  void origin_gone(base::Instant now, const NodeId& origin);  // ends all presences of this origin
  void clear();                                               // forgets everything
  void advance(base::Instant now);                            // ends what is over

  // True if it is time to tell something.
  bool due(base::Instant now) const { return !untold_.empty() && now >= next_round_; }
  // The messages of one round to `targets` members. Each of them counts as told so many times.
  // Without a target everything counts as told.
  std::vector<wire::Presence> round(base::Instant now, std::size_t targets, std::size_t members);
  base::Instant next_deadline() const;

  std::vector<PresenceView> shown(base::Instant now, const std::string& topic) const;
  std::size_t living() const { return living_.size(); }
  std::size_t remembered() const { return ended_.size(); }  // ended ones
  std::size_t bytes() const { return bytes_; }

 private:
  using Key = std::tuple<std::string, std::string, NodeId>;  // topic, key, origin
  struct Entry {
    std::uint64_t version = 0;
    bool lives = false;
    base::Bytes body;
    base::Instant until;      // the end of its life, or when the ended one is forgotten
    std::uint32_t told = 0;   // to so many members
    std::uint64_t order = 0;  // its place in untold_; 0: it is told often enough
  };
  struct Origin {
    std::size_t entries = 0;
    RateLimit intake;
  };
  using Entries = std::map<Key, Entry>;
  using ByTime = std::set<std::pair<base::Instant, Key>>;

  bool make_room(const Key& key, std::size_t body_bytes);
  bool forget_an_ended(const NodeId* origin);
  void put(base::Instant now, const Key& key, std::uint64_t version, base::Duration life,
           base::Bytes body);
  void end(base::Instant now, Entries::iterator entry);
  void forget(Entries::iterator entry);
  ByTime& times_of(const Entry& entry) { return entry.lives ? living_ : ended_; }
  void tell(Entries::iterator entry, std::uint32_t told);
  void stop_telling(Entries::iterator entry);
  Origin& origin_of(const NodeId& node);

  const NodeId self_;
  const std::uint64_t epoch_;
  const Options& options_;
  Stats& stats_;
  std::uint64_t count_ = 0;  // of our own versions
  Entries entries_;
  std::map<NodeId, Origin> origins_;  // those with at least one entry
  ByTime living_;                     // by the end of their life
  ByTime ended_;                      // by the time when they are forgotten
  std::map<std::pair<std::uint32_t, std::uint64_t>, Key> untold_;  // the least told first
  std::uint64_t order_ = 0;
  std::size_t bytes_ = 0;  // of topics, keys and bodies
  RateLimit own_;
  RateLimit budget_;
  base::Instant next_round_{INT64_MIN / 2};
};

}  // namespace gossip
