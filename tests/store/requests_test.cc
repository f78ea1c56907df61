#include "store/requests.h"

#include <gtest/gtest.h>

#include "sample.h"

namespace store {
namespace {

crdt::RequestHash key(std::uint32_t number) {
  crdt::RequestHash id;
  for (std::size_t i = 0; i < 4; ++i) id.bytes[i] = static_cast<unsigned char>(number >> (8 * i));
  id.bytes[15] = 1;
  return id;
}
KnownRequest request(std::uint32_t number) {
  return {key(~number), crdt::Dot{sample::actor(3), number + 1, 7}, crdt::SlotType::kSeq,
          std::string("done\0!", 6)};
}

struct RequestsOf : testing::Test {
  void keep(std::uint32_t number) {
    ASSERT_TRUE(store->requests().keep(key(number), request(number)).ok());
  }
  void begin() { ASSERT_TRUE(store->begin().ok()); }
  void commit() { ASSERT_TRUE(store->commit(Durability::kFull).ok()); }
  std::optional<KnownRequest> find(std::uint32_t number) {
    const auto found = store->requests().find(key(number));
    EXPECT_TRUE(found.ok());
    return *found;
  }
  sample::Folder folder;
  std::unique_ptr<Store> store = sample::open(folder.file("a.db"));
};

TEST_F(RequestsOf, SurviveReopeningAndAKillBeforeTheCommitTakesThemBack) {
  begin();
  keep(1);
  const KnownRequest idle{key(9), std::nullopt, std::nullopt, {}};
  ASSERT_TRUE(store->requests().keep(key(2), idle).ok());
  commit();
  begin();
  keep(3);
  store.reset();  // without a commit

  store = sample::open(folder.file("a.db"));

  EXPECT_EQ(find(1), request(1));
  EXPECT_EQ(find(2), idle);
  EXPECT_EQ(find(3), std::nullopt);
  EXPECT_TRUE(store->verify().ok());
}

TEST_F(RequestsOf, AKnownRequestStaysAsItIs) {
  begin();
  keep(1);
  ASSERT_TRUE(store->requests().keep(key(1), request(2)).ok());
  commit();

  EXPECT_EQ(find(1), request(1));
  EXPECT_EQ(*store->requests().count(), 1);
}

TEST_F(RequestsOf, TheOldestGoWhenThereAreTooMany) {
  begin();
  const auto most = static_cast<std::uint32_t>(kRequestsMax);
  for (std::uint32_t i = 0; i < most + 10; ++i) keep(i);
  commit();

  EXPECT_EQ(*store->requests().count(), kRequestsMax);
  EXPECT_FALSE(find(9));
  EXPECT_TRUE(find(10));
  EXPECT_TRUE(find(most + 9));
  begin();
  keep(9);  // its name is free again
  commit();
  EXPECT_EQ(find(9), request(9));
  EXPECT_FALSE(find(10));
  EXPECT_EQ(*store->requests().count(), kRequestsMax);
}

TEST_F(RequestsOf, ADamagedRowIsNotKnownAndTheScrubDropsIt) {
  begin();
  keep(1);
  keep(2);
  commit();
  sample::raw(folder.file("a.db"), "UPDATE requests SET sum=sum+1 WHERE idx=1");

  EXPECT_FALSE(find(1));
  EXPECT_TRUE(find(2));
  Scrub& scrub = store->scrub();
  base::Status bad;
  while (bad.ok()) {
    const auto step = scrub.step(SIZE_MAX, SIZE_MAX);
    if (!step.ok()) bad = step.error();
    if (step.ok() && step->finished) break;
  }
  ASSERT_FALSE(bad.ok());
  EXPECT_NE(bad.error().message.find("requests"), std::string::npos);
  ASSERT_EQ(scrub.bad(), Scrub::Bad::kAside);
  begin();
  ASSERT_TRUE(scrub.drop_row().ok());
  commit();
  EXPECT_EQ(*store->requests().count(), 1);
}

}  // namespace
}  // namespace store
