// Random histories of three replicas that fetch from each other by ranges and by state joins. Pages
// are tiny, changes arrive during joins, replicas are killed and joins are cut off. Each replica
// must show exactly what a replay of the changes below its vector gives.

#include "tests/replica/join_fixture.h"

namespace agent {
namespace {

constexpr std::size_t kReplicas = 3;
using Id = std::pair<base::ActorId, std::uint64_t>;

class History {
 public:
  explicit History(std::uint64_t seed) : random_(base::Random::from_number(seed)) {
    for (std::size_t i = 0; i < kReplicas; ++i) start(i);
  }

  void step() {
    std::size_t who = static_cast<std::size_t>(random_.below(kReplicas));
    std::size_t other = (who + 1 + static_cast<std::size_t>(random_.below(2))) % kReplicas;
    std::uint64_t what = random_.below(100);
    ++millis_;
    if (what < 45) return write(who);
    if (what < 65) return push(who, other);
    if (what < 72) return begin_join(who, other);
    if (what < 97) return move_join(who);
    if (what < 99) return restart(who);
    drop_join(who);
  }

  // Brings all changes to all replicas, by state joins only.
  void heal() {
    for (std::size_t i = 0; i < kReplicas; ++i) drop_join(i);
    for (std::size_t round = 0; round < 2; ++round) {
      for (std::size_t i = 0; i < kReplicas; ++i) {
        join(*replicas_[i], *replicas_[(i + 1) % kReplicas], ++millis_);
      }
    }
    for (std::size_t i = 1; i < kReplicas; ++i) expect_equal(*replicas_[0], *replicas_[i]);
  }

  // Replays the changes that `who` has applied, in the order in which they were sealed. This order
  // is causal.
  void check(std::size_t who) {
    Replica& replica = *replicas_[who];
    expect_sound(replica);
    Folder folder;
    auto replay = open_replica(folder.file(), 99);
    std::vector<crdt::SealedChange> below;
    for (const crdt::SealedChange& change : sealed_) {
      if (replica.vector().covers(change.actor, change.seq)) below.push_back(change);
    }
    Outputs out = turn(*replay, 1, {received(below)});
    ASSERT_TRUE(out.facts.forgotten.empty());
    ASSERT_EQ(replay->vector(), replica.vector());
    ASSERT_EQ(replay->state(), replica.state());
  }

  int merges() const { return merges_; }
  std::size_t who() { return static_cast<std::size_t>(random_.below(kReplicas)); }

 private:
  std::string file(std::size_t who) const { return folder_.file(std::to_string(who) + ".db"); }
  void start(std::size_t who) {
    ReplicaOptions options = tiny_pages(60 + random_.below(600));
    std::uint64_t seed = random_.next();
    replicas_[who] = open_replica(file(who), seed, options);
  }
  void restart(std::size_t who) {
    for (std::size_t i = 0; i < kReplicas; ++i) {
      if (joins_[i] && (i == who || from_[i] == who)) drop_join(i);
    }
    replicas_[who].reset();
    start(who);
  }
  std::string text(const char* prefix, std::uint64_t kinds) {
    return prefix + std::to_string(random_.below(kinds));
  }
  WriteObject on_entry(const std::string& object, const std::string& id, const std::string& value) {
    std::uint64_t verb = random_.below(5);
    if (verb < 2) return add_entry(object, id, members_of(value));
    if (verb == 2) return put_entry(object, id, members_of(value));
    if (verb == 3) return patch_entry(object, id, {{"g", "1"}});
    return remove_entry(object, id);
  }
  WriteObject on_place(const std::string& object, const std::string& id, const std::string& value) {
    using crdt::Verb;
    std::uint64_t verb = random_.below(5);
    if (verb < 2) return {object, {{{id}, Verb::kReplace, value, crdt::SlotType::kMap, {}}}};
    if (verb == 2)
      return {object, {{{id}, Verb::kReplace, value, crdt::SlotType::kLwwRegister, {}}}};
    if (verb == 3) return {object, {simulation::op({id, "g"}, Verb::kSet, std::string("1"))}};
    return {object, {simulation::op({id}, Verb::kUnset)}};
  }
  void write(std::size_t who) {
    static constexpr const char* kObjects[] = {"images", "map", "other map", "snapshots"};
    const std::string object = kObjects[random_.below(std::size(kObjects))];
    std::string id = text("e", 5);
    std::string value = "{\"f" + std::to_string(random_.below(3)) +
                        "\":" + std::to_string(random_.below(1000)) + "}";
    const WriteObject write =
        crdt::is_catalog(object) ? on_entry(object, id, value) : on_place(object, id, value);
    Outputs out = turn(*replicas_[who], millis_, {Write{1, write}});
    for (crdt::SealedChange& change : out.facts.own) sealed_.push_back(std::move(change));
  }
  void push(std::size_t from, std::size_t to) {
    std::vector<crdt::SealedChange> changes;
    std::uint64_t most = 1 + random_.below(6);
    for (const crdt::SealedChange& change : sealed_) {
      bool lacks = !replicas_[to]->vector().covers(change.actor, change.seq);
      bool has = replicas_[from]->vector().covers(change.actor, change.seq);
      if (lacks && has && changes.size() < most) changes.push_back(change);
    }
    turn(*replicas_[to], millis_, {received(changes)});
  }
  void begin_join(std::size_t who, std::size_t from) {
    from_[who] = from;
    joins_[who] = std::make_unique<Joining>(Joining{*replicas_[who], *replicas_[from], millis_});
    joins_[who]->start();
  }
  void move_join(std::size_t who) {
    Joining* joining = joins_[who].get();
    if (!joining) return;
    joining->millis = millis_;
    std::uint64_t steps = 1 + random_.below(8);
    for (std::uint64_t i = 0; i < steps && joining->asks(); ++i) {
      SnapshotRead page = joining->ask();
      if (page.outcome != SnapshotRead::Outcome::kPage) return drop_join(who);
      joining->take(page);
    }
    if (joining->asks()) return;
    EXPECT_TRUE(joining->done());
    if (merged(joining->last)) ++merges_;
    joins_[who].reset();
    check(who);
  }
  void drop_join(std::size_t who) {
    if (!joins_[who]) return;
    turn(*replicas_[who], millis_, {StopJoin{replicas_[from_[who]]->node_id()}});
    joins_[who].reset();
  }

  base::Random random_;
  Folder folder_;
  std::int64_t millis_ = 1;
  int merges_ = 0;
  std::unique_ptr<Replica> replicas_[kReplicas];
  std::unique_ptr<Joining> joins_[kReplicas];
  std::size_t from_[kReplicas] = {};
  std::vector<crdt::SealedChange> sealed_;
};

TEST(JoinRandom, AJoinGivesWhatTheReplayOfTheSameChangesGives) {
  int merges = 0;
  for (std::uint64_t seed = 1; seed <= 12 && !testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE(seed);
    History history(seed);
    for (int i = 0; i < 200 && !testing::Test::HasFailure(); ++i) history.step();
    std::size_t who = history.who();
    history.check(who);
    history.heal();
    merges += history.merges();
  }
  EXPECT_GT(merges, 30) << "too few joins merged anything";
}

}  // namespace
}  // namespace agent
