#pragma once

// Two replicas that join directly: queries of one are handed to the other, pages back.

#include "tests/replica/replica_fixture.h"

namespace agent {

// A join that the test moves step by step.
struct Joining {
  Replica& joiner;
  Replica& server;
  std::int64_t millis = 10;
  Outputs last{};  // of the joiner's last turn
  int asked = 0;

  bool asks() const { return last.facts.join && last.facts.join->kind == JoinStep::Kind::kAsk; }
  bool done() const { return last.facts.join && last.facts.join->kind == JoinStep::Kind::kDone; }
  bool failed() const {
    return last.facts.join && last.facts.join->kind == JoinStep::Kind::kFailed;
  }
  void start(bool unite = false) {
    last = turn(joiner, millis, {StartJoin{server.node_id(), unite}}, true);
  }
  SnapshotPage ask() {
    Outputs out =
        turn(server, millis, {SnapshotQuery{7, joiner.node_id(), last.facts.join->query}});
    EXPECT_EQ(out.pages.size(), 1u);
    EXPECT_EQ(out.pages.at(0).request, 7u);
    if (++asked % 2 == 0) server.read_ahead();
    return out.pages.at(0);
  }
  void take(const SnapshotPage& page) {
    last = turn(joiner, millis, {JoinAnswer{server.node_id(), page.body}}, true);
  }
  // One query and its page.
  void step() {
    SnapshotPage page = ask();
    ASSERT_EQ(page.outcome, SnapshotPage::Outcome::kPage);
    take(page);
  }
  void finish() {
    for (int steps = 0; asks(); ++steps) {
      ASSERT_LT(steps, 10'000);
      ASSERT_NO_FATAL_FAILURE(step());
    }
  }
};

inline Outputs join(Replica& joiner, Replica& server, std::int64_t millis = 10,
                    bool unite = false) {
  Joining joining{joiner, server, millis};
  joining.start(unite);
  joining.finish();
  EXPECT_TRUE(joining.done());
  return std::move(joining.last);
}

// So small that everything is split: a page holds a slot or two.
inline ReplicaOptions tiny_pages(std::size_t bytes = 200) {
  ReplicaOptions options;
  options.snapshots.page_bytes = bytes;
  return options;
}

inline void expect_sound(Replica& replica) {
  auto verified = replica.store().verify_digest();
  EXPECT_TRUE(verified.ok()) << verified.error().message;
  EXPECT_EQ(replica.store().actors().vector_digest(), crdt::vector_digest(replica.vector()));
}

inline void expect_equal(Replica& a, Replica& z) {
  EXPECT_EQ(a.vector(), z.vector());
  EXPECT_EQ(a.state(), z.state());
  EXPECT_EQ(a.store().cells().total_cells(), z.store().cells().total_cells());
  expect_sound(a);
  expect_sound(z);
}

}  // namespace agent
