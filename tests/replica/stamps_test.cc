// What a replica does with stamps of clients, and what it tells of each operation.

#include "type_fixture.h"

namespace agent::types {
namespace {

Op stamped(Op op, std::int64_t nanos, std::string writer = "dev") {
  op.stamp = crdt::Stamp{{nanos, 0}, std::move(writer)};
  return op;
}
Op set(crdt::Path path, std::string value) { return op(Verb::kSet, std::move(path), value); }

struct ClientStamps : ThreeReplicas {
  Written written(Replica& replica, const std::string& object, std::vector<Op> ops) {
    Outputs out = turn(replica, 1, {write(object, std::move(ops))});
    EXPECT_TRUE(out.replies.at(0).result.ok()) << out.replies.at(0).result.error().message;
    return out.replies.at(0).result.ok() ? *out.replies[0].result : Written();
  }
  static std::vector<crdt::Outcome> outcomes(const Written& done) {
    std::vector<crdt::Outcome> all;
    for (const OpDone& op : done.ops) all.push_back(op.outcome);
    return all;
  }
};
using crdt::Outcome;

TEST_F(ClientStamps, OneOutcomeIsToldForEachOperation) {
  const Written first = written(*a, "doc", {stamped(set({"k"}, "1"), kWall), set({"l"}, "2")});
  EXPECT_EQ(outcomes(first), (std::vector{Outcome::kWritten, Outcome::kWritten}));

  const Written second =
      written(*a, "doc",
              {stamped(set({"k"}, "3"), kWall - 1), op(Verb::kUnset, {"none"}), set({"l"}, "4")});
  EXPECT_EQ(outcomes(second),
            (std::vector{Outcome::kSuperseded, Outcome::kUnchanged, Outcome::kWritten}));
  EXPECT_EQ(second.count(Outcome::kSuperseded), 1u);
  EXPECT_EQ(value_of(*a, "doc"), R"({"k":1,"l":4})");
}

TEST_F(ClientStamps, ARequestThatIsWhollySupersededMakesNoChange) {
  must(*a, "doc", {stamped(set({"k"}, "1"), kWall)});
  Outputs out = turn(*a, 1, {write("doc", {stamped(set({"k"}, "2"), kWall - 5)})});

  ASSERT_TRUE(out.replies.at(0).result.ok());
  EXPECT_FALSE(out.replies[0].result->dot.has_value());
  EXPECT_TRUE(out.facts.own.empty());
}

TEST_F(ClientStamps, TheLatestStampWinsOnEveryAgent) {
  must(*a, "doc", {stamped(set({"k"}, "1"), kWall + 5)});
  must(*b, "doc", {stamped(set({"k"}, "2"), kWall + 7)});
  must(*c, "doc", {stamped(set({"k"}, "3"), kWall + 6)});
  merge();
  EXPECT_EQ(value_of(*a, "doc", {"k"}), "2");
  EXPECT_EQ(value_of(*c, "doc", {"k"}), "2");
}

TEST_F(ClientStamps, AStampFromTheFutureIsRefusedAtTheDoorAndNothingIsWritten) {
  const std::int64_t hour = crdt::kStampAheadMax.nanos;
  const std::string refused =
      refusal(*a, "doc", {set({"l"}, "1"), stamped(set({"k"}, "1"), kWall + 2 * hour)});
  EXPECT_NE(refused.find("op 1: the stamp"), std::string::npos) << refused;
  EXPECT_NE(refused.find("more than an hour ahead"), std::string::npos) << refused;
  EXPECT_EQ(value_of(*a, "doc"), "absent");

  // The change has our own time: a stamp that is a little ahead blocks nobody.
  must(*a, "doc", {stamped(set({"k"}, "1"), kWall + hour / 2)});
  EXPECT_LT(a->clock().latest().nanos, kWall + hour / 4);
  merge();
  must(*b, "doc", {set({"k"}, "2")});  // above the stamp that it sees
  merge();
  EXPECT_EQ(value_of(*c, "doc", {"k"}), "2");
}

// --- Entries of a catalog ------------------------------------------------------------------------

crdt::Members members(const std::string& json) { return crdt::samples::members_of(json); }
Op add_entry_op(std::string id, const std::string& metadata) {
  return op(Verb::kSet, {std::move(id)}, members(metadata));
}

TEST_F(ClientStamps, AnEntryIsTheSameWhicheverOfTwoStampedWritesComesFirst) {
  const Op older = stamped(op(Verb::kPut, {"s"}, members(R"({"a":1,"b":1})")), kWall + 1);
  const Op newer = stamped(op(Verb::kPut, {"s"}, members(R"({"a":2,"c":2})")), kWall + 2);
  must(*a, "snapshots", {add_entry_op("s", "{}")});
  const Op field = stamped(op(Verb::kMerge, {"s"}, members(R"({"d":3})")), kWall + 3'000'000'000);
  merge();
  const auto later = [](Op op) {
    op.stamp->time.nanos += 2'000'000'000;
    return op;
  };
  must(*a, "snapshots", {later(older)});
  must(*a, "snapshots", {later(newer)});
  must(*b, "snapshots", {field});
  must(*b, "snapshots", {later(newer)});
  const Written late = written(*b, "snapshots", {later(older)});
  EXPECT_EQ(outcomes(late), (std::vector{Outcome::kSuperseded}));
  EXPECT_EQ(shown(*b, "s"), R"({"a":2,"c":2,"d":3})");
  merge();
  EXPECT_EQ(shown(*a, "s"), R"({"a":2,"c":2,"d":3})");
}

TEST_F(ClientStamps, AnEntryIsThereWhileOneOfItsTagsIs) {
  const auto tagged = [](Op op, std::vector<std::string> tags) {
    op.tags = std::move(tags);
    return op;
  };
  must(*a, "snapshots", {tagged(add_entry_op("s", R"({"a":1})"), {"t1"})});
  must(*b, "snapshots", {tagged(add_entry_op("s", R"({"a":2})"), {"t2"})});
  merge();
  must(*c, "snapshots", {tagged(op(Verb::kUnset, {"s"}), {"t1"})});
  EXPECT_NE(shown(*c, "s"), "absent");
  const Written none = written(*c, "snapshots", {tagged(op(Verb::kUnset, {"s"}), {"t1", "t9"})});
  EXPECT_EQ(outcomes(none), (std::vector{Outcome::kUnchanged}));
  must(*c, "snapshots", {tagged(op(Verb::kUnset, {"s"}), {"t2"})});
  merge();
  EXPECT_EQ(shown(*a, "s"), "absent");
  const auto entry = a->store().cells().entry("snapshots", "s");
  EXPECT_TRUE(entry->presence.empty() && entry->reset.empty() && entry->fields.empty());
}

TEST_F(ClientStamps, AnEntryThatItsAgentAddedIsNamedByItsDot) {
  const Written added = written(*a, "snapshots", {add_entry_op("s", R"({"a":1})")});
  Op remove = op(Verb::kUnset, {"s"});
  remove.tags = {added.dot->actor.hex() + ":" + std::to_string(added.dot->seq)};
  merge();
  must(*b, "snapshots", {remove});
  merge();
  EXPECT_EQ(shown(*c, "s"), "absent");
}

TEST_F(ClientStamps, OperationsWithDifferentStampsOnOneEntryAreRefused) {
  const Op one = stamped(op(Verb::kMerge, {"s"}, members(R"({"a":1})")), kWall);
  const Op two = stamped(set({"s", "b"}, "2"), kWall);
  const Op other = stamped(set({"s", "b"}, "2"), kWall + 1);
  EXPECT_EQ(refusal(*a, "snapshots", {one, two}), "none");
  for (const std::vector<Op>& ops : {std::vector<Op>{one, other},
                                     {one, set({"s", "c"}, "1")},
                                     {stamped(add_entry_op("s", "{}"), kWall), two}}) {
    EXPECT_NE(refusal(*a, "snapshots", ops).find("send several requests"), std::string::npos);
  }
  EXPECT_NE(refusal(*a, "snapshots", {stamped(op(Verb::kUnset, {"s", "b"}), kWall)})
                .find("takes a stamp with set only"),
            std::string::npos);
}

// --- Elements that the same request inserts
// -------------------------------------------------------

Op behind_new(std::uint32_t number, std::uint32_t element, std::string text) {
  crdt::TextInsert edit{0, {}, std::move(text)};
  edit.behind_new = crdt::TemporaryId{number, element};
  return op(Verb::kInsert, {}, std::move(edit), SlotType::kSeq);
}

TEST_F(ClientStamps, AnInsertStandsBehindAnElementOfTheSameRequest) {
  must(*a, "note", {insert(0, "[]")});
  crdt::TextErase erased;
  erased.new_elements = {{1, 1}, {0, 1}};
  const Written done = written(*a, "note",
                               {insert(1, "äbc"), behind_new(0, 0, "12"), behind_new(1, 0, "x"),
                                op(Verb::kErase, {}, erased, SlotType::kSeq)});

  EXPECT_EQ(value_of(*a, "note"), R"("[ä1xc]")");
  ASSERT_EQ(done.ops.size(), 4u);
  EXPECT_EQ(done.ops[0].first, 0u);
  EXPECT_EQ(done.ops[1].first, 3u);
  EXPECT_EQ(done.ops[2].first, 5u);
  // The names that are told are those of the elements.
  const Dot x{done.dot->actor, done.dot->seq, *done.ops[2].first};
  must(*a, "note", {insert(0, "!", x)});
  merge();
  EXPECT_EQ(value_of(*b, "note"), R"("[ä1x!c]")");
}

TEST_F(ClientStamps, ATemporaryIdThatNamesNothingIsRefused) {
  for (const std::vector<Op>& ops : {std::vector<Op>{behind_new(0, 0, "x")},
                                     {behind_new(1, 0, "x"), insert(0, "abc")},
                                     {insert(0, "abc"), behind_new(0, 3, "x")},
                                     {insert(0, ""), behind_new(0, 0, "x")},
                                     {add("1"), behind_new(0, 0, "x")}}) {
    const std::string refused = refusal(*a, "note", ops);
    EXPECT_NE(refused.find('~'), std::string::npos) << refused;
  }
  EXPECT_EQ(value_of(*a, "note"), "absent");
}

}  // namespace
}  // namespace agent::types
