// Requests to which clients gave names: a retry is answered like the first time, here and on other
// agents, and nothing is done twice.

#include "agent/replica/answered.h"
#include "type_fixture.h"

namespace agent::types {
namespace {

RequestName name(unsigned char key, unsigned char content = 1) {
  RequestName name;
  name.key.bytes.fill(key);
  name.content.bytes.fill(content);
  return name;
}

struct NamedRequests : ThreeReplicas {
  static Input named(const std::string& object, std::vector<Op> ops, const RequestName& by) {
    return Write{1, WriteObject{object, std::move(ops), by}};
  }
  base::Result<Written> reply(Replica& replica, const Input& input, std::int64_t millis = 1) {
    Outputs out = turn(replica, millis, {input});
    sealed = out.facts.own.size();
    return out.replies.at(0).result;
  }
  static void expect_same(const base::Result<Written>& first, const base::Result<Written>& again) {
    ASSERT_TRUE(first.ok() && again.ok());
    EXPECT_EQ(first->dot, again->dot);
    EXPECT_EQ(first->type, again->type);
    ASSERT_EQ(first->ops.size(), again->ops.size());
    for (std::size_t i = 0; i < first->ops.size(); ++i) {
      EXPECT_EQ(first->ops[i].outcome, again->ops[i].outcome);
      EXPECT_EQ(first->ops[i].first, again->ops[i].first);
    }
  }
  std::size_t sealed = 0;
  unsigned char others = 100;  // names of requests that are not asked again
};

TEST_F(NamedRequests, ARetriedIncrementAndInsertCountOnce) {
  const Input count = named("hits", {increment(5)}, name(1));
  const Input type = named("note", {insert(0, "ab"), insert(1, "x")}, name(2));
  const auto counted = reply(*a, count);
  const auto typed = reply(*a, type);

  for (int i = 0; i < 3; ++i) {
    expect_same(counted, reply(*a, count));
    EXPECT_EQ(sealed, 0u);
    expect_same(typed, reply(*a, type));
    restart(a, "a");
  }
  EXPECT_EQ(value_of(*a, "hits"), "5");
  EXPECT_EQ(value_of(*a, "note"), "\"axb\"");
}

TEST_F(NamedRequests, TwoInOneTurnAreDoneOnce) {
  const Input count = named("hits", {increment(5)}, name(1));
  Outputs out = turn(*a, 1, {count, count});

  ASSERT_EQ(out.replies.size(), 2u);
  expect_same(out.replies[0].result, out.replies[1].result);
  EXPECT_EQ(out.facts.own.size(), 1u);
  EXPECT_EQ(value_of(*a, "hits"), "5");
}

TEST_F(NamedRequests, AnotherAgentKnowsARetryOnceItHasTheChange) {
  const Input type = named("note", {insert(0, "ab"), erase(0, 1)}, name(1));
  const auto first = reply(*a, type);
  merge();

  expect_same(first, reply(*b, type));
  expect_same(first, reply(*c, type));
  restart(c, "c");
  expect_same(first, reply(*c, type));
  EXPECT_EQ(value_of(*b, "note"), "\"b\"");
}

// The rule (docs/api.md): an agent that does not have the change does the request. Both count.
TEST_F(NamedRequests, AnAgentWithoutTheChangeDoesTheRequest) {
  const Input count = named("hits", {increment(5)}, name(1));
  const auto here = reply(*a, count);
  const auto there = reply(*b, count);
  EXPECT_NE(here->dot, there->dot);
  merge();

  EXPECT_EQ(value_of(*c, "hits"), "10");
  const auto again = reply(*c, count);
  EXPECT_TRUE(again->dot == here->dot || again->dot == there->dot);
  expect_same(here, reply(*a, count));  // each client hears what it heard before
  expect_same(there, reply(*b, count));
}

TEST_F(NamedRequests, AnotherRequestUnderTheSameNameIsRefused) {
  ASSERT_TRUE(reply(*a, named("hits", {increment(5)}, name(1, 1))).ok());
  const auto other = reply(*a, named("hits", {increment(6)}, name(1, 2)));

  ASSERT_FALSE(other.ok());
  EXPECT_EQ(other.error().code, base::Code::kUnprocessable);
  EXPECT_NE(other.error().message.find("Idempotency-Key"), std::string::npos);
  EXPECT_EQ(value_of(*a, "hits"), "5");
}

TEST_F(NamedRequests, ARequestThatChangedNothingIsRememberedToo) {
  const Input unset = named("doc", {op(Verb::kUnset, {"k"})}, name(1));
  const auto idle = reply(*a, unset);
  ASSERT_TRUE(idle.ok());
  EXPECT_FALSE(idle->dot.has_value());
  must(*a, "doc", {op(Verb::kSet, {"k"}, std::string("1"))});
  restart(a, "a");

  expect_same(idle, reply(*a, unset));
  EXPECT_EQ(value_of(*a, "doc"), R"({"k":1})");
}

TEST_F(NamedRequests, ARequestThatWasRefusedIsNotRemembered) {
  const Input type = named("note", {insert(3, "x")}, name(1));
  EXPECT_FALSE(reply(*a, type).ok());
  must(*a, "note", {insert(0, "abc")});
  EXPECT_TRUE(reply(*a, type).ok());
  EXPECT_EQ(value_of(*a, "note"), "\"abcx\"");
}

TEST_F(NamedRequests, AnEntryIsAddedOnceAndAConcurrentRemovalStays) {
  const Input add =
      named("snapshots", {op(Verb::kSet, {"s"}, crdt::samples::members_of("{}"))}, name(1));
  const auto first = reply(*a, add);
  merge();
  must(*b, "snapshots", {op(Verb::kUnset, {"s"})});
  merge();

  expect_same(first, reply(*c, add));
  EXPECT_EQ(shown(*c, "s"), "absent");
}

// Clocks of edge hosts jump: a host starts in 1970 and gets the time later, or is set wrong by
// years and put right again.
TEST_F(NamedRequests, AClockThatJumpsForgetsNothing) {
  const Input count = named("hits", {increment(5)}, name(1));
  const Input nothing = named("snapshots", {op(Verb::kUnset, {"none"})}, name(2));
  const std::int64_t year = 365LL * 86'400'000;
  const auto counted = reply(*a, count, 1);
  const auto idle = reply(*a, nothing, 2);
  ASSERT_TRUE(counted.ok() && idle.ok());
  merge();
  const std::int64_t walls[] = {86'400'001, year, 2, 3 * year, 5, 3 * year + 1};
  for (const std::int64_t millis : walls) {
    expect_same(counted, reply(*a, count, millis));
    expect_same(idle, reply(*a, nothing, millis));
    expect_same(counted, reply(*b, count, millis));
    // A write moves the hybrid clock and looks at the oldest rows.
    ASSERT_TRUE(reply(*a, named("other", {increment(1)}, name(++others)), millis).ok());
    expect_same(counted, reply(*a, count, millis));
    restart(a, "a");
  }
  EXPECT_EQ(value_of(*a, "hits"), "5");
}

TEST_F(NamedRequests, TheOutcomesOfARequestComeAgain) {
  Op late = op(Verb::kSet, {"k"}, std::string("2"));
  late.stamp = crdt::Stamp{{kWall - 9, 0}, "dev"};
  must(*a, "doc", {op(Verb::kSet, {"k"}, std::string("1"))});
  const Input both = named(
      "doc", {late, op(Verb::kUnset, {"none"}), op(Verb::kSet, {"l"}, std::string("3"))}, name(1));
  const auto first = reply(*a, both);
  EXPECT_EQ(first->count(crdt::Outcome::kSuperseded), 1u);
  expect_same(first, reply(*a, both));
  merge();
  expect_same(first, reply(*b, both));
}

TEST_F(NamedRequests, OfManyOperationsARetryIsToldTheDotAlone) {
  std::vector<Op> ops(kNamedOpsMax + 1, increment(1, {"n"}));
  const Input many = named("doc", ops, name(1));
  const auto first = reply(*a, many);
  const auto again = reply(*a, many);
  ASSERT_TRUE(first.ok() && again.ok());
  EXPECT_EQ(first->dot, again->dot);
  EXPECT_TRUE(again->ops.empty());
}

TEST(Done, IsReadAsItWasWrittenAndGarbageIsNothing) {
  std::vector<OpDone> ops;
  for (std::uint32_t i = 0; i < kNamedOpsMax; ++i) {
    ops.push_back({static_cast<crdt::Outcome>(i % 3),
                   i % 2 == 0 ? std::nullopt : std::optional(UINT32_MAX - 1 - i)});
  }
  const base::Bytes done = encode_done(ops);
  EXPECT_LE(done.size(), crdt::kRequestDoneMax);
  const std::vector<OpDone> read = decode_done(done);
  ASSERT_EQ(read.size(), ops.size());
  for (std::size_t i = 0; i < ops.size(); ++i) {
    EXPECT_EQ(read[i].outcome, ops[i].outcome);
    EXPECT_EQ(read[i].first, ops[i].first);
  }
  EXPECT_TRUE(decode_done("\x03").empty());  // an outcome that nobody has
  EXPECT_TRUE(decode_done("\xFF").empty());
  EXPECT_TRUE(decode_done(std::string(9, '\xFF') + "\x01").empty());
}

}  // namespace
}  // namespace agent::types
