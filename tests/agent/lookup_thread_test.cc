#include "agent/lookup_thread.h"

#include <gtest/gtest.h>

#include <thread>

#include "tests/agent/held_lookups.h"
#include "tests/agent/test_loop.h"

namespace agent {
namespace {

using Names = std::vector<std::string>;

class Lookups : public ::testing::Test {
 protected:
  ~Lookups() override {
    held_.release();
    if (!closed_) close();
    run();
  }
  void run() { uv_run(&loop_, UV_RUN_DEFAULT); }
  void run_until_answered(std::size_t count) {
    while (answered_.size() < count) uv_run(&loop_, UV_RUN_ONCE);
  }
  void close() {
    closed_ = true;
    lookups_.close();
  }
  const std::vector<gossip::Address> address_{*gossip::Address::parse("10.0.0.1:7700")};
  TestLoop loop_;
  HeldLookups held_;
  Names answered_;
  std::vector<gossip::Address> last_;
  std::thread::id told_on_;
  bool closed_ = false;
  bool close_when_told_ = false;
  LookupThread lookups_{&loop_, held_, [this](const std::string& name, auto addresses) {
                          answered_.push_back(name);
                          last_ = std::move(addresses);
                          told_on_ = std::this_thread::get_id();
                          if (close_when_told_) close();
                        }};
};

TEST_F(Lookups, AreAnsweredOnTheLoopInTheirOrder) {
  held_.set("c:1", address_);

  for (const char* name : {"a:1", "b:1", "c:1"}) lookups_.ask(name);
  run_until_answered(3);

  EXPECT_EQ(answered_, (Names{"a:1", "b:1", "c:1"}));
  EXPECT_EQ(last_, address_);
  EXPECT_EQ(told_on_, std::this_thread::get_id());
}

TEST_F(Lookups, OfANameThatWaitsAreOne) {
  held_.hold();
  lookups_.ask("a:1");
  held_.wait_begun(1);

  for (const char* name : {"a:1", "b:1", "a:1", "b:1"}) lookups_.ask(name);
  held_.release();
  run_until_answered(2);
  lookups_.ask("c:1");
  run_until_answered(3);

  EXPECT_EQ(held_.asked(), (Names{"a:1", "b:1", "c:1"}));
}

TEST_F(Lookups, ANameIsAskedForAgainOnceAnswered) {
  lookups_.ask("a:1");
  run_until_answered(1);

  held_.set("a:1", address_);
  lookups_.ask("a:1");
  run_until_answered(2);

  EXPECT_EQ(last_, address_);
}

// The loop and the agent end while the thread still waits for its nameserver.
TEST_F(Lookups, ThatRunAreLeftBehindByAClose) {
  held_.hold();
  lookups_.ask("a:1");
  lookups_.ask("b:1");
  held_.wait_begun(1);

  close();
  run();

  EXPECT_EQ(uv_loop_alive(&loop_), 0);
  EXPECT_EQ(held_.asked(), (Names{"a:1"}));
  EXPECT_TRUE(answered_.empty());
}

TEST_F(Lookups, AreNotToldAfterAClose) {
  close_when_told_ = true;
  held_.hold();
  for (const char* name : {"a:1", "b:1", "c:1"}) lookups_.ask(name);
  held_.wait_begun(1);
  held_.release();
  held_.wait_begun(3);

  run();

  EXPECT_EQ(answered_, (Names{"a:1"}));
  lookups_.ask("d:1");
  EXPECT_EQ(held_.asked().size(), 3u);
}

TEST(AskSystem, GivesTheAddressesOfANameAndItsPort) {
  auto found = ask_system("localhost:7700");

  ASSERT_FALSE(found.empty());
  for (const gossip::Address& address : found) EXPECT_EQ(address.port, 7700);
  EXPECT_TRUE(ask_system("localhost").empty());
}

}  // namespace
}  // namespace agent
