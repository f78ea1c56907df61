// A full file system with blocks of 1 KiB. If a part of the index of the write-ahead log has no
// block, a write to it ends the process by SIGBUS. Needs root and loop devices; skipped otherwise.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "sample.h"
#include "store/whole_blocks.h"

namespace store {
namespace {

class SmallBlocks : public testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "mounting needs root";
    mount_ = folder_.file("mounted");
    std::filesystem::create_directory(mount_);
    const std::string image = folder_.file("image");
    const bool made = run("truncate -s 48M " + image) && run("mkfs.ext4 -q -b 1024 " + image);
    mounted_ = made && run("mount -o loop " + image + " " + mount_);
    if (!mounted_) GTEST_SKIP() << "no loop devices here";
  }
  void TearDown() override {
    set_allocate(nullptr);
    if (mounted_) run("umount -l " + mount_);
  }
  static bool run(const std::string& command) {
    return std::system((command + " >/dev/null 2>&1").c_str()) == 0;
  }
  std::int64_t free_bytes() const {
    struct statvfs info {};
    ::statvfs(mount_.c_str(), &info);
    return static_cast<std::int64_t>(info.f_bfree) * 1'024;
  }
  std::string file(const std::string& name) const { return mount_ + "/" + name; }

  static base::Status put(Store& store, std::uint64_t seq) {
    const auto slot =
        sample::slot("snapshots", {std::to_string(seq), "f"}, crdt::SlotType::kLwwRegister);
    const std::string value(3'000, 'x');
    return sample::commit(store, slot, {sample::cell(sample::actor(1), seq, value)});
  }

  // Writes until the index needs its second 32 KiB, then fills the disk and goes on with `left`
  // bytes free before every commit. Returns how the process ended.
  int status_when_full(std::int64_t left) {
    const pid_t child = ::fork();
    if (child == 0) {
      ::signal(SIGBUS, SIG_DFL);  // a sanitizer would report it
      ::_exit(go_on_when_full(left));
    }
    int status = -1;
    ::waitpid(child, &status, 0);
    for (const char* name : {"a.db", "a.db-wal", "a.db-shm", "filler"})
      ::unlink(file(name).c_str());
    return status;
  }

 private:
  int go_on_when_full(std::int64_t left) {
    Options options;
    options.wal_pages = 1'000'000;
    auto store = sample::open(file("a.db"), options);
    std::uint64_t seq = 0;
    constexpr std::int64_t kFrame = 4'096 + 24;
    while (store->wal_bytes() < kFrame * 4'050) {
      if (!put(*store, ++seq).ok()) return 1;
    }
    const int filler = ::open(file("filler").c_str(), O_RDWR | O_CREAT, 0600);
    const std::string block(1'024, 'z');
    while (::write(filler, block.data(), block.size()) > 0) {
    }
    ::fsync(filler);
    const std::int64_t full = free_bytes();  // what the file system keeps for itself
    for (int round = 0; round < 40; ++round) {
      const std::int64_t give = full + left - free_bytes();
      const off_t size = ::lseek(filler, 0, SEEK_END);
      if (give > 0 && ::ftruncate(filler, (size - give) / 1'024 * 1'024) != 0) return 2;
      const base::Status written = put(*store, ++seq);
      if (!written.ok() && written.error().code != base::Code::kDiskFull) return 3;
      if (std::filesystem::file_size(file("a.db-shm")) > 32'768) return 0;
    }
    return 4;
  }

  sample::Folder folder_;
  std::string mount_;
  bool mounted_ = false;
};

int nothing_to_do(int, std::int64_t, std::int64_t) { return 0; }

TEST_F(SmallBlocks, AFullDiskEndsNoProcessWhereTheIndexOfTheLogGrows) {
  for (const std::int64_t left : {28, 36, 44}) {
    const int status = status_when_full(left * 1'024);

    ASSERT_TRUE(WIFEXITED(status)) << left << " KiB left: signal " << WTERMSIG(status);
    EXPECT_EQ(WEXITSTATUS(status), 0) << left << " KiB left";
  }
}

// A control: it shows that the test above meets the place where the process would end.
TEST_F(SmallBlocks, WithoutAllocationItDoes) {
  set_allocate(nothing_to_do);

  const int status = status_when_full(36 * 1'024);

  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGBUS) << status;
}

}  // namespace
}  // namespace store
