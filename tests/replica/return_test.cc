// An agent comes back after its peers have pruned what it lacks: it takes their state. Its own
// writes stay, nothing that was removed comes back, and the report counts what happened.

#include "agent/replica/absence.h"
#include "agent/replica/store_view.h"
#include "crdt/types/shown.h"
#include "tests/replica/join_fixture.h"

namespace agent {
namespace {

using crdt::Op;
using crdt::SlotType;
using crdt::Verb;

constexpr std::int64_t kHour = 3'600'000;  // milliseconds

Input ask(const std::string& object, Verb verb, crdt::Path path, crdt::Argument argument,
          std::optional<SlotType> type = std::nullopt) {
  return Write{1, WriteObject{object, {{std::move(path), verb, std::move(argument), type, {}}}}};
}
Input text(const std::string& object, crdt::Path path, std::uint32_t at, std::string words) {
  return ask(object, Verb::kInsert, std::move(path),
             crdt::TextInsert{at, std::nullopt, std::move(words)});
}

std::string value_of(Replica& replica, const std::string& object, const crdt::Path& path = {}) {
  StoreView view(replica.store().cells(), object);
  auto shown = crdt::shown_at(view, path, std::nullopt, SIZE_MAX);
  EXPECT_TRUE(shown.ok()) << shown.error().message;
  return shown.ok() && *shown ? (*shown)->value : "absent";
}

struct Return : JoinTest {
  std::int64_t clock = 1;

