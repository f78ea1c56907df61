#include "crdt/dot_run_codec.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "crdt/base/random.h"
#include "samples.h"

namespace crdt::codec {
namespace {

using samples::actor;

std::vector<ActorId> table() { return {actor(1), actor(2), actor(3)}; }

base::Bytes written(const DotRuns& runs) {
  Writer out;
  write_runs(out, runs, [](const ActorId& id) {
    const auto actors = table();
    return static_cast<std::size_t>(std::find(actors.begin(), actors.end(), id) - actors.begin());
  });
  return out.take();
}

std::optional<DotRuns> read(base::BytesView bytes, std::uint64_t dots_max = UINT64_MAX) {
  auto in = Reader::parse(bytes);
  EXPECT_TRUE(in.ok());
  DotRuns runs;
  read_runs(*in, table(), dots_max, runs);
  if (!in->ok() || !in->at_end()) return std::nullopt;
  return runs;
}

base::Bytes numbers(const std::vector<std::uint64_t>& list) {
  Writer out;
  out.array(list.size());
  for (std::uint64_t number : list) out.number(number);
  return out.take();
}

TEST(DotRunCodec, RunsAreTheseNumbers) {
  const DotRuns runs{
      {actor(1), 1, 0, 5}, {actor(1), 3, 2, 1}, {actor(1), 3, 7, 2}, {actor(3), 9, 0, 2, 4}};
  EXPECT_EQ(written(runs), numbers({0, 2, 0, 0, 0, 0, 4, 1, 0, 1, 2, 0, 4, 1,  //
                                    2, 1, 8, 3, 0, 0, 1}));
  EXPECT_EQ(read(written(runs)), runs);
}

TEST(DotRunCodec, RandomRunsSurviveTheWireAndAreCounted) {
  auto random = base::Random::from_number(4);
  for (int round = 0; round < 300; ++round) {
    std::vector<Dot> dots;
    const std::uint64_t spread = 1 + random.below(200);
    for (std::uint64_t i = random.below(300); i > 0; --i) {
      dots.push_back({actor(static_cast<unsigned char>(1 + random.below(3))),
                      1 + random.below(spread),
                      static_cast<std::uint32_t>(random.below(1 + random.below(9)))});
    }
    const DotRuns runs = runs_of(dots);
    std::sort(dots.begin(), dots.end());
    dots.erase(std::unique(dots.begin(), dots.end()), dots.end());

    const auto again = read(written(runs), dots.size());

    ASSERT_EQ(again, runs);
    EXPECT_EQ(count_dots(*again), dots.size());
    if (dots.empty()) continue;
    EXPECT_FALSE(read(written(runs), dots.size() - 1)) << "above the bound";
  }
}

TEST(DotRunCodec, TheLargestNumbersFit) {
  const DotRuns runs{{actor(1), UINT64_MAX, UINT32_MAX, 1}};
  EXPECT_EQ(read(written(runs)), runs);
  const DotRuns wide{{actor(2), 1, 0, UINT32_MAX, UINT32_MAX}};
  EXPECT_EQ(read(written(wide)), wide);
}

TEST(DotRunCodec, WrongNumbersAreRefused) {
  const std::uint64_t many = UINT32_MAX;
  for (const auto& list : std::vector<std::vector<std::uint64_t>>{
           {3, 1, 0, 0, 0, 0, 0},                              // no such actor
           {0, 0},                                             // an actor without blocks
           {1, 1, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0},         // actors out of order
           {0, 1, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0},         // an actor twice
           {0, 2, 0, 0, 0, 0, 0},                              // fewer blocks than announced
           {0, 1, 0, 0, 1, 0, 0},                              // fewer runs than announced
           {0, 1, 0, 0, UINT64_MAX, 0, 0},                     // more runs than numbers
           {0, UINT64_MAX, 0, 0, 0, 0, 0},                     // more blocks than numbers
           {0, 1, 0, 0, 0, 0},                                 // cut
           {0, 1, UINT64_MAX, 0, 0, 0, 0},                     // seq above 64 bits
           {0, 2, UINT64_MAX - 1, 0, 0, 0, 0, 0, 0, 0, 0, 0},  // nothing can follow
           {0, 1, UINT64_MAX - 2, 5, 0, 0, 0},                 // last seq above 64 bits
           {0, 1, 0, 0, 0, many, 1},                           // index above 32 bits
           {0, 1, 0, 0, 1, many - 5, 0, many, 0},              // the same, by a gap
           {0, 1, 0, many, 0, 0, 0},                           // changes above 32 bits
           {0, 1, 0, 0, 0, 0, many}}) {                        // count above 32 bits
    EXPECT_FALSE(read(numbers(list))) << testing::PrintToString(list);
  }
}

TEST(DotRunCodec, HugeCountsAreRefusedByTheBoundBeforeAnythingIsMade) {
  const DotRuns wide{{actor(2), 1, 0, UINT32_MAX, UINT32_MAX},
                     {actor(3), 1, 0, UINT32_MAX, UINT32_MAX}};
  EXPECT_FALSE(read(written(wide), 1u << 20));
  EXPECT_FALSE(read(written(wide))) << "their number needs more than 64 bits";
}

}  // namespace
}  // namespace crdt::codec
