// Tests the oracle with histories that are written by hand. The authors A and Z write and receive
// each other's changes when the test says so. Then the test says what each must show.

#include "tools/simulator/oracle.h"

#include <gtest/gtest.h>

#include "tests/crdt/members_of.h"
#include "tools/simulator/requests.h"

namespace simulation {
namespace {

using agent::ImportEntries;
using agent::WriteObject;
using agent::WriteRequest;
using crdt::Members;
using crdt::Verb;
using crdt::samples::members_of;
using Names = std::vector<EntryName>;

const EntryName kX{"snapshots", "x"};

class Author {
 public:
  Author(Oracle& oracle, unsigned char fill) : oracle_(oracle) { actor.bytes.fill(fill); }

  void write(const WriteRequest& request) {
    EXPECT_FALSE(oracle_.is_idle(request, seen));
    oracle_.wrote(request, actor, seen.seq_of(actor) + 1, {seconds, 0}, seen);
    seen.set(actor, {seen.seq_of(actor) + 1, 0});
  }
  void add(const std::string& metadata) {
    write(add_entry("snapshots", "x", members_of(metadata)));
  }
  void put(const std::string& metadata) {
    write(put_entry("snapshots", "x", members_of(metadata)));
  }
  void patch(crdt::Members set, std::vector<std::string> unset = {}) {
    write(patch_entry("snapshots", "x", std::move(set), std::move(unset)));
  }
  void remove() { write(remove_entry("snapshots", "x")); }
  void hear(const Author& other) {
    for (const auto& [id, head] : seen.ahead_in(other.seen)) seen.set(id, head);
  }

  bool has(const EntryName& entry = kX) const { return oracle_.exists(entry, seen); }
  Fields shows(const EntryName& entry = kX) const { return oracle_.shown(entry, seen); }
  std::vector<Conflict> conflicts() const { return oracle_.conflicts(kX, seen); }
  bool idle(const WriteRequest& request) const { return oracle_.is_idle(request, seen); }
  std::size_t marks(const EntryName& entry = kX) const {
    return oracle_.alive(entry, seen).count();
  }

  base::ActorId actor;
  crdt::VersionVector seen;
  std::int64_t seconds = 1'000;

