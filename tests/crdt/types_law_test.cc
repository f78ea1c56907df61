// Random histories of all types on three replicas, against what people meant (intent.h). The
// changes of each reach the others in any order that the gate allows, some several times.

#include <gtest/gtest.h>

#include <algorithm>

#include "crdt/base/random.h"
#include "intent.h"
#include "map_view.h"

namespace crdt {
namespace {

using intent::Kind;

SlotType type_of(Kind kind) {
  switch (kind) {
    case Kind::kGrow:
      return SlotType::kGCounter;
    case Kind::kCount:
      return SlotType::kPnCounter;
    case Kind::kValue:
      return SlotType::kLwwRegister;
    case Kind::kValues:
      return SlotType::kMvRegister;
    case Kind::kSet:
      return SlotType::kOrSet;
    case Kind::kMap:
      return SlotType::kMap;
    case Kind::kText:
      return SlotType::kSeq;
  }
  return SlotType::kSubtree;
}

constexpr std::array kKinds{Kind::kGrow, Kind::kCount, Kind::kValue, Kind::kValues,
                            Kind::kSet,  Kind::kMap,   Kind::kText};

// One replica: the product and the person, and the changes of others that wait at its door.
struct Replica {
  Replica(char name, intent::World& world) : site(name, "o"), person(world, name) {}
  struct Arrival {
    Sent sent;
    intent::Person::Events events;
  };
  Site site;
  intent::Person person;
  std::vector<Arrival> waiting;
  std::vector<Arrival> taken;
};

class History {
 public:
  // `only`: all edits are of this kind, at one place.
  History(std::uint64_t seed, std::optional<Kind> only, const Path& at)
      : random_(base::Random::from_number(seed)), only_(only), at_(at) {
    for (const char name : {'a', 'b', 'c'}) replicas_.emplace_back(name, world_);
  }

  void step() {
    Replica& replica = random_.pick(replicas_);
    const std::uint64_t dice = random_.below(10);
    if (dice < 6) {
      edit(replica);
    } else if (dice < 9) {
      deliver(replica, 1 + random_.below(6));
    } else if (!replica.taken.empty()) {
      const Replica::Arrival again = random_.pick(replica.taken);
      EXPECT_TRUE(replica.site.take(again.sent));
    }
    compare(replica);
  }

  void finish() {
    for (Replica& replica : replicas_) {
      while (!replica.waiting.empty()) deliver(replica, 100);
      compare(replica);
      EXPECT_EQ(replica.site.seen(), replicas_[0].site.seen());
      EXPECT_EQ(replica.site.view().digest(), replicas_[0].site.view().digest());
      EXPECT_EQ(replica.site.view().texts(), replicas_[0].site.view().texts());
      EXPECT_EQ(replica.site.value(), replicas_[0].site.value());
    }
  }

 private:
  // Takes random changes that wait and whose causes are here.
  void deliver(Replica& replica, std::uint64_t count) {
    for (; count > 0 && !replica.waiting.empty(); --count) {
      const std::size_t at = random_.below(replica.waiting.size());
      if (!replica.site.take(replica.waiting[at].sent)) continue;
      replica.person.hear(replica.waiting[at].events);
      replica.taken.push_back(replica.waiting[at]);
      replica.waiting.erase(replica.waiting.begin() + static_cast<std::ptrdiff_t>(at));
    }
  }

  Path place() {
    if (only_) return at_;
    Path path;
    for (std::uint64_t depth = 1 + random_.below(3); depth > 0; --depth) {
      path.push_back(random_.below(2) == 0 ? "1" : "2");  // as elements of sets, too
    }
    return path;
  }
  std::string number() { return std::to_string(random_.below(4)); }
  std::string letters() {
    std::string text;
    for (std::uint64_t left = 1 + random_.below(4); left > 0; --left) {
      text += static_cast<char>('a' + random_.below(26));
    }
    return text;
  }

