#include "agent/rest_watch.h"

#include <gtest/gtest.h>

namespace agent {
namespace {

TEST(RestWatch, IsDueOnceAfterWork) {
  RestWatch watch;

  EXPECT_FALSE(watch.is_due(10'000));
  EXPECT_FALSE(watch.is_due(20'000));
  EXPECT_TRUE(watch.is_due(20'000));
  EXPECT_FALSE(watch.is_due(20'000));
}

// Reading the metrics every few seconds must not keep the memory of an agent large.
TEST(RestWatch, TakesALittleForRest) {
  RestWatch watch;
  watch.is_due(10'000);

  EXPECT_TRUE(watch.is_due(10'000 + kRestWorkMax));
}

TEST(RestWatch, IsDueAfterAStart) {
  RestWatch watch;

  EXPECT_TRUE(watch.is_due(0));
  EXPECT_FALSE(watch.is_due(0));
}

}  // namespace
}  // namespace agent
