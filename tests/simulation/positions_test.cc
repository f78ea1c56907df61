// Positions of the log are cursors of clients. Whatever a power cut takes back, no position that
// was shown is given to another change, and a client misses nothing.

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "agent/replica/positions.h"
#include "agent/replica/replica.h"
#include "crdt/base/check.h"
#include "tools/simulator/disk.h"
#include "tools/simulator/requests.h"

namespace simulation {
namespace {

constexpr std::int64_t kWall = 1'700'000'000'000'000'000;
constexpr const char* kFile = "replica.db";

using Name = std::pair<base::ActorId, std::uint64_t>;  // of a change

// A replica on a disk that may lose its power, and a peer that keeps all of its own changes.
class Host {
 public:
  explicit Host(std::uint64_t seed)
      : random_(base::Random::from_number(seed)),
        disk_(random_.fork()),
        peer_disk_(random_.fork()) {
    options_.store.vfs = disk_.vfs();
    options_.store.wal_pages = 1'000'000;  // no checkpoint, which would sync
    agent::ReplicaOptions options;
    options.store.vfs = peer_disk_.vfs();
    auto opened = agent::Replica::open(now(), "peer.db", options, "peer", random_.fork());
    CHECK(opened.ok());
    peer_ = std::move(*opened);
    open();
  }
  ~Host() {
    replica_.reset();
    peer_.reset();
  }

  void open() {
    auto opened = agent::Replica::open(now(), kFile, options_, "host", random_.fork());
    ASSERT_TRUE(opened.ok()) << opened.error().message;
    replica_ = std::move(*opened);
  }
  void cut(PowerCut how) {
    disk_.power_cut(random_, how);
    replica_.reset();
    open();
  }
  Disk::Files copy() {
    EXPECT_TRUE(replica_->close().ok());
    replica_.reset();
    Disk::Files files = disk_.snapshot();
    open();
    return files;
  }
  void restore(const Disk::Files& files) {
    disk_.kill();
    replica_.reset();
    disk_.restore(files);
    open();
  }

  // What the replica lacks of the peer, after the peer wrote something more.
  agent::Outputs hear() {
    std::vector<agent::Input> write{agent::Write{1, request()}};
    for (auto& sealed : peer_->turn(now(), write, false).facts.own) {
      peer_changes_.push_back(std::move(sealed));
    }
    agent::Received received;
    received.from = peer_->node_id();
    for (const crdt::SealedChange& sealed : peer_changes_) {
      if (replica_->vector().covers(sealed.actor, sealed.seq)) continue;
      auto opened = crdt::open_change(sealed.bytes);
      CHECK(opened.ok());
      received.changes.push_back(std::move(*opened));
    }
    std::vector<agent::Input> inputs;
    inputs.push_back(std::move(received));
    return replica_->turn(now(), inputs, true);
  }
  agent::Outputs write() {
    std::vector<agent::Input> inputs{agent::Write{1, request()}};
    return replica_->turn(now(), inputs, true);
  }
  void flush() { replica_->flush(now()); }
  // As if nearly all positions below the bound had been given.
  void spend(std::int64_t left) {
    store::Meta& meta = replica_->store().meta();
    meta.next_position = std::max(meta.next_position, meta.reserved_position - left);
  }

  agent::Replica& replica() { return *replica_; }
  base::Random& random() { return random_; }
  std::uint64_t syncs() const { return disk_.counters().syncs; }
  std::int64_t newest() { return replica_->store().meta().next_position - 1; }

 private:
  base::Now now() {
    ++time_;
    return {{time_ * 1'000'000}, kWall + time_ * 1'000'000, true};
  }
  agent::WriteRequest request() {
    return add_entry("snapshots", "id" + std::to_string(random_.below(9)),
                     {{"n", std::to_string(time_)}});
  }

  std::int64_t time_ = 0;
  base::Random random_;
  Disk disk_;
  Disk peer_disk_;
  agent::ReplicaOptions options_;
  std::unique_ptr<agent::Replica> peer_;
  std::unique_ptr<agent::Replica> replica_;
  std::vector<crdt::SealedChange> peer_changes_;
};

// Everything that was ever shown under a position.
class Shown {
 public:
  void events(const agent::Outputs& out) {
    for (const agent::Event& event : out.events) {
      const Name name{event.actor, event.seq};
      const auto [place, fresh] = at_.emplace(event.position, name);
      EXPECT_EQ(place->second, name) << "position " << event.position << " was given twice";
      if (fresh) {
        EXPECT_GT(event.position, highest_) << "a position goes back";
      }
    }
  }
  void newest(std::int64_t position) { highest_ = std::max(highest_, position); }
  std::int64_t highest() const { return highest_; }

