// Requests about more fields and entries than one change can hold.

#include <map>
#include <set>

#include "crdt/base/random.h"
#include "replica_fixture.h"

namespace agent {
namespace {

using crdt::Members;
using crdt::Verb;
using simulation::op;

const Members kOne{{"n", "1"}};

using Shown = std::map<std::string, std::string>;  // id → metadata

Shown all_shown(Replica& replica) {
  Shown all;
  auto visit = [&](const crdt::Entry& entry) {
    if (crdt::exists(entry)) all[entry.id] = crdt::shown_text(entry);
    return true;
  };
  EXPECT_TRUE(replica.store().cells().scan("snapshots", std::nullopt, visit).ok());
  return all;
}

std::int64_t cells(Replica& replica) { return replica.store().cells().total_cells(); }

ReplicaOptions narrow(std::size_t effects) {
  ReplicaOptions options;
  options.change_effects_max = options.import_effects_max = effects;
  return options;
}

Members members(const std::string& prefix, int count, const std::string& value = "1") {
  Members fields;
  for (int i = 0; i < count; ++i) fields.emplace_back(prefix + std::to_string(i), value);
  return fields;
}

Input patch(const std::string& id, Members set, std::vector<std::string> unset = {}) {
  return Write{1, patch_entry("snapshots", id, std::move(set), std::move(unset))};
}
Input remove(const std::string& id) { return Write{1, remove_entry("snapshots", id)}; }
Input put(const std::string& id, const std::string& metadata) {
  return Write{1, put_entry("snapshots", id, members_of(metadata))};
}
Input write(std::vector<crdt::Op> ops) {
  return Write{1, WriteObject{"snapshots", std::move(ops)}};
}

std::string outcome(const Outputs& out) {
  const auto& result = out.replies.at(0).result;
  return result.ok() ? "ok" : result.error().message;
}

class Wide : public ::testing::Test {
 protected:
  // Makes an entry of 40 fields. A change may hold 8 effects only.
  void grow(const std::string& id) {
    turn(*a, clock++, {add(id, "{}")});
    for (int i = 0; i < 8; ++i) {
      turn(*a, clock++, {patch(id, members(std::string(1, static_cast<char>('a' + i)), 5))});
    }
  }
  // Does the request on `a` and returns what another replica shows after each change of it.
  std::vector<Shown> seen_elsewhere(Input request) {
    auto b = open_replica(folder.file("b.db"), 2);
    turn(*b, clock, {received(log_of(*a))});
    Outputs out = turn(*a, clock++, {std::move(request)});
    EXPECT_EQ(outcome(out), "ok");
    std::vector<Shown> seen;
    for (const crdt::SealedChange& change : out.facts.own) {
      turn(*b, clock, {received({change})});
      seen.push_back(all_shown(*b));
    }
    EXPECT_EQ(b->store().meta().digest, a->store().meta().digest);
    EXPECT_TRUE(b->store().verify().ok());
    b.reset();
    std::filesystem::remove(folder.file("b.db"));
    return seen;
  }

