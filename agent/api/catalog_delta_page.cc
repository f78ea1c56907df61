#include "agent/api/catalog_delta_page.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <utility>

#include "agent/api/limits.h"
#include "agent/feed/limits.h"
#include "crdt/base/hash.h"

namespace agent {
namespace {

constexpr const char* kWalkedCatalogs[] = {"images", "snapshots"};  // in the order of a walk

// --- cursors

bool cursor_number(std::string_view& text, std::uint64_t& number) {
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  if (read.ec != std::errc()) return false;
  text.remove_prefix(static_cast<std::size_t>(read.ptr - text.data()));
  return true;
}

bool cursor_dot(std::string_view& text) {
  if (!text.starts_with('.')) return false;
  text.remove_prefix(1);
  return true;
}

std::optional<EntryWalk> parse_walk(std::string_view text) {
  EntryWalk walk;
  std::uint64_t given = 0;
  if (!cursor_number(text, given) || given > UINT32_MAX || !cursor_dot(text)) return std::nullopt;
  walk.given = static_cast<std::uint32_t>(given);
  const std::size_t dot = text.find('.');
  if (dot == std::string_view::npos) return std::nullopt;
  walk.object = text.substr(0, dot);
  const auto id = base::from_hex(text.substr(dot + 1));
  if (!id || (!walk.object.empty() && !crdt::is_catalog(walk.object))) return std::nullopt;
  walk.id = *id;
  return walk;
}

std::optional<DeltaPlace> parse_place(std::string_view text) {
  DeltaPlace place;
  std::uint64_t position = 0;
  std::uint64_t given = 0;
  const bool numbers =
      cursor_number(text, position) && cursor_dot(text) && cursor_number(text, given);
  if (!numbers || position > INT64_MAX || given > UINT32_MAX) return std::nullopt;
  place.position = static_cast<std::int64_t>(position);
  place.given = static_cast<std::uint32_t>(given);
  if (text.empty()) return place;
  if (!cursor_dot(text)) return std::nullopt;
  place.walk = parse_walk(text);
  return place.walk ? std::optional(std::move(place)) : std::nullopt;
}

// --- marks

constexpr std::size_t kDoorBytes = 4;
constexpr std::size_t kNodeBytes = 6;

void fill_mark(crdt::RequestHash& mark, std::size_t at, std::size_t bytes, std::string_view purpose,
               std::string_view of) {
  const base::Hash256 hash = base::hash256(purpose, of);
  std::copy_n(hash.begin(), bytes, mark.bytes.begin() + static_cast<std::ptrdiff_t>(at));
}

bool same_mark_start(const crdt::RequestHash& a, const crdt::RequestHash& b, std::size_t bytes) {
  return std::equal(a.bytes.begin(), a.bytes.begin() + static_cast<std::ptrdiff_t>(bytes),
                    b.bytes.begin());
}

// --- reading

class DeltaPageReader {
 public:
  DeltaPageReader(store::Reader& reader, const store::Actors& actors, const store::Meta& meta,
                  const DeltaQuery& query, DeltaPlace from)
      : reader_(reader), actors_(actors), meta_(meta), query_(query), texts_(reader, actors) {
    page_.place = std::move(from);
  }

  base::Result<DeltaPage> read() {
    if (!query_.by_position) {
      ASSIGN_OR_RETURN(const Acknowledged known, read_acknowledged(reader_, kPeersDoor, client()));
      page_.place.vector.join(known);
    }
    if (query_.by_position && page_.place.position > newest()) page_.place = {};
    RETURN_IF_ERROR(choose_walk());
    if (page_.place.walk) {
      page_.from_entries = true;
      RETURN_IF_ERROR(walk());
      full_ = full_ || found_.size() >= query_.limit;
    }
    if (!page_.place.walk && !full_) RETURN_IF_ERROR(read_log());
    render();
    return std::move(page_);
  }

 private:
  struct Fetched {
    std::int64_t position = 0;
    base::ActorId actor;
    std::uint64_t seq = 0;
    base::Bytes sealed;
  };

  std::int64_t newest() const { return meta_.next_position - 1; }
  std::string client() const {
    return query_.peer.empty() ? shared_reader(query_.node) : query_.peer;
  }
  bool is_ours(const base::ActorId& actor) const {
    const auto known = actors_.find(actor);
    return known && known->node == query_.node;
  }

