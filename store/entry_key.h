#pragma once

// Keys of the table `names`. A key is the number of the object (four bytes big-endian) and then the
// components of a path, escaped so that keys sort as paths do: 0x00 becomes 0x00 0xFF, and each
// component ends with 0x00 0x01. If a slot has a row of its own, its key continues with 0x00 0x00
// and the type of the slot. It sorts after the entry at that path and before all deeper paths.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "crdt/base/bytes.h"
#include "crdt/slot.h"

namespace store {

struct NameKey {
  std::uint32_t object = 0;
  std::vector<std::string> path;
  std::optional<crdt::SlotType> own;  // set: the row is this one slot, not an entry
  bool operator==(const NameKey&) const = default;
};

base::Bytes object_key(std::int64_t object);
std::int64_t object_of(base::BytesView key);  // 0 if the bytes are no key
void append_component(base::Bytes& key, std::string_view component);
void append_own(base::Bytes& key, crdt::SlotType type);
base::Bytes entry_key(std::int64_t object, const std::vector<std::string>& path,
                      std::size_t components);
std::optional<NameKey> parse_name_key(base::BytesView key);

// The smallest byte string above all strings that start with `entry`, which is a key of an entry or
// of an object.
base::Bytes after_all_below(base::BytesView entry);

}  // namespace store
