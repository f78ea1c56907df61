// The law of the difference form: it gives exactly what a join of whole objects gives, and what a
// replay of the changes gives. Writers fill objects of all types and give each other some of their
// changes. Two readers hold the same changes at any time. They join the same states of the same
// writers, one by differences and one by whole objects, and changes reach both during the joins.

#include "tests/replica/difference_fixture.h"
#include "tests/replica/type_fixture.h"

namespace agent {
namespace {

constexpr std::size_t kWriters = 3;

class Twins {
 public:
  explicit Twins(std::uint64_t seed) : random_(base::Random::from_number(seed)) {
    for (std::size_t i = 0; i < kWriters; ++i) {
      ReplicaOptions options = tiny_pages(i == 0 ? 400 : 40 + random_.below(600));
      options.store.fold_changes = 3;
      writers_[i] = open_replica(folder_.file("w" + std::to_string(i)), 10 + i, options);
    }
    ReplicaOptions whole;
    whole.join.missing_max = 0;
    by_difference_ = open_replica(folder_.file("difference"), 20);
    whole_ = open_replica(folder_.file("whole"), 21, whole);
  }

  void step() {
    const std::uint64_t what = random_.below(100);
    ++millis_;
    if (what < 70) return write(any_writer());
    if (what < 82) return push(*any_writer(), *any_writer());
    if (what < 92) return push_to_readers();
    join_both(*any_writer());
  }

  int merges = 0;
  int wanted = 0;
  std::uint64_t named = 0;

 private:
  Replica* any_writer() { return writers_[random_.below(kWriters)].get(); }
  std::string any(const char* prefix, std::uint64_t kinds) {
    return prefix + std::to_string(random_.below(kinds));
  }
  std::string number() { return std::to_string(random_.below(1'000)); }

  Input on_catalog() {
    const std::string id = any("e", 30);
    const std::uint64_t verb = random_.below(6);
    if (verb < 3) return Write{1, put_or_add(id)};
    if (verb == 3) return Write{1, patch_entry("snapshots", id, {{any("f", 3), number()}})};
    return Write{1, remove_entry("snapshots", id)};
  }
  WriteObject put_or_add(const std::string& id) {
    const auto members = members_of("{\"f0\":" + number() + ",\"f1\":" + number() + "}");
    return random_.below(3) == 0 ? put_entry("snapshots", id, members)
                                 : add_entry("snapshots", id, members);
  }
  Input on_object() {
    using namespace types;
    switch (random_.below(10)) {
      case 0:
        return types::write("set", {types::add(number())});
      case 1:
        return types::write("set", {types::remove(number())});
      case 2:
        return types::write(any("count", 2), {increment(1 + random_.below(9))});
      case 3:
        return types::write("both", {op(Verb::kDecrement, {}, crdt::Amount{1 + random_.below(9)},
                                        SlotType::kPnCounter)});
      case 4:
        return types::write("many", {op(Verb::kSet, {}, number(), SlotType::kMvRegister)});
      case 5:
        return types::write("last", {op(Verb::kSet, {}, number(), SlotType::kLwwRegister)});
      case 6:
        return types::write("map", {op(Verb::kSet, {any("k", 4), any("f", 3)}, number())});
      case 7:
        return types::write("map", {op(Verb::kUnset, {any("k", 4)})});
      case 8:
        return types::write(any("text", 2), {insert(0, "w" + number())});
      default:
        return types::write(any("text", 2), {erase(0, 1)});
    }
  }
  void write(Replica* writer) {
    std::vector<Input> inputs;
    for (std::uint64_t i = 1 + random_.below(4); i > 0; --i) {
      inputs.push_back(random_.below(3) == 0 ? on_object() : on_catalog());
    }
    Outputs out = turn(*writer, millis_, std::move(inputs));
    for (crdt::SealedChange& change : out.facts.own) sealed_.push_back(std::move(change));
  }
  Sealed some_of(Replica& from, const Replica& to) {
    Sealed changes;
    const std::size_t most = 1 + random_.below(8);
    for (const crdt::SealedChange& change : sealed_) {
      const bool lacks = !to.vector().covers(change.actor, change.seq);
      if (lacks && from.vector().covers(change.actor, change.seq) && changes.size() < most)
        changes.push_back(change);
    }
    return changes;
  }
  void push(Replica& from, Replica& to) { turn(to, millis_, {received(some_of(from, to))}); }
  // Changes that a server may not have are for it what our own writes are.
  void push_to_readers() {
    const Sealed changes = some_of(*any_writer(), *by_difference_);
    turn(*by_difference_, millis_, {received(changes)});
    turn(*whole_, millis_, {received(changes)});
  }

  void join_both(Replica& server) {
    Watched one{*by_difference_, server, millis_};
    Joining other{*whole_, server, millis_};
    one.start();
    other.start();
    if (other.asks()) other.step();  // both hold a lease of one state of the server
    while (one.join.asks()) {
      ASSERT_NO_FATAL_FAILURE(one.step());
      const std::uint64_t what = random_.below(8);
      if (what < 2) push_to_readers();
      if (what == 2) write(&server);
      if (what == 3 && one.join.asks())
        one.join.ask();  // the answer is lost; the query is repeated
    }
    other.finish();
    ASSERT_TRUE(one.join.done());
    ASSERT_TRUE(other.done());
    EXPECT_FALSE(one.whole_again());
    if (merged(one.join.last)) ++merges;
    wanted += one.wanted;
    named += one.named;
    check();
  }

  void check() {
    expect_equal(*by_difference_, *whole_);
    Folder folder;
    auto replay = open_replica(folder.file(), 99);
    Sealed below;
    for (const crdt::SealedChange& change : sealed_) {
      if (by_difference_->vector().covers(change.actor, change.seq)) below.push_back(change);
    }
    turn(*replay, 1, {received(below)});
    ASSERT_EQ(replay->vector(), by_difference_->vector());
    ASSERT_EQ(replay->state(), by_difference_->state());
    for (const char* object : {"set", "count0", "both", "many", "last", "map", "text0", "text1"}) {
      EXPECT_EQ(types::value_of(*replay, object), types::value_of(*by_difference_, object))
          << object;
    }
  }

  base::Random random_;
  Folder folder_;
  std::int64_t millis_ = 1;
  std::unique_ptr<Replica> writers_[kWriters];
  std::unique_ptr<Replica> by_difference_;
  std::unique_ptr<Replica> whole_;
  Sealed sealed_;
};

TEST(JoinDifferenceRandom, ADifferenceGivesWhatWholeObjectsAndAReplayGive) {
  int merges = 0;
  int wanted = 0;
  std::uint64_t named = 0;
  for (std::uint64_t seed = 1; seed <= 10 && !testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE(seed);
    Twins twins(seed);
    for (int i = 0; i < 160 && !testing::Test::HasFailure(); ++i) twins.step();
    merges += twins.merges;
    wanted += twins.wanted;
    named += twins.named;
  }
  EXPECT_GT(merges, 30) << "too few joins merged anything";
  EXPECT_GT(wanted, 20) << "too few joins lacked a cell that the server held";
  EXPECT_GT(named, 1'000u) << "too few cells were left out";
}

}  // namespace
}  // namespace agent