  // The changes that the reader does not want count as received.
  crdt::VersionVector have() const {
    crdt::VersionVector have;
    if (query_.peer.empty()) {
      have = actors_.vector();
      actors_.visit([&](const base::ActorId& actor, const store::Actor& known) {
        if (known.node == query_.node) lower(have, actor, known.head.seq);
        return true;
      });
    } else {
      for (const auto& [actor, seq] : page_.place.vector.vector) {
        lower(have, actor, actors_.vector().seq_of(actor));
      }
    }
    return have;
  }
  // Sets what the reader has of an actor of which this agent has `ours`.
  void lower(crdt::VersionVector& have, const base::ActorId& actor, std::uint64_t ours) const {
    have.set(actor, {std::min(page_.place.vector.seq_of(actor), ours), 0});
  }

  bool lost_something() const {
    if (query_.by_position) return page_.place.position < meta_.lost_position;
    const crdt::VersionVector known = have();
    bool lost = false;
    actors_.visit_lacking(known, [&](const base::ActorId& actor, const store::Actor& ours) {
      lost = ours.floor > known.seq_of(actor);
      return !lost;
    });
    return lost;
  }

  // --- entries

  base::Status choose_walk() {
    const bool lost = lost_something();
    if (query_.by_position) {
      // In a walk the position is that of its beginning, so this begins anew if the log has lost
      // something since then.
      if (lost) begin_walk();
      if (page_.place.walk) return find_heads();
    } else if (!lost) {
      page_.place.walk.reset();
    } else if (!page_.place.walk) {
      begin_walk();
    }
    return {};
  }

  // A cursor has no room for the vector of the beginning of its walk. It is the present one without
  // the changes behind the position. If there are too many of them, the walk begins anew.
  base::Status find_heads() {
    std::map<base::ActorId, std::uint64_t> later;  // the first change of each actor
    std::size_t visited = 0;
    RETURN_IF_ERROR(reader_.log().scan(actors_, page_.place.position, kWalkChangesMax,
                                       [&](const store::LogEntry& entry) {
                                         ++visited;
                                         later.try_emplace(entry.actor, entry.seq);
                                         return true;
                                       }));
    if (visited == kWalkChangesMax) {
      begin_walk();
      later.clear();
    }
    Acknowledged& heads = page_.place.walk->after;
    actors_.visit([&](const base::ActorId& actor, const store::Actor& ours) {
      const auto first = later.find(actor);
      heads.raise(actor, first == later.end() ? ours.head.seq : first->second - 1);
      return true;
    });
    return {};
  }

  void begin_walk() {
    EntryWalk& walk = page_.place.walk.emplace();
    page_.place.given = 0;
    page_.place.next.reset();
    page_.place.position = newest();
    if (query_.by_position) return;
    actors_.visit([&](const base::ActorId& actor, const store::Actor& ours) {
      const bool wanted = !query_.peer.empty() || ours.node == query_.node;
      if (wanted && ours.head.seq > 0) walk.after.raise(actor, ours.head.seq);
      return true;
    });
  }

  base::Status walk() {
    std::size_t entries = 0;
    std::size_t bytes = 0;
    EntryWalk& walk = *page_.place.walk;
    for (const char* object : kWalkedCatalogs) {
      if (walk.object > object) continue;
      if (walk.object != object) {
        walk.object = object;
        walk.id.clear();
        walk.given = 0;
      }
      base::Status read;
      if (walk.given > 0) {  // the rest of an entry
        ASSIGN_OR_RETURN(const crdt::Entry entry, reader_.cells().entry(object, walk.id));
        RETURN_IF_ERROR(take_entry(entry));
      }
      if (full_) return {};
      const std::optional<std::string> after =
          walk.id.empty() ? std::nullopt : std::optional(walk.id);
      RETURN_IF_ERROR(reader_.cells().scan(object, after, [&](const crdt::Entry& entry) {
        if (entries >= kSliceEntries || bytes >= kSliceBytes) full_ = true;
        if (full_) return false;
        ++entries;
        bytes += crdt::shown_text(entry).size();
        read = take_entry(entry);
        return read.ok() && !full_;
      }));
      RETURN_IF_ERROR(read);
      if (full_) return {};
    }
    page_.place.vector.join(walk.after);
    page_.place.walk.reset();
    return {};
  }

