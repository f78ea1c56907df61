#include "tools/bench/merge.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <vector>

#include "tools/bench/clock.h"
#include "tools/bench/workload.h"

namespace bench {

std::uint64_t bytes_written() {
  std::ifstream io("/proc/self/io");
  std::string name;
  std::uint64_t value = 0;
  while (io >> name >> value) {
    if (name == "wchar:") return value;
  }
  return 0;
}

namespace {

// Measures the time of one side over all batches.
class Meter {
 public:
  template <typename Call>
  base::Status commit(Call call) {
    auto one = std::chrono::steady_clock::now();
    RETURN_IF_ERROR(call());
    spent_ += seconds_since(one);
    commits_.push_back(seconds_since(one) * 1000);
    return {};
  }
  // Work that belongs to no commit.
  template <typename Call>
  base::Status finish(Call call) {
    const auto start = std::chrono::steady_clock::now();
    RETURN_IF_ERROR(call());
    spent_ += seconds_since(start);
    return {};
  }
  MergeSide result(std::uint64_t changes, std::uint64_t written) {
    MergeSide side;
    std::sort(commits_.begin(), commits_.end());
    side.changes_per_second = static_cast<double>(changes) / spent_;
    side.kilobytes_written = static_cast<double>(written) / 1000 / static_cast<double>(changes);
    side.commit_millis_p99 = commits_[commits_.size() * 99 / 100];
    return side;
  }

 private:
  double spent_ = 0;
  std::vector<double> commits_;
};

// Until all cells stand in their places.
base::Status fold_all(store::Store& store) {
  while (store.cells().slots_in_memory() > 0) RETURN_IF_ERROR(fold_step(store));
  return {};
}

}  // namespace

base::Status fold_step(store::Store& store) {
  RETURN_IF_ERROR(store.begin(store::Durability::kNormal));
  RETURN_IF_ERROR(store.cells().fold_at_rest());
  return store.commit(store::Durability::kNormal);
}

base::Result<MergeResult> measure_merge(const StoreWork& work) {
  MergeResult result;
  Workload workload(1);
  std::string file = work.folder + "replica.db";
  ASSIGN_OR_RETURN(auto replica, agent::Replica::open(now_of(0), file, agent::ReplicaOptions{},
                                                      "bench", base::Random::from_number(2)));
  ASSIGN_OR_RETURN(auto raw, RawTable::open(work.folder + "raw.db"));

  std::vector<crdt::Opened> changes;
  std::vector<Workload::Row> rows;
  for (std::uint64_t i = 0; i < work.entries; ++i) {
    changes.push_back(workload.new_entry(rows));
    if (changes.size() < work.batch && i + 1 < work.entries) continue;
    ASSIGN_OR_RETURN(auto inputs, as_received(changes));
    RETURN_IF_ERROR(merge(*replica, inputs));
    RETURN_IF_ERROR(raw->commit(rows, changes));
    changes.clear();
    rows.clear();
  }
  RETURN_IF_ERROR(fold_all(replica->store()));
  result.bytes_per_cell =
      static_cast<double>(std::filesystem::file_size(file)) / static_cast<double>(work.entries * 4);

  Meter replica_meter;
  Meter raw_meter;
  std::uint64_t replica_bytes = 0;
  std::uint64_t raw_bytes = 0;
  for (std::uint64_t done = 0; done < work.changes; done += work.batch) {
    for (std::uint64_t i = 0; i < work.batch; ++i) changes.push_back(workload.one_field(rows));
    ASSIGN_OR_RETURN(auto inputs, as_received(changes));
    std::uint64_t before = bytes_written();
    RETURN_IF_ERROR(replica_meter.commit([&] { return merge(*replica, inputs); }));
    std::uint64_t between = bytes_written();
    RETURN_IF_ERROR(raw_meter.commit([&] { return raw->commit(rows, changes); }));
    replica_bytes += between - before;
    raw_bytes += bytes_written() - between;
    changes.clear();
    rows.clear();
  }
  const std::uint64_t before = bytes_written();
  RETURN_IF_ERROR(replica_meter.finish([&] { return fold_all(replica->store()); }));
  replica_bytes += bytes_written() - before;
  result.replica = replica_meter.result(work.changes, replica_bytes);
  result.raw = raw_meter.result(work.changes, raw_bytes);
  return result;
}

}  // namespace bench
