#include "tools/bench/benchmarks.h"
#include "tools/bench/merge.h"
#include "tools/bench/summary.h"
#include "tools/bench/work_folder.h"

namespace bench {
namespace {

struct Side {
  std::vector<double> rate;
  std::vector<double> written;
  std::vector<double> commit;
  void add(const MergeSide& one) {
    rate.push_back(one.changes_per_second);
    written.push_back(one.kilobytes_written);
    commit.push_back(one.commit_millis_p99);
  }
};

void add_row(Report& report, const char* name, std::uint64_t batch, const Side& side,
             double floor_rate) {
  double rate = summarise(side.rate).median;
  report.add({name, batch, rate, rate / floor_rate, summarise(side.written).median,
              summarise(side.commit).worst});
}

}  // namespace

base::Result<Report> run_merge(const Common& common, const MergeOptions& options) {
  Report report("merge", {"side", "changes_a_commit", "changes_s", "ratio", "kb_written",
                          "commit_p99_worst_ms"});
  double bytes_per_cell = 0;
  for (const std::uint64_t batch : {std::uint64_t{1'000}, std::uint64_t{100}}) {
    Side replica;
    Side raw;
    for (int i = 0; i < options.repeats; ++i) {
      ASSIGN_OR_RETURN(auto folder, WorkFolder::make(common.parent));
      ASSIGN_OR_RETURN(MergeResult result, measure_merge(StoreWork(options, folder, batch)));
      replica.add(result.replica);
      raw.add(result.raw);
      bytes_per_cell = result.bytes_per_cell;
    }
    const double floor_rate = summarise(raw.rate).median;
    add_row(report, "raw", batch, raw, floor_rate);
    add_row(report, "replica", batch, replica, floor_rate);
  }
  report.note(std::to_string(options.changes) + " changes into " + std::to_string(options.cells) +
              " field cells; medians of " + std::to_string(options.repeats) +
              " runs; the replica's file held " + std::to_string(static_cast<int>(bytes_per_cell)) +
              " bytes a field cell, log included");
  return report;
}

}  // namespace bench
