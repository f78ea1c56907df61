#pragma once

// An event loop that must have no handle left at the end.

#include <gtest/gtest.h>
#include <uv.h>

namespace agent {

struct TestLoop : uv_loop_t {
  TestLoop() { EXPECT_EQ(uv_loop_init(this), 0); }
  ~TestLoop() { EXPECT_EQ(uv_loop_close(this), 0); }
  TestLoop(const TestLoop&) = delete;
  TestLoop& operator=(const TestLoop&) = delete;
};

}  // namespace agent