 private:
  std::map<std::int64_t, Name> at_;
  std::int64_t highest_ = 0;
};

// Reads the log after its cursor, as a stream does.
struct Client {
  std::int64_t cursor = 0;
  std::set<Name> seen;
  void read(Host& host) {
    store::Store& store = host.replica().store();
    const base::Status read =
        store.log().scan(store.actors(), cursor, 100'000, [&](const store::LogEntry& entry) {
          seen.emplace(entry.actor, entry.seq);
          return true;
        });
    EXPECT_TRUE(read.ok());
    EXPECT_GE(host.newest(), cursor) << "the cursor is ahead of its agent";
    cursor = host.newest();
  }
};

std::set<Name> all_of(Host& host) {
  Client client;
  client.read(host);
  return client.seen;
}

TEST(Positions, AreNotGivenAgainAfterAPowerCutAndNoClientMissesAChange) {
  constexpr std::array<PowerCut, 4> kCuts{PowerCut::kAll, PowerCut::kSuffix, PowerCut::kSubset,
                                          PowerCut::kSectors};
  std::size_t lost = 0;  // cuts that took a change back which was shown
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    Host host(seed);
    Shown shown;
    std::vector<Client> clients(4);
    for (int step = 0; step < 120; ++step) {
      base::Random& random = host.random();
      const std::uint64_t kind = random.below(20);
      if (kind < 10) shown.events(host.hear());
      if (kind == 10) shown.events(host.write());
      if (kind == 11) host.flush();
      if (kind == 12) host.spend(static_cast<std::int64_t>(random.below(5)));
      if (kind > 12 && kind < 18) random.pick(clients).read(host);
      if (kind > 17) {
        const std::set<Name> before = all_of(host);
        host.cut(random.pick(kCuts));
        lost += all_of(host) != before ? 1 : 0;
        EXPECT_GE(host.newest(), shown.highest()) << seed;
      }
      shown.newest(host.newest());
    }
    shown.events(host.hear());

    for (Client& client : clients) {
      client.read(host);
      for (const Name& name : all_of(host)) EXPECT_TRUE(client.seen.contains(name)) << seed;
    }
  }
  EXPECT_GT(lost, 100u);
}

// A turn with changes of others alone commits without a flush, and so it stays. The exception comes
// once in half a million changes.
TEST(Positions, CostNoSyncOfATurn) {
  Host host(1);
  host.hear();
  const std::uint64_t before = host.syncs();
  for (int i = 0; i < 200; ++i) host.hear();
  EXPECT_EQ(host.syncs(), before);

  host.spend(agent::kReservedPositions / 2);
  const agent::Outputs moves = host.hear();
  const std::uint64_t moved = host.syncs();
  EXPECT_GT(moved, before);
  EXPECT_TRUE(moves.facts.durable);
  for (int i = 0; i < 200; ++i) host.hear();
  EXPECT_EQ(host.syncs(), moved);
}

TEST(Positions, TwoLivesOfOneCopyShareNone) {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    Host host(seed);
    host.write();
    const Disk::Files copy = host.copy();
    std::set<std::int64_t> given;
    for (int life = 0; life < 4; ++life) {
      host.restore(copy);
      for (int i = 0; i < 20; ++i) {
        for (const agent::Event& event : host.write().events) {
          EXPECT_TRUE(given.insert(event.position).second) << seed;
        }
      }
    }
    EXPECT_EQ(given.size(), 80u);
  }
}

// A version without bounds skips 2^24 positions at each open. It loses less than that.
TEST(Positions, GoOnAboveWhatAVersionWithoutBoundsGave) {
  Host host(1);
  host.write();
  store::Meta old = host.replica().store().meta();
  old.reserved_position = 0;
  EXPECT_GE(agent::unused_position(old), old.next_position + (1 << 24));
  old.next_position = 900'000'000;
  old.reserved_position = 800'000'000;  // it was written before the older version ran
  EXPECT_GE(agent::unused_position(old), 900'000'000 + (1 << 24));
}

}  // namespace
}  // namespace simulation
