#pragma once

// The table of names: the key of an entry, or of a slot with a row of its own (store/entry_key.h) →
// small id. The last lookup is kept, because consecutive effects are usually of one entry.

#include <cstdint>
#include <vector>

#include "crdt/base/bytes.h"
#include "store/database.h"

namespace store {

struct NameRow {
  base::Bytes key;
  std::int64_t id = 0;
};

class Names {
 public:
  explicit Names(Database& database);
  void forget();  // the snapshot changed

  base::Result<std::int64_t> find(base::BytesView key);  // 0 when absent
  base::Status insert(base::BytesView key, std::int64_t id);
  base::Status erase(base::BytesView key);
  // Rows with from <= k < bound, in order.
  base::Result<std::vector<NameRow>> range(base::BytesView from, base::BytesView bound,
                                           std::size_t limit);
  // The highest number of an object in the keys; 0 when empty.
  base::Result<std::int64_t> last_object();

 private:
  Database& database_;
  Query select_;
  Query range_;
  Query insert_;
  Query erase_;
  Query last_;
  base::Bytes last_key_;
  std::int64_t last_id_ = 0;
};

// Walks names in batches, so that no cursor is open while a caller looks at a row.
class NameWalk {
 public:
  NameWalk(Names& names, base::BytesView from, base::BytesView bound)
      : names_(names), from_(from), bound_(bound) {}
  base::Result<const NameRow*> next();  // null at the end
  void skip_to(base::BytesView key);    // forward only

 private:
  static constexpr std::size_t kBatchFirst = 8;
  static constexpr std::size_t kBatchMax = 256;

  Names& names_;
  base::Bytes from_;
  base::Bytes bound_;
  std::vector<NameRow> batch_;
  std::size_t at_ = 0;
  std::size_t batch_size_ = kBatchFirst;
  bool ended_ = false;
};

}  // namespace store
