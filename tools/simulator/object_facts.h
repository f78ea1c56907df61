#pragma once

// What was said about one object of any type but the catalogs, for the oracle (oracle.h). A fact is
// what one operation has left: a value, an element, a number, a letter of a text, or "this
// container is there". A later operation takes back facts that its author had seen. What a reader
// sees is made of the facts of the changes that it has, without those that one of these changes
// took back. Slow and simple: every question looks at all facts. JSON texts are those of the
// workload: an element or a value in a set has no comma outside of a string, strings have no
// escapes, and a number that is written in two ways is a small whole one.

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "crdt/base/strong.h"
#include "crdt/dot.h"
#include "crdt/hybrid_time.h"
#include "crdt/slot.h"

namespace simulation {

using Place = std::vector<std::string>;
__extension__ typedef __int128 Total;  // a sum of many numbers of 64 bits
using FactId = std::size_t;            // index in Facts

struct Fact {
  crdt::SlotType type = crdt::SlotType::kMap;
  Place place;
  bool is_container = false;  // only says that the container is there
  // JSON of a value or an element; one code point of a text. A value that is empty says that there
  // is none.
  std::string text;
  Total amount = 0;  // of a counter
  // What a node has counted since it began, as its client says; nobody: an increment.
  std::string node;
  Total node_added = 0;
  Total node_taken = 0;
  std::string tag;  // that the client gave to an element
  crdt::Stamp stamp;
  // Who said it, and in which change: the oracle's number of it.
  base::ActorId actor;
  std::uint64_t seq = 0;
  std::size_t change = 0;
  // A letter stands to the left or right of another one, or right of the start.
  std::optional<FactId> parent;
  bool right = true;
  // Of a letter of the first insert of a change: clients name it by the change and this number.
  std::optional<std::uint32_t> number;
  std::vector<std::size_t> taken_back_by;  // changes

  bool is_letter() const { return type == crdt::SlotType::kSeq && !is_container; }
};
using Facts = std::vector<Fact>;
using FactIds = std::vector<FactId>;

using Covers = std::function<bool(std::size_t change)>;

// The facts that one reader sees.
class ObjectSight {
 public:
  ObjectSight(const Facts& facts, const Covers& covers);

  // What is there, without the marks of containers.
  FactIds at(const Place& place, crdt::SlotType type) const;
  FactIds elements(const Place& place, const std::string& element) const;  // of a set, equal ones
  FactIds containers(const Place& place, crdt::SlotType type) const;       // the marks
  FactIds within(const Place& place) const;  // everything at the place and below it
  bool has(const Place& place, crdt::SlotType type) const;
  std::vector<crdt::SlotType> types_at(const Place& place) const;
  // The first place above this one at which a reader sees something that has no places in it.
  std::optional<Place> blocks(const Place& place) const;
  // Where something is that a reader would see in place of a value of this type, or that the value
  // would hide: what blocks the place, or a type at the place that comes before this one. A set
  // takes more elements unless a text or map that has a mark is there.
  std::optional<Place> hides(const Place& place, crdt::SlotType type) const;
  Total sum(const Place& place, crdt::SlotType type) const;
  // All letters that were ever inserted, in their order, and those that are shown.
  FactIds letters(const Place& place) const;
  FactIds shown_letters(const Place& place) const;
  // Those that clients can name, erased ones too, and the letter of a name.
  std::vector<crdt::Dot> names(const Place& place) const;
  std::optional<FactId> letter(const Place& place, const crdt::Dot& name) const;

  // The JSON text that readers get; nullopt when nothing is there.
  std::optional<std::string> read(const Place& place) const;
  std::optional<std::string> read(const Place& place, crdt::SlotType type) const;
  // Where something is hidden by a later value or by another type, and which change said what is
  // shown and what is not: "orset over gcounter, lww_register of 1b2c3d4e:1, by type".
  std::map<Place, std::string> conflicts() const;
  // What the store counts: of a text all letters, of everything else what is there. By the type of
  // the object that it belongs to; no number is 0.
  std::map<crdt::SlotType, std::int64_t> counts() const;
  std::vector<Place> places() const;  // at which something is there or was a letter

 private:
  struct Spot {
    FactIds facts;
    FactIds containers;
    FactIds letters;  // also those that were taken back
  };
  const Spot* spot(const Place& place, crdt::SlotType type) const;
  FactIds best_first(FactIds ids) const;
  bool says_nothing(const Place& place, crdt::SlotType type) const;
  std::set<std::string> said_at(const Place& place, crdt::SlotType type) const;
  std::string writer_of(FactId id) const;
  std::optional<std::string> conflict_at(const Place& place) const;
  std::string all_of(const FactIds& ids) const;
  std::optional<std::string> read_set(const Place& place) const;
  std::optional<std::string> read_map(const Place& place) const;

  const Facts& facts_;
  std::map<Place, std::map<crdt::SlotType, Spot>> spots_;
};

// The same name for every way to write an element.
std::string element_name(const std::string& json);
// A place at `outer` or below it.
bool is_within(const Place& outer, const Place& place);

}  // namespace simulation
