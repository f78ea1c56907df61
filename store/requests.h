#pragma once

// Requests of clients that were done, by the names that the clients gave them, with what was
// answered: a retry is answered again and not done again. A row is written in the transaction that
// did the request, or that applied another agent's change which did it. A request is known while
// fewer than kRequestsMax came after it. No clock decides: clocks of edge hosts jump, and a request
// that is forgotten too early is done twice.

#include <cstdint>
#include <optional>

#include "crdt/change.h"
#include "store/database.h"

namespace store {

inline constexpr std::int64_t kRequestsMax = 65'536;

struct KnownRequest {
  crdt::RequestHash content;
  std::optional<crdt::Dot> dot;        // Change::main_dot(); none: nothing had to change
  std::optional<crdt::SlotType> type;  // of what the change wrote
  base::Bytes done;                    // RequestMark::done
  bool operator==(const KnownRequest&) const = default;
};

class Requests {
 public:
  explicit Requests(Database& database);

  // A row whose checksum fails is not known: the request is done again. The scrub drops it.
  base::Result<std::optional<KnownRequest>> find(const crdt::RequestHash& key);
  // Inside a transaction. A request that is known stays as it is.
  base::Status keep(const crdt::RequestHash& key, const KnownRequest& request);
  base::Result<std::int64_t> count() { return count_.number(); }

 private:
  Query find_;
  Query insert_;
  Query prune_;
  Query count_;
};

}  // namespace store
