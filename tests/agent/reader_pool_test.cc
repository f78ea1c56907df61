// Which commits a job of the reader pool sees.

#include "agent/reader_pool.h"

#include <gtest/gtest.h>

#include <future>

#include "agent/clock.h"
#include "agent/replica/replica.h"
#include "tests/agent/test_loop.h"
#include "tests/support/scoped_directory.h"
#include "tools/simulator/requests.h"

namespace agent {
namespace {

class ReaderPools : public testing::Test {
 protected:
  void SetUp() override {
    auto opened = Replica::open(read_clock(), file(), {}, "h", base::Random::from_number(1));
    ASSERT_TRUE(opened.ok()) << opened.error().message;
    replica_ = std::move(*opened);
    ReaderPoolOptions options;
    options.threads = 1;
    auto pool = ReaderPool::open(&loop_, file(), {}, options, [](std::string) {});
    ASSERT_TRUE(pool.ok()) << pool.error().message;
    pool_ = std::move(*pool);
  }
  void TearDown() override {
    pool_->stop([] {});
    uv_run(&loop_, UV_RUN_DEFAULT);
  }
  std::string file() const { return folder_ / "a.db"; }

  void commit() {
    std::vector<Input> inputs{
        Write{++tickets_, simulation::add_entry("snapshots", "x" + std::to_string(tickets_), {})}};
    const Outputs outputs = replica_->turn(read_clock(), inputs, false);
    ASSERT_TRUE(outputs.replies.at(0).result.ok());
  }
  // A job that says which position comes next, when it is told to.
  std::future<std::int64_t> submit(std::shared_future<void> told,
                                   std::promise<void>* began = nullptr) {
    auto found = std::make_shared<std::promise<std::int64_t>>();
    const bool taken =
        pool_->submit([found, told, began](store::Reader& reader) -> std::function<void()> {
          if (began != nullptr) began->set_value();
          told.wait();
          const auto meta = reader.meta();
          found->set_value(meta.ok() ? meta->next_position : -1);
          return nullptr;
        });
    EXPECT_TRUE(taken);
    return found->get_future();
  }
  static std::shared_future<void> at_once() {
    std::promise<void> done;
    done.set_value();
    return done.get_future().share();
  }

  support::ScopedDirectory folder_;
  TestLoop loop_;
  std::unique_ptr<Replica> replica_;
  std::unique_ptr<ReaderPool> pool_;
  std::uint64_t tickets_ = 0;
};

TEST_F(ReaderPools, AJobSeesEveryCommitFromBeforeItWasSubmitted) {
  commit();
  std::promise<void> began_first, began_second, first, second;
  auto blocks = submit(first.get_future().share(), &began_first);
  began_first.get_future().wait();  // its snapshot is older than the jobs that follow
  auto begins = submit(second.get_future().share(), &began_second);
  auto shares = submit(at_once());
  first.set_value();
  began_second.get_future().wait();  // the snapshot that both jobs may use
  commit();
  auto later = submit(at_once());
  second.set_value();

  const std::int64_t before = begins.get();
  EXPECT_EQ(shares.get(), before) << "it waited when the snapshot was taken";
  EXPECT_EQ(later.get(), before + 1) << "it was submitted after a commit";
  EXPECT_EQ(blocks.get(), before);
}

// Each job is submitted after the commit that it must see, while others keep the thread busy.
TEST_F(ReaderPools, NoJobIsGivenAnOlderSnapshot) {
  std::int64_t last = 0;
  for (int i = 0; i < 200; ++i) {
    auto busy = submit(at_once());
    auto more = submit(at_once());
    commit();
    auto sees = submit(at_once());
    const std::int64_t found = sees.get();
    EXPECT_GT(found, last);
    EXPECT_GE(found, more.get());
    EXPECT_GE(found, busy.get());
    last = found;
  }
}

}  // namespace
}  // namespace agent
