// A process that is killed while it commits in a loop loses nothing that it has acknowledged.

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sample.h"

namespace store {
namespace {

using sample::actor;
using sample::cell;

crdt::Slot place(std::uint64_t seq) {
  return sample::slot("snapshots", {"id" + std::to_string(seq % 50), "f"},
                      crdt::SlotType::kLwwRegister);
}

// Commits one change after the other and writes the number of each to the pipe after its commit.
// Never returns.
[[noreturn]] void commit_for_ever(const std::string& path, int acknowledge) {
  Options options;
  options.wal_pages = 40;  // small, so that some kills happen during a checkpoint
  options.memtable_slots = 25;
  options.memtable_fold_slots = 2;
  auto store = sample::open(path, options);
  const auto known = store->actors().find(actor(1));
  for (std::uint64_t seq = known ? known->head.seq + 1 : 1;; ++seq) {
    const auto durability = seq % 3 == 0 ? Durability::kNormal : Durability::kFull;
    if (!store->begin(durability).ok()) ::_exit(2);
    if (!sample::write(*store, place(seq), {cell(actor(1), seq, std::to_string(seq))}).ok()) {
      ::_exit(3);
    }
    if (!sample::apply(*store, sample::change(actor(1), seq)).ok()) ::_exit(4);
    if (!store->commit(durability).ok()) ::_exit(5);
    if (::write(acknowledge, &seq, sizeof(seq)) != sizeof(seq)) ::_exit(6);
  }
}

TEST(Crash, AcknowledgedCommitsSurviveAKill) {
  sample::Folder folder;
  const std::string path = folder.file("a.db");
  std::uint64_t acknowledged = 0;
  std::uint64_t in_a_fold = 0;
  for (int round = 0; round < 8; ++round) {
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) commit_for_ever(path, ends[1]);
    ::close(ends[1]);

    const std::uint64_t target = acknowledged + 20 + static_cast<std::uint64_t>(round) * 13;
    std::uint64_t seq = 0;
    while (::read(ends[0], &seq, sizeof(seq)) == sizeof(seq)) {
      acknowledged = seq;
      if (seq == target) ::kill(child, SIGKILL);
    }
    ::close(ends[0]);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status)) << WEXITSTATUS(status);

    const std::int64_t oldest = sample::raw_number(path, "SELECT min(pos) FROM recent");
    const std::int64_t newest = sample::raw_number(path, "SELECT max(pos) FROM recent");
    if (newest - oldest >= 25) ++in_a_fold;
    auto store = sample::open(path);
    const std::uint64_t head = store->actors().find(actor(1))->head.seq;
    EXPECT_GE(head, acknowledged);
    EXPECT_LE(head, acknowledged + 1);
    EXPECT_EQ(store->log().changes(), head);
    EXPECT_EQ(store->meta().next_position, static_cast<std::int64_t>(head) + 1);
    const auto verified = store->verify_digest();
    EXPECT_TRUE(verified.ok());
    for (std::uint64_t back = 0; back < 50 && back < head; ++back) {
      ASSERT_EQ(sample::read(*store, place(head - back))[0].body, std::to_string(head - back));
    }
  }
  EXPECT_GT(in_a_fold, 0u) << "no kill came in the middle of a fold";
}

const crdt::Slot kNote{"notes", {"n"}, crdt::SlotType::kSeq};
constexpr std::uint64_t kCompactEvery = 3;  // changes

// Types one letter a commit and folds now and then. The place of each letter follows from its
// number. Never returns.
[[noreturn]] void type_for_ever(const std::string& path, int acknowledge) {
  Options options;
  options.wal_pages = 40;
  options.fold_changes = 7;
  auto store = sample::open(path, options);
  Texts& texts = store->cells().texts();
  const auto row = texts.find(kNote);
  if (!row.ok()) ::_exit(2);
  for (std::uint64_t seq = *row ? (*row)->elements + 1 : 1;; ++seq) {
    if (!store->begin(Durability::kFull).ok()) ::_exit(3);
    crdt::Anchor anchor;
    if (seq > 1) anchor = {crdt::Dot{actor(1), 1 + seq * 7 % (seq - 1), 0}, seq % 2 == 0};
    const std::string letter(1, static_cast<char>('a' + seq % 26));
    if (!texts.insert(kNote, {actor(1), seq, 0}, anchor, letter).ok()) ::_exit(4);
    if (!store->commit(Durability::kFull).ok()) ::_exit(5);
    if (::write(acknowledge, &seq, sizeof(seq)) != sizeof(seq)) ::_exit(6);
    if (seq % kCompactEvery != 0) continue;
    if (!store->begin(Durability::kNormal).ok()) ::_exit(7);
    if (!texts.fold_from({}, std::nullopt, {}).ok()) ::_exit(8);
    if (!store->commit(Durability::kNormal).ok()) ::_exit(9);
  }
}

// A twin that was never compacted: one insert after the other, in memory.
std::string twin_of(std::uint64_t letters) {
  crdt::Sequence twin;
  for (std::uint64_t seq = 1; seq <= letters; ++seq) {
    crdt::Anchor anchor;
    if (seq > 1) anchor = {crdt::Dot{actor(1), 1 + seq * 7 % (seq - 1), 0}, seq % 2 == 0};
    EXPECT_TRUE(twin.apply_insert(anchor, {actor(1), seq, 0},
                                  std::string(1, static_cast<char>('a' + seq % 26))));
  }
  return twin.text();
}

TEST(Crash, AKillDuringCompactionLeavesTheStateOfATwinWithoutOne) {
  sample::Folder folder;
  const std::string path = folder.file("a.db");
  std::uint64_t acknowledged = 0;
  std::uint64_t waiting_seen = 0;
  for (int round = 0; round < 12; ++round) {
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) type_for_ever(path, ends[1]);
    ::close(ends[1]);
    // The kill comes right after the commit before a compaction, or some letters later.
    const std::uint64_t target = (acknowledged / kCompactEvery + 5) * kCompactEvery +
                                 static_cast<std::uint64_t>(round) % kCompactEvery;
    std::uint64_t seq = 0;
    while (::read(ends[0], &seq, sizeof(seq)) == sizeof(seq)) {
      acknowledged = seq;
      if (seq == target) ::kill(child, SIGKILL);
    }
    ::close(ends[0]);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status)) << WEXITSTATUS(status);

    auto store = sample::open(path);
    Texts& texts = store->cells().texts();
    const std::uint64_t letters = (*texts.find(kNote))->elements;
    EXPECT_GE(letters, acknowledged);
    EXPECT_LE(letters, acknowledged + 1);
    EXPECT_EQ(*texts.shown(kNote), twin_of(letters));
    const auto verified = store->verify();
    EXPECT_TRUE(verified.ok()) << verified.error().message;
    waiting_seen += texts.totals().waiting;
    EXPECT_GT((*texts.find(kNote))->next_block, 1u) << "it was never folded";
  }
  EXPECT_GT(waiting_seen, 0u) << "no kill came before a compaction";
}

}  // namespace
}  // namespace store
