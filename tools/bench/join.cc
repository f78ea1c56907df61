#include "tools/bench/join.h"

#include <algorithm>
#include <chrono>
#include <fstream>
#include <future>

#include "crdt/snapshot.h"
#include "tools/bench/clock.h"
#include "tools/bench/workload.h"

namespace bench {
namespace {

using Clock = std::chrono::steady_clock;

std::uint64_t resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  std::uint64_t size = 0;
  std::uint64_t resident = 0;
  statm >> size >> resident;
  return resident * 4096;
}

base::Result<std::unique_ptr<agent::Replica>> open(const std::string& file, std::uint64_t seed) {
  agent::ReplicaOptions options;
  return agent::Replica::open(now_of(0), file, options, "bench", base::Random::from_number(seed));
}

void count_payload(const agent::SnapshotRead& answer, JoinResult& result) {
  result.page_bytes += answer.body.size();
  auto page = crdt::decode_snapshot_page(answer.body);
  CHECK(page.ok());
  for (const crdt::SnapshotSlot& slot : page->slots) {
    // The name of an entry counts once, with its presence.
    bool entry = slot.slot.path.size() == 1 && slot.slot.type == crdt::SlotType::kMap;
    if (entry || slot.slot.path.size() > 1) result.payload_bytes += slot.slot.path.back().size();
    for (const crdt::Cell& cell : slot.cells) result.payload_bytes += cell.body.size();
    result.cells += slot.cells.size();
  }
}

// Page by page. While the joiner stores one page, the server makes the next, like two agents do.
base::Status join(agent::Replica& joiner, agent::Replica& server, JoinResult& result) {
  std::uint64_t before = resident_bytes();
  auto begin = Clock::now();
  double counting = 0;
  std::vector<agent::Input> inputs{agent::StartJoin{server.node_id(), false}};
  agent::Outputs out = joiner.turn(now_of(2), inputs, false);
  while (out.facts.join && out.facts.join->kind == agent::JoinStep::Kind::kAsk) {
    inputs.assign(1, agent::SnapshotQuery{1, joiner.node_id(), out.facts.join->query});
    agent::Outputs answered = server.turn(now_of(2), inputs, false);
    auto start = Clock::now();
    count_payload(answered.pages.at(0), result);
    counting += seconds_since(start);
    auto ahead = std::async(std::launch::async, [&] { return server.read_ahead(); });
    start = Clock::now();
    inputs.assign(1, agent::JoinAnswer{server.node_id(), answered.pages.at(0).body});
    out = joiner.turn(now_of(2), inputs, false);
    result.merge_seconds = seconds_since(start);
    ahead.get();
    result.memory_growth =
        std::max(result.memory_growth, resident_bytes() - std::min(before, resident_bytes()));
  }
  result.seconds = seconds_since(begin) - counting;
  if (joiner.state() == server.state()) return {};
  return base::Error{base::Code::kInternal, "the join did not end in the same state"};
}

}  // namespace

base::Result<JoinResult> measure_join(const StoreWork& work) {
  JoinResult result;
  Workload workload(1);
  ASSIGN_OR_RETURN(auto server, open(work.folder + "server.db", 2));
  ASSIGN_OR_RETURN(auto joiner, open(work.folder + "joiner.db", 3));
  ASSIGN_OR_RETURN(auto raw, RawTable::open(work.folder + "raw.db"));
  std::vector<crdt::Opened> changes;
  std::vector<Workload::Row> rows;
  std::uint64_t all = work.entries + work.changes;
  for (std::uint64_t i = 0; i < all; ++i) {
    bool missed = i >= work.entries;
    changes.push_back(missed ? workload.one_field(rows) : workload.new_entry(rows));
    bool full = changes.size() == work.batch || i + 1 == work.entries || i + 1 == all;
    if (!full) continue;
    ASSIGN_OR_RETURN(auto inputs, as_received(changes));
    RETURN_IF_ERROR(merge(*server, inputs));
    if (!missed) RETURN_IF_ERROR(merge(*joiner, inputs));
    auto start = Clock::now();
    RETURN_IF_ERROR(raw->commit(rows, changes));
    if (missed) result.raw_seconds += seconds_since(start);
    changes.clear();
    rows.clear();
  }
  RETURN_IF_ERROR(join(*joiner, *server, result));
  return result;
}

}  // namespace bench
