#include "tools/simulator/workload.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "crdt/value.h"
#include "tools/simulator/requests.h"

namespace simulation {
namespace {

// A client of one replica; the replica applies every request at once.
class Client {
 public:
  explicit Client(std::uint64_t seed, std::uint64_t objects_percent = 0)
      : workload(base::Random::from_number(seed), objects_percent) {
    actor_.bytes.fill(1);
  }

  agent::WriteRequest next() {
    agent::WriteRequest request = workload.next(oracle, seen_);
    idle = oracle.is_idle(request, seen_);
    refused = oracle.is_refused(request, seen_);
    std::uint64_t seq = seen_.seq_of(actor_) + 1;
    if (!idle && !refused) {
      oracle.wrote(request, actor_, seq, {static_cast<std::int64_t>(seq), 0}, seen_);
      seen_.set(actor_, {seq, 0});
    }
    return request;
  }

  ObjectSight sight(const std::string& object) const { return oracle.object(object, seen_); }

  Workload workload;
  Oracle oracle;
  bool idle = false;
  bool refused = false;

 private:
  base::ActorId actor_;
  crdt::VersionVector seen_;
};

const agent::WriteObject* catalog_write(const agent::WriteRequest& request) {
  return typed_write(request) ? nullptr : std::get_if<agent::WriteObject>(&request);
}

// Returns every JSON text in a request on a catalog.
std::vector<std::string> texts_of(const agent::WriteRequest& request) {
  std::vector<std::string> texts;
  auto append = [&texts](const crdt::Members& members) {
    for (const auto& [name, value] : members) texts.push_back(value);
  };
  if (auto* import = std::get_if<agent::ImportEntries>(&request)) {
    for (const auto& line : import->entries) append(line.metadata);
  }
  const auto* write = catalog_write(request);
  if (write == nullptr) return texts;
  for (const crdt::Op& op : write->ops) {
    if (const auto* members = std::get_if<crdt::Members>(&op.argument)) append(*members);
    if (const auto* value = std::get_if<std::string>(&op.argument)) texts.push_back(*value);
  }
  return texts;
}

// What a request does, without the names: "set entry", "unset catalog", "several".
std::string kind_of(const agent::WriteRequest& request) {
  if (std::holds_alternative<agent::ImportEntries>(request)) return "import";
  if (typed_write(request)) return "object";
  const auto& ops = std::get<agent::WriteObject>(request).ops;
  if (ops.size() != 1) return ops.empty() ? "nothing" : "several";
  static constexpr std::string_view kPlaces[] = {" catalog", " entry", " field"};
  return std::string(crdt::verb_name(ops[0].verb)) + std::string(kPlaces[ops[0].path.size()]);
}

// Returns everything in a request as text, for comparisons.
std::string spelled(const agent::WriteRequest& request) {
  std::string text = describe(request);
  for (const std::string& part : texts_of(request)) text += "\n" + part;
  return text;
}

TEST(Workload, TheSameSeedMakesTheSameRequests) {
  Client a(7, 50), b(7, 50), other(8, 50);
  std::size_t different = 0;

  for (int i = 0; i < 300; ++i) {
    std::string request = spelled(a.next());
    EXPECT_EQ(request, spelled(b.next()));
    different += request == spelled(other.next()) ? 0 : 1;
  }

  EXPECT_GT(different, 100u);
}

TEST(Workload, EveryTextIsOneThatTheDoorsTakeAsItIs) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    Client client(seed);
    for (int i = 0; i < 100; ++i) {
      for (const std::string& text : texts_of(client.next())) {
        auto minified = crdt::minify_json(text);
        ASSERT_TRUE(minified.ok()) << text << ": " << minified.error().message;
        EXPECT_EQ(*minified, text);
      }
    }
  }
}

// An entry is unset before anything else, and no field is set or unset twice.
TEST(Workload, NothingIsNamedTwiceInOneRequest) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    Client client(seed);
    for (int i = 0; i < 100; ++i) {
      agent::WriteRequest request = client.next();
      const auto* write = catalog_write(request);
      if (write == nullptr) continue;
      std::set<std::vector<std::string>> places;
      for (const crdt::Op& op : write->ops) {
        EXPECT_TRUE(places.insert(op.path).second) << describe(request);
        const auto* members = std::get_if<crdt::Members>(&op.argument);
        if (members == nullptr) continue;
        for (const auto& [field, value] : *members) {
          EXPECT_TRUE(places.insert({op.path[0], field}).second) << describe(request);
        }
      }
    }
  }
}

