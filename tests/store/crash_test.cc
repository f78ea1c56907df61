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
}

}  // namespace
}  // namespace store
