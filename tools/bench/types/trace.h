#pragma once

// `hearsay-bench trace` and `hearsay-bench histories`: what they measure and print. Both check the
// texts at the end.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "crdt/base/result.h"
#include "tools/bench/types/history.h"

namespace bench {

struct TraceResult {
  std::size_t edits = 0;
  double local_ms = 0;   // all edits where they were made, each emitting what others receive
  double remote_ms = 0;  // the same edits applied one by one to an empty text
  double load_ms = 0;    // from the stored form until the whole text is read
  std::size_t stored_bytes = 0;
  double bytes_per_edit = 0;              // wire_bytes()
  std::optional<double> memory_per_char;  // bytes for each inserted code point, shown or erased
  std::size_t characters = 0;             // shown at the end
  bool ok = false;                        // all texts at the end are the expected one
};

// Runs it `runs` times, or fewer when this takes long; medians.
base::Result<TraceResult> measure_trace(const History& history, int runs);

struct HistoriesResult {
  std::size_t cases = 0;
  std::size_t right = 0;
  std::vector<std::size_t> wrong;  // places in the file, from 0
  std::vector<std::string> notes;  // what is wrong, one for each
};

// A case is right if its replay and three agents that exchange its edits end in the expected text.
HistoriesResult check_histories(const HistoryFile& file, std::uint64_t seed);

// Print to stdout, errors to stderr. Return the exit status: 1 if a file cannot be read or
// replayed, or a text is wrong. The other files are measured all the same.
int run_trace(const std::vector<std::string>& files, bool as_json);
int run_histories(const std::vector<std::string>& files, std::uint64_t seed, bool as_json);
// One run of one file as a line of JSON: what `types` starts as a process of its own.
int run_types_peer(const std::string& file);

}  // namespace bench
