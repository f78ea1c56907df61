#pragma once

// Records what clients requested of a mesh and which answers they got, and judges whether a catalog
// that is read later can be the result. It knows only requests and answers, nothing of dots.
// Its rules: an acknowledged request is shown, a refused one is not, and one without an answer is
// shown as a whole or not at all. Each entry may have only one writer at a time.

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "tools/probe/http_client.h"

namespace cluster {

// An entry's metadata with sorted keys; nullopt: no such entry.
using EntryState = std::optional<std::string>;
using Catalog = std::map<std::string, std::string>;

enum class Outcome { kAcknowledged, kRefused, kUnknown };

struct HistoryCounts {
  std::uint64_t acknowledged = 0;
  std::uint64_t refused = 0;
  std::uint64_t unknown = 0;
  std::uint64_t unknown_applied = 0;  // requests of these that settle() found done
};

// The meaning of an answer. 200: acknowledged. No answer, or the error `indeterminate`: unknown.
// Any other answer: no effect.
Outcome outcome_of(const base::Result<probe::HttpAnswer>& answer);

// Any thread may call it.
class History {
 public:
  // A request on `id`; if it is done, the entry is `after`.
  void asked(const std::string& id, EntryState after, Outcome outcome);
  // A request that adds several new entries: all of them or none.
  void asked_together(const std::vector<std::string>& ids, const std::string& after,
                      Outcome outcome);
  // Compares `read` with the possible outcomes and returns what is impossible. If several outcomes
  // were possible, later reads must show the same one as `read`.
  std::vector<std::string> settle(const Catalog& read, const std::string& from_id = "");
  // The same, but later reads need not show the outcome of this one. For the agents that are
  // compared with the first.
  std::vector<std::string> judge(const Catalog& read, const std::string& from_id = "") const;
  std::vector<std::string> present(const std::string& from_id) const;  // ids that must be there
  HistoryCounts counts() const;

 private:
  // The first is the result of the acknowledged requests. The others are possible results of later
  // requests without an answer.
  using Possible = std::vector<EntryState>;
  mutable std::mutex mutex_;
  void note(const std::string& id, EntryState after, Outcome outcome);
  void count(Outcome outcome);
  std::map<std::string, Possible> entries_;
  std::vector<std::vector<std::string>> together_;  // without answer, until settled
  HistoryCounts counts_;
};

// All snapshots from `from_id` on, read page by page.
base::Result<Catalog> read_catalog(probe::HttpClient client, const std::string& from_id = "");

}  // namespace cluster
