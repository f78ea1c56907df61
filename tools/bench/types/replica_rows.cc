#include "tools/bench/types/replica_rows.h"

#include <algorithm>
#include <filesystem>

#include "agent/replica/replica.h"
#include "agent/replica/store_view.h"
#include "crdt/types/shown.h"
#include "tools/bench/merge.h"
#include "tools/bench/workload.h"

namespace bench {
namespace {

using crdt::Op;
using crdt::SlotType;
using crdt::Verb;

base::Result<std::unique_ptr<agent::Replica>> open(const std::string& file) {
  return agent::Replica::open(now_of(0), file, agent::ReplicaOptions{}, "bench",
                              base::Random::from_number(1));
}

// A patch is a change of one or two operations.
agent::Input typed(const Patch& patch) {
  agent::WriteObject write{"text", {}};
  if (patch.removed > 0) {
    write.ops.push_back({{},
                         Verb::kErase,
                         crdt::TextErase{patch.position, patch.removed},
                         SlotType::kSeq,
                         std::nullopt});
  }
  if (!patch.inserted.empty()) {
    write.ops.push_back({{},
                         Verb::kInsert,
                         crdt::TextInsert{patch.position, std::nullopt, patch.inserted},
                         SlotType::kSeq,
                         std::nullopt});
  }
  return agent::Write{1, std::move(write)};
}

base::Status turn(agent::Replica& replica, std::vector<agent::Input>& inputs) {
  static std::int64_t millis = 1;
  const agent::Outputs out = replica.turn(now_of(++millis), inputs, false);
  inputs.clear();
  for (const agent::Reply& reply : out.replies) {
    if (!reply.result.ok()) return reply.result.error();
  }
  return {};
}

base::Result<std::string> shown(agent::Replica& replica, const std::string& object) {
  agent::StoreView view(replica.store().cells(), object);
  ASSIGN_OR_RETURN(const auto found, crdt::shown_at(view, {}, std::nullopt, SIZE_MAX));
  return found ? found->value : std::string();
}

}  // namespace

base::Result<TypingResult> measure_typing(const History& history, std::size_t batch,
                                          const std::string& folder) {
  const std::string file = folder + "typing.db";
  ASSIGN_OR_RETURN(auto replica, open(file));
  std::vector<agent::Input> inputs;
  for (const Step& step : history.steps) {
    for (const Patch& patch : step.patches) inputs.push_back(typed(patch));
  }
  TypingResult result;
  result.changes = inputs.size();
  const std::uint64_t before = bytes_written();
  const Stopwatch watch;
  for (std::size_t from = 0; from < inputs.size(); from += batch) {
    const std::size_t to = std::min(inputs.size(), from + batch);
    std::vector<agent::Input> part(
        std::move_iterator(inputs.begin() + static_cast<std::ptrdiff_t>(from)),
        std::move_iterator(inputs.begin() + static_cast<std::ptrdiff_t>(to)));
    RETURN_IF_ERROR(turn(*replica, part));
  }
  result.spent = watch.spent();
  result.bytes_per_change = static_cast<double>(bytes_written() - before) /
                            static_cast<double>(std::max<std::size_t>(1, result.changes));
  ASSIGN_OR_RETURN(const std::string value, shown(*replica, "text"));
  result.ok = value == crdt::json_quote(history.end) && replica->store().verify_digest().ok();
  RETURN_IF_ERROR(replica->close());
  replica.reset();  // the last pages of the write-ahead log move into the file
  std::error_code failed;
  result.file_bytes = std::filesystem::file_size(file, failed);
  return result;
}

base::Result<SetResult> measure_set(std::size_t elements, std::size_t batch,
                                    const std::string& folder) {
  SetResult result;
  ASSIGN_OR_RETURN(auto replica, open(folder + "set.db"));
  ASSIGN_OR_RETURN(auto raw, SameRows::open(folder + "set.db", folder + "set-raw.db"));
  for (std::size_t from = 0; from < elements; from += batch) {
    std::vector<agent::Input> inputs;
    for (std::size_t i = from; i < std::min(elements, from + batch); ++i) {
      Op add{{}, Verb::kAdd, std::to_string(i), SlotType::kOrSet, std::nullopt};
      inputs.push_back(agent::Write{1, agent::WriteObject{"set", {std::move(add)}}});
    }
    const Stopwatch watch;
    RETURN_IF_ERROR(turn(*replica, inputs));
    result.replica.add(watch.spent());
    ASSIGN_OR_RETURN(const Spent spent, raw->commit());
    result.raw.add(spent);
  }
  // The work that was put off. The floor writes these rows here too.
  while (replica->store().cells().slots_in_memory() > 0) {
    const Stopwatch watch;
    RETURN_IF_ERROR(fold_step(replica->store()));
    result.replica.add(watch.spent());
    ASSIGN_OR_RETURN(const Spent spent, raw->commit());
    result.raw.add(spent);
  }
  // Of each add a name, a cell and a change.
  if (raw->rows() < 3 * elements) return base::invalid("the floor wrote too few rows");
  result.ok = replica->store().verify_digest().ok() &&
              replica->store().cells().total_cells() == static_cast<std::int64_t>(elements) + 1;
  return result;
}

}  // namespace bench
