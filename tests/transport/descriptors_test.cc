#include <sys/resource.h>

#include "tests/transport/hosts.h"

namespace transport {
namespace {

// Lowers the number of descriptors that this process may open, until it goes out of scope.
class FewDescriptors {
 public:
  explicit FewDescriptors(rlim_t most) {
    getrlimit(RLIMIT_NOFILE, &before_);
    rlimit low{most, before_.rlim_max};
    setrlimit(RLIMIT_NOFILE, &low);
  }
  ~FewDescriptors() { setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_{};
};

class Descriptors : public OnLoop {};

// Nothing can be accepted and not even libuv's spare descriptor helps. The loop must sleep, and
// must accept again when there is room.
TEST_F(Descriptors, WithoutAnyTheLoopSleepsAndRecovers) {
  Host& a = host('A');
  Host& z = host('Z');
  int fd = raw_connection(z.address());
  int other = raw_connection(z.address());
  std::uint64_t before = 0;
  {
    FewDescriptors none(3);
    before = turns_;
    pass(700);
  }

  EXPECT_LT(turns_ - before, 50u);
  EXPECT_TRUE(cut(fd));
  EXPECT_TRUE(cut(other));
  pass(600);
  a.send(z, "again");
  EXPECT_TRUE(until([&] { return z.frames.size() == 1; }));
}

TEST_F(Descriptors, WithoutAnyAFrameIsDroppedAndNothingBreaks) {
  Host& a = host('A');
  Host& z = host('Z');
  {
    FewDescriptors none(3);
    EXPECT_FALSE(a.send(z, "x"));
    pass(20);
  }

  EXPECT_EQ(a.stats().frames_dropped, 1u);
  EXPECT_TRUE(a.send(z, "y"));
  EXPECT_TRUE(until([&] { return z.frames.size() == 1; }));
}

}  // namespace
}  // namespace transport
