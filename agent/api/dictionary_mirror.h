#pragma once

// What the dictionary shows, in memory, with the stamps: a change that wins is known without
// reading. A value without a lock or a socket; the hub of the door (dictionary.cc) owns it.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "agent/api/map_registers.h"
#include "agent/replica/requests.h"

namespace agent {

// What clients are told of a key. `value` is a JSON string; empty: removed.
struct DictionaryChange {
  std::string key;
  std::string value;
  std::uint64_t nanos = 0;  // of its stamp, with the counter
};

// Registers that were read in one snapshot.
struct DictionaryRead {
  std::int64_t position = 0;
  bool too_large = false;  // the rest was not read
  std::vector<DictionaryChange> rows;
  std::vector<crdt::HybridTime> times;  // of the rows
};
// All of them, or those of some keys. Stops above `bytes_max` bytes of keys and values.
base::Result<DictionaryRead> read_dictionary(store::Reader& reader,
                                             const std::set<std::string>* keys,
                                             std::size_t bytes_max);

class DictionaryMirror {
 public:
  // Takes a change that certainly shows: its stamp is greater than that of its key, so everything
  // else at the key loses against it. Nullopt: the caller must read the key. Changes that the
  // mirror has already are nothing to read: `known` says so.
  std::optional<DictionaryChange> take(const Event& event, bool& known);
  // Takes what a snapshot shows: of these keys, or of all keys (null). Calls `tell` for each key
  // that shows something else than before. `heard`: the time of the last change of a key, for one
  // that has nothing now.
  void take(const DictionaryRead& read, const std::set<std::string>* keys,
            const std::function<std::uint64_t(const std::string& key)>& heard,
            const std::function<void(const DictionaryChange&)>& tell);

  const std::string* value(const std::string& key) const;  // null: not there
  std::string data() const;                                // {key: value}
  std::size_t bytes() const { return bytes_; }             // of keys and values, removed keys too
  void clear();

 private:
  struct Entry {
    std::string value;          // empty: removed; the entry stays while a removal has a stamp
    crdt::HybridTime time;      // of the stamp
    std::int64_t position = 0;  // the mirror has every change of the key up to here
  };
  void put(const std::string& key, Entry entry);
  void erase(std::map<std::string, Entry>::iterator at);

  std::map<std::string, Entry> entries_;
  std::int64_t position_ = 0;  // the mirror has every change up to here
  std::size_t bytes_ = 0;
};

}  // namespace agent
