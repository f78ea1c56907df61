#pragma once

// The oracle for the laws (tests/laws) and the simulator. It judges by intent: what every author
// had seen and what it meant, and what follows for a replica that has applied a given vector. It
// knows no dots, kills or plans. It shares no code and no data structure with crdt/ except values
// and names (ids, times, vectors, types, verbs), so it can also judge the plans that crdt/ makes of
// a request. It does not handle histories in which one (actor, seq) has two contents: a change is
// told once. Entries of catalogs are judged here; objects of all other types in object_meaning.h.

#include <compare>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/replica/requests.h"
#include "crdt/hybrid_time.h"
#include "crdt/version_vector.h"
#include "tools/simulator/intention.h"
#include "tools/simulator/object_meaning.h"

namespace simulation {

struct EntryName {
  std::string object;
  std::string id;
  auto operator<=>(const EntryName&) const = default;
};

// What one operation has left at one place of an entry, and no operation in the view has replaced.
struct Mark {
  base::ActorId actor;
  std::uint64_t seq = 0;
  crdt::HybridTime stamp;
  std::string_view value;  // value of a field; lives as long as the oracle
  bool operator==(const Mark&) const = default;
};
using Marks = std::vector<Mark>;  // ordered by actor

// Everything of one entry that is alive.
struct Alive {
  Marks presence;
  Marks whole;                          // marks of whole-object writes
  std::map<std::string, Marks> fields;  // no list is empty
  std::size_t count() const;
  bool operator==(const Alive&) const = default;
};

struct Conflict {
  std::string field;
  std::string winner;               // empty when a whole-object write hides the field
  std::vector<std::string> losers;  // best first
  std::string rule;                 // "stamp", "dot", "reset"
  bool operator==(const Conflict&) const = default;
};

using Fields = std::map<std::string, std::string>;  // unescaped name, JSON text

// What one change means to do; each entry occurs once.
using Intended = std::vector<std::pair<EntryName, Intention>>;

// The request, if it is on an object of another type than a catalog; else null.
const agent::WriteObject* typed_write(const agent::WriteRequest& request);

class Oracle {
 public:
  // Tells the oracle of a change (actor, seq). Its author had applied exactly `past` before; `time`
  // is the time of the change. Leave out parts that would change nothing (changes_anything). Tell
  // it before anybody else has applied the change, and the changes of one actor in order.
  // Everything that `past` covers must have been told before.
  void wrote(Intended intended, const base::ActorId& actor, std::uint64_t seq,
             crdt::HybridTime time, const crdt::VersionVector& past);
  bool changes_anything(const EntryName& entry, const Intention& intention,
                        const crdt::VersionVector& past) const;
  // The same for a request that became one change of a replica.
  void wrote(const agent::WriteRequest& request, const base::ActorId& actor, std::uint64_t seq,
             crdt::HybridTime time, const crdt::VersionVector& past);
  // Whether the request has nothing to do for an author who has seen `past`. Then it makes no
  // change; every other request makes one.
  bool is_idle(const agent::WriteRequest& request, const crdt::VersionVector& past) const;
  // Whether an author who has seen `past` gets an error: a position behind the end, a type that
  // does not fit. Such a request means nothing; do not tell it. Requests on catalogs are never
  // refused. The agent's own time, which nobody knows of a request that made no change, decides
  // whether a stamp of the client in the same request counts. is_refused: whatever that time is;
  // may_be_refused: for some time.
  bool is_refused(const agent::WriteRequest& request, const crdt::VersionVector& past) const;
  bool may_be_refused(const agent::WriteRequest& request, const crdt::VersionVector& past) const;

  // What a replica that has applied exactly `vector` must show. `shown` and `conflicts` are empty
  // for an entry that does not exist.
  bool exists(const EntryName& entry, const crdt::VersionVector& vector) const;
  Fields shown(const EntryName& entry, const crdt::VersionVector& vector) const;
  std::vector<Conflict> conflicts(const EntryName& entry, const crdt::VersionVector& vector) const;
  // What the replica must hold, shown or not.
  Alive alive(const EntryName& entry, const crdt::VersionVector& vector) const;
  static Fields shown(const Alive& alive);
  static std::vector<Conflict> conflicts(const Alive& alive);

