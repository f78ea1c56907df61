#pragma once

// The messages of a state join (rule 6): queries of the joiner, and pages of one committed state.
// Every page names the snapshot and the hash of its state. The head pages have the vector with
// heads and an index of the objects. The other pages have cells, in one order that does not depend
// on where a store keeps them. Layout: docs/protocol.md, "State joins". Decoding checks every bound
// before it allocates; kInvalid says what is wrong.

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "crdt/cell.h"
#include "crdt/codec.h"
#include "crdt/digest.h"
#include "crdt/dot_run.h"
#include "crdt/hybrid_time.h"
#include "crdt/types/sequence/text_run.h"
#include "crdt/version_vector.h"

namespace crdt {

// A page ends when it has reached this many bytes. A single larger cell has a page of its own.
inline constexpr std::size_t kSnapshotPageBytes = 1u << 20;
inline constexpr std::size_t kSnapshotPageBytesMax = 26u << 20;  // larger pages are not decoded
inline constexpr std::size_t kSnapshotQueryBytesMax = 64u << 10;
inline constexpr std::size_t kSnapshotActorsMax = 1u << 20;  // actors of one snapshot
// Path components that a slot shares with the slot before it take no bytes on the wire, but memory
// when decoded.
inline constexpr std::size_t kSnapshotSlotBytesMax = 32u << 20;
// Erased elements of texts take no bytes each, but time: on one page there are at most this many.
inline constexpr std::uint64_t kSnapshotErasedMax = 64u << 20;
// Dots that a page names take few bytes, but memory and time: on one page there are at most this
// many.
inline constexpr std::uint64_t kSnapshotNamedMax = 128u << 10;
inline constexpr std::size_t kSnapshotMissingMax = 1'024;  // actors that a query names

using ObjectKey = std::pair<std::string, SlotType>;  // name and root type, ordered in this way
ObjectKey object_of(const Slot& slot);
bool is_of(const Slot& slot, const ObjectKey& object);

// The order of slots in a snapshot: object (name, root type), then the path component by component
// (bytes as unsigned numbers), then type. The cells of a slot are ordered by dot.
std::strong_ordering compare_slots(const Slot& a, const Slot& b);

// A place in that order: a cell, or an element of the text of a slot, which comes after its cells.
struct SnapshotPlace {
  Slot slot;
  Dot dot;
  bool text = false;  // the dot is an element of the text
  bool operator==(const SnapshotPlace&) const = default;
};
// The cell comes strictly after the place.
bool is_behind(const SnapshotPlace& place, const Slot& slot, const Dot& dot);
// `next` comes strictly after the place. The elements of one text have no order that could be told
// from their dots: there any other element counts as behind.
bool is_behind(const SnapshotPlace& place, const SnapshotPlace& next);

struct SnapshotActor {
  ActorId actor;
  Head head;
  bool left = false;   // its owner no longer uses it
  bool named = false;  // another change of the snapshot names the head in its deps
  std::optional<NodeId> node;
  bool operator==(const SnapshotActor&) const = default;
};

struct SnapshotObject {
  ObjectKey key;
  std::uint64_t cells = 0;  // above 0
  Digest digest;
  bool operator==(const SnapshotObject&) const = default;
};

// A slot with cells, or a slot with the elements of its text in document order; a slot that has
// both comes twice, its cells first. What does not fit continues on the next page under the same
// name.
struct SnapshotSlot {
  Slot slot;
  Cells cells;                     // at least one, or
  std::vector<TextRun> runs = {};  // at least one
  bool is_text() const { return !runs.empty(); }
  bool operator==(const SnapshotSlot&) const = default;
};

// In the difference form: the cells of an object that are not sent, because the asker has seen
// their dots. It is complete for the places of its page.
struct SnapshotNamed {
  ObjectKey key;
  DotRuns dots;  // ordered; may be empty
  bool operator==(const SnapshotNamed&) const = default;
};

struct SnapshotName {
  std::uint64_t id = 0;  // random; never 0
  StateHash state;
  bool operator==(const SnapshotName&) const = default;
};

struct SnapshotPage {
  std::uint64_t step = 0;  // of the query that it answers
  SnapshotName name;
  HybridTime clock;  // of the sender, at this state
  std::vector<SnapshotActor> actors;
  std::vector<SnapshotObject> objects;
  std::vector<SnapshotSlot> slots;
  // In the difference form only: how far the page reaches, if there are more, and an item for each
  // object of which the page has, or names, anything.
  std::optional<SnapshotPlace> until = {};
  std::vector<SnapshotNamed> named = {};
  bool more = false;  // the answer to the query continues after this page
  bool operator==(const SnapshotPage&) const = default;
};

// Cells of the objects from `first` to `last`. With `missing`, in the difference form: all texts,
// the cells whose dots the asker has not seen, and the dots of all others.
struct SnapshotRun {
  // The actors of which the asker has seen less than the snapshot has, with the last number that it
  // has seen, which may be 0.
  using Missing = std::map<ActorId, std::uint64_t>;
  // The dots of a page whose cells the asker no longer holds. The answer has, for each object, how
  // many of these cells the snapshot has up to `until` (absent: to the end of the run), and the sum
  // of their elements of the digest.
  struct Wanted {
    std::optional<SnapshotPlace> until;
    DotRuns dots;  // not empty
    bool operator==(const Wanted&) const = default;
  };
  ObjectKey first;
  ObjectKey last;
  std::optional<SnapshotPlace> after;  // the page begins strictly after this place
  std::optional<Missing> missing = {};
  std::optional<Wanted> wanted = {};
  bool operator==(const SnapshotRun&) const = default;
};

struct SnapshotQuery {
  // Head pages: actors above `actor`, then objects with names above `object`.
  struct Head {
    std::optional<ActorId> actor;
    std::optional<std::string> object;
    bool operator==(const Head&) const = default;
  };
  using Run = SnapshotRun;
  // Grows by one with every query of a join and may start with any number. `snapshot` 0 asks for a
  // new snapshot; if that query is repeated with the same step, it gets the same snapshot.
  std::uint64_t step = 0;
  std::uint64_t snapshot = 0;
  Head head;
  std::optional<Run> run;  // absent: a head page
  bool operator==(const SnapshotQuery&) const = default;
};

base::Bytes encode(const SnapshotQuery& query);
base::Result<SnapshotQuery> decode_snapshot_query(base::BytesView bytes);

base::Bytes encode(const SnapshotPage& page);
base::Result<SnapshotPage> decode_snapshot_page(base::BytesView bytes);

// Encodes a page item by item, so that no item is in memory twice. Add actors, objects and slots,
// each in their order.
class SnapshotPageBuilder {
 public:
  SnapshotPageBuilder(std::uint64_t step, const SnapshotName& name, const HybridTime& clock);
  void add(const SnapshotActor& actor);
  void add(const SnapshotObject& object);
  void add(const Slot& slot, std::span<const Cell> cells);    // at least one
  void add(const Slot& slot, std::span<const TextRun> runs);  // at least one
  void name(const ObjectKey& key, std::span<const DotRun> dots);
  void end_at(const SnapshotPlace& until);
  bool empty() const { return actors_ == 0 && objects_ == 0 && slots_ == 0; }
  const Slot* last_slot() const { return slots_ == 0 ? nullptr : &before_; }
  base::Bytes finish(bool more);  // once

