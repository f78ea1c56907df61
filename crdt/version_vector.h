#pragma once

// A version vector with heads: for every actor the number of its applied changes, and eight bytes
// of the hash of the last one. The hash shows when two changes have one number (rule 2). Entries
// are ordered by actor, so iteration is the same on every agent.
// Most entries of an old mesh belong to closed actors and never change. pack() takes those from a
// PackedVector that many vectors share; only what differs from it is kept here. How the entries are
// kept changes no result.

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "crdt/dot.h"
#include "crdt/packed_vector.h"

namespace crdt {

class VersionVector {
 public:
  using Entries = std::map<ActorId, Head>;
  using Packed = std::shared_ptr<const PackedVector>;

  VersionVector() = default;
  explicit VersionVector(Packed packed) : packed_(std::move(packed)) {}  // with all its entries

  std::uint64_t seq_of(const ActorId& actor) const;
  Head head_of(const ActorId& actor) const;  // {0, 0} when unknown
  bool covers(const ActorId& actor, std::uint64_t seq) const { return seq_of(actor) >= seq; }
  bool covers(const VersionVector& other) const;  // every entry of `other` is at or below ours
  void set(const ActorId& actor, Head head);      // seq 0 removes the entry
  // The entries of `newer` that are above ours.
  Entries ahead_in(const VersionVector& newer) const;
  // How many changes `newer` has that we lack.
  std::uint64_t lag_behind(const VersionVector& newer) const;

  // Keeps every entry that is the same in `packed` there and only there. Null: keeps all here.
  void pack(Packed packed);
  const Packed& packed() const { return packed_; }
  // The entries that differ from packed(). seq 0: packed() has the actor, this vector does not.
  const Entries& loose() const { return entries_; }

  class Range;
  Range entries() const;  // all, in order; the vector must outlive it
  Entries to_map() const;
  bool empty() const;
  bool operator==(const VersionVector& other) const;

 private:
  template <typename Visit>
  static void differences(const VersionVector& one, const VersionVector& other, Visit visit);

  Entries entries_;
  Packed packed_;
};

// The entries of a vector: those kept apart and those that are packed, merged.
class VersionVector::Range {
 public:
  class Iterator {
   public:
    Iterator(const VersionVector& vector, Entries::const_iterator loose, std::size_t nth);
    std::pair<ActorId, Head> operator*() const;
    Iterator& operator++();
    bool operator==(const Iterator& other) const {
      return loose_ == other.loose_ && nth_ == other.nth_;
    }

   private:
    void settle();  // passes over entries that are hidden or absent
    const ActorId* packed_actor() const;

    const VersionVector* vector_;
    Entries::const_iterator loose_;
    std::size_t nth_;  // of packed(), in the order of actors
    bool at_loose_ = false;
  };
  explicit Range(const VersionVector& vector) : vector_(vector) {}
  Iterator begin() const { return {vector_, vector_.entries_.begin(), 0}; }
  Iterator end() const;
  std::size_t size() const;

 private:
  const VersionVector& vector_;
};

inline VersionVector::Range VersionVector::entries() const { return Range(*this); }

}  // namespace crdt
