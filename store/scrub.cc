#include "store/scrub.h"

#include <limits>
#include <utility>

#include "store/memtable_rows.h"
#include "store/row.h"

namespace store {
namespace {

constexpr std::int64_t kBefore = std::numeric_limits<std::int64_t>::min();
constexpr int kReadsTried = 10;

bool meta_row(const Statement& row) {
  return RowChecksum('m').number(row.integer(0)).bytes(row.blob(1)).value() == row.integer(2);
}
bool actor_row(const Statement& row) {
  RowChecksum sum('a');
  sum.number(row.integer(0)).bytes(row.blob(1)).bytes(row.blob(2));
  return sum.value() == row.integer(3);
}
bool object_row(const Statement& row) {
  RowChecksum sum('o');
  sum.number(row.integer(0)).bytes(row.blob(1)).number(row.integer(2));
  return sum.value() == row.integer(3);
}
bool lane_row(const Statement& row) {
  RowChecksum sum('l');
  sum.number(row.integer(0)).number(row.integer(1)).number(row.is_null(2) ? 0 : 1);
  return sum.bytes(row.blob(2)).value() == row.integer(3);
}
bool name_row(const Statement& row) {
  return RowChecksum('n').bytes(row.blob(0)).number(row.integer(1)).value() == row.integer(2);
}
bool cell_row(const Statement& row) {
  RowParser parser(row.blob(1));
  const auto stored = static_cast<std::int32_t>(parser.be32());
  const std::int64_t sum = RowChecksum('c').number(row.integer(0)).bytes(parser.rest()).value();
  return parser.ok() && sum == stored;
}
bool recent_row(const Statement& row) {
  return MemtableRows::is_sound(row.integer(0), row.integer(2), row.blob(1), row.integer(3));
}
bool log_row(const Statement& row) {
  RowChecksum sum('g');
  sum.number(row.integer(0)).number(row.integer(1)).number(row.integer(2));
  return sum.number(row.integer(5)).bytes(row.blob(3)).value() == row.integer(4);
}
bool index_row(const Statement& row) {
  RowChecksum sum('i');
  sum.number(row.integer(2)).number(row.integer(0)).number(row.integer(1));
  return sum.value() == row.integer(3);
}
bool proof_row(const Statement& row) {
  RowChecksum sum('p');
  sum.bytes(row.blob(1)).number(row.integer(2)).bytes(row.blob(3));
  return sum.value() == row.integer(4);
}
bool staged_row(const Statement& row) {
  RowChecksum sum('s');
  sum.number(row.integer(0)).number(row.integer(1)).bytes(row.blob(2));
  return sum.value() == row.integer(3);
}
bool held_row(const Statement& row) {
  RowChecksum sum('h');
  sum.number(row.integer(0)).number(row.integer(1)).bytes(row.blob(2)).number(row.integer(3));
  return sum.bytes(row.blob(4)).value() == row.integer(5);
}

bool request_row(const Statement& row) {
  RowChecksum sum('q');
  return sum.bytes(row.blob(1)).bytes(row.blob(2)).value() == row.integer(3);
}

bool closed_row(const Statement& row) {
  return RowChecksum('z').number(row.integer(0)).bytes(row.blob(1)).value() == row.integer(2);
}

bool text_row(const Statement& row) {
  RowChecksum sum('t');
  return sum.bytes(row.blob(0)).number(row.integer(1)).bytes(row.blob(2)).value() == row.integer(3);
}

bool block_row(const Statement& row) {
  RowChecksum sum('b');
  sum.number(row.integer(0)).number(row.integer(1)).bytes(row.blob(2));
  return sum.value() == row.integer(3);
}

enum class Key { kNumber, kTwoNumbers, kBlob };

}  // namespace

// `select` returns the key first; docs/storage.md lists what each checksum covers.
struct Scrub::Table {
  const char* name;
  Key key;
  int content;  // the column whose bytes are counted; -1: none
  bool (*sound)(const Statement& row);
  const char* select;
  Bad bad = Bad::kState;
  const char* drop = nullptr;
};

const Scrub::Table Scrub::kTables[] = {
    {"meta", Key::kNumber, 1, meta_row, "SELECT k, v, sum FROM meta WHERE k>?1 ORDER BY k"},
    {"actors", Key::kNumber, -1, actor_row,
     "SELECT idx, id, node, sum FROM actors WHERE idx>?1 ORDER BY idx"},
    {"closed", Key::kNumber, 1, closed_row,
     "SELECT block, v, sum FROM closed WHERE block>?1 ORDER BY block"},
    {"objects", Key::kNumber, -1, object_row,
     "SELECT idx, name, type, sum FROM objects WHERE idx>?1 ORDER BY idx"},
    {"lanes", Key::kNumber, -1, lane_row,
     "SELECT idx, type, name, sum FROM lanes WHERE idx>?1 ORDER BY idx"},
    {"names", Key::kBlob, 0, name_row, "SELECT k, id, sum FROM names WHERE k>?1 ORDER BY k"},
    {"cells", Key::kNumber, 1, cell_row, "SELECT id, v FROM cells WHERE id>?1 ORDER BY id"},
    {"recent", Key::kNumber, 1, recent_row,
     "SELECT pos, v, before, sum FROM recent WHERE pos>?1 ORDER BY pos"},
    {"texts", Key::kBlob, 2, text_row, "SELECT k, id, v, sum FROM texts WHERE k>?1 ORDER BY k"},
    {"blocks", Key::kTwoNumbers, 2, block_row,
     "SELECT owner, number, v, sum FROM blocks WHERE (owner, number)>(?1, ?2) "
     "ORDER BY owner, number"},
    {"log", Key::kNumber, 3, log_row,
     "SELECT pos, actor, seq, change, sum, size FROM log WHERE pos>?1 ORDER BY pos", Bad::kLog},
    {"log_index", Key::kTwoNumbers, -1, index_row,
     "SELECT actor, seq, pos, sum FROM log_index WHERE (actor, seq)>(?1, ?2) ORDER BY actor, seq",
     Bad::kLog},
    {"proofs", Key::kNumber, 3, proof_row,
     "SELECT idx, actor, seq, change, sum FROM proofs WHERE idx>?1 ORDER BY idx", Bad::kAside,
     "DELETE FROM proofs WHERE idx=?1"},
    {"staged", Key::kTwoNumbers, 2, staged_row,
     "SELECT part, page, body, sum FROM staged WHERE (part, page)>(?1, ?2) ORDER BY part, page",
     Bad::kStaged},
    {"held", Key::kNumber, 4, held_row,
     "SELECT idx, kind, actor, seq, change, sum FROM held WHERE idx>?1 ORDER BY idx", Bad::kAside,
     "DELETE FROM held WHERE idx=?1"},
    {"requests", Key::kNumber, 2, request_row,
     "SELECT idx, key, v, sum FROM requests WHERE idx>?1 ORDER BY idx", Bad::kAside,
     "DELETE FROM requests WHERE idx=?1"},
};

base::Result<Scrub::Step> Scrub::step(std::size_t rows_max, std::size_t bytes_max) {
  Step done;
  std::size_t bytes = 0;
  while (done.rows < rows_max && bytes < bytes_max) {
    const Table& table = kTables[table_];
    ASSIGN_OR_RETURN(auto select, database_.prepare(table.select));
    if (table.key == Key::kBlob) {
      select->bind_blob(1, key_);  // it is empty before the first row; no key is empty
    } else {
      select->bind(1, begun_ ? first_ : kBefore);
    }
    if (table.key == Key::kTwoNumbers) select->bind(2, begun_ ? second_ : kBefore);
    while (done.rows < rows_max && bytes < bytes_max) {
      const auto row = select->step();
      if (!row.ok()) return stopped(row.error());
      unread_ = 0;
      if (!*row) {
        next_table();
        done.finished = table_ == 0;
        break;
      }
      begun_ = true;
      if (table.key == Key::kBlob) {
        key_ = base::Bytes(select->blob(0));
      } else {
        first_ = select->integer(0);
      }
      if (table.key == Key::kTwoNumbers) second_ = select->integer(1);
      if (!table.sound(*select)) {
        bad_ = table.bad;
        std::string key = table.key == Key::kBlob ? "" : std::to_string(first_);
        if (table.key == Key::kTwoNumbers) key += ":" + std::to_string(second_);
        return corrupt_row(database_, table.name, key);
      }
      ++done.rows;
      if (table.content >= 0) bytes += select->blob(table.content).size();
    }
    if (done.finished) break;
  }
  return done;
}

// After kReadsTried failures the scrub skips to the next table. Otherwise the unreadable page would
// stop every later step.
base::Error Scrub::stopped(base::Error error) {
  const bool unread = database_.read_failed();
  if (unread && ++unread_ < kReadsTried) return error;
  unread_ = 0;
  bad_ = Bad::kState;
  next_table();
  if (unread) error.code = base::Code::kCorrupt;
  return error;
}

// The place of the last step is the bad row.
base::Status Scrub::drop_row() {
  const char* sql = kTables[table_].drop;
  if (sql == nullptr) return {};
  ASSIGN_OR_RETURN(auto drop, database_.prepare(sql));
  drop->bind(1, first_);
  return drop->run();
}

void Scrub::next_table() {
  table_ = (table_ + 1) % std::size(kTables);
  begun_ = false;
  key_.clear();
}

}  // namespace store