  void edit(Replica& replica) {
    replica.person.now =
        static_cast<std::int64_t>(replica.site.seen().contains(replica.site.actor())
                                      ? replica.site.seen().at(replica.site.actor()) + 1
                                      : 1);
    // Slow and fast clocks: what is decided must not depend on them where somebody has seen.
    if (random_.chance(5)) replica.site.clock += random_.below(2) == 0 ? -40 : 40;
    std::vector<Op> ops;
    intent::Person::Events events;
    for (std::uint64_t left = random_.chance(3) ? 3 : 1; left > 0; --left) {
      const Path at = place();
      const Kind kind = only_ ? *only_ : random_.pick(kKinds);
      letter_ = 1'000 * static_cast<std::int64_t>(ops.size());
      if (const auto blocking = blocks(replica.person, at)) {
        if (ops.empty()) expect_refused(replica, at, kind);
        ops.push_back(unset(*blocking));
        const intent::Person::Events some = replica.person.unset(*blocking);
        events.insert(events.end(), some.begin(), some.end());
        continue;
      }
      const bool hidden = is_hidden(replica.person, at, kind);
      if (hidden && ops.empty()) expect_refused(replica, at, kind);
      const bool whole = random_.chance(at_.empty() ? 8 : 60) || hidden;
      const auto [op, some] = whole ? coarse(replica, at, kind) : fine(replica, at, kind);
      ops.push_back(op);
      events.insert(events.end(), some.begin(), some.end());
    }
    const auto sent = replica.site.write(ops);
    ASSERT_TRUE(sent.ok()) << sent.error().message;
    ASSERT_EQ(sent.value().has_value(), !events.empty());
    if (events.empty()) return;
    for (Replica& other : replicas_) {
      if (&other != &replica) other.waiting.push_back({**sent, events});
    }
  }

  // The first place above at which people see a value that has no places in it.
  static std::optional<Path> blocks(const intent::Person& person, const Path& at) {
    Path above;
    for (const std::string& component : at) {
      const bool is_map = person.read(above, Kind::kMap) && !person.read(above, Kind::kText);
      const bool is_there = std::any_of(kKinds.begin(), kKinds.end(), [&](Kind kind) {
        return person.read(above, kind).has_value();
      });
      if (is_there && !is_map) return above;
      above.push_back(component);
    }
    return std::nullopt;
  }

  // Nobody writes what they would not see, where a higher type is shown.
  static bool is_hidden(const intent::Person& person, const Path& at, Kind kind) {
    return std::any_of(kKinds.begin(), kKinds.end(), [&](Kind other) {
      return type_of(other) > type_of(kind) && person.read(at, other);
    });
  }

  // Of a set that is there, the product looks at markers only, of which people know nothing.
  static void expect_refused(Replica& replica, const Path& at, Kind kind) {
    if (kind == Kind::kMap || (kind == Kind::kSet && replica.person.read(at, kind))) return;
    Op op = set(at, "1", type_of(kind));
    if (kind == Kind::kGrow || kind == Kind::kCount) op = increment(at, 1, type_of(kind));
    if (kind == Kind::kSet) op = add(at, "1");
    if (kind == Kind::kText) op = insert(at, 0, "x");
    const auto refused = replica.site.write({op});
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code, base::Code::kConflict) << refused.error().message;
  }

  using Done = std::pair<Op, intent::Person::Events>;

  Done fine(Replica& replica, const Path& at, Kind kind) {
    intent::Person& person = replica.person;
    const SlotType type = type_of(kind);
    switch (kind) {
      case Kind::kGrow:
      case Kind::kCount: {
        const std::uint64_t by = random_.below(4);
        const bool down = kind == Kind::kCount && random_.below(2) == 0;
        const auto amount = static_cast<std::int64_t>(by);
        Op op = increment(at, by, type);
        if (down) op.verb = Verb::kDecrement;
        return {op, person.count(at, kind, down ? -amount : amount)};
      }
      case Kind::kSet: {
        const std::string element = number();
        if (random_.below(3) == 0) return {remove(at, element), person.remove(at, element)};
        return {add(at, element), person.add(at, element)};
      }
      case Kind::kText: {
        const std::size_t size = person.text(at).size();
        const std::size_t from = random_.below(size + 1);
        if (size > from && random_.below(3) == 0) {
          const std::size_t length = 1 + random_.below(size - from);
          return {erase(at, static_cast<std::uint32_t>(from), static_cast<std::uint32_t>(length)),
                  person.erase(at, from, length)};
        }
        const std::string text = letters();
        return {insert(at, static_cast<std::uint32_t>(from), text),
                person.insert(at, from, text, letter_)};
      }
      case Kind::kMap:
        return coarse(replica, at, kind);
      default: {
        const std::string value = number();
        const std::int64_t time = replica.site.clock;
        return {set(at, value, type), person.set(at, kind, value, time)};
      }
    }
  }

