#pragma once

// Helpers for the tests of the store: a folder for each test, ids, cells, changes, and a raw
// connection with which a test changes the file without the store.

#include <string>
#include <vector>

#include "crdt/cell.h"
#include "crdt/change.h"
#include "store/store.h"

namespace store::sample {

class Folder {
 public:
  Folder();
  ~Folder();
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  std::string file(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

base::ActorId actor(unsigned number);
crdt::Cell cell(const base::ActorId& actor, std::uint64_t seq, std::string body,
                std::int64_t nanos = 1'700'000'000'000'000'000);
crdt::Slot slot(std::string object, std::vector<std::string> path, crdt::SlotType type);
crdt::SealedChange change(const base::ActorId& actor, std::uint64_t seq, std::size_t bytes = 100);

// Opens, or aborts the test program with the reason.
std::unique_ptr<Store> open(const std::string& path, const Options& options = {});
// Writes one slot as a replica does: load, replace the cells, save, account.
base::Status write(Store& store, const crdt::Slot& slot, crdt::Cells cells);
// Runs `write` in one transaction.
base::Status commit(Store& store, const crdt::Slot& slot, crdt::Cells cells,
                    Durability durability = Durability::kFull);
crdt::Cells read(Store& store, const crdt::Slot& slot);
// Rests until all cells stand in the tables `names` and `cells`, where a test looks for them.
void fold(Store& store);
// Appends a change to the log and moves the vector, as a replica does.
base::Status apply(Store& store, const crdt::SealedChange& change);

// Runs SQL on a separate connection, while the store is closed or idle.
void raw(const std::string& path, const std::string& sql);
std::int64_t raw_number(const std::string& path, const std::string& sql);

}  // namespace store::sample
