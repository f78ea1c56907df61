// Objects of every type through replicas: writes, exchange of changes, state joins, restarts.

#include "agent/replica/store_view.h"
#include "crdt/base/random.h"
#include "crdt/types/shown.h"
#include "join_fixture.h"

namespace agent::types_test {
namespace {

using crdt::Op;
using crdt::SlotType;
using crdt::Verb;

Input write(const std::string& object, std::vector<Op> ops) {
  return Write{1, WriteObject{object, std::move(ops)}};
}
Op op(Verb verb, crdt::Path path, crdt::Argument argument = {},
      std::optional<SlotType> type = std::nullopt) {
  return {std::move(path), verb, std::move(argument), type, std::nullopt};
}
Op insert(crdt::Path path, std::uint32_t at, std::string text) {
  return op(Verb::kInsert, std::move(path), crdt::TextInsert{at, std::nullopt, std::move(text)});
}
Op erase(crdt::Path path, std::uint32_t at, std::uint32_t length) {
  return op(Verb::kErase, std::move(path), crdt::TextErase{at, length});
}

std::string value_of(Replica& replica, const std::string& object, const crdt::Path& path = {}) {
  StoreView view(replica.store().cells(), object);
  auto shown = crdt::shown_at(view, path, std::nullopt, SIZE_MAX);
  EXPECT_TRUE(shown.ok()) << shown.error().message;
  return shown.ok() && *shown ? (*shown)->value : "absent";
}

std::string outcome(const Outputs& out) {
  const auto& result = out.replies.at(0).result;
  return result.ok() ? "ok" : result.error().message;
}

// Gives `to` what `from` has in its log and `to` lacks.
void exchange(Replica& from, Replica& to) {
  std::vector<crdt::SealedChange> missing;
  for (const crdt::SealedChange& change : log_of(from)) {
    if (!to.vector().covers(change.actor, change.seq)) missing.push_back(change);
  }
  if (!missing.empty()) turn(to, 1'000, {received(missing)});
}

struct Types : ::testing::Test {
  Folder folder;
  std::unique_ptr<Replica> a = open_replica(folder.file("a.db"), 1);
  std::unique_ptr<Replica> z = open_replica(folder.file("z.db"), 2);

  void expect_equal() {
    EXPECT_EQ(a->store().meta().digest, z->store().meta().digest);
    EXPECT_TRUE(a->store().verify_digest().ok());
    EXPECT_TRUE(z->store().verify_digest().ok());
  }
};

TEST_F(Types, ATextEditedOnTwoReplicasApartHasTheEditsOfBoth) {
  turn(*a, 1, {write("notes", {insert({"n"}, 0, "hello world")})});
  exchange(*a, *z);
  turn(*a, 2, {write("notes", {insert({"n"}, 5, ", dear")})});
  turn(*z, 2, {write("notes", {erase({"n"}, 0, 5), insert({"n"}, 0, "HELLO")})});

  exchange(*a, *z);
  exchange(*z, *a);

  EXPECT_EQ(value_of(*a, "notes", {"n"}), "\"HELLO, dear world\"");
  EXPECT_EQ(value_of(*z, "notes"), R"({"n":"HELLO, dear world"})");
  expect_equal();
}

TEST_F(Types, RemovingAKeyResetsWhateverLivedUnderIt) {
  turn(*a, 1,
       {write("doc", {insert({"k", "text"}, 0, "abc"), op(Verb::kAdd, {"k", "tags"}, "1"),
                      op(Verb::kIncrement, {"k", "hits"}, crdt::Amount{5}),
                      op(Verb::kSet, {"other"}, "true")})});
  exchange(*a, *z);

  turn(*a, 2, {write("doc", {op(Verb::kUnset, {"k"})})});
  turn(*z, 2,
       {write("doc", {insert({"k", "text"}, 3, "d"),
                      op(Verb::kIncrement, {"k", "hits"}, crdt::Amount{1})})});
  EXPECT_EQ(value_of(*a, "doc"), R"({"other":true})");
  exchange(*a, *z);
  exchange(*z, *a);

  EXPECT_EQ(value_of(*a, "doc"), R"({"k":{"hits":1,"text":"d"},"other":true})");
  EXPECT_EQ(value_of(*z, "doc"), value_of(*a, "doc"));
  expect_equal();
}

TEST_F(Types, ARequestIsAllOrNothing) {
  turn(*a, 1, {write("doc", {insert({"t"}, 0, "abc")})});
  const auto digest = a->store().meta().digest;

  Outputs out = turn(*a, 2, {write("doc", {insert({"t"}, 3, "d"), erase({"t"}, 3, 2)})});

  EXPECT_NE(outcome(out).find("op 1"), std::string::npos) << outcome(out);
  EXPECT_EQ(value_of(*a, "doc"), R"({"t":"abc"})");
  EXPECT_EQ(a->store().meta().digest, digest);
}

TEST_F(Types, ARemovalTakesATextThatTheSameRequestOrTurnBegan) {
  turn(*a, 1, {write("doc", {insert({"k"}, 0, "abc"), op(Verb::kUnset, {"k"})})});
  turn(*a, 2,
       {write("doc", {insert({"n"}, 0, "abc")}), write("doc", {op(Verb::kUnset, {"n"})}),
        write("doc", {insert({"m"}, 0, "kept")})});
  exchange(*a, *z);

  EXPECT_EQ(value_of(*a, "doc"), R"({"m":"kept"})");
  EXPECT_EQ(value_of(*z, "doc"), value_of(*a, "doc"));
  expect_equal();
}

TEST_F(Types, TheDotOfAnInsertIsThatOfItsFirstElement) {
  Outputs first = turn(*a, 1, {write("t", {insert({}, 0, "ac")})});
  const crdt::Dot dot = *first.replies.at(0).result->dot;
  EXPECT_EQ(dot, (crdt::Dot{a->own_actor(), 1, 0}));

  crdt::TextInsert behind{0, dot, "b"};
  EXPECT_EQ(outcome(turn(*a, 2, {write("t", {op(Verb::kInsert, {}, behind)})})), "ok");

  EXPECT_EQ(value_of(*a, "t"), "\"abc\"");
}

TEST_F(Types, EverythingIsThereAfterARestart) {
  turn(*a, 1,
       {write("t", {insert({}, 0, "abc")}),
        write("c", {op(Verb::kIncrement, {}, crdt::Amount{3}, SlotType::kPnCounter)})});
  turn(*a, 2, {write("t", {erase({}, 1, 1)})});
  a.reset();
  a = open_replica(folder.file("a.db"), 5);

  turn(*a, 3,
       {write("t", {insert({}, 1, "X")}), write("c", {op(Verb::kDecrement, {}, crdt::Amount{5})})});

  EXPECT_EQ(value_of(*a, "t"), "\"aXc\"");
  EXPECT_EQ(value_of(*a, "c"), "-2");
  EXPECT_TRUE(a->store().verify_digest().ok());
}

// The text has many blocks and is closed between the requests, so each loads what it needs, also
// into the copy of the text that has the earlier operations of the request.
TEST_F(Types, SeveralEditsOfALargeTextInOneRequest) {
  ReplicaOptions options;
  options.store.fold_changes = 1;
  options.store.text_block_runs = 1;
  options.store.texts_open_bytes = 1;
  a.reset();
  a = open_replica(folder.file("large.db"), 1, options);
  auto random = base::Random::from_number(11);
  std::string model;
  const auto edits = [&](int count) {
    std::vector<crdt::Op> ops;
    for (int i = 0; i < count; ++i) {
      const auto at = static_cast<std::uint32_t>(random.below(model.size() + 1));
      if (at + 3 < model.size() && random.below(3) == 0) {
        ops.push_back(erase({}, at, 3));
        model.erase(at, 3);
      } else {
        const std::string word = {static_cast<char>('a' + random.below(26)), '.'};
        ops.push_back(insert({}, at, word));
        model.insert(at, word);
      }
    }
    return ops;
  };
  ASSERT_EQ(outcome(turn(*a, 1, {write("t", edits(400))})), "ok");
  const std::uint64_t before = a->store().cells().texts().counts().blocks;

  for (int i = 0; i < 20; ++i) {
    ASSERT_EQ(outcome(turn(*a, 2 + i, {write("t", edits(3))})), "ok");
    ASSERT_EQ(value_of(*a, "t"), '"' + model + '"') << i;
  }

  EXPECT_GT(a->store().cells().texts().counts().blocks, before + 20);
  EXPECT_TRUE(a->store().verify().ok());
}

// One request of a random kind on one of few places, so that they meet.
Input any_request(Replica& replica, base::Random& random) {
  const std::string object = "o" + std::to_string(random.below(2));
  crdt::Path path{std::string(1, static_cast<char>('a' + random.below(2)))};
  if (random.chance(2)) path.emplace_back("deep");
  const std::string value = std::to_string(random.below(4));
  StoreView view(replica.store().cells(), object);
  switch (random.below(9)) {
    case 0:
      return write(object, {op(Verb::kSet, path, value, SlotType::kLwwRegister)});
    case 1:
      return write(object, {op(Verb::kSet, path, value, SlotType::kMvRegister)});
    case 2:
      return write(
          object, {op(Verb::kIncrement, path, crdt::Amount{random.below(5)}, SlotType::kGCounter)});
    case 3:
      return write(object, {op(Verb::kDecrement, path, crdt::Amount{random.below(5)},
                               SlotType::kPnCounter)});
    case 4:
      return write(object, {op(Verb::kAdd, path, value, SlotType::kOrSet)});
    case 5:
      return write(object, {op(Verb::kRemove, path, value, SlotType::kOrSet)});
    case 6:
      if (random.chance(2)) path.pop_back();
      return write(object, {op(Verb::kUnset, path)});
    default: {
      auto text = view.text(path, [](const crdt::Sequence&) {});
      EXPECT_TRUE(text.ok());
      const std::uint32_t size = *text ? (*text)->size() : 0;
      if (size > 2 && random.chance(3)) {
        return write(object,
                     {op(Verb::kErase, path, crdt::TextErase{size / 3, 2}, SlotType::kSeq)});
      }
      const auto where = static_cast<std::uint32_t>(random.below(size + 1));
      return write(
          object,
          {op(Verb::kInsert, path,
              crdt::TextInsert{where, std::nullopt, random.chance(9) ? "paste of some words" : "k"},
              SlotType::kSeq)});
    }
  }
}

// Three replicas write at random, exchange changes, join states with tiny pages, and start again.
// When all have heard all, they show the same.
class Histories : public Types, public ::testing::WithParamInterface<int> {};

TEST_P(Histories, EndEqual) {
  auto random = base::Random::from_number(static_cast<std::uint64_t>(GetParam()));
  ReplicaOptions options = tiny_pages(300);
  options.store.fold_changes = 3;
  options.store.text_block_runs = 1;
  options.store.texts_open_bytes = 1;
  std::vector<std::unique_ptr<Replica>> all;
  std::uint64_t opened = 10;
  for (int i = 0; i < 3; ++i) {
    all.push_back(open_replica(folder.file("h" + std::to_string(i)), opened++, options));
  }
  std::int64_t now = 1;
  for (int step = 0; step < 120; ++step) {
    const std::size_t i = random.below(3);
    const std::size_t j = (i + 1 + random.below(2)) % 3;
    switch (random.below(12)) {
      case 0:
        exchange(*all[i], *all[j]);
        break;
      case 1:
        join(*all[i], *all[j], now);
        break;
      case 2:
        all[i].reset();
        all[i] = open_replica(folder.file("h" + std::to_string(i)), opened++, options);
        break;
      default:
        turn(*all[i], ++now, {any_request(*all[i], random)});
    }
  }
  for (int round = 0; round < 2; ++round) {
    for (std::size_t i = 0; i < 3; ++i) join(*all[i], *all[(i + 1) % 3], ++now);
  }

  for (const auto& replica : all) {
    EXPECT_TRUE(replica->store().verify().ok());
    EXPECT_EQ(replica->store().meta().digest, all[0]->store().meta().digest);
    for (const char* object : {"o0", "o1"}) {
      EXPECT_EQ(value_of(*replica, object), value_of(*all[0], object));
    }
  }
}
INSTANTIATE_TEST_SUITE_P(Seeds, Histories, ::testing::Range(1, 21));

// The log of the peer no longer reaches back: everything comes by a state join, and what was
// written meanwhile survives.
TEST_F(Types, AReplicaThatWasAwayJoinsTextsAndKeepsItsOwnEdits) {
  turn(*a, 1,
       {write("doc", {insert({"t"}, 0, "one two three"), op(Verb::kAdd, {"s"}, "1"),
                      op(Verb::kAdd, {"s"}, "2")})});
  exchange(*a, *z);
  for (int i = 0; i < 300; ++i) {
    turn(*a, 2 + i, {write("doc", {insert({"t"}, 0, "x")})});
  }
  turn(*a, 400, {write("doc", {erase({"t"}, 0, 299), op(Verb::kRemove, {"s"}, "1")})});
  turn(*z, 400, {write("doc", {insert({"t"}, 13, "!"), op(Verb::kAdd, {"s"}, "3")})});

  join(*z, *a, 500);
  join(*a, *z, 501);

  EXPECT_EQ(value_of(*z, "doc"), R"({"s":[2,3],"t":"xone two three!"})");
  EXPECT_EQ(value_of(*a, "doc"), value_of(*z, "doc"));
  expect_equal();
}

TEST_F(Types, APastedTextThatIsErasedIsJoinedByAnother) {
  for (const char* letter : {"x", "\xE8\xAA\x9E"}) {
    const std::string object = std::string("pasted ") + letter;
    std::string pasted;
    for (int i = 0; i < 1'100; ++i) pasted += letter;
    turn(*a, 1, {write(object, {insert({}, 0, pasted)})});
    turn(*a, 2, {write(object, {erase({}, 100, 900)})});
    EXPECT_EQ(value_of(*a, object).size(), 200 * std::string(letter).size() + 2);
  }
  EXPECT_TRUE(a->store().verify_digest().ok());

  join(*z, *a);

  expect_equal();
}

// The work of an operation does not grow with the number of those before it: else this takes
// minutes.
TEST_F(Types, ManyOperationsOfOneRequestCostNoMoreThanMany) {
  std::vector<Op> ops;
  for (int i = 0; i < 20'000; ++i) {
    ops.push_back(op(Verb::kSet, {"k" + std::to_string(i)}, "1", SlotType::kLwwRegister));
    ops.push_back(op(Verb::kAdd, {"s" + std::to_string(i)}, "1", SlotType::kOrSet));
  }
  const auto count = static_cast<std::int64_t>(ops.size());

  EXPECT_EQ(outcome(turn(*a, 1, {write("many", std::move(ops))})), "ok");

  EXPECT_GE(a->store().cells().total_cells(), count);
}

}  // namespace
}  // namespace agent::types_test
