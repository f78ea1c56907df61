#include "agent/descriptors.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>

namespace agent {
namespace {

TEST(Descriptors, TheSoftLimitIsRaisedAsFarAsTheHardOneLets) {
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  rlimit low{std::min<rlim_t>(before.rlim_cur, 100), before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &low), 0);

  std::size_t allowed = raise_descriptors();
  rlimit after{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &after), 0);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);

  EXPECT_EQ(allowed, std::min<rlim_t>(before.rlim_max, kDescriptorsWanted));
  EXPECT_EQ(after.rlim_cur, allowed);
  EXPECT_EQ(after.rlim_max, before.rlim_max);
}

TEST(Descriptors, AHighLimitStays) {
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  if (before.rlim_max <= kDescriptorsWanted) GTEST_SKIP() << "the hard limit is low here";
  rlimit high{before.rlim_max, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &high), 0);

  std::size_t allowed = raise_descriptors();
  rlimit after{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &after), 0);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);

  EXPECT_EQ(allowed, kDescriptorsWanted);
  EXPECT_EQ(after.rlim_cur, before.rlim_max);
}

}  // namespace
}  // namespace agent