  void apply(Replica& replica, std::vector<Input> inputs) {
    Outputs out = turn(replica, ++clock, std::move(inputs));
    for (const Reply& reply : out.replies) {
      ASSERT_TRUE(reply.result.ok()) << reply.result.error().message;
    }
  }
  // One object of each type at top level, and each again inside a map.
  std::vector<Input> everything() {
    return {add("entry"),
            add("doomed"),
            ask("count", Verb::kIncrement, {}, crdt::Amount{5}),
            ask("both", Verb::kDecrement, {}, crdt::Amount{2}),
            ask("register", Verb::kSet, {}, std::string("1"), SlotType::kLwwRegister),
            ask("many", Verb::kSet, {}, std::string("1"), SlotType::kMvRegister),
            ask("set", Verb::kAdd, {}, std::string("1")),
            ask("set", Verb::kAdd, {}, std::string("2")),
            text("words", {}, 0, "hello world"),
            ask("map", Verb::kIncrement, {"count"}, crdt::Amount{7}),
            ask("map", Verb::kAdd, {"set"}, std::string("1")),
            ask("map", Verb::kSet, {"field"}, std::string("1")),
            text("map", {"words"}, 0, "nested"),
            ask("map", Verb::kSet, {"doomed", "field"}, std::string("1")),
            text("map", {"doomed", "words"}, 0, "gone")};
  }
  void forget_log(Replica& replica) {
    const base::ActorId actor = replica.own_actor();
    clock += kHour;  // no lease of an earlier join holds the log back
    for (int i = 0; i < 60; ++i) {
      apply(replica,
            {add("busy", R"({"n":)" + std::to_string(i) + "}"), ConfirmOwn{actor, 1u << 30}});
    }
  }
  void reopen(const ReplicaOptions& options) {
    a.reset();
    a = open_replica(folder.file("a.db"), 11, options);
  }
};

TEST_F(Return, AStateJoinBringsEveryTypeAndKeepsWhatOnlyWeWrote) {
  ReplicaOptions short_log = tiny_pages();
  short_log.store.log_bytes_max = 2'000;
  reopen(short_log);
  apply(*a, everything());
  join(*z, *a, ++clock);
  expect_equal(*a, *z);
  // While they cannot reach each other, both write.
  apply(*a,
        {remove_from("snapshots", "doomed"), ask("count", Verb::kIncrement, {}, crdt::Amount{1}),
         ask("register", Verb::kSet, {}, std::string("2")),
         ask("many", Verb::kSet, {}, std::string("2")),
         ask("set", Verb::kRemove, {}, std::string("1")), text("words", {}, 5, ", dear"),
         ask("map", Verb::kUnset, {"doomed"}, {}), text("map", {"words"}, 0, "deeply "),
         ask("both", Verb::kUnset, {}, {}), add("new")});
  apply(*z, {add("mine"), ask("count", Verb::kIncrement, {}, crdt::Amount{10}),
             ask("many", Verb::kSet, {}, std::string("3")),
             ask("set", Verb::kAdd, {}, std::string("3")), text("words", {}, 11, "!"),
             ask("map", Verb::kAdd, {"set"}, std::string("9")), text("map", {"words"}, 6, ".")});
  forget_log(*a);
  const store::Actors& actors = a->store().actors();
  ASSERT_GT(actors.find(a->own_actor())->floor, z->vector().seq_of(a->own_actor()))
      << "the log reaches back, so this would be no state join";

  Outputs out = join(*z, *a, clock + 7 * 24 * kHour);

  EXPECT_EQ(shown(*z, "doomed"), "absent");
  EXPECT_NE(shown(*z, "new"), "absent");
  EXPECT_NE(shown(*z, "mine"), "absent");
  EXPECT_EQ(value_of(*z, "count"), "16");
  EXPECT_EQ(value_of(*z, "both"), "absent");
  EXPECT_EQ(value_of(*z, "register"), "2");
  EXPECT_EQ(value_of(*z, "set"), "[2,3]");
  EXPECT_EQ(value_of(*z, "words"), R"("hello, dear world!")");
  EXPECT_EQ(value_of(*z, "map", {"count"}), "7");
  EXPECT_EQ(value_of(*z, "map", {"set"}), "[1,9]");
  EXPECT_EQ(value_of(*z, "map", {"words"}), R"("deeply nested.")");
  EXPECT_EQ(value_of(*z, "map", {"doomed"}), "absent");
  ASSERT_EQ(out.joins.size(), 1u);
  const JoinReport& report = out.joins[0];
  EXPECT_EQ(report.outcome, JoinReport::Outcome::kMerged);
  EXPECT_EQ(report.peer, a->node_id());
  EXPECT_EQ(report.counts.own_kept, 7u);
  EXPECT_EQ(report.counts.objects_removed, 1u) << "both";
  EXPECT_EQ(report.counts.objects_new, 0u);
  EXPECT_GE(report.counts.objects_changed, 6u);
  EXPECT_EQ(report.counts.texts_changed, 3u);
  EXPECT_GT(report.counts.cells_added, 0u);
  EXPECT_GT(report.counts.cells_removed, 0u);
  EXPECT_GT(report.bytes, 100u);
  EXPECT_GT(report.pages, 2u);
  // What only we wrote reaches the others over the log.
  Sealed own;
  for (const crdt::SealedChange& change : log_of(*z)) {
    if (change.actor == z->own_actor()) own.push_back(change);
  }
  turn(*a, clock + 7 * 24 * kHour, {received(own)});
  expect_equal(*a, *z);
  EXPECT_EQ(value_of(*a, "many"), value_of(*z, "many"));
}

TEST_F(Return, TheReportSaysHowLongWeExchangedNothing) {
  Sealed first = write(*a, {add("x")});
  turn(*z, 10, {received(first)});
  z.reset();
  z = open_replica(folder.file("z.db"), 12, tiny_pages());
  for (int i = 0; i < 5; ++i) write(*a, {add("x" + std::to_string(i))});

  Outputs late = join(*z, *a, 10 + 5 * kHour);
  ASSERT_EQ(late.joins.size(), 1u);
  ASSERT_TRUE(late.joins[0].away);
  EXPECT_EQ(late.joins[0].away->millis(), 5 * kHour);

  // Hours later, without a silence before it.
  write(*a, {add("y")});
  for (std::int64_t minute = 1; minute < 120; ++minute) {
    const std::int64_t now = 10 + 5 * kHour + minute * 60'000;
    turn(*z, now, {received(Sealed{first})});
  }
  Outputs soon = join(*z, *a, 10 + 7 * kHour);
  ASSERT_EQ(soon.joins.size(), 1u);
  EXPECT_FALSE(soon.joins[0].away);
}

// A wall clock that is not trusted, or went back, measures nothing.
TEST_F(Return, AnAbsenceOfUnknownLengthIsNotReported) {
  Sealed first = write(*a, {add("x")});
  turn(*z, 10 * kHour, {received(first)});
  write(*a, {add("y")});

  Outputs back = join(*z, *a, kHour);

  ASSERT_EQ(back.joins.size(), 1u);
  EXPECT_FALSE(back.joins[0].away);
}

TEST_F(Return, EveryEndOfAJoinIsReportedOnce) {
  using Outcome = JoinReport::Outcome;
  write(*a, {add("x"), add("y")});
  const auto ended = [](const Outputs& out, Outcome outcome) {
    return out.joins.size() == 1 && out.joins[0].outcome == outcome;
  };
  Joining joining{*z, *a};
  joining.start();
  EXPECT_TRUE(ended(turn(*z, 11, {StopJoin{a->node_id()}}), Outcome::kStopped));
  joining.start();
  EXPECT_TRUE(ended(turn(*z, 11, {StartJoin{a->node_id(), false}}), Outcome::kStopped))
      << "another one takes its place";
  joining.start();
  take_forged(joining, [](crdt::SnapshotPage& page) { page.actors.clear(); });
  while (joining.asks()) joining.step();
  EXPECT_TRUE(ended(joining.last, Outcome::kRefused));
  joining.start();
  joining.finish();
  EXPECT_TRUE(ended(joining.last, Outcome::kMerged));
  EXPECT_TRUE(turn(*z, 12, {add("own")}).joins.empty());
}

}  // namespace
}  // namespace agent