 private:
  Oracle& oracle_;
};

class OracleOf : public ::testing::Test {
 protected:
  void meet() {
    a.hear(z);
    z.hear(a);
  }
  Oracle oracle;
  Author a{oracle, 1};
  Author z{oracle, 9};
};

TEST_F(OracleOf, AnAddIsShownToWhoHasSeenIt) {
  a.add(R"({"f":1.0,"g":"ß"})");

  EXPECT_TRUE(a.has());
  EXPECT_EQ(a.shows(), (Fields{{"f", "1.0"}, {"g", "\"ß\""}}));
  EXPECT_FALSE(z.has());
  EXPECT_EQ(z.shows(), Fields{});
}

TEST_F(OracleOf, AnAddConcurrentWithARemoveWins) {
  a.add("{}");
  z.hear(a);
  a.add(R"({"f":1})");
  z.remove();
  meet();

  EXPECT_TRUE(z.has());
  EXPECT_EQ(z.shows(), (Fields{{"f", "1"}}));
}

TEST_F(OracleOf, APutConcurrentWithARemoveStaysOutOfSightUntilAnAdd) {
  a.add("{}");
  z.hear(a);
  z.seconds = 2'000;
  z.put(R"({"f":1})");
  a.remove();
  meet();

  EXPECT_FALSE(a.has());
  EXPECT_EQ(a.shows(), Fields{});
  EXPECT_EQ(a.conflicts(), std::vector<Conflict>{});
  EXPECT_EQ(a.marks(), 2u);

  Author b(oracle, 5);
  b.add(R"({"g":2})");
  b.hear(a);
  EXPECT_EQ(b.shows(), (Fields{{"f", "1"}}));  // the later object is shown as a whole
}

TEST_F(OracleOf, OfTwoWholeObjectsWithOneStampOneStands) {
  a.add(R"({"a":1})");
  z.add(R"({"b":2})");
  meet();

  EXPECT_EQ(a.shows(), (Fields{{"b", "2"}}));
  EXPECT_EQ(z.shows(), a.shows());
  EXPECT_EQ(a.conflicts(), (std::vector<Conflict>{{"a", "", {"1"}, "reset"}}));
}

TEST_F(OracleOf, AFieldWithTheStampOfAnObjectThatItsAuthorDidNotSeeIsOfTheOneOrTheOther) {
  a.add("{}");
  z.hear(a);
  a.seconds = z.seconds = 2'000;
  a.patch({{"f", "1"}});
  z.put(R"({"g":2})");
  meet();

  EXPECT_EQ(a.shows(), (Fields{{"g", "2"}}));  // the writer z is higher
}

TEST_F(OracleOf, ARemoveReachesOnlyWhatItsAuthorSaw) {
  a.add(R"({"f":1})");
  z.add(R"({"g":2})");
  Author c(oracle, 5);
  c.hear(a);
  c.remove();
  meet();
  a.hear(c);

  EXPECT_EQ(a.shows(), (Fields{{"g", "2"}}));
  EXPECT_EQ(a.marks(), 3u);
}

TEST_F(OracleOf, ARemovedEntryLeavesNothing) {
  a.add(R"({"f":1})");
  a.patch({{"g", "2"}});
  a.remove();

  EXPECT_FALSE(a.has());
  EXPECT_EQ(a.marks(), 0u);
  EXPECT_TRUE(a.idle(remove_entry("snapshots", "x")));
}

TEST_F(OracleOf, WhoSawAValueBeatsItWithASlowerClock) {
  a.seconds = 5'000;
  a.add(R"({"f":1})");
  z.hear(a);
  z.seconds = 10;
  z.patch({{"f", "2"}});

  Alive alive = oracle.alive(kX, z.seen);
  EXPECT_EQ(z.shows(), (Fields{{"f", "2"}}));
  EXPECT_EQ(alive.fields["f"].at(0).stamp, (crdt::HybridTime{5'000, 1}));
  z.add("{}");
  EXPECT_EQ(oracle.alive(kX, z.seen).whole.at(0).stamp, (crdt::HybridTime{5'000, 2}));
}

TEST_F(OracleOf, OfConcurrentValuesTheLaterIsShownAndTheOtherListed) {
  a.add("{}");
  z.hear(a);
  a.seconds = 3'000;
  z.seconds = 2'000;
  a.patch({{"f", "1"}});
  z.patch({{"f", "2"}});
  meet();

  EXPECT_EQ(z.shows(), (Fields{{"f", "1"}}));
  EXPECT_EQ(z.conflicts(), (std::vector<Conflict>{{"f", "1", {"2"}, "stamp"}}));
}

TEST_F(OracleOf, AFullTieGoesToTheHigherActor) {
  a.add("{}");
  z.hear(a);
  a.seconds = z.seconds = 2'000;
  a.patch({{"f", "1"}});
  z.patch({{"f", "2"}});
  meet();

  EXPECT_EQ(a.shows(), (Fields{{"f", "2"}}));
  EXPECT_EQ(a.conflicts(), (std::vector<Conflict>{{"f", "2", {"1"}, "dot"}}));
}

TEST_F(OracleOf, OfConcurrentWholeWritesTheLaterStandsWhole) {
  z.seconds = 2'000;
  a.add(R"({"f":1})");
  z.add(R"({"g":2})");
  meet();

  EXPECT_EQ(a.shows(), (Fields{{"g", "2"}}));
  EXPECT_EQ(a.conflicts(), (std::vector<Conflict>{{"f", "", {"1"}, "reset"}}));
}

TEST_F(OracleOf, AnUnsetFieldIsGoneAndAConcurrentValueStays) {
  a.add(R"({"f":1,"g":1})");
  z.hear(a);
  a.patch({}, {"f", "g"});
  z.patch({{"g", "2"}});
  meet();

  EXPECT_EQ(a.shows(), (Fields{{"g", "2"}}));
  EXPECT_TRUE(a.idle(patch_entry("snapshots", "x", {}, {"f"})));
  EXPECT_FALSE(a.idle(patch_entry("snapshots", "x", {}, {"g"})));
}

TEST_F(OracleOf, APutKeepsThePresenceItSees) {
  a.add(R"({"f":1})");
  z.hear(a);
  a.put(R"({"g":2})");
  z.remove();
  EXPECT_EQ(a.shows(), (Fields{{"g", "2"}}));
  meet();

  EXPECT_FALSE(a.has());
}

// What a PUT overwrites must still count as a removal of the presence.
TEST_F(OracleOf, ARemoveStillHoldsAfterAPutThatSawIt) {
  a.add(R"({"f":1})");
  a.remove();
  a.put(R"({"f":2})");

  EXPECT_FALSE(a.has());
  EXPECT_EQ(a.marks(), 2u);
}

TEST_F(OracleOf, AnOlderVectorIsAnsweredAsItWasThen) {
  a.add(R"({"f":1})");
  crdt::VersionVector then = a.seen;
  a.add(R"({"f":2})");
  a.remove();

  EXPECT_EQ(oracle.shown(kX, then), (Fields{{"f", "1"}}));
  EXPECT_FALSE(oracle.exists(kX, {}));
}

TEST_F(OracleOf, ARemovedObjectLosesWhatWasSeenOfIt) {
  a.add("{}");
  a.write(add_entry("snapshots", "y", {}));
  a.write(add_entry("images", "x", {}));
  z.hear(a);
  z.write(add_entry("snapshots", "new", {}));
  a.write(remove_object("snapshots"));
  EXPECT_TRUE(a.idle(remove_object("snapshots")));
  meet();

  EXPECT_FALSE(a.has());
  EXPECT_FALSE(a.has({"snapshots", "y"}));
  EXPECT_TRUE(a.has({"snapshots", "new"}));
  EXPECT_TRUE(a.has({"images", "x"}));
}

TEST_F(OracleOf, AnImportWritesOnlyWhatIsNotShown) {
  a.add(R"({"f":1,"g":"é"})");
  z.hear(a);
  ImportEntries equal{"snapshots", {{"x", members_of(R"({"\u0067":"é","f":1})")}}};
  ImportEntries spelled{"snapshots", {{"x", members_of(R"({"f":1.0,"g":"é"})")}}};
  EXPECT_TRUE(a.idle(equal));
  EXPECT_TRUE(a.idle(ImportEntries{"snapshots", {}}));
  EXPECT_FALSE(a.idle(spelled));

  a.write(ImportEntries{"snapshots", {{"x", equal.entries[0].metadata}, {"y", {}}}});

  EXPECT_EQ(oracle.touched(a.actor, 2), (Names{{"snapshots", "y"}}));
  EXPECT_TRUE(a.has({"snapshots", "y"}));
}

TEST_F(OracleOf, OfTwoLinesOfAnImportTheLaterCounts) {
  a.write(ImportEntries{"snapshots",
                        {{"x", members_of(R"({"f":1})")}, {"x", members_of(R"({"f":2})")}}});

  EXPECT_EQ(a.shows(), (Fields{{"f", "2"}}));
  EXPECT_EQ(a.marks(), 3u);
}

TEST_F(OracleOf, AnAbsentEntryWithKeptFieldsIsNoEqualImport) {
  a.patch({{"f", "1"}});

  EXPECT_FALSE(a.idle(ImportEntries{"snapshots", {{"x", members_of(R"({"f":1})")}}}));
  EXPECT_FALSE(a.idle(ImportEntries{"snapshots", {{"x", {}}}}));
}

TEST_F(OracleOf, SeveralEntriesAreWrittenAtOnce) {
  a.add(R"({"f":1,"g":1})");
  a.write(add_entry("snapshots", "y", members_of(R"({"f":1})")));
  a.write(add_entry("snapshots", "z", members_of(R"({"f":1})")));

  a.write(WriteObject{"snapshots",
                      {op({"x", "f"}, Verb::kSet, std::string("2")), op({"x", "g"}, Verb::kUnset),
                       op({"y"}, Verb::kUnset), op({"y"}, Verb::kMerge, Members{{"f", "3"}}),
                       op({"new"}, Verb::kSet, Members{})}});

  EXPECT_EQ(a.shows(), (Fields{{"f", "2"}}));
  EXPECT_FALSE(a.has({"snapshots", "y"}));
  EXPECT_EQ(a.marks({"snapshots", "y"}), 1u);
  EXPECT_TRUE(a.has({"snapshots", "z"}));
  EXPECT_TRUE(a.has({"snapshots", "new"}));
}

TEST_F(OracleOf, AReplacementRemovesWhatItDoesNotName) {
  const WriteObject replacement{"snapshots",
                                {op({}, Verb::kUnset), op({"y"}, Verb::kSet, Members{{"f", "1"}})}};
  a.add("{}");
  a.write(add_entry("snapshots", "y", members_of(R"({"g":1})")));

  a.write(replacement);

  EXPECT_FALSE(a.has());
  EXPECT_EQ(a.shows({"snapshots", "y"}), (Fields{{"f", "1"}}));
  EXPECT_EQ(oracle.touched(a.actor, 3), (Names{kX, {"snapshots", "y"}}));
  EXPECT_FALSE(a.idle(remove_object("snapshots")));
}

TEST_F(OracleOf, AddAndPutAreNeverIdle) {
  a.add("{}");

  EXPECT_FALSE(a.idle(add_entry("snapshots", "x", {})));
  EXPECT_FALSE(a.idle(put_entry("snapshots", "x", {})));
  EXPECT_TRUE(a.idle(patch_entry("snapshots", "x", {}, {"f"})));
  EXPECT_FALSE(z.idle(patch_entry("snapshots", "x", {{"f", "1"}})));
  EXPECT_TRUE(z.idle(remove_entry("snapshots", "x")));
}

TEST_F(OracleOf, AVectorWithoutWhatItsAuthorsSawIsUnsound) {
  a.add("{}");
  z.hear(a);
  z.add("{}");
  crdt::VersionVector alone;
  alone.set(z.actor, {1, 0});
  crdt::VersionVector beyond = z.seen;
  beyond.set(a.actor, {2, 0});

  EXPECT_EQ(oracle.gap(z.seen), std::nullopt);
  EXPECT_EQ(oracle.gap({}), std::nullopt);
  EXPECT_EQ(oracle.gap(alone),
            "the author of change 09090909:1 had seen 01010101:1, the vector covers 0");
  EXPECT_EQ(oracle.gap(beyond), "nobody wrote change 01010101:2");
}

TEST_F(OracleOf, TheEntriesBetweenTwoVectorsAreEachToldOnce) {
  a.add("{}");
  crdt::VersionVector before = a.seen;
  a.add("{}");
  a.write(add_entry("images", "i", {}));
  z.hear(a);
  z.remove();

  EXPECT_EQ(oracle.touched(before, z.seen), (Names{{"images", "i"}, kX}));
  EXPECT_EQ(oracle.touched(z.seen, before), Names{});
  EXPECT_EQ(oracle.touched(a.actor, 4), Names{});
  EXPECT_EQ(oracle.objects(), (std::vector<std::string>{"images", "snapshots"}));
  EXPECT_EQ(oracle.ids("snapshots"), std::vector<std::string>{"x"});
  EXPECT_EQ(oracle.ids("none"), std::vector<std::string>{});
}

TEST_F(OracleOf, AHistoryNamesWhatEachOperationHadSeen) {
  a.add(R"({"f":1})");
  z.hear(a);
  z.seconds = 10;
  z.patch({{"f", "2"}}, {"g"});

  EXPECT_EQ(oracle.history(kX, z.seen),
            "01010101:1 at 1000+0 add f=1; had seen\n"
            "09090909:1 at 1000+1 patch f=2 -g; had seen 01010101:1\n");
}

}  // namespace
}  // namespace simulation
