#include "agent/api/dictionary_mirror.h"

#include <algorithm>
#include <utility>

#include "agent/api/dictionary.h"
#include "agent/api/json_text.h"
#include "agent/api/time_text.h"

namespace agent {

base::Result<DictionaryRead> read_dictionary(store::Reader& reader,
                                             const std::set<std::string>* keys,
                                             std::size_t bytes_max) {
  DictionaryRead read;
  ASSIGN_OR_RETURN(read.position, snapshot_position(reader));
  std::size_t bytes = 0;
  const auto add = [&](const MapRegister& found) {
    const crdt::Cell& shown = found.cells.front();
    read.rows.push_back({found.key, string_shown(shown), nanos_with_counter(shown.stamp.time)});
    read.times.push_back(shown.stamp.time);
    bytes += found.key.size() + read.rows.back().value.size();
    read.too_large = bytes > bytes_max;
    return !read.too_large;
  };
  if (keys == nullptr) {
    RETURN_IF_ERROR(each_register(reader, kDictionaryObject, add));
    return read;
  }
  ASSIGN_OR_RETURN(const auto found, registers_at(reader, kDictionaryObject, *keys));
  for (const MapRegister& one : found) add(one);
  return read;
}

std::optional<DictionaryChange> DictionaryMirror::take(const Event& event, bool& known) {
  const std::string& key = event.path.front();
  const auto found = entries_.find(key);
  known = event.position <= (found == entries_.end() ? position_ : found->second.position);
  if (known) return std::nullopt;
  const bool leaves_value = event.op == "put" || event.absent;
  const bool wins = found == entries_.end() || found->second.time < event.time;
  if (event.type != crdt::SlotType::kLwwRegister || !leaves_value || !wins) return std::nullopt;
  DictionaryChange change{key, event.absent ? std::string() : string_shown(event.value),
                          nanos_with_counter(event.time)};
  put(key, {change.value, event.time, event.position});
  return change;
}

void DictionaryMirror::take(const DictionaryRead& read, const std::set<std::string>* keys,
                            const std::function<std::uint64_t(const std::string& key)>& heard,
                            const std::function<void(const DictionaryChange&)>& tell) {
  std::set<std::string> gone;
  if (keys != nullptr) gone = *keys;
  if (keys == nullptr) {
    for (const auto& [key, entry] : entries_) gone.insert(key);
    position_ = std::max(position_, read.position);
  }
  for (std::size_t i = 0; i < read.rows.size(); ++i) {
    const DictionaryChange& row = read.rows[i];
    gone.erase(row.key);
    const std::string* before = value(row.key);
    const bool differs = (before != nullptr ? *before : std::string()) != row.value;
    put(row.key, {row.value, read.times[i], read.position});
    if (differs) tell(row);
  }
  for (const std::string& key : gone) {
    const auto found = entries_.find(key);
    if (found == entries_.end()) continue;
    const bool shown = !found->second.value.empty();
    const std::uint64_t nanos = std::max(heard(key), nanos_with_counter(found->second.time));
    erase(found);
    if (shown) tell({key, {}, nanos});
  }
}

const std::string* DictionaryMirror::value(const std::string& key) const {
  const auto found = entries_.find(key);
  return found == entries_.end() || found->second.value.empty() ? nullptr : &found->second.value;
}

std::string DictionaryMirror::data() const {
  JsonObject data;
  for (const auto& [key, entry] : entries_) {
    if (!entry.value.empty()) data.raw(key, entry.value);
  }
  return data.take();
}

void DictionaryMirror::clear() {
  entries_.clear();
  bytes_ = 0;
  position_ = 0;
}

void DictionaryMirror::put(const std::string& key, Entry entry) {
  bytes_ += key.size() + entry.value.size();
  const auto [at, added] = entries_.try_emplace(key);
  if (!added) bytes_ -= key.size() + at->second.value.size();
  at->second = std::move(entry);
}

void DictionaryMirror::erase(std::map<std::string, Entry>::iterator at) {
  bytes_ -= at->first.size() + at->second.value.size();
  entries_.erase(at);
}

}  // namespace agent
