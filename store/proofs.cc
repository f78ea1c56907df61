#include "store/proofs.h"

#include "store/row.h"

namespace store {

Proofs::Proofs(Database& database)
    : insert_(database,
              "INSERT INTO proofs(actor, seq, sum, change) SELECT ?1, ?2, ?3, ?4 "
              "WHERE (SELECT count(*) FROM proofs) < ?5 "
              "AND (SELECT ifnull(sum(length(change)), 0) FROM proofs) + length(?4) <= ?6 "
              "AND NOT EXISTS (SELECT 1 FROM proofs WHERE actor=?1 AND seq=?2 AND change=?4)"),
      count_(database, "SELECT count(*) FROM proofs") {}

base::Status Proofs::keep(const crdt::SealedChange& refused) {
  ASSIGN_OR_RETURN(Loan insert, insert_.use());
  auto seq = static_cast<std::int64_t>(refused.seq);
  RowChecksum sum('p');
  sum.bytes(refused.actor.view()).number(seq).bytes(refused.bytes);
  insert->bind_blob(1, refused.actor.view()).bind(2, seq).bind(3, sum.value());
  insert->bind_blob(4, refused.bytes).bind(5, kProofsMax).bind(6, kProofBytesMax);
  return insert->run();
}

base::Result<std::int64_t> Proofs::count() { return count_.number(); }

}  // namespace store