  // An entry of which nothing fits stays behind the place of the walk.
  base::Status take_entry(const crdt::Entry& entry) {
    EntryWalk& walk = *page_.place.walk;
    std::vector<CatalogDelta> deltas = texts_.of_entry(entry);
    // Entries do not come in the order of their changes. All have the numbers of the beginning of
    // the walk, so that a receiver that compares clocks takes all of them, and then what follows.
    for (CatalogDelta& delta : deltas) delta.seq = walk.after.seq_of(delta.actor);
    const bool goes_on = walk.given > 0 && walk.id == entry.id;
    for (std::uint32_t i = goes_on ? walk.given : 0; i < deltas.size(); ++i) {
      ASSIGN_OR_RETURN(const bool is_wanted, wants(deltas[i], std::nullopt));
      if (!is_wanted || take(deltas[i])) continue;
      if (i == 0) return {};
      walk.id = entry.id;
      walk.given = i;
      return {};
    }
    walk.id = entry.id;
    walk.given = 0;
    return {};
  }

  // --- log

  base::Status read_log() {
    while (!full_) {
      if (page_.changes >= kDeltaChanges || bytes_read_ >= kDeltaBytes) return {};
      std::vector<Fetched> fetched;
      ASSIGN_OR_RETURN(const bool end, fetch(fetched));
      for (const Fetched& one : fetched) {
        RETURN_IF_ERROR(take_change(one));
        if (full_) return {};
      }
      if (!end) continue;
      page_.complete = true;
      page_.place.position = newest();
      return {};
    }
    return {};
  }

  // The next changes; true: the last ones.
  base::Result<bool> fetch(std::vector<Fetched>& fetched) {
    const std::size_t room = query_.limit - found_.size();
    store::RangeLimits limits{std::min(kCatchUpChanges, room), kCatchUpBytes};
    const auto keep = [&](const store::LogEntry& entry) {
      bytes_read_ += entry.sealed.size();
      fetched.push_back({entry.position, entry.actor, entry.seq, base::Bytes(entry.sealed)});
    };
    if (!query_.by_position) {
      ASSIGN_OR_RETURN(const auto visited, reader_.log().range(actors_, have(), limits, keep));
      return visited.complete;
    }
    std::size_t bytes = 0;
    RETURN_IF_ERROR(reader_.log().scan(actors_, page_.place.position, limits.changes_max,
                                       [&](const store::LogEntry& entry) {
                                         keep(entry);
                                         bytes += entry.sealed.size();
                                         return bytes < limits.bytes_max;
                                       }));
    return fetched.size() < limits.changes_max && bytes < limits.bytes_max;
  }

  base::Status take_change(const Fetched& fetched) {
    ASSIGN_OR_RETURN(const crdt::Opened opened, crdt::open_change(fetched.sealed));
    const bool skips = query_.peer.empty() ? !is_ours(fetched.actor)
                                           : texts_.node_of(fetched.actor) == query_.peer;
    if (opened.envelope_known && !skips) RETURN_IF_ERROR(take_deltas(opened.change));
    if (full_) return {};
    page_.place.given = 0;
    page_.place.next.reset();
    page_.place.position = std::max(page_.place.position, fetched.position);
    page_.place.vector.raise(fetched.actor, fetched.seq);
    ++page_.changes;
    full_ = found_.size() >= query_.limit;
    return {};
  }

  base::Status take_deltas(const crdt::Change& change) {
    ASSIGN_OR_RETURN(const std::vector<CatalogDelta> deltas, texts_.of_change(change));
    const std::pair this_change(change.actor, change.seq);
    const bool goes_on = !page_.place.next || *page_.place.next == this_change;
    for (std::uint32_t i = goes_on ? page_.place.given : 0; i < deltas.size(); ++i) {
      ASSIGN_OR_RETURN(const bool is_wanted, wants(deltas[i], change.request));
      if (!is_wanted || take(deltas[i])) continue;
      page_.place.given = i;
      page_.place.next = this_change;
      return {};
    }
    return {};
  }

  // --- what the reader wants

  base::Result<bool> wants(const CatalogDelta& delta,
                           const std::optional<crdt::RequestMark>& mark) {
    if (delta.gone) return false;
    if (!query_.peer.empty()) {
      return delta.node != query_.peer && !(mark && is_posted_by(mark->key, query_.peer));
    }
    if (delta.of_mesh) return is_ours(delta.actor) && !(mark && is_posted(mark->key));
    ASSIGN_OR_RETURN(const bool foreign, is_foreign(delta.node));
    return is_ours(delta.actor) && !foreign;
  }

