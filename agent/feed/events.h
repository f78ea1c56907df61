#pragma once

// Events that several listeners share: those of one turn of the replica, or of one part of the log.

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "agent/feed/cursor.h"
#include "agent/replica/requests.h"

namespace agent {

std::size_t bytes_of(const Event& event);  // about, in memory and as text

class Events {
 public:
  // `list` holds whole changes, in order. `shared`: many listeners will get them.
  Events(std::vector<Event> list, bool shared);

  const std::vector<Event>& list() const { return list_; }
  bool shared() const { return shared_; }
  std::size_t bytes() const { return bytes_; }
  // Where a listener stands that has got all events up to this one.
  Cursor cursor(std::size_t index, std::string node) const {
    return {std::move(node), list_[index].position, remaining_[index]};
  }
  // A place for what a renderer has made of the events of a turn, so that a thousand listeners cost
  // one rendering. `format` is an address that the renderer owns. Empty at first.
  std::shared_ptr<void>& rendering(const void* format) const { return renderings_[format]; }

 private:
  std::vector<Event> list_;
  std::vector<std::uint32_t> remaining_;  // of each: how many of the same change follow it
  std::size_t bytes_ = 0;
  bool shared_;
  mutable std::map<const void*, std::shared_ptr<void>> renderings_;
};

struct Value;
std::size_t bytes_of(const Value& value);

// The events that one listener gets at once.
struct Batch {
  const Events& events;
  std::span<const std::size_t> wanted;  // indexes of `events`, ascending
};

// What an object shows, or an entry of a catalog.
struct Value {
  std::string object;
  std::vector<std::string> path;  // of an entry: its id; else empty
  crdt::SlotType type = crdt::SlotType::kMap;
  std::string value;   // JSON; empty when it is large
  bool large = false;  // above kFeedValueMax
};

}  // namespace agent
