#pragma once

// Pages of a running state join, by part and page (the replica defines the parts). They belong to
// one run of the program: opening a store deletes the pages of an earlier run.

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

  // nullopt: there is no such page.
  base::Result<std::optional<base::Bytes>> get(std::int64_t part, std::int64_t page);

 private:
  Database& database_;
  Query insert_;
  Query select_;
  Query clear_;
};

}  // namespace store
