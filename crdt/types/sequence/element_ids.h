#pragma once

// The elements of one text have short names inside it: the actor's place in a table, and the number
// of the element among those that this actor has inserted into this text. A replica applies the
// changes of an actor in order (rule 4), so the numbers are the same on every replica, and numbers
// of one actor compare like their dots. Thread: any, one at a time.

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "crdt/base/result.h"
#include "crdt/dot.h"
#include "crdt/dot_run.h"

namespace crdt {

struct Element {
  static constexpr std::uint32_t kRootActor = UINT32_MAX;
  std::uint32_t actor = kRootActor;  // kRootActor: before the whole text
  std::uint32_t number = 0;
  bool is_root() const { return actor == kRootActor; }
  bool operator==(const Element&) const = default;
  Element plus(std::uint32_t steps) const { return {actor, number + steps}; }
};

class ElementIds {
 public:
  // Names the next elements of `first.actor`: `span` dots (seq, index), (seq, index + 1), … They
  // must be above all dots that this actor has here. Returns the first of them.
  Element add(const Dot& first, std::uint32_t span);
  // The element of a dot; nullopt when the text has none.
  std::optional<Element> find(const Dot& dot) const;
  Dot dot_of(Element element) const;
  // The dots of `element` and those after it, at most `most`, as far as they are one run.
  DotRun run_of(Element element, std::uint32_t most) const;
  // The elements whose dots are in the run, in the order of their numbers.
  struct Stretch {
    Element first;
    std::uint32_t count = 0;
  };
  std::vector<Stretch> in(const DotRun& run) const;
  // Those of the ordered `runs` that have an element of this text. A removal of a large map names
  // very many runs, and most texts have elements of a few of them.
  DotRuns met(const DotRuns& runs) const;
  std::uint32_t count(std::uint32_t actor) const { return actors_[actor].count; }
  // The order of siblings: by dot.
  bool less(Element one, Element other) const {
    if (one.actor == other.actor) return one.number < other.number;
    return actors_[one.actor].id < actors_[other.actor].id;
  }
  // Whether it stands before a new element of `author` among siblings.
  bool before_new_of(const ActorId& author, Element element) const {
    return actors_[element.actor].id <= author;
  }
  std::uint32_t actors() const { return static_cast<std::uint32_t>(actors_.size()); }
  std::uint64_t elements() const;                      // of all actors
  std::map<ActorId, std::uint64_t> last_seqs() const;  // of each actor the seq of its last element
  std::size_t bytes() const;                           // of memory, about

  base::Bytes encode() const;  // the stored form; docs/storage.md has the layout
  static base::Result<ElementIds> decode(base::BytesView bytes);

 private:
  // Elements `number`, `number` + 1, … up to the next one: either of one change, or one of each
  // change with the same index.
  struct Names {
    std::uint64_t seq = 0;
    std::uint32_t number = 0;
    std::uint32_t index : 31;
    std::uint32_t by_seq : 1;
  };
  struct Actor {
    ActorId id;
    std::uint32_t count = 0;
    std::vector<Names> names;
  };
  // The names that say the dot of an element.
  static const Names& names_of(const Actor& actor, std::uint32_t number);
  std::uint32_t intern(const ActorId& id);
  std::optional<std::uint32_t> index_of(const ActorId& id) const;

  std::vector<Actor> actors_;
  std::map<ActorId, std::uint32_t> by_id_;
  std::uint32_t last_actor_ = 0;  // most calls are for the same one
};

}  // namespace crdt
