#pragma once

// A page of catalog deltas, read in one snapshot. It comes from the log, in the order in which this
// agent applied the changes. If the log no longer has what the reader lacks, the page begins with
// the entries that are there now; removals of that time cannot be told.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/api/acknowledged.h"
#include "agent/api/catalog_delta_text.h"

namespace agent {

// In the middle of the entries that stand for what the log has lost.
struct EntryWalk {
  Acknowledged after;  // the vector of its beginning: what is received at its end. Not in cursors
  std::string object;  // the last entry, or the one of which a part is given
  std::string id;
  std::uint32_t given = 0;  // deltas of this entry; 0: all
};

// How far a reader has come: by version vector or, with a cursor, by position in the log.
struct DeltaPlace {
  Acknowledged vector;
  std::int64_t position = 0;
  std::uint32_t given = 0;  // deltas that were given of the next change
  // That change, if the place is not from a cursor: another agent may have given it since.
  std::optional<std::pair<base::ActorId, std::uint64_t>> next;
  std::optional<EntryWalk> walk;
};

// Deltas of the page with this position, as text: "<node>.<position>.<given>", in a walk with
// ".<given>.<object>.<id in hex>" behind it.
std::string cursor_text(std::string_view node_short, const DeltaPlace& place);
// kInvalid for another text. A cursor of another agent, or one ahead of the log, is the beginning.
base::Result<DeltaPlace> parse_cursor(std::string_view text, std::string_view node_short);

struct DeltaQuery {
  std::string peer;  // empty: the changes of this agent's node, without those that clients posted
  bool by_position = false;
  std::size_t limit = 0;
  base::NodeId node;  // this agent
};

struct DeltaPage {
  std::vector<std::string> deltas;
  DeltaPlace place;           // behind the last delta
  std::uint64_t changes = 0;  // that were passed
  bool complete = false;      // nothing follows in this snapshot
  bool from_entries = false;
};

// `from` by vector is joined with what the peer has acknowledged.
base::Result<DeltaPage> read_delta_page(store::Reader& reader, const DeltaQuery& query,
                                        DeltaPlace from);

// The door's name in the object `acknowledged`, for peers and for nodes outside the mesh.
inline constexpr const char* kPeersDoor = "catalog_peers";
inline constexpr const char* kForeignDoor = "catalog_nodes";
// The client under which the position of readers without a name is kept.
std::string shared_reader(const base::NodeId& node);

// The mark of a change that was posted as a delta: says that a node outside the mesh removed
// something. Adds and metadata have the node as the writer of their stamps.
crdt::RequestHash posted_mark(std::string_view node, std::string_view delta);
bool is_posted(const crdt::RequestHash& mark);
bool is_posted_by(const crdt::RequestHash& mark, std::string_view node);

}  // namespace agent
