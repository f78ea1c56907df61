#include "sample.h"

#include <sqlite3.h>
#include <stdlib.h>

#include <cstdio>
#include <filesystem>

#include "crdt/base/check.h"

namespace store::sample {
namespace {

void must(bool holds, const std::string& message) {
  if (holds) return;
  std::fprintf(stderr, "%s\n", message.c_str());
  std::abort();
}

}  // namespace

Folder::Folder() {
  std::string name = (std::filesystem::temp_directory_path() / "hearsay-store-XXXXXX").string();
  must(::mkdtemp(name.data()) != nullptr, "mkdtemp " + name);
  path_ = name;
}

Folder::~Folder() { std::filesystem::remove_all(path_); }

base::ActorId actor(unsigned number) {
  base::ActorId id;
  id.bytes[0] = 0xa0;
  id.bytes[14] = static_cast<unsigned char>(number >> 8);
  id.bytes[15] = static_cast<unsigned char>(number);
  return id;
}

crdt::Cell cell(const base::ActorId& actor, std::uint64_t seq, std::string body,
                std::int64_t nanos) {
  crdt::Cell cell;
  cell.dot = {actor, seq, 0};
  cell.stamp.time.nanos = nanos;
  cell.body = std::move(body);
  return cell;
}

crdt::Slot slot(std::string object, std::vector<std::string> path, crdt::SlotType type) {
  return {std::move(object), std::move(path), type};
}

crdt::SealedChange change(const base::ActorId& actor, std::uint64_t seq, std::size_t bytes) {
  crdt::SealedChange sealed;
  sealed.actor = actor;
  sealed.seq = seq;
  sealed.bytes = actor.hex() + ":" + std::to_string(seq) + ":";
  sealed.bytes.resize(bytes, 'x');
  sealed.hash = crdt::head_hash(sealed.bytes);
  return sealed;
}

std::unique_ptr<Store> open(const std::string& path, const Options& options) {
  auto store = Store::open(path, options);
  must(store.ok(), store.ok() ? "" : store.error().message);
  return std::move(store).value();
}

base::Status write(Store& store, const crdt::Slot& slot, crdt::Cells cells) {
  ASSIGN_OR_RETURN(SlotRow row, store.cells().load_slot(slot));
  crdt::Digest before;
  for (const crdt::Cell& cell : row.cells) before.add(crdt::cell_element(slot, cell));
  crdt::Digest after;
  for (const crdt::Cell& cell : cells) after.add(crdt::cell_element(slot, cell));
  const auto grown =
      static_cast<std::int64_t>(cells.size()) - static_cast<std::int64_t>(row.cells.size());
  row.cells = std::move(cells);
  RETURN_IF_ERROR(store.cells().save(row));
  return store.cells().account(slot, grown, before, after);
}

base::Status commit(Store& store, const crdt::Slot& slot, crdt::Cells cells,
                    Durability durability) {
  RETURN_IF_ERROR(store.begin(durability));
  if (auto status = write(store, slot, std::move(cells)); !status.ok()) {
    store.rollback();
    return status;
  }
  return store.commit(durability);
}

void fold(Store& store) {
  for (int calls = 0; store.cells().slots_in_memory() > 0; ++calls) {
    CHECK(calls < 10'000);
    store.rest();
  }
}

crdt::Cells read(Store& store, const crdt::Slot& slot) {
  auto row = store.cells().load_slot(slot);
  must(row.ok(), row.ok() ? "" : row.error().message);
  return row->cells;
}

base::Status apply(Store& store, const crdt::SealedChange& change) {
  const std::int64_t index = store.actors().intern(change.actor);
  RETURN_IF_ERROR(store.log().append(store.meta().next_position++, index, change));
  store.actors().advance(change.actor, {change.seq, change.hash});
  return {};
}

void raw(const std::string& path, const std::string& sql) {
  sqlite3* handle = nullptr;
  must(sqlite3_open(path.c_str(), &handle) == SQLITE_OK, "open " + path);
  char* message = nullptr;
  const int code = sqlite3_exec(handle, sql.c_str(), nullptr, nullptr, &message);
  must(code == SQLITE_OK, sql + ": " + (message ? message : ""));
  sqlite3_close(handle);
}

std::int64_t raw_number(const std::string& path, const std::string& sql) {
  sqlite3* handle = nullptr;
  must(sqlite3_open(path.c_str(), &handle) == SQLITE_OK, "open " + path);
  sqlite3_stmt* statement = nullptr;
  must(sqlite3_prepare_v2(handle, sql.c_str(), -1, &statement, nullptr) == SQLITE_OK, sql);
  must(sqlite3_step(statement) == SQLITE_ROW, sql);
  const std::int64_t value = sqlite3_column_int64(statement, 0);
  sqlite3_finalize(statement);
  sqlite3_close(handle);
  return value;
}

}  // namespace store::sample
