#pragma once

// Changes that were refused because they contradict what we hold: a second content for one number,
// or a predecessor that does not fit (rule 2). They are kept whole, so that one can see later who
// forked. The first ones are the evidence: when the table is full, further ones are not kept.

#include <cstdint>

#include "crdt/change.h"
#include "store/database.h"

namespace store {

inline constexpr std::int64_t kProofsMax = 64;
inline constexpr std::int64_t kProofBytesMax = 16 << 20;  // of all proofs together

class Proofs {
 public:
  explicit Proofs(Database& database);

  // Inside a transaction. Does nothing for a change that is kept already or that exceeds the
  // bounds.
  base::Status keep(const crdt::SealedChange& refused);
  base::Result<std::int64_t> count();

 private:
  Query insert_;
  Query count_;
};

}  // namespace store
