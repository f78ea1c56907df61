#pragma once

// What several agents typed into one text, as a graph of steps. A step names the steps that its
// agent had seen (parents); its positions count the code points of the text that these give. All
// checks that need no replay are made when a file is read.

#include <cstdint>
#include <string>
#include <vector>

#include "crdt/base/result.h"

namespace bench {

// `removed` code points go away at `position`; then `inserted` comes there.
struct Patch {
  std::uint32_t position = 0;
  std::uint32_t removed = 0;
  std::string inserted;
};

struct Step {
  std::vector<std::uint32_t> parents;  // numbers of earlier steps, in ascending order
  std::uint32_t agent = 0;             // place in `History::agents`
  std::uint64_t seq = 0;               // place among the steps of this agent; not without gaps
  std::vector<Patch> patches;
};

struct History {
  std::vector<std::string> agents;  // siblings are ordered like these, and then by seq
  std::vector<Step> steps;
  std::string end;  // the expected text
};

struct HistoryFile {
  std::string path;
  std::vector<History> histories;
};

// Reads any of the formats: a sequential trace, a concurrent trace, one history, an array of
// histories, histories as JSON lines. `path` may be packed with gzip. kInvalid names the file, the
// history and the transaction that is wrong.
base::Result<HistoryFile> read_histories(const std::string& path);
// The same from the text of a file; `path` is only for messages.
base::Result<HistoryFile> parse_histories(const std::string& path, std::string_view text);

// The code points of a patch: one for each removed or inserted one.
std::uint64_t unit_count(const Patch& patch);

}  // namespace bench