TEST(Workload, RunsDifferInKindAndTogetherDoEverything) {
  std::map<std::string, std::size_t> kinds;
  std::set<std::string> left_out;  // by some run
  std::size_t idle = 0, total = 0, longest = 0, twice = 0;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    Client client(seed);
    std::set<std::string> seen;
    for (int i = 0; i < 200; ++i) {
      agent::WriteRequest request = client.next();
      seen.insert(kind_of(request));
      ++kinds[kind_of(request)];
      ++total;
      idle += client.idle ? 1 : 0;
      for (const std::string& text : texts_of(request)) longest = std::max(longest, text.size());
      auto* import = std::get_if<agent::ImportEntries>(&request);
      if (import == nullptr) continue;
      std::set<std::string> ids;
      for (const auto& [id, metadata] : import->entries) ids.insert(id);
      twice += ids.size() < import->entries.size() ? 1 : 0;
    }
    for (const auto& [kind, count] : kinds) {
      if (!seen.contains(kind)) left_out.insert(kind);
    }
  }

  for (const char* kind : {"set entry", "put entry", "merge entry", "unset entry", "unset catalog",
                           "set field", "unset field", "import", "several"}) {
    EXPECT_GT(kinds[kind], 0u) << kind;
  }
  EXPECT_EQ(kinds.count("object"), 0u);
  EXPECT_GE(left_out.size(), 5u);
  EXPECT_GT(idle, total / 50);
  EXPECT_LT(idle, total / 2);
  EXPECT_GT(longest, 4'000u);
  EXPECT_LT(longest, 1u << 20);
  EXPECT_GT(twice, 20u);
}

TEST(Workload, RequestsOnObjectsUseAllTypesAndSomeAreWrong) {
  std::map<std::string, std::size_t> verbs;  // with their types
  std::size_t total = 0, on_objects = 0, idle = 0, refused = 0, several = 0, behind = 0;
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    Client client(seed, 60);
    for (int i = 0; i < 100; ++i) {
      agent::WriteRequest request = client.next();
      ++total;
      const auto* write = typed_write(request);
      if (write == nullptr) continue;
      ++on_objects;
      idle += client.idle && !client.refused ? 1 : 0;
      refused += client.refused ? 1 : 0;
      several += write->ops.size() > 1 ? 1 : 0;
      for (const crdt::Op& op : write->ops) {
        const auto type = op.type ? crdt::type_name(*op.type) : "";
        ++verbs[std::string(crdt::verb_name(op.verb)) + " " + std::string(type)];
        const auto* typed = std::get_if<crdt::TextInsert>(&op.argument);
        behind += typed != nullptr && typed->after && !client.refused ? 1 : 0;
      }
    }
  }

  EXPECT_NEAR(static_cast<double>(on_objects), 0.6 * static_cast<double>(total), 100);
  for (const char* verb :
       {"set lww_register", "set mv_register", "increment gcounter", "increment pncounter",
        "decrement pncounter", "add orset", "remove orset", "insert seq", "erase seq", "unset ",
        "replace gcounter", "replace lww_register", "replace orset", "replace crdt_map",
        "replace seq", "insert ", "increment "}) {
    EXPECT_GT(verbs[verb], 0u) << verb;
  }
  EXPECT_GT(refused, on_objects / 100);
  EXPECT_LT(refused, on_objects / 4);
  EXPECT_LT(idle, on_objects / 4);
  EXPECT_GT(several, on_objects / 10);
  EXPECT_GT(behind, on_objects / 100);
}

TEST(Workload, TextsDoNotGrowWithoutEnd) {
  std::size_t longest = 0;
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    Client client(seed, 100);
    for (int i = 0; i < 200; ++i) {
      client.next();
      for (const std::string& name : client.oracle.typed_objects()) {
        const ObjectSight sight = client.sight(name);
        for (const Place& place : sight.places()) {
          longest = std::max(longest, sight.shown_letters(place).size());
        }
      }
    }
  }

  EXPECT_GT(longest, ObjectWorkload::kLettersMax / 2);
  EXPECT_LT(longest, ObjectWorkload::kLettersMax * 3);
}

TEST(Workload, ManyWritesMeetOnFewEntries) {
  Client client(3);
  for (int i = 0; i < 500; ++i) client.next();
  std::size_t entries = 0;
  for (const std::string& object : client.oracle.objects()) {
    entries += client.oracle.ids(object).size();
  }

  EXPECT_LE(client.workload.objects().size(), 4u);
  EXPECT_LE(entries, 120u);
}

TEST(Workload, TracesSayTheVerbAndItsPlace) {
  EXPECT_EQ(describe(add_entry("snapshots", "x", {{"f", "1"}})), "snapshots: set /x 1 members");
  EXPECT_EQ(describe(remove_object("images")), "images: unset ");
  EXPECT_EQ(describe(agent::ImportEntries{"images", {{}}}), "import images (1 lines)");
  EXPECT_EQ(describe(agent::WriteObject{
                "doc",
                {{{"a", "b"}, crdt::Verb::kInsert, crdt::TextInsert{3, {}, "x"}, {}, {}},
                 {{"a"}, crdt::Verb::kUnset, {}, {}, {}}}}),
            "doc: insert /a/b at 3 \"x\", unset /a");
}

}  // namespace
}  // namespace simulation
