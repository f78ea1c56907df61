// The power goes off at any call of the disk while texts are edited and compacted. Every image has
// the state of a twin that is never compacted.

#include <gtest/gtest.h>

#include "agent/replica/replica.h"
#include "tools/simulator/disk.h"

namespace simulation {
namespace {

constexpr const char* kFile = "replica.db";
const crdt::Slot kNote{"notes", {"n"}, crdt::SlotType::kSeq};

base::Now at(std::int64_t step) {
  return {{step * 1'000'000}, 1'700'000'000'000'000'000 + step * 1'000'000, true};
}

std::unique_ptr<agent::Replica> open(const agent::ReplicaOptions& options, base::Random random) {
  auto replica = agent::Replica::open(at(0), kFile, options, "host", std::move(random));
  EXPECT_TRUE(replica.ok()) << replica.error().message;
  return replica.ok() ? std::move(*replica) : nullptr;
}

std::string text_of(store::Store& store) {
  auto shown = store.cells().texts().shown(kNote);
  EXPECT_TRUE(shown.ok()) << shown.error().message;
  return shown.ok() ? *shown : "";
}

struct State {
  crdt::Digest digest;
  std::string text;
};

struct Image {
  Disk::Files files;
  std::size_t acknowledged = 0;  // the last state of which the client has heard
};

class History {
 public:
  explicit History(std::uint64_t seed)
      : random_(base::Random::from_number(seed)),
        images_random_(random_.fork()),
        disk_(random_.fork()),
        twin_disk_(random_.fork()) {
    options_.store.vfs = disk_.vfs();
    options_.store.fold_changes = 4;
    options_.store.wal_pages = 30;  // so that some cuts come in a checkpoint
    options_.compaction.rest.rest = 0;
    agent::ReplicaOptions never;
    never.store.vfs = twin_disk_.vfs();
    never.store.fold_changes = store::kFoldChangesMax;
    never.compaction.automatic = false;
    replica_ = open(options_, random_.fork());
    twin_ = open(never, random_.fork());
    note_state();
    disk_.watch([this] {
      if (!images_random_.chance(5)) return;
      constexpr PowerCut kCuts[] = {PowerCut::kAll, PowerCut::kSuffix, PowerCut::kSubset,
                                    PowerCut::kSectors};
      const PowerCut how = kCuts[images_random_.below(4)];
      images_.push_back({disk_.crash_image(images_random_, how), states_.size() - 1});
    });
  }
  ~History() { disk_.watch(nullptr); }

  void step() {
    ++step_;
    const std::uint64_t kind = random_.below(10);
    if (kind < 6) return write();
    if (kind < 8) (void)replica_->scrub(at(step_));
    if (kind < 8) return;
    std::vector<agent::Input> inputs{agent::Maintain{1, agent::Compact{}}};
    auto out = replica_->turn(at(step_), inputs, false);
    ASSERT_TRUE(out.maintained.at(0).result.ok());
    for (const auto& folded : std::get<agent::Compacted>(*out.maintained.at(0).result).objects) {
      folded_ += folded.changes;
    }
  }

  void check() {
    disk_.watch(nullptr);
    std::size_t lost = 0;
    for (const Image& image : images_) {
      Disk disk(random_.fork());
      disk.restore(image.files);
      store::Options options;
      options.vfs = disk.vfs();
      auto store = store::Store::open(kFile, options);
      ASSERT_TRUE(store.ok()) << store.error().message;
      const auto sound = (*store)->verify();
      ASSERT_TRUE(sound.ok()) << sound.error().message;
      const crdt::Digest digest = (*store)->meta().digest;
      const State& acknowledged = states_.at(image.acknowledged);
      const bool next = image.acknowledged + 1 < states_.size() &&
                        digest == states_[image.acknowledged + 1].digest;
      ASSERT_TRUE(next || digest == acknowledged.digest) << image.acknowledged;
      EXPECT_EQ(text_of(**store), next ? states_[image.acknowledged + 1].text : acknowledged.text);
      if ((*store)->cells().texts().totals().waiting > 0) ++lost;
    }
    EXPECT_GT(images_.size(), 50u);
    EXPECT_GT(folded_, 0u);
    EXPECT_GT(lost, 0u);
    EXPECT_LT(lost, images_.size()) << "no image has a folded text";
  }

 private:
  void write() {
    const auto length = static_cast<std::uint32_t>(base::count_points(text_of(replica_->store())));
    const auto place = static_cast<std::uint32_t>(random_.below(length + 1));
    crdt::Op op{
        kNote.path, crdt::Verb::kInsert, crdt::TextInsert{place, std::nullopt, "abc"}, {}, {}};
    if (place < length && random_.below(3) == 0) {
      op = {kNote.path, crdt::Verb::kErase, crdt::TextErase{place, 1}, {}, {}};
    }
    std::vector<agent::Input> inputs{agent::Write{1, agent::WriteObject{kNote.object, {op}}}};
    // The images of this turn may have the new state: the twin's is known first.
    auto out = replica_->turn(at(step_), inputs, false);
    ASSERT_TRUE(out.replies.at(0).result.ok());
    agent::Received received;
    for (const auto& own : out.facts.own) {
      auto opened = crdt::open_change(own.bytes);
      ASSERT_TRUE(opened.ok());
      received.changes.push_back(std::move(*opened));
    }
    std::vector<agent::Input> told{std::move(received)};
    (void)twin_->turn(at(step_), told, false);
    note_state();
  }
  void note_state() { states_.push_back({twin_->store().meta().digest, text_of(twin_->store())}); }

  base::Random random_;
  base::Random images_random_;
  Disk disk_;
  Disk twin_disk_;
  agent::ReplicaOptions options_;
  std::unique_ptr<agent::Replica> replica_;
  std::unique_ptr<agent::Replica> twin_;
  std::vector<State> states_;
  std::vector<Image> images_;
  std::uint64_t folded_ = 0;
  std::int64_t step_ = 0;
};

TEST(CompactionPowerCut, EveryImageHasTheStateOfATwinThatIsNeverCompacted) {
  for (std::uint64_t seed = 1; seed <= 4 && !testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE(seed);
    History history(seed);
    for (int i = 0; i < 60 && !testing::Test::HasFailure(); ++i) history.step();
    history.check();
  }
}

}  // namespace
}  // namespace simulation
