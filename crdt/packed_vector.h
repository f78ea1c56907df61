#pragma once

// Entries of a version vector that rarely change, in about 28 bytes each: those of closed actors
// (rule 2). One copy serves the store, its readers and the protocol; it never changes once it is
// made, so any thread may read it. Whoever holds a newer entry keeps that beside it
// (crdt::VersionVector). Each entry also has the small number that the store gave its actor.

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "crdt/dot.h"
#include "crdt/head.h"
#include "crdt/packed_numbers.h"

namespace crdt {

class PackedVector {
 public:
  struct Entry {
    std::uint64_t number = 0;
    ActorId actor;
    Head head;
  };
  // `entries` in the order of number; every number and every actor once. `former` is what this one
  // takes the place of, if anything: then differences() is known. `half` is vector_half() for who
  // knows it already: it takes longer than all the rest.
  static std::shared_ptr<const PackedVector> of(const std::vector<Entry>& entries,
                                                const PackedVector* former = nullptr,
                                                std::optional<std::uint64_t> half = std::nullopt);

  std::size_t size() const { return actors_.size(); }
  // An entry has a place, in the order of number.
  Entry at(std::size_t place) const;
  const ActorId& actor_at(std::size_t place) const { return actors_[place]; }
  Head head_at(std::size_t place) const { return {seqs_[place], hashes_[place]}; }
  // The place of the entry that is `nth` in the order of actors.
  std::size_t in_order(std::size_t nth) const { return static_cast<std::size_t>(order_[nth]); }
  std::size_t first_from(const ActorId& actor) const;  // nth of the first that is not below `actor`
  std::optional<std::size_t> find(const ActorId& actor) const;
  std::optional<std::size_t> find_number(std::uint64_t number) const;
  bool contains(const ActorId& actor) const { return find(actor).has_value(); }
  Head head_of(const ActorId& actor) const;  // {0, 0} when it is not here
  // What the entries add to the vector half of a state hash: the sum of vector_element().low.
  std::uint64_t vector_half() const { return half_; }

  // True if differences() has every actor whose entry here is another one than in `former`.
  bool follows(const PackedVector& former) const { return follows_ == former.serial_; }
  const std::vector<ActorId>& differences() const { return differences_; }

 private:
  PackedVector(const std::vector<Entry>& entries, const PackedVector* former);
  std::uint64_t number_at(std::size_t place) const { return place + skipped_[place]; }

  // All by place.
  std::vector<ActorId> actors_;
  std::vector<HeadHash> hashes_;
  PackedNumbers seqs_;
  PackedNumbers skipped_;  // number minus place
  PackedNumbers order_;    // the places, in the order of actors
  std::uint64_t serial_;   // differs from that of any other in this process
  std::uint64_t follows_ = 0;
  std::uint64_t half_ = 0;
  std::vector<ActorId> differences_;
};

}  // namespace crdt
