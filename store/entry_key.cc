#include "store/entry_key.h"

namespace store {
namespace {

constexpr char kEscape = '\0';
constexpr char kOwn = '\0';
constexpr char kEnd = '\x01';
constexpr char kZero = '\xff';

// Reads one component and its end mark from the front of `rest`.
std::optional<std::string> take_component(base::BytesView& rest) {
  std::string component;
  for (std::size_t at = 0; at < rest.size(); ++at) {
    if (rest[at] != kEscape) {
      component.push_back(rest[at]);
      continue;
    }
    if (++at == rest.size()) return std::nullopt;
    if (rest[at] == kEnd) {
      rest.remove_prefix(at + 1);
      return component;
    }
    if (rest[at] != kZero) return std::nullopt;
    component.push_back('\0');
  }
  return std::nullopt;
}

}  // namespace

base::Bytes object_key(std::int64_t object) {
  base::Bytes key;
  base::append_be32(key, static_cast<std::uint32_t>(object));
  return key;
}

std::int64_t object_of(base::BytesView key) {
  return key.size() < 4 ? 0 : base::read_be32(key.data());
}

void append_component(base::Bytes& key, std::string_view component) {
  for (const char byte : component) {
    key.push_back(byte);
    if (byte == '\0') key.push_back(kZero);
  }
  key.push_back(kEscape);
  key.push_back(kEnd);
}

void append_own(base::Bytes& key, crdt::SlotType type) {
  key.push_back(kEscape);
  key.push_back(kOwn);
  key.push_back(static_cast<char>(type));
}

base::Bytes entry_key(std::int64_t object, const std::vector<std::string>& path,
                      std::size_t components) {
  base::Bytes key = object_key(object);
  for (std::size_t at = 0; at < components; ++at) append_component(key, path[at]);
  return key;
}

std::optional<NameKey> parse_name_key(base::BytesView key) {
  if (key.size() < 4) return std::nullopt;
  NameKey name;
  name.object = base::read_be32(key.data());
  key.remove_prefix(4);
  while (!key.empty()) {
    if (key.size() == 3 && key[0] == kEscape && key[1] == kOwn) {
      name.own = static_cast<crdt::SlotType>(key[2]);
      return name;
    }
    auto component = take_component(key);
    if (!component) return std::nullopt;
    name.path.push_back(std::move(*component));
  }
  return name;
}

base::Bytes after_all_below(base::BytesView entry) {
  base::Bytes bound(entry);
  while (!bound.empty() && static_cast<unsigned char>(bound.back()) == 0xff) bound.pop_back();
  if (!bound.empty()) bound.back() = static_cast<char>(bound.back() + 1);
  return bound;
}

}  // namespace store
