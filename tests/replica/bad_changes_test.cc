// Changes of a peer that no plan of this program would make (docs/testing.md, "Bad input"). The
// peer has the mesh key, so the change is sealed and complete. It is refused as a whole, or it
// waits for what it names, or it takes its place and all replicas that have it are equal; the
// object can be written and replaced afterwards.

#include "crdt/codec.h"
#include "tools/simulator/requests.h"
#include "type_fixture.h"

namespace agent::types {
namespace {

struct BadChanges : ThreeReplicas {
  std::optional<crdt::HeadHash> last_forged;
  // What B and C get in place of A's next change: its only effect is `forged`.
  void forge(crdt::Effect forged) { send(std::move(forged), true); }
  // It names what does not exist, so it and what follows it is not applied.
  void forge_waiting(crdt::Effect forged) { send(std::move(forged), false); }
  void send(crdt::Effect forged, bool is_applied) {
    forged.stamp = {{kWall, 0}, {}};
    const Sealed own = must(*a, "other", {increment(1)});
    const auto bad = changed(own.at(0), [&](crdt::Change& change) {
      change.effects = {forged};
      if (last_forged) change.prev = *last_forged;
    });
    last_forged = bad.hash;
    for (Replica* replica : {b.get(), c.get()}) {
      turn(*replica, 5, {received({bad})});
      EXPECT_EQ(replica->vector().covers(bad.actor, bad.seq), is_applied);
    }
    restart(c, "c");
    expect_equal(*b, *c);
  }
  // B writes the object again and C hears of it.
  void expect_usable(const std::string& object, std::vector<Op> ops, const std::string& shows) {
    must(*b, object, std::move(ops));
    exchange(*b, *c);
    EXPECT_EQ(value_of(*b, object), shows);
    EXPECT_EQ(value_of(*c, object), shows);
    expect_equal(*b, *c);
  }
  static crdt::Effect put(const std::string& object, crdt::Path path, SlotType type,
                          std::string body) {
    return {crdt::EffectKind::kPut, {object, std::move(path), type}, {}, {}, std::move(body), {}};
  }
  static crdt::Effect typed(const std::string& object, crdt::Path path, crdt::Anchor anchor,
                            std::string text) {
    return {crdt::EffectKind::kInsert,
            {object, std::move(path), SlotType::kSeq},
            {},
            {},
            std::move(text),
            anchor};
  }
  Op replace(SlotType type, std::string value) {
    return op(Verb::kReplace, {}, std::move(value), type);
  }
};

TEST_F(BadChanges, ATypeThatTheObjectIsNotStandsBesideIt) {
  must(*b, "n", {increment(5)});
  exchange(*b, *a);
  exchange(*b, *c);

  forge(typed("n", {}, {}, "text"));

  EXPECT_EQ(value_of(*b, "n"), "\"text\"");
  EXPECT_EQ(value_of(*b, "n", {}, SlotType::kGCounter), "5");
  expect_usable("n", {increment(2)}, "\"text\"");
  EXPECT_EQ(value_of(*c, "n", {}, SlotType::kGCounter), "7");
  expect_usable("n", {replace(SlotType::kGCounter, "1")}, "1");
}

TEST_F(BadChanges, ATextInACatalogIsNoEntryAndGoesWithItsObject) {
  turn(*b, 1, {agent::add("x")});
  exchange(*b, *a);
  exchange(*b, *c);

  forge(typed("snapshots", {"x"}, {}, "text"));
  forge(put("snapshots", {"x", "y", "z"}, SlotType::kOrSet, "1"));

  EXPECT_EQ(shown(*b, "x"), R"({"size":1})");
  turn(*b, 6, {agent::add("y"), Write{2, simulation::remove_object("snapshots")}});
  exchange(*b, *c);
  EXPECT_EQ(shown(*c, "x"), "absent");
  expect_equal(*b, *c);
}

TEST_F(BadChanges, PlacesInAnObjectThatIsNoMapAreKeptAndCanBeRemoved) {
  must(*b, "n", {increment(5)});
  exchange(*b, *a);
  exchange(*b, *c);

  forge(put("n", {"k"}, SlotType::kLwwRegister, "1"));
  forge(put("n", {"k", "deep"}, SlotType::kReset, "1"));
  forge(put("n", {}, SlotType::kOrSet, "1"));
  forge(put("n", {}, static_cast<SlotType>(99), "1"));

  EXPECT_EQ(value_of(*b, "n", {}, SlotType::kGCounter), "5");
  expect_usable("n", {replace(SlotType::kGCounter, "1")}, "1");
  expect_usable("n", {op(Verb::kUnset, {})}, "absent");
}

TEST_F(BadChanges, AnInsertBehindAnElementThatDoesNotExistWaitsForIt) {
  must(*b, "note", {insert(0, "abc")});
  exchange(*b, *a);
  exchange(*b, *c);

  crdt::ActorId nobody;
  nobody.bytes.fill(7);
  forge(typed("note", {}, {std::nullopt, false}, "Z"));
  forge_waiting(typed("note", {}, {Dot{nobody, 3, 9}, true}, "X"));
  forge_waiting(typed("note", {}, {Dot{b->own_actor(), UINT64_MAX, UINT32_MAX}, false}, "Y"));

  EXPECT_EQ(value_of(*b, "note").size(), 6u);
  must(*b, "note", {erase(0, 4)});
  expect_usable("note", {insert(0, "new")}, "\"new\"");
}

TEST_F(BadChanges, KillsOfWhatDoesNotExistWaitForIt) {
  must(*b, "note", {insert(0, "abc")});
  must(*b, "tags", {add("1")});
  exchange(*b, *a);
  exchange(*b, *c);

  crdt::ActorId nobody;
  nobody.bytes.fill(7);
  const crdt::DotRuns nothing{{nobody, 1, 0, UINT32_MAX, UINT32_MAX}};
  // Of changes that exist, all that is named and is not there.
  const crdt::DotRuns too_many{{b->own_actor(), 1, 500, UINT32_MAX - 500, 1}};
  forge({crdt::EffectKind::kErase, {"note", {}, SlotType::kSeq}, too_many, {}, {}, {}});
  forge({crdt::EffectKind::kRemove, {"never", {}, SlotType::kSubtree}, too_many, {}, {}, {}});
  forge_waiting({crdt::EffectKind::kErase, {"note", {}, SlotType::kSeq}, nothing, {}, {}, {}});
  forge_waiting(
      {crdt::EffectKind::kRemove, {"tags", {"1"}, SlotType::kOrSet}, nothing, {}, {}, {}});
  forge_waiting({crdt::EffectKind::kRemove, {"tags", {}, SlotType::kSubtree}, nothing, {}, {}, {}});
  forge_waiting(
      {crdt::EffectKind::kRemove, {"never", {}, SlotType::kSubtree}, nothing, {}, {}, {}});

  EXPECT_EQ(value_of(*b, "note"), "\"abc\"");
  EXPECT_EQ(value_of(*b, "tags"), "[1]");
  expect_usable("note", {erase(0, 3)}, "\"\"");
}

// Totals are added in 128 bits and shown exactly. Text that is no number counts as 0.
TEST_F(BadChanges, TotalsOfACounterDoNotWrap) {
  must(*b, "n", {increment(UINT64_MAX)});
  exchange(*b, *a);
  exchange(*b, *c);

  forge(put("n", {}, SlotType::kGCounter, "18446744073709551615"));
  EXPECT_EQ(value_of(*b, "n"), "36893488147419103230");
  EXPECT_NE(refusal(*b, "n", {increment(1)}).find("holds 0 to 18446744073709551615"),
            std::string::npos);
  forge(put("n", {}, SlotType::kGCounter, std::string(1'000, '9')));
  forge(put("n", {}, SlotType::kGCounter, "-5"));
  forge(put("n", {}, SlotType::kGCounter, "no number"));
  forge(put("n", {}, SlotType::kPnCounter, "9 9 9"));
  forge(put("n", {}, SlotType::kPnCounter, ""));

  EXPECT_EQ(value_of(*b, "n", {}, SlotType::kGCounter), "36893488147419103230");
  EXPECT_EQ(value_of(*b, "n", {}, SlotType::kPnCounter), "0");
  expect_usable("n", {replace(SlotType::kGCounter, "3"), increment(4)}, "7");
}

TEST_F(BadChanges, AnElementWhoseSlotIsAnotherOneCanBeRemovedByReplacingTheSet) {
  must(*b, "tags", {add("1")});
  exchange(*b, *a);
  exchange(*b, *c);

  forge(put("tags", {"1"}, SlotType::kOrSet, "2"));  // two elements in one slot
  forge(put("tags", {"\xFF\xFE"}, SlotType::kOrSet, "3"));
  forge(put("tags", {std::string(crdt::kPathComponentMax, 'x')}, SlotType::kOrSet,
            '"' + std::string(100'000, 'y') + '"'));

  EXPECT_GT(value_of(*b, "tags").size(), 100'000u);
  expect_usable("tags", {replace(SlotType::kOrSet, "[1]")}, "[1]");
}

// --- Dots that the author has not seen
// ------------------------------------------------------------

// Changes of a member that names dots without naming the changes that made them. B has those
// changes before it, C only after it.
struct UnseenDots : BadChanges {
  void expect_same_in_both_orders(const Sealed& named, std::vector<crdt::Effect> effects) {
    crdt::Change change;
    change.actor.bytes.fill(9);
    change.seq = 1;
    change.time = {kWall, 0};
    change.effects = std::move(effects);
    for (crdt::Effect& effect : change.effects) {
      if (effect.body) effect.stamp = {{kWall, 0}, {}};
    }
    const auto sealed = crdt::seal(change);
    ASSERT_TRUE(sealed.ok());
    turn(*b, 5, {received(named), received({*sealed})});
    turn(*c, 5, {received({*sealed})});
    turn(*c, 6, {received(named)});
    for (Replica* replica : {b.get(), c.get()}) {
      EXPECT_TRUE(replica->vector().covers(change.actor, 1));
    }
    expect_equal(*b, *c);
    for (const char* object : {"note", "tags", "doc"}) {
      EXPECT_EQ(value_of(*b, object), value_of(*c, object)) << object;
    }
  }
  Dot dot(std::uint64_t seq, std::uint32_t index) const { return {a->own_actor(), seq, index}; }
};

TEST_F(UnseenDots, OfLettersAreErasedInEveryOrder) {
  const Sealed named = must(*a, "note", {insert(0, "abc")});

  expect_same_in_both_orders(named, {{crdt::EffectKind::kErase,
                                      {"note", {}, SlotType::kSeq},
                                      {{a->own_actor(), 1, 0, 3, 1}},
                                      {},
                                      {},
                                      {}}});
  EXPECT_EQ(value_of(*c, "note"), "\"\"");
}

TEST_F(UnseenDots, OfCellsAreRemovedInEveryOrder) {
  const Sealed named = must(*a, "tags", {add("1"), add("2")});

  expect_same_in_both_orders(named, {{crdt::EffectKind::kRemove,
                                      {"tags", {"1"}, SlotType::kOrSet},
                                      {{a->own_actor(), 1, 0, 9, 1}},
                                      {},
                                      {},
                                      {}}});
  EXPECT_EQ(value_of(*c, "tags"), "[2]");
}

TEST_F(UnseenDots, OfASubtreeAreRemovedInEveryOrder) {
  const Sealed named =
      must(*a, "doc", {op(Verb::kSet, {"k"}, std::string("1"), SlotType::kLwwRegister)});

  expect_same_in_both_orders(named, {{crdt::EffectKind::kRemove,
                                      {"doc", {"k"}, SlotType::kSubtree},
                                      {{a->own_actor(), 1, 0, 9, 1}},
                                      {},
                                      {},
                                      {}}});
  EXPECT_EQ(value_of(*c, "doc"), "{}");
}

TEST_F(UnseenDots, ThatAnInsertStandsBehindKeepItsPlaceInEveryOrder) {
  const Sealed named = must(*a, "note", {insert(0, "abc")});

  expect_same_in_both_orders(named, {typed("note", {}, {dot(1, 1), true}, "X")});
  EXPECT_EQ(value_of(*c, "note").size(), 6u);
}

// --- Bytes that are no change --------------------------------------------------------------------

TEST_F(BadChanges, LettersThatAreNoUtf8AreRefused) {
  const Sealed own = must(*a, "note", {insert(0, "abc")});
  base::Bytes bytes = own.at(0).bytes;
  const std::size_t letters = bytes.find("abc");
  ASSERT_NE(letters, base::Bytes::npos);
  ASSERT_TRUE(crdt::open_change(bytes).ok());

  for (const char* bad : {"ab\xC3", "\xFF\xFE\xFD", "\xED\xA0\x80", "\xC0\x80z"}) {
    bytes.replace(letters, 3, bad);
    EXPECT_FALSE(crdt::open_change(bytes).ok()) << bad;
  }
}

// A change with one put, with a path as it is given.
base::Bytes sealed_by_hand(std::size_t depth, std::size_t component, std::size_t object) {
  crdt::codec::Writer out;
  crdt::ActorId actor;
  out.array(10).number(2).binary(actor.view()).number(1).number(0).number(5).number(0).nil();
  out.array(0).array(0).array(1);
  out.array(7).number(1).number(0).array(1 + depth).binary(std::string(object, 'o'));
  for (std::size_t i = 0; i < depth; ++i) out.binary(std::string(component, 'p'));
  out.number(static_cast<std::uint64_t>(SlotType::kLwwRegister)).array(0).number(0).binary("1");
  return out.take();
}

TEST_F(BadChanges, APathThatIsTooDeepOrTooLongIsRefused) {
  EXPECT_TRUE(crdt::open_change(sealed_by_hand(16, 1'024, 512)).ok());
  EXPECT_FALSE(crdt::open_change(sealed_by_hand(17, 1, 1)).ok());
  EXPECT_FALSE(crdt::open_change(sealed_by_hand(100'000, 1, 1)).ok());
  EXPECT_FALSE(crdt::open_change(sealed_by_hand(1, 1'025, 1)).ok());  // an element too
  EXPECT_FALSE(crdt::open_change(sealed_by_hand(1, 1, 513)).ok());
}

// --- Many changes to one slot --------------------------------------------------------------------

// Tiny changes of one author to one slot of each kind. What the state holds of them does not grow,
// or only by what an erased letter costs; and the objects can be written as before.
struct TinyChanges : BadChanges {
  void expect_bounded(int count) {
    constexpr int kOnce = 250;  // changes of a turn
    std::int64_t cells = 0;
    for (int done = 0; done < count; done += 5 * kOnce) {
      std::vector<Input> inputs;
      for (int i = 0; i < kOnce; ++i) {
        inputs.push_back(
            write("r", {op(Verb::kSet, {}, std::string("1"), SlotType::kLwwRegister)}));
        inputs.push_back(write("n", {increment(1, {"k"}, SlotType::kPnCounter)}));
        inputs.push_back(write("s", {i % 2 == 0 ? add("1") : remove("1")}));
        inputs.push_back(write("g", {increment(1)}));
        inputs.push_back(i % 2 == 0 ? write("t", {insert(0, "x")}) : write("t", {erase(0, 1)}));
      }
      Outputs out = turn(*a, 1, std::move(inputs));
      for (const Reply& reply : out.replies) ASSERT_TRUE(reply.result.ok());
      turn(*b, 1, {received(out.facts.own)});
      if (cells == 0) cells = cells_without_letters(*b);
      // The increments of an author: between 1 and 16 cells.
      ASSERT_LE(cells_without_letters(*b), cells + 16);
    }
    expect_equal(*a, *b);
    EXPECT_EQ(value_of(*b, "t"), "\"\"");
    EXPECT_EQ(value_of(*b, "g"), std::to_string(count / 5));
    EXPECT_EQ(value_of(*b, "n"), "{\"k\":" + std::to_string(count / 5) + "}");
    must(*b, "t", {insert(0, "end")});
    EXPECT_EQ(value_of(*b, "t"), "\"end\"");
    // A letter that was erased costs no cell and few bytes.
    const auto size = std::filesystem::file_size(folder.file("b.db"));
    RecordProperty("bytes", std::to_string(size));
  }
  // The letters of the text count as cells too: one for each turn of two changes.
  static std::int64_t cells_without_letters(Replica& replica) {
    std::int64_t cells = 0;
    auto objects = replica.store().cells().objects(std::nullopt, 100);
    EXPECT_TRUE(objects.ok());
    for (const store::ObjectInfo& object : *objects) {
      if (object.type != SlotType::kSeq) cells += object.cells;
    }
    return cells;
  }
};

TEST_F(TinyChanges, OfOneSlotLeaveNoMoreThanTheLastOnes) { expect_bounded(25'000); }
TEST_F(TinyChanges, AMillionOfThemDoNeither) { expect_bounded(1'000'000); }

}  // namespace
}  // namespace agent::types
