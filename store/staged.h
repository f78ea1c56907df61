#pragma once

// Pages of a state join on their way in, by part and page (the replica says what a part is). They
// are of one run of the program: whoever opens a store clears what an earlier one left.

#include <cstdint>
#include <optional>

#include "store/database.h"

namespace store {

class Staged {
 public:
  explicit Staged(Database& database);

  // Inside a transaction.
  base::Status put(std::int64_t part, std::int64_t page, base::BytesView body);
  base::Status clear();

  // nullopt: there is none.
  base::Result<std::optional<base::Bytes>> get(std::int64_t part, std::int64_t page);

 private:
  Database& database_;
  Query insert_;
  Query select_;
  Query clear_;
};

}  // namespace store
