#pragma once

// A join of which a test sees every query and every page.

#include "tests/replica/join_fixture.h"

namespace agent {

struct Watched {
  Watched(Replica& joiner, Replica& server, std::int64_t millis = 10)
      : join{joiner, server, millis} {}

  Joining join;
  int snapshots = 0;           // queries for a new one
  int wanted = 0;              // queries for the sums of cells
  std::uint64_t named = 0;     // dots
  std::uint64_t cells = 0;     // that were sent
  crdt::SnapshotRun last_run;  // of the last query for cells

  crdt::SnapshotQuery query() const {
    return *crdt::decode_snapshot_query(join.last.facts.join->query);
  }
  void start() { join.start(); }
  void step(const std::function<void(crdt::SnapshotPage&)>& forge = nullptr) {
    const crdt::SnapshotQuery asked = query();
    if (asked.snapshot == 0 && !asked.head.actor && !asked.head.object) ++snapshots;
    if (asked.run && asked.run->wanted) ++wanted;
    if (asked.run && !asked.run->wanted) last_run = *asked.run;
    SnapshotRead answer = join.ask();
    ASSERT_EQ(answer.outcome, SnapshotRead::Outcome::kPage);
    auto page = crdt::decode_snapshot_page(answer.body);
    ASSERT_TRUE(page.ok()) << page.error().message;
    for (const crdt::SnapshotSlot& slot : page->slots) cells += slot.cells.size();
    for (const crdt::SnapshotNamed& of_object : page->named) {
      for (const crdt::DotRun& run : of_object.dots)
        named += std::uint64_t{run.count} * run.changes;
    }
    if (forge) {
      forge(*page);
      answer.body = crdt::encode(*page);
    }
    join.take(answer);
  }
  void finish() {
    while (join.asks()) ASSERT_NO_FATAL_FAILURE(step());
    EXPECT_TRUE(join.done());
  }
  void run() {
    start();
    finish();
  }
  const JoinReport& last_report() const { return join.last.joins.at(0); }
  bool whole_again() const { return last_report().whole_again; }
};

}  // namespace agent
