#include "store/closed_rows.h"

#include <algorithm>
#include <utility>

#include "store/closed_codec.h"
#include "store/row.h"

namespace store {
namespace {

constexpr std::size_t kDigestBytes = 16;

std::int64_t checksum_of_block(std::int64_t block, base::BytesView row) {
  return RowChecksum('z').number(block).bytes(row).value();
}

crdt::Digest digest_of(std::int64_t block, base::BytesView row) {
  base::Bytes element;
  base::append_be64(element, static_cast<std::uint64_t>(block));
  element.append(row);
  return crdt::Digest::of(element);
}

}  // namespace

ClosedRows::ClosedRows(Database& database, std::shared_ptr<ClosedShare> share)
    : database_(database),
      share_(std::move(share)),
      meta_(database),
      select_(database, "SELECT block, v, sum FROM closed ORDER BY block"),
      upsert_(database,
              "INSERT INTO closed(block, v, sum) VALUES(?1, ?2, ?3) "
              "ON CONFLICT(block) DO UPDATE SET v=excluded.v, sum=excluded.sum"),
      erase_(database, "DELETE FROM closed WHERE block=?1") {}

std::int64_t ClosedRows::block_of(std::int64_t index) { return index / kClosedPerBlock; }

base::Result<std::shared_ptr<const ClosedState>> ClosedRows::load() {
  ASSIGN_OR_RETURN(const Digests stored, stored_digests());
  std::shared_ptr<const ClosedState> state;
  if (!stored.rows.is_zero()) state = share_->find(stored.rows);
  if (!state) {
    ASSIGN_OR_RETURN(state, read_all(stored));
    share_->put(state, ClosedShare::From::kRead);
  }
  shared_blocks_ = state->blocks;
  blocks_.clear();
  written_ = false;
  digest_ = state->digest;
  return state;
}

base::Result<ClosedRows::Digests> ClosedRows::stored_digests() {
  ASSIGN_OR_RETURN(const auto row, meta_.find(MetaTable::kClosedDigest));
  if (!row) return Digests{};
  RowParser parser(*row);
  const auto rows = crdt::Digest::from(parser.take(kDigestBytes));
  const auto vector = crdt::Digest::from(parser.take(kDigestBytes));
  if (!parser.complete()) return corrupt_row(database_, "meta", MetaTable::kClosedDigest);
  return Digests{*rows, *vector};
}

base::Result<std::shared_ptr<const ClosedState>> ClosedRows::read_all(const Digests& stored) {
  auto state = std::make_shared<ClosedState>();
  auto blocks = std::make_shared<ClosedState::Blocks>();
  std::vector<ActorEntry> all;
  ASSIGN_OR_RETURN(Loan select, select_.use());
  for (;;) {
    ASSIGN_OR_RETURN(bool row, select->step());
    if (!row) break;
    const std::int64_t block = select->integer(0);
    const base::BytesView bytes = select->blob(1);
    auto actors = decode_closed(bytes);
    if (!actors || checksum_of_block(block, bytes) != select->integer(2)) {
      return corrupt_row(database_, "closed", block);
    }
    for (auto& entry : *actors) {
      if (block_of(entry.second.index) != block) return corrupt_row(database_, "closed", block);
      all.push_back(std::move(entry));
    }
    blocks->emplace_back(block, digest_of(block, bytes));
    state->digest.add(blocks->back().second);
  }
  if (state->digest != stored.rows) {
    return database_.corrupt("table closed: its rows and their digest in table meta, row " +
                             std::to_string(MetaTable::kClosedDigest) + ", differ");
  }
  state->blocks = std::move(blocks);
  state->table = std::make_shared<ClosedTable>(all, stored.vector, nullptr);
  return std::shared_ptr<const ClosedState>(std::move(state));
}

base::Status ClosedRows::write(std::int64_t block, const std::vector<ActorEntry>& actors) {
  if (actors.empty()) {
    note(block, std::nullopt);
    ASSIGN_OR_RETURN(Loan erase, erase_.use());
    erase->bind(1, block);
    return erase->run();
  }
  const base::Bytes row = encode_closed(actors);
  note(block, digest_of(block, row));
  ASSIGN_OR_RETURN(Loan upsert, upsert_.use());
  upsert->bind(1, block).bind_blob(2, row).bind(3, checksum_of_block(block, row));
  return upsert->run();
}

base::Status ClosedRows::finish(std::shared_ptr<const ClosedTable> table,
                                std::vector<ActorEntry> loose, const crdt::Digest& vector) {
  const base::Bytes row = digest_.bytes() + vector.bytes();
  RETURN_IF_ERROR(meta_.put(MetaTable::kClosedDigest, row));
  share_->put(std::make_shared<const ClosedState>(
                  ClosedState{std::move(table), std::move(loose),
                              std::make_shared<const ClosedState::Blocks>(blocks_), digest_}),
              ClosedShare::From::kCommitted);
  return {};
}

// The row of `block` has this digest from now on, or is gone.
void ClosedRows::note(std::int64_t block, const std::optional<crdt::Digest>& digest) {
  if (!written_) blocks_ = *shared_blocks_;
  written_ = true;
  auto known =
      std::lower_bound(blocks_.begin(), blocks_.end(), block,
                       [](const auto& entry, std::int64_t key) { return entry.first < key; });
  const bool found = known != blocks_.end() && known->first == block;
  if (found) digest_.subtract(known->second);
  if (digest) {
    digest_.add(*digest);
    if (found) {
      known->second = *digest;
    } else {
      blocks_.emplace(known, block, *digest);
    }
  } else if (found) {
    blocks_.erase(known);
  }
}

}  // namespace store