  Folder folder;
  std::unique_ptr<Replica> a = open_replica(folder.file(), 1, narrow(8));
  std::int64_t clock = 1;
};

TEST_F(Wide, AnEntryIsRemovedHoweverItGrew) {
  grow("x");

  const auto seen = seen_elsewhere(remove("x"));

  EXPECT_EQ(seen, std::vector<Shown>{Shown{}});
  EXPECT_EQ(cells(*a), 0);
}

TEST_F(Wide, AnAbsentEntryWithManyFieldsIsRemoved) {
  for (int i = 0; i < 5; ++i) turn(*a, clock++, {patch("x", members(std::to_string(i) + "-", 5))});

  EXPECT_EQ(outcome(turn(*a, clock++, {remove("x")})), "ok");

  EXPECT_EQ(cells(*a), 0);
}

TEST_F(Wide, AnEntryIsReplacedByAnAddAndByAPut) {
  for (const Input& whole : {add("x", R"({"n":1,"a3":2})"), put("x", R"({"n":1,"a3":2})")}) {
    grow("x");

    const auto seen = seen_elsewhere(whole);

    EXPECT_EQ(seen, (std::vector<Shown>{{{"x", R"({"a3":2,"n":1})"}}}));
    EXPECT_EQ(cells(*a), 4);
  }
}

TEST_F(Wide, AFieldOfAWideEntryIsSetAndUnset) {
  grow("x");

  EXPECT_EQ(outcome(turn(*a, clock++, {patch("x", {{"a1", "7"}}, {"b1", "b2"})})), "ok");

  const std::string now = shown(*a, "x");
  EXPECT_NE(now.find(R"("a1":7)"), std::string::npos);
  EXPECT_EQ(now.find(R"("b1")"), std::string::npos);
}

TEST_F(Wide, APatchOfSeveralWideEntriesIsSeenWholeOrNotAtAll) {
  grow("x");
  grow("y");
  turn(*a, clock++, {add("z")});

  const auto seen = seen_elsewhere(write({op({"x"}, Verb::kUnset), op({"y"}, Verb::kSet, kOne)}));

  EXPECT_EQ(seen, (std::vector<Shown>{{{"y", R"({"n":1})"}, {"z", R"({"size":1})"}}}));
  EXPECT_EQ(cells(*a), 3 + 3);
}

TEST_F(Wide, FieldsSetAfterARemovalInOnePatchAreKept) {
  grow("x");

  seen_elsewhere(write(
      {op({"x"}, Verb::kUnset), op({"x"}, Verb::kMerge, Members{{"a1", "5"}, {"new", "6"}})}));

  EXPECT_EQ(all_shown(*a), Shown{});
  EXPECT_EQ(cells(*a), 2);
}

TEST_F(Wide, AnObjectOfWideAndNarrowEntriesIsRemoved) {
  grow("b");
  for (int i = 0; i < 10; ++i) turn(*a, clock++, {add("a" + std::to_string(i))});
  for (int i = 0; i < 10; ++i) turn(*a, clock++, {add("c" + std::to_string(i))});

  EXPECT_EQ(outcome(turn(*a, clock++, {Write{1, remove_object("snapshots")}})), "ok");

  EXPECT_EQ(cells(*a), 0);
}

TEST_F(Wide, AnObjectIsReplacedAsAWhole) {
  grow("b");
  for (int i = 0; i < 10; ++i) turn(*a, clock++, {add("a" + std::to_string(i))});

  const auto seen = seen_elsewhere(write(
      {op({}, Verb::kUnset), op({"a3"}, Verb::kSet, kOne), op({"new"}, Verb::kSet, Members{})}));

  // The entries of the new value are shown after the first change. The other entries go with the
  // changes that follow.
  for (const Shown& shown : seen) {
    EXPECT_EQ(shown.at("a3"), R"({"n":1})");
    EXPECT_EQ(shown.at("new"), "{}");
  }
  EXPECT_EQ(all_shown(*a), (Shown{{"a3", R"({"n":1})"}, {"new", "{}"}}));
  EXPECT_EQ(cells(*a), 3 + 2);
}

TEST_F(Wide, ARequestThatSetsMoreThanAChangeHoldsIsRefusedWithTheRemedy) {
  Outputs patched = turn(*a, clock++, {patch("x", members("f", 9))});
  Outputs written = turn(
      *a, clock++,
      {write({op({"x"}, Verb::kSet, members("f", 4)), op({"y"}, Verb::kSet, members("f", 4))})});

  for (const Outputs* out : {&patched, &written}) {
    EXPECT_EQ(out->replies[0].result.error().code, base::Code::kTooLarge);
    EXPECT_NE(outcome(*out).find("several requests"), std::string::npos) << outcome(*out);
  }
  EXPECT_EQ(cells(*a), 0);
  EXPECT_EQ(a->vector(), crdt::VersionVector());
}

TEST_F(Wide, ALineOfAnImportReplacesAWideEntry) {
  grow("x");
  ImportEntries import{"snapshots", {{"w", {}}, {"x", members_of(R"({"n":1})")}, {"y", {}}}};

  EXPECT_EQ(outcome(turn(*a, clock++, {Write{1, import}})), "ok");

  EXPECT_EQ(all_shown(*a), (Shown{{"w", "{}"}, {"x", R"({"n":1})"}, {"y", "{}"}}));
  EXPECT_EQ(cells(*a), 2 + 3 + 2);
}

// Z has never seen the entry that A removes, and Z's clock is behind.
TEST_F(Wide, AConcurrentAddBringsNoPartOfARemovedEntryBack) {
  clock = 100'000;
  grow("x");
  auto z = open_replica(folder.file("z.db"), 3);
  Outputs added = turn(*z, 5, {add("x", R"({"z":1})")});
  auto b = open_replica(folder.file("b.db"), 2);
  turn(*b, clock, {received(log_of(*a))});
  turn(*b, clock, {received(added.facts.own)});

  Outputs out = turn(*a, clock++, {remove("x")});

  ASSERT_EQ(out.facts.own.size(), 1u);
  turn(*b, clock, {received({out.facts.own[0]})});
  EXPECT_EQ(all_shown(*b), (Shown{{"x", R"({"z":1})"}}));
}

TEST_F(Wide, ARemovalIsOneEvent) {
  grow("x");

  Outputs out = turn(*a, clock++, {remove("x")}, true);

  ASSERT_EQ(out.events.size(), 1u);
  EXPECT_EQ(out.events[0].op, "remove");
}

// The same requests run on a replica with a narrow bound and on one with the usual bound. Both have
// the same entries and as many cells after each, and so has another replica.
TEST_F(Wide, RandomRequestsNeedOneChangeHoweverWideTheEntry) {
  auto random = base::Random::from_number(7);
  auto roomy = open_replica(folder.file("roomy.db"), 4);
  auto b = open_replica(folder.file("b.db"), 2);
  for (int round = 0; round < 500; ++round) {
    const std::string id = "e" + std::to_string(random.below(3));
    const std::string prefix(1, static_cast<char>('a' + random.below(8)));
    Input request =
        patch(id, members(prefix, static_cast<int>(random.below(5)), std::to_string(round)),
              {"a1", "b2"});
    switch (random.below(12)) {
      case 0:
        request = remove(id);
        break;
      case 1:
        request = add(id, R"({"a1":1,"n":2})");
        break;
      case 2:
        request = put(id, R"({"a2":1,"m":2})");
        break;
      case 3:
        request = add(id, "{}");
        break;
      case 4:
        request = write({op({"e0"}, Verb::kUnset), op({"e0", "c1"}, Verb::kSet, std::string("9")),
                         op({"e1"}, Verb::kSet, kOne)});
        break;
      default:
        break;
    }
    Outputs narrowly = turn(*a, clock, {request});
    Outputs roomily = turn(*roomy, clock++, {request});
    ASSERT_EQ(outcome(narrowly), outcome(roomily));
    ASSERT_LE(narrowly.facts.own.size(), 1u);
    ASSERT_EQ(all_shown(*a), all_shown(*roomy)) << round;
    ASSERT_EQ(cells(*a), cells(*roomy)) << round;
    for (const crdt::SealedChange& change : narrowly.facts.own) {
      turn(*b, clock, {received({change})});
      ASSERT_EQ(all_shown(*b), all_shown(*a)) << round;
    }
    ASSERT_EQ(b->store().meta().digest, a->store().meta().digest);
  }
}

// With the default bounds: one entry has more fields than a change may have effects, the other has
// names that are longer than a change.
TEST(WideForReal, MoreFieldsThanEffectsAndMoreNamesThanBytes) {
  Folder folder;
  auto a = open_replica(folder.file(), 1);
  turn(*a, 1, {add("many", "{}"), add("long", "{}")});
  for (const char* half : {"a", "b"}) turn(*a, 2, {patch("many", members(half, 33'000))});
  for (char half : {'a', 'b'})
    turn(*a, 3, {patch("long", members(std::string(1'000, half), 14'000))});
  ASSERT_EQ(cells(*a), 66'000 + 28'000 + 4);

  EXPECT_EQ(outcome(turn(*a, 4, {put("many", R"({"x":1})")})), "ok");
  EXPECT_EQ(outcome(turn(*a, 5, {remove("long")})), "ok");

  EXPECT_EQ(all_shown(*a), (Shown{{"many", R"({"x":1})"}}));
  EXPECT_EQ(cells(*a), 3);
}

}  // namespace
}  // namespace agent
