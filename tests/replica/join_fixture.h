#pragma once

// Two replicas that join without a network: the test gives the queries of one to the other and the
// pages back.

#include "crdt/snapshot.h"
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
  SnapshotRead ask() {
    Outputs out =
        turn(server, millis, {SnapshotQuery{7, joiner.node_id(), last.facts.join->query}});
    EXPECT_EQ(out.pages.size(), 1u);
    EXPECT_EQ(out.pages.at(0).request, 7u);
    if (++asked % 2 == 0) server.read_ahead();
    return out.pages.at(0);
  }
  void take(const SnapshotRead& page) {
    last = turn(joiner, millis, {JoinAnswer{server.node_id(), page.body}}, true);
  }
  // One query and its page.
  void step() {
    SnapshotRead page = ask();
    ASSERT_EQ(page.outcome, SnapshotRead::Outcome::kPage);
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

// Pages so small that everything is split: a page holds one slot or two.
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

using Sealed = std::vector<crdt::SealedChange>;

inline Input add_to(const std::string& object, const std::string& id) {
  return Write{1, add_entry(object, id, members_of(R"({"size":1})"))};
}
inline Input remove_from(const std::string& object, const std::string& id) {
  return Write{1, remove_entry(object, id)};
}
inline std::string shown_in(Replica& replica, const std::string& object, const std::string& id) {
  auto entry = replica.store().cells().entry(object, id);
  return crdt::exists(*entry) ? crdt::shown_text(*entry) : "absent";
}
inline bool has_notice(const Outputs& out, Notice::Kind kind) {
  for (const Notice& notice : out.notices) {
    if (notice.kind == kind) return true;
  }
  return false;
}

inline bool merged(const Outputs& out) {
  for (const JoinReport& join : out.joins) {
    if (join.outcome == JoinReport::Outcome::kMerged) return true;
  }
  return false;
}

struct JoinTest : testing::Test {
  Folder folder;
  std::unique_ptr<Replica> a = open_replica(folder.file("a.db"), 1, tiny_pages());
  std::unique_ptr<Replica> z = open_replica(folder.file("z.db"), 2, tiny_pages());

  Sealed write(Replica& replica, std::vector<Input> inputs) {
    return turn(replica, 1, std::move(inputs)).facts.own;
  }
  // Answers the last query with a page that `forge` has changed.
  template <typename Forge>
  void take_forged(Joining& joining, Forge forge) {
    SnapshotRead page = joining.ask();
    auto forged = crdt::decode_snapshot_page(page.body);
    ASSERT_TRUE(forged.ok());
    forge(*forged);
    page.body = crdt::encode(*forged);
    joining.take(page);
  }
};

}  // namespace agent