  Done coarse(Replica& replica, const Path& at, Kind kind) {
    intent::Person& person = replica.person;
    if (random_.below(2) == 0) return {unset(at), person.unset(at)};
    const std::string value = number();
    const std::int64_t time = replica.site.clock;
    switch (kind) {
      case Kind::kGrow:
      case Kind::kCount:
        return {replace(at, type_of(kind), value),
                person.replace_count(at, kind, std::stoll(value))};
      case Kind::kSet: {
        if (random_.below(3) == 0)
          return {replace(at, SlotType::kOrSet, "[]"), person.replace_set(at, {})};
        const std::string other = number();
        return {replace(at, SlotType::kOrSet, "[" + value + "," + other + "]"),
                person.replace_set(at, {value, other})};
      }
      case Kind::kMap:
        if (random_.below(3) == 0) {
          return {replace(at, SlotType::kMap, "{}"), person.replace_map(at, {}, {}, time)};
        }
        return {replace(at, SlotType::kMap, "{\"3\":" + value + ",\"1\":" + value + "}"),
                person.replace_map(at, {"3", "1"}, value, time)};
      case Kind::kText: {
        const std::string text = random_.below(3) == 0 ? "" : letters();
        return {replace(at, SlotType::kSeq, '"' + text + '"'),
                person.replace_text(at, text, letter_)};
      }
      default:
        return {replace(at, type_of(kind), value), person.replace_value(at, kind, value, time)};
    }
  }

  void compare(Replica& replica) {
    ASSERT_EQ(replica.site.view().count(), replica.person.facts());
    ASSERT_EQ(replica.site.value(), replica.person.read({}).value_or("-"));
    const Path at = place();
    for (const Kind kind : kKinds) {
      ASSERT_EQ(replica.site.value(at, type_of(kind)), replica.person.read(at, kind).value_or("-"));
    }
  }

  base::Random random_;
  const std::optional<Kind> only_;
  const Path at_;
  std::int64_t letter_ = 0;  // of the next text in a request
  intent::World world_;
  std::vector<Replica> replicas_;
};

void run(std::uint64_t seed, int steps, std::optional<Kind> only = {}, const Path& at = {}) {
  SCOPED_TRACE("seed " + std::to_string(seed));
  History history(seed, only, at);
  for (int i = 0; i < steps && !testing::Test::HasFailure(); ++i) history.step();
  if (!testing::Test::HasFailure()) history.finish();
}

class Seeds : public testing::TestWithParam<int> {};

TEST_P(Seeds, AMapWithAllTypesIsWhatPeopleMeant) {
  const auto seed = static_cast<std::uint64_t>(GetParam());
  for (std::uint64_t i = 0; i < 6; ++i) run(seed * 100 + i, 150);
}

TEST_P(Seeds, AnObjectOfEachTypeIsWhatPeopleMeant) {
  const auto seed = static_cast<std::uint64_t>(GetParam());
  for (std::uint64_t i = 0; i < 7; ++i) run(seed * 100 + i, 150, kKinds[i]);
}

// Long enough that authors fold their increments.
TEST_P(Seeds, OneKeyOfEachTypeIsWhatPeopleMeant) {
  const auto seed = static_cast<std::uint64_t>(GetParam());
  for (std::uint64_t i = 0; i < 7; ++i) run(seed * 100 + i, 250, kKinds[i], {"k"});
}
INSTANTIATE_TEST_SUITE_P(TypesLaws, Seeds, testing::Range(1, 5));
INSTANTIATE_TEST_SUITE_P(ManyTypesLaws, Seeds, testing::Range(5, 25));  // labelled slow

}  // namespace
}  // namespace crdt