 private:
  void begin(const Slot& slot, std::uint64_t section);
  void add(const Cell& cell);
  void add(const TextRun& run);
  std::size_t number_of(const ActorId& actor);

  std::uint64_t step_;
  SnapshotName name_;
  HybridTime clock_;
  std::size_t actors_ = 0;
  std::size_t objects_ = 0;
  std::size_t slots_ = 0;
  codec::Writer actors_out_;
  codec::Writer objects_out_;
  codec::Writer slots_out_;
  std::size_t named_ = 0;
  codec::Writer named_out_;
  codec::Writer until_out_;
  std::vector<ActorId> table_;
  std::map<ActorId, std::size_t> numbers_;
  std::size_t last_number_ = 0;
  Slot before_;
  std::int64_t nanos_ = 0;  // of the cell before
};

// Decodes a page slot by slot into the same memory. The page is well-formed only if next() has
// returned false at its end. The bytes must outlive the reader.
class SnapshotPageReader {
 public:
  static base::Result<SnapshotPageReader> open(base::BytesView bytes);
  const SnapshotPage& head() const { return head_; }  // everything but the slots
  std::size_t slots_left() const { return slots_left_; }
  base::Result<bool> next(SnapshotSlot& slot);  // false after the last slot

 private:
  explicit SnapshotPageReader(codec::Reader in) : in_(std::move(in)) {}
  void read_head();
  std::size_t list(std::size_t fields);
  void read_actors();
  void read_objects();
  void read_table();
  void read_named();
  void read_cells(Cells& cells);
  void read_runs(std::vector<TextRun>& runs);
  bool read_run(TextRun& run);
  ActorId actor();

  codec::Reader in_;
  SnapshotPage head_;
  std::size_t fields_behind_ = 0;  // of later versions
  std::vector<ActorId> table_;
  std::size_t slots_left_ = 0;
  bool first_ = true;
  Slot before_;
  bool text_before_ = false;  // the section before was a text
  std::size_t charge_ = 0;
  std::uint64_t erased_ = 0;  // elements that take no bytes of the page
  std::int64_t nanos_ = 0;    // of the cell before
};

// The most bytes that this adds to a page, so that the builder's caller knows when the page is
// full.
std::size_t encoded_size(const SnapshotActor& actor);
std::size_t encoded_size(const SnapshotObject& object);
std::size_t encoded_size(const Slot& slot, const Slot* before);
std::size_t encoded_size(const Cell& cell);
std::size_t encoded_size(const TextRun& run);
std::size_t memory_charge(const Slot& slot);  // counted against kSnapshotSlotBytesMax

}  // namespace crdt
