#include "tools/bench/types/same_rows.h"

#include <algorithm>
#include <map>

#include "store/options.h"
#include "store/schema.h"

namespace bench {
namespace {

// A column that only grows shows which rows are new. Rows of `meta` change in place.
struct Layout {
  std::string_view name;
  std::string_view columns;
  std::string_view kinds;  // for each column: i a number, b bytes
  std::string_view grows;
};
constexpr Layout kLayouts[] = {
    {"names", "k, id, sum", "bii", "id"},
    {"cells", "id, v", "ib", "id"},
    {"log", "pos, actor, seq, size, sum, change", "iiiiib", "pos"},
    {"log_index", "actor, seq, pos, sum", "iiii", "pos"},
    {"objects", "idx, name, type, sum", "ibii", "idx"},
    {"actors", "idx, id, node, sum", "ibbi", "idx"},
    {"meta", "k, v, sum", "ibi", ""},
};

std::string string_of(std::string_view view) { return std::string(view); }

std::string select_of(const Layout& layout) {
  std::string sql = "SELECT " + string_of(layout.columns) + " FROM " + string_of(layout.name);
  if (layout.grows.empty()) return sql;
  const std::string grows = string_of(layout.grows);
  return sql + " WHERE " + grows + ">?1 ORDER BY " + grows;
}

std::string insert_of(const Layout& layout) {
  std::string places = "?";
  for (std::size_t i = 1; i < layout.kinds.size(); ++i) places += ", ?";
  const std::string how = layout.grows.empty() ? "INSERT OR REPLACE INTO " : "INSERT INTO ";
  const std::string columns = "(" + string_of(layout.columns) + ")";
  return how + string_of(layout.name) + columns + " VALUES(" + places + ")";
}

}  // namespace

void Spent::add(const Spent& more) {
  seconds += more.seconds;
  processor += more.processor;
}

Spent Stopwatch::spent() const {
  return {seconds_of(monotonic_nanos() - start_), seconds_of(processor_nanos() - processor_start_)};
}

struct SameRows::Table {
  Layout layout;
  std::unique_ptr<store::Statement> select;
  std::unique_ptr<store::Statement> insert;
  std::int64_t last = INT64_MIN;      // of the column that grows
  std::map<std::int64_t, Row> known;  // of a table without one
};

SameRows::SameRows() = default;
SameRows::~SameRows() { tables_.clear(); }  // statements go before their connections

base::Result<std::unique_ptr<SameRows>> SameRows::open(const std::string& replica,
                                                       const std::string& copy) {
  using store::Database;
  std::unique_ptr<SameRows> rows(new SameRows());
  ASSIGN_OR_RETURN(rows->source_, Database::open(replica, Database::Mode::kReadOnly));
  ASSIGN_OR_RETURN(rows->target_, Database::open(copy, Database::Mode::kReadWrite));
  Database& target = *rows->target_;
  RETURN_IF_ERROR(target.execute("PRAGMA auto_vacuum=INCREMENTAL"));
  RETURN_IF_ERROR(store::configure_writer(target, store::Options{}));
  RETURN_IF_ERROR(target.execute("PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=16000"));
  RETURN_IF_ERROR(target.begin());
  RETURN_IF_ERROR(store::create_tables(target));
  RETURN_IF_ERROR(target.commit());
  for (const Layout& layout : kLayouts) {
    Table& table = rows->tables_.emplace_back();
    table.layout = layout;
    ASSIGN_OR_RETURN(table.select, rows->source_->prepare(select_of(layout)));
    ASSIGN_OR_RETURN(table.insert, target.prepare(insert_of(layout)));
  }
  return rows;
}

base::Result<Spent> SameRows::commit() {
  std::vector<std::vector<Row>> all;
  for (Table& table : tables_) {
    ASSIGN_OR_RETURN(std::vector<Row> rows, changed(table));
    rows_ += rows.size();
    all.push_back(std::move(rows));
  }
  const Stopwatch watch;
  RETURN_IF_ERROR(target_->begin());
  for (std::size_t i = 0; i < all.size(); ++i) RETURN_IF_ERROR(insert(tables_[i], all[i]));
  RETURN_IF_ERROR(target_->commit());
  return watch.spent();
}

base::Result<std::vector<SameRows::Row>> SameRows::changed(Table& table) {
  std::vector<Row> rows;
  const Layout& layout = table.layout;
  if (!layout.grows.empty()) table.select->bind(1, table.last);
  for (;;) {
    ASSIGN_OR_RETURN(const bool more, table.select->step());
    if (!more) break;
    Row row;
    for (std::size_t i = 0; i < layout.kinds.size(); ++i) {
      const int column = static_cast<int>(i);
      if (layout.kinds[i] == 'i') row.numbers.push_back(table.select->integer(column));
      if (layout.kinds[i] == 'b') row.blobs.emplace_back(table.select->blob(column));
    }
    rows.push_back(std::move(row));
  }
  if (layout.grows.empty()) {
    std::erase_if(rows, [&](const Row& row) {
      const auto known = table.known.find(row.numbers[0]);
      return known != table.known.end() && known->second == row;
    });
    for (const Row& row : rows) table.known[row.numbers[0]] = row;
    return rows;
  }
  const std::size_t at = layout.columns.find(layout.grows);
  const auto before = layout.columns.substr(0, at);
  const auto place = static_cast<std::size_t>(std::count(before.begin(), before.end(), ','));
  const auto kinds = layout.kinds.substr(0, place);
  const auto number = static_cast<std::size_t>(std::count(kinds.begin(), kinds.end(), 'i'));
  for (const Row& row : rows) table.last = std::max(table.last, row.numbers[number]);
  return rows;
}

base::Status SameRows::insert(Table& table, const std::vector<Row>& rows) {
  for (const Row& row : rows) {
    std::size_t number = 0;
    std::size_t blob = 0;
    for (std::size_t i = 0; i < table.layout.kinds.size(); ++i) {
      const int place = static_cast<int>(i) + 1;
      if (table.layout.kinds[i] == 'i') table.insert->bind(place, row.numbers[number++]);
      if (table.layout.kinds[i] == 'b') table.insert->bind_blob(place, row.blobs[blob++]);
    }
    RETURN_IF_ERROR(table.insert->run());
  }
  return {};
}

}  // namespace bench