  // A vector that is translated once for many questions. Valid until the next wrote().
  class View {
    friend class Oracle;
    std::vector<std::uint64_t> seqs_;  // index: the oracle's number of the actor
  };
  View view(const crdt::VersionVector& vector) const;
  Alive alive(const EntryName& entry, const View& view) const;

  // Rule 4: why no replica may have applied exactly `vector`: it has a change that was never told,
  // or a change whose author had seen something that the vector does not cover. Empty when the
  // vector is sound.
  std::optional<std::string> gap(const crdt::VersionVector& vector) const;

  // The same for objects of all types but the catalogs. Valid until the next wrote().
  ObjectSight object(const std::string& object, const crdt::VersionVector& vector) const;
  // The objects that somebody wrote, or those that the changes between two vectors wrote; sorted.
  std::vector<std::string> typed_objects() const;
  std::vector<std::string> typed_objects(const crdt::VersionVector& before,
                                         const crdt::VersionVector& after) const;

  bool knows(const base::ActorId& actor, std::uint64_t seq) const;
  // The entries that the change meant to alter; empty when the change is not known. Valid until the
  // next wrote().
  const std::vector<EntryName>& touched(const base::ActorId& actor, std::uint64_t seq) const;
  // The same for all changes that `after` covers and `before` does not; sorted, each entry once.
  std::vector<EntryName> touched(const crdt::VersionVector& before,
                                 const crdt::VersionVector& after) const;
  std::vector<std::string> objects() const;
  // Every id that was ever written or removed in the object.
  std::vector<std::string> ids(std::string_view object) const;
  std::size_t changes() const { return changes_.size(); }
  // The operations on an entry that the vector covers, one in each line, in the order in which they
  // were told.
  std::string history(const EntryName& entry, const crdt::VersionVector& vector) const;
  std::string object_history(const std::string& object, const crdt::VersionVector& vector) const;

 private:
  class Reading;
  struct Change {
    std::size_t actor = 0;
    std::uint64_t seq = 0;
    View past;
    std::vector<EntryName> touched;
    std::string object;   // of another type than a catalog
    std::string request;  // in words
  };
  struct Operation {
    std::size_t change = 0;
    crdt::HybridTime stamp;
    Intention intention;
  };
  // The operations of one entry in the order told. One that has seen another stands behind it.
  // Elements are never moved.
  using Operations = std::deque<Operation>;

  Change& begin(const base::ActorId& actor, std::uint64_t seq, const crdt::VersionVector& past);
  void wrote(const agent::WriteObject& write, const base::ActorId& actor, std::uint64_t seq,
             crdt::HybridTime time, const crdt::VersionVector& past);
  bool is_refused_at(const agent::WriteRequest& request, const crdt::VersionVector& past,
                     crdt::HybridTime time) const;
  ObjectMeaning meaning(const agent::WriteObject& write, const Writer& writer,
                        const View& past) const;
  bool covers(const View& view, const Change& change) const;
  // The numbers of the changes that `after` covers and `before` does not.
  std::vector<std::size_t> between(const crdt::VersionVector& before,
                                   const crdt::VersionVector& after) const;
  Intended intentions(const agent::WriteRequest& request, const View& past) const;
  bool covers(const View& view, const Operation& operation) const;
  bool saw(const Operation& later, const Operation& earlier) const;
  std::vector<const Operation*> relevant(const Operations& all, const View& view) const;
  Mark mark(const Operation& operation, std::string_view value) const;
  const Change* find(const base::ActorId& actor, std::uint64_t seq) const;
  const Operations* find(const EntryName& entry) const;

  std::map<base::ActorId, std::size_t> actor_numbers_;
  std::vector<base::ActorId> actors_;                             // by number
  std::vector<std::map<std::uint64_t, std::size_t>> changes_of_;  // index: number of the actor
  std::vector<Change> changes_;
  std::map<std::string, std::map<std::string, Operations>, std::less<>> entries_;
  std::map<std::string, Facts> objects_;  // of all types but the catalogs
};

}  // namespace simulation