  // A node that has posted deltas.
  base::Result<bool> is_foreign(const std::string& node) {
    const auto known = foreign_.find(node);
    if (known != foreign_.end()) return known->second;
    ASSIGN_OR_RETURN(const crdt::Cells cells,
                     reader_.cells().cells_at(kAcknowledgedObject, {kForeignDoor, node},
                                              crdt::SlotType::kLwwRegister));
    return foreign_[node] = !cells.empty();
  }

  // False: the page is full.
  bool take(const CatalogDelta& delta) {
    const std::size_t size = delta.data.size() + delta.key.size() + delta.node.size() + 256;
    const bool fits = found_.size() < query_.limit && bytes_ + size <= kAnswerBytesMax;
    full_ = !fits && !found_.empty();
    if (full_) return false;
    bytes_ += size;
    found_.push_back(delta);
    return true;
  }

  // The deltas of one entry stand together, at the place of the first one. Their clocks never go
  // back, so that a receiver that compares clocks takes them all.
  void render() {
    std::map<std::pair<std::string, std::string>, std::size_t> order;
    std::vector<std::pair<std::size_t, const CatalogDelta*>> sorted;
    for (const CatalogDelta& delta : found_) {
      const std::size_t group =
          order.try_emplace({delta.object, delta.id}, order.size()).first->second;
      sorted.emplace_back(group, &delta);
    }
    std::stable_sort(sorted.begin(), sorted.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    std::map<base::ActorId, std::uint64_t> clocks;
    for (const auto& [group, delta] : sorted) {
      std::uint64_t& clock = clocks[delta->actor];
      clock = std::max(clock, delta->seq);
      page_.deltas.push_back(delta_text(*delta, clock));
    }
  }

  store::Reader& reader_;
  const store::Actors& actors_;
  const store::Meta meta_;
  const DeltaQuery& query_;
  CatalogDeltas texts_;
  DeltaPage page_;
  std::vector<CatalogDelta> found_;
  std::map<std::string, bool> foreign_;
  std::size_t bytes_ = 0;       // of the answer
  std::size_t bytes_read_ = 0;  // of the log
  bool full_ = false;
};

}  // namespace

std::string cursor_text(std::string_view node_short, const DeltaPlace& place) {
  std::string text(node_short);
  text += '.' + std::to_string(place.position) + '.' + std::to_string(place.given);
  if (!place.walk) return text;
  return text + '.' + std::to_string(place.walk->given) + '.' + place.walk->object + '.' +
         base::to_hex(place.walk->id);
}

base::Result<DeltaPlace> parse_cursor(std::string_view text, std::string_view node_short) {
  if (text.empty()) return DeltaPlace{};
  const std::size_t dot = text.find('.');
  const std::string_view node = text.substr(0, dot);
  std::optional<DeltaPlace> place;
  if (dot != std::string_view::npos) place = parse_place(text.substr(dot + 1));
  if (!place || node.size() != node_short.size() || !base::from_hex(node)) {
    return base::invalid("since=" + std::string(text.substr(0, 80)) +
                         ": expected what the header Cursor of an earlier answer had, or nothing "
                         "for the beginning");
  }
  return node == node_short ? std::move(*place) : DeltaPlace{};
}

base::Result<DeltaPage> read_delta_page(store::Reader& reader, const DeltaQuery& query,
                                        DeltaPlace from) {
  ASSIGN_OR_RETURN(const store::Meta meta, reader.meta());
  ASSIGN_OR_RETURN(const store::Actors* actors, reader.actors());
  return DeltaPageReader(reader, *actors, meta, query, std::move(from)).read();
}

std::string shared_reader(const base::NodeId& node) { return "@" + node.hex(); }

crdt::RequestHash posted_mark(std::string_view node, std::string_view delta) {
  crdt::RequestHash mark;
  fill_mark(mark, 0, kDoorBytes, "catalog delta door", {});
  fill_mark(mark, kDoorBytes, kNodeBytes, "catalog delta node", node);
  const std::size_t rest = kDoorBytes + kNodeBytes;
  fill_mark(mark, rest, mark.bytes.size() - rest, "catalog delta", delta);
  return mark;
}

bool is_posted(const crdt::RequestHash& mark) {
  return same_mark_start(mark, posted_mark({}, {}), kDoorBytes);
}

bool is_posted_by(const crdt::RequestHash& mark, std::string_view node) {
  return same_mark_start(mark, posted_mark(node, {}), kDoorBytes + kNodeBytes);
}

}  // namespace agent
