#pragma once

// What a change did to the entries of the catalogs, as deltas. An add and the replacement of a
// metadata object are told as the change wrote them. A change of some fields is told as the whole
// object that the entry shows now, because a delta of metadata always has the whole object.

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "crdt/catalog/entry.h"
#include "store/store.h"

namespace agent {

// One delta, without its clock: the page decides that.
struct CatalogDelta {
  std::string object;
  std::string id;
  base::ActorId actor;  // of the change that it is from
  std::uint64_t seq = 0;
  std::string node;       // that wrote it: of this mesh in hex, or of a client
  bool of_mesh = false;   // `node` is of this mesh: no client brought the stamp
  std::string_view type;  // "orset" or "lww"
  std::string key;
  std::string data;  // JSON
  std::uint64_t timestamp = 0;
  // Fields were written and nothing of the entry is left: a later removal tells that. It counts as
  // a delta of its change and is not given.
  bool gone = false;
};
// With `clock` as the number of its actor.
std::string delta_text(const CatalogDelta& delta, std::uint64_t clock);

class CatalogDeltas {
 public:
  CatalogDeltas(store::Reader& reader, const store::Actors& actors)
      : reader_(reader), actors_(actors) {}

  // In the order of the effects; the same number at every call for one change. Reads the log for
  // the tags that a removal kills.
  base::Result<std::vector<CatalogDelta>> of_change(const crdt::Change& change);
  // An entry as it is now: an add for each presence, and its metadata if that is newer.
  std::vector<CatalogDelta> of_entry(const crdt::Entry& entry);

  std::string node_of(const base::ActorId& actor) const;  // hex; of the actor if it is not known

 private:
  // What one change did to one entry.
  struct Touched;
  struct Presence {
    std::uint32_t index = 0;
    std::string object;
    std::string id;
    std::string tag;
  };
  base::Status add_deltas(const crdt::Change& change, const Touched& touched,
                          std::vector<CatalogDelta>& deltas);
  // The names of the presences of an entry among these dots. `only`: every dot is a presence.
  base::Result<std::vector<std::string>> tags_of(const crdt::DotRuns& kills, bool only,
                                                 const Touched& touched);
  base::Result<const std::vector<Presence>*> presences_of(const base::ActorId& actor,
                                                          std::uint64_t seq);
  CatalogDelta delta_of(const std::string& object, const std::string& id,
                        const base::ActorId& actor, std::uint64_t seq,
                        const crdt::Stamp& stamp) const;

  store::Reader& reader_;
  const store::Actors& actors_;
  // Of changes that were looked up. Emptied when it has grown.
  std::map<std::pair<base::ActorId, std::uint64_t>, std::vector<Presence>> looked_up_;
  std::size_t presences_ = 0;
};

}  // namespace agent
