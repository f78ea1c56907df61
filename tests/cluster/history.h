#pragma once

// What clients asked of a mesh and what they were told, entry by entry, and whether a catalog that
// is read later can be the result. Written from the clients' side: it knows nothing of dots.
// It demands: an acknowledged request shows, a refused one does not, one without an answer shows
// wholly or not at all. Each entry must have only one writer at a time.

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "tests/support/http_client.h"

namespace cluster {

// An entry's metadata with sorted keys; nullopt: no such entry.
using EntryState = std::optional<std::string>;
using Catalog = std::map<std::string, std::string>;

enum class Outcome { kAcknowledged, kRefused, kUnknown };

struct HistoryCounts {
  std::uint64_t acknowledged = 0;
  std::uint64_t refused = 0;
  std::uint64_t unknown = 0;
  std::uint64_t unknown_applied = 0;  // entries that settle() found done by those
};

// What an answer means: 200 is an acknowledgement; no answer, or the agent's own word that it does
// not know (`indeterminate`), is unknown; the rest had no effect.
Outcome outcome_of(const base::Result<support::HttpResponse>& answer);

// Any thread may call it.
class History {
 public:
  // A request on `id` that, if done, leaves `after`.
  void asked(const std::string& id, EntryState after, Outcome outcome);
  // One request that adds several new entries: all or none.
  void asked_together(const std::vector<std::string>& ids, const std::string& after,
                      Outcome outcome);
  // Checks `read` against what is possible and returns what is not. Of the outcomes that were
  // possible, later reads must show the one that `read` has.
  std::vector<std::string> settle(const Catalog& read, const std::string& from_id = "");
  // The same without learning from it, for the agents compared with the first.
  std::vector<std::string> judge(const Catalog& read, const std::string& from_id = "") const;
  std::vector<std::string> present(const std::string& from_id) const;  // ids surely there
  HistoryCounts counts() const;

 private:
  // The first is what acknowledged requests left; the others what later ones without answer may
  // have.
  using Possible = std::vector<EntryState>;
  mutable std::mutex mutex_;
  void note(const std::string& id, EntryState after, Outcome outcome);
  void count(Outcome outcome);
  std::map<std::string, Possible> entries_;
  std::vector<std::vector<std::string>> together_;  // without answer, until settled
  HistoryCounts counts_;
};

// All snapshots from `from_id` on, by paging to the end.
base::Result<Catalog> read_catalog(support::HttpClient client, const std::string& from_id = "");

}  // namespace cluster
