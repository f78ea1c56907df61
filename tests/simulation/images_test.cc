// Images of whole hosts: copied and both started, put back after the host went on, or restored from
// an old backup. Nothing on the host shows which is the original; only messages of other agents do.
// Copies of files write under actors of their own. Only a machine that was cloned or put back with
// its memory goes on under the same actor (rule 2).

#include "crdt/catalog/entry.h"
#include "tests/simulation/scenario.h"
#include "tools/simulator/requests.h"

namespace simulation::testing {
namespace {

constexpr std::uint64_t kSeeds = 100;
constexpr base::Duration kBack = base::seconds(60);

// A mesh in which every agent adds and removes entries. Every id is used once.
class Images : public Scenario {
 public:
  Images(std::size_t nodes, std::uint64_t seed, bool split = false)
      : Scenario(nodes, seed,
                 seed % 2 == 0 ? gossip::Topology::kDirect : gossip::Topology::kPushPull) {
    // Half of the seeds have short logs, which soon do not reach back. There, changes that are
    // sealed again cannot be compared with removals of that time (docs/decisions/0007), so there
    // are no removals.
    removes_ = seed % 4 < 2;
    if (!removes_ && !split) settings().replica.store.log_bytes_max = 600;
    start();
    if (split) cluster().checker().allow_forks(split);
    EXPECT_TRUE(meets(base::seconds(20)));
    write_everywhere();
    EXPECT_TRUE(converges(base::seconds(20))) << story();
    ids_before_ = ids_;
  }

  std::string add(std::size_t host) {
    std::string id = "e" + std::to_string(++ids_);
    cluster().request(host, add_entry("snapshots", id, {{"n", std::to_string(ids_)}}));
    return id;
  }
  // Removes one of the entries that all agents had before anything was copied. Only agents that are
  // never copied remove.
  void remove_next(std::size_t host) {
    cluster().request(host, remove_entry("snapshots", "e" + std::to_string(++removed_)));
  }
  void write_everywhere(int rounds = 3) {
    for (int round = 0; round < rounds; ++round) {
      for (std::size_t i = 0; i < cluster().size(); ++i) {
        add(i);
        if (i >= 2 && i < 5 && removes_ && removed_ < ids_before_) remove_next(i);
        auto wait = static_cast<std::int64_t>(cluster().random().below(20));
        run(base::millis(wait));
      }
    }
  }
  // Runs for a random time, so that messages get as far as they get in that time.
  void run_up_to(std::int64_t millis) {
    auto wait =
        static_cast<std::int64_t>(cluster().random().below(static_cast<std::uint64_t>(millis)));
    run(base::millis(wait));
  }
  // True when every agent has a node id of its own and all know each other.
  bool parts(base::Duration at_most) {
    return cluster().run_until([this] { return cluster().acquainted() && different(); }, at_most);
  }
  void judge_somewhere() {
    cluster().checker().readable_somewhere(cluster().running());
    EXPECT_TRUE(report().passed()) << text_of(report()) << story();
  }
  void expect_whole() {
    auto is_whole = [this] {
      return cluster().converged() && cluster().acquainted() && different() &&
             !cluster().any_rebuilding();
    };
    EXPECT_TRUE(cluster().run_until(is_whole, kBack)) << story();
    write_everywhere();
    EXPECT_TRUE(converges(base::seconds(20))) << story();
    judge();
  }
  std::uint64_t events(const std::string& name) { return report().events[name]; }

 private:
  bool different() {
    std::set<base::NodeId> ids;
    for (Process* process : cluster().running()) ids.insert(process->node());
    return ids.size() == cluster().running().size();
  }
  std::uint64_t ids_ = 0;
  std::uint64_t ids_before_ = 0;
  std::uint64_t removed_ = 0;
  bool removes_ = false;
};

// An image of a host at one moment. For a running machine it has the memory too.
struct Image {
  Disk::Files files;
  std::optional<base::Random> memory;
  std::uint64_t acknowledged = 0;  // requests of the whole mesh until that moment
};

struct Sums {
  std::uint64_t twins = 0;
  std::uint64_t echoes = 0;
  std::uint64_t aside = 0;
  std::uint64_t refused = 0;
  void add(Images& mesh) {
    twins += mesh.events("twins");
    echoes += mesh.events("echoes of our own actor");
    aside += mesh.events("states set aside");
    refused += mesh.events("contradictions refused");
  }
};

template <typename Story>
Sums tell(std::size_t nodes, Story story) {
  Sums sums;
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    Images mesh(nodes, seed);
    story(mesh, seed);
    mesh.expect_whole();
    sums.add(mesh);
    if (::testing::Test::HasFailure()) {
      ADD_FAILURE() << "seed " << seed;
      break;
    }
  }
  return sums;
}

// The twins notice each other before anybody writes.
TEST(Images, CopiedBothGoOn) {
  Sums sums = tell(5, [](Images& mesh, std::uint64_t) {
    mesh.cluster().stop_cleanly(1);
    std::size_t copy = mesh.cluster().clone_image(1);
    mesh.cluster().start(1);
    mesh.cluster().start(copy);
    mesh.run_up_to(1'000);
    mesh.write_everywhere();
  });

  EXPECT_GE(sums.twins, kSeeds);
}

// Both write before they know anybody. They write under actors of their own, so nothing
// contradicts.
TEST(Images, CopiedAndWrittenToAtOnceBothGoOn) {
  Sums sums = tell(5, [](Images& mesh, std::uint64_t seed) {
    mesh.cluster().stop_cleanly(1);
    std::size_t copy = mesh.cluster().clone_image(1);
    mesh.cluster().start(1);
    mesh.cluster().start(copy);
    for (std::uint64_t i = 0; i <= seed % 3; ++i) mesh.add(1);
    for (std::uint64_t i = 0; i <= seed / 4 % 3; ++i) mesh.add(copy);
    mesh.run_up_to(1'000);
    mesh.write_everywhere();
  });

  EXPECT_GE(sums.twins, kSeeds);
  EXPECT_EQ(sums.aside + sums.echoes + sums.refused, 0u);
}

// A machine is cloned with its memory, so both write under one actor. They write before they know
// anybody, and other agents take the changes of one or the other. No rule says whose changes are
// right. Agents that hold different ones do not become equal until an operator starts one side
// again. The test checks: every entry is on some agent, every agent takes writes, no agent repairs
// itself again and again, and the contradiction is reported. (With short logs, a state join between
// the two sides cannot see the difference and may drop entries that only one side holds.)
TEST(Images, ClonedWithItsMemoryAndWrittenToAtOnceNothingIsLost) {
  std::uint64_t split = 0;
  for (std::uint64_t seed = 1; seed <= kSeeds && !HasFailure(); ++seed) {
    SCOPED_TRACE(seed);
    Images mesh(5, seed, true);
    mesh.cluster().stop_cleanly(1);
    std::size_t copy = mesh.cluster().clone_image(1);
    for (std::size_t host : {std::size_t{1}, copy}) {
      mesh.host(host).memory = base::Random::from_number(seed);
    }
    mesh.cluster().start(1);
    mesh.cluster().start(copy);
    for (std::uint64_t i = 0; i <= seed % 3; ++i) mesh.add(1);
    for (std::uint64_t i = 0; i <= seed / 4 % 3; ++i) mesh.add(copy);
    mesh.run_up_to(1'000);
    mesh.write_everywhere();
    EXPECT_TRUE(mesh.parts(base::seconds(60))) << mesh.story();
    mesh.run(base::seconds(60));
    std::uint64_t aside = mesh.events("states set aside");
    mesh.write_everywhere();
    mesh.run(base::seconds(20));

    EXPECT_EQ(mesh.events("states set aside"), aside);
    EXPECT_LE(aside, 8u) << "two notices each time";
    mesh.judge_somewhere();
    if (mesh.cluster().converged()) continue;
    ++split;
    EXPECT_GT(mesh.events("contradictions refused"), 0u);
  }
  EXPECT_GT(split, 0u);
}

TEST(Images, CopiedWhileTheOriginalIsAway) {
  Sums sums = tell(5, [](Images& mesh, std::uint64_t) {
    mesh.cluster().stop_cleanly(1);
    std::size_t copy = mesh.cluster().clone_image(1);
    mesh.cluster().start(copy);
    mesh.run_up_to(3'000);
    mesh.write_everywhere();
    mesh.cluster().start(1);
    mesh.add(1);
    mesh.run_up_to(1'000);
    mesh.write_everywhere();
  });

  EXPECT_GE(sums.twins, kSeeds);
}

Image image_of(Images& mesh, std::size_t host) {
  return {mesh.host(host).disk.snapshot(), mesh.host(host).memory,
          mesh.cluster().checker().acknowledgements()};
}

// Puts the image back. Returns the number of entries that this machine had acknowledged since the
// image and that are gone, because they had reached nobody.
std::size_t put_back(Images& mesh, std::size_t host, const Image& image) {
  mesh.cluster().kill(host);
  std::size_t gone = mesh.cluster().checker().rolled_back(mesh.host(host), image.acknowledged,
                                                          mesh.cluster().running());
  mesh.cluster().restore(host, {image.files, false});
  mesh.host(host).memory = image.memory;
  mesh.cluster().start(host);
  return gone;
}

// An image of a running machine with its memory. When it is put back, the machine goes on under the
// same actor and number.
Image running_image_of(Images& mesh, std::size_t host, std::uint64_t seed) {
  const base::Random memory = base::Random::from_number(seed);
  mesh.cluster().checker().allow_forks(false);
  mesh.cluster().stop_cleanly(host);
  mesh.host(host).memory = memory;
  mesh.cluster().start(host);
  mesh.write_everywhere();
  EXPECT_FALSE(mesh.process(host).replica().own_actor().is_zero());
  return {mesh.host(host).disk.snapshot(), memory, mesh.cluster().checker().acknowledgements()};
}

TEST(Images, ARunningMachinePutBackWithNothingWrittenSince) {
  Sums sums = tell(5, [](Images& mesh, std::uint64_t seed) {
    Image image = running_image_of(mesh, 1, seed);
    mesh.run_up_to(5'000);
    put_back(mesh, 1, image);
    mesh.run_up_to(1'000);
    mesh.write_everywhere();
  });

  EXPECT_EQ(sums.aside + sums.echoes, 0u);
}

TEST(Images, ARunningMachinePutBackAfterItWroteAndPushed) {
  std::size_t gone = 0;
  std::size_t lost_with_log = 0;
  Sums sums = tell(5, [&](Images& mesh, std::uint64_t seed) {
    Image image = running_image_of(mesh, 1, seed);
    mesh.write_everywhere();
    mesh.run_up_to(1'000);
    gone += put_back(mesh, 1, image);
    for (std::uint64_t i = 0; i < seed % 4; ++i) mesh.add(1);
    mesh.run_up_to(1'000);
    mesh.write_everywhere();
    mesh.run(base::seconds(10));
    // Only changes that the log of the machine no longer had could not be sealed again.
    std::size_t pruned = mesh.cluster().checker().lost_with_log();
    bool long_log = mesh.settings().replica.store.log_bytes_max > 600;
    EXPECT_TRUE(pruned == 0 || !long_log);
    lost_with_log += pruned;
  });

  EXPECT_LT(lost_with_log, kSeeds / 10);
  EXPECT_GT(sums.aside, kSeeds / 2);
  EXPECT_LT(gone, kSeeds / 10) << "most of what it wrote must have reached a peer";
}

// A machine writes three entries between the image and the moment at which it is put back. One
// reaches all agents, one reaches a single peer, one reaches nobody. The first two come back, the
// third is gone.
TEST(Images, WhatReachedOnePeerComesBackAndWhatReachedNobodyIsGone) {
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    SCOPED_TRACE(seed);
    Images mesh(5, seed);
    Image image = running_image_of(mesh, 1, seed);
    EXPECT_TRUE(mesh.converges(base::seconds(20)));
    auto shown_at = [&](std::size_t host, const std::string& id) {
      auto entry = mesh.process(host).replica().store().cells().entry("snapshots", id);
      return entry.ok() && crdt::exists(*entry);
    };
    std::string to_all = mesh.add(1);
    EXPECT_TRUE(mesh.converges(base::seconds(20)));
    for (std::size_t other : {0u, 3u, 4u}) {
      mesh.cut_both(1, other);
      mesh.cut_both(2, other);
    }
    std::string to_one = mesh.add(1);
    EXPECT_TRUE(mesh.cluster().run_until([&] { return shown_at(2, to_one); }, base::seconds(20)));
    mesh.cut_both(1, 2);
    std::string to_nobody = mesh.add(1);
    mesh.run(base::seconds(1));
    EXPECT_TRUE(shown_at(1, to_nobody));
    EXPECT_FALSE(shown_at(0, to_one) || shown_at(2, to_nobody));

    EXPECT_EQ(put_back(mesh, 1, image), 1u);
    mesh.network().heal();
    std::string after = mesh.add(1);  // its number means another entry on other agents

    mesh.expect_whole();
    for (std::size_t host = 0; host < 5; ++host) {
      EXPECT_TRUE(shown_at(host, to_all) && shown_at(host, to_one) && shown_at(host, after));
      EXPECT_FALSE(shown_at(host, to_nobody));
    }
    EXPECT_GT(mesh.events("states set aside"), 0u) << "the fork must have happened";
  }
}

// The backup is several starts old.
TEST(Images, AnOldBackupPutBack) {
  Sums sums = tell(5, [](Images& mesh, std::uint64_t seed) {
    mesh.cluster().stop_cleanly(1);
    Image image = image_of(mesh, 1);
    for (std::uint64_t i = 0; i <= seed % 4; ++i) {
      mesh.cluster().start(1);
      mesh.run_up_to(1'000);
      mesh.write_everywhere();
      mesh.cluster().stop_cleanly(1);
    }
    put_back(mesh, 1, image);
    for (std::uint64_t i = 0; i < seed / 4 % 4; ++i) mesh.add(1);
    mesh.run_up_to(1'000);
    mesh.write_everywhere();
  });

  EXPECT_GT(sums.twins, kSeeds / 2);
  EXPECT_EQ(sums.aside + sums.echoes + sums.refused, 0u);
}

// No other agent is there to fetch from.
TEST(Images, CopiedWithNobodyElseAround) {
  Sums sums = tell(1, [](Images& mesh, std::uint64_t seed) {
    mesh.cluster().stop_cleanly(0);
    std::size_t copy = mesh.cluster().clone_image(0);
    mesh.cluster().start(0);
    mesh.cluster().start(copy);
    for (std::uint64_t i = 0; i < seed % 3; ++i) mesh.add(0);
    for (std::uint64_t i = 0; i < seed / 3 % 3; ++i) mesh.add(copy);
    mesh.run_up_to(1'000);
    mesh.write_everywhere();
  });

  EXPECT_GE(sums.twins, kSeeds);
}

}  // namespace
}  // namespace simulation::testing
