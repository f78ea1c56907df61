#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tools/bench/floor_message.h"
#include "tools/bench/report.h"
#include "tools/bench/summary.h"

namespace bench {
namespace {

TEST(Summary, MedianAndWorstAreValuesThatWereMeasured) {
  Summary summary = summarise({9, 1, 5, 3});

  EXPECT_EQ(summary.count, 4u);
  EXPECT_EQ(summary.median, 3);
  EXPECT_EQ(summary.p99, 9);
  EXPECT_EQ(summary.worst, 9);
}

TEST(Summary, P99LeavesOutTheWorstHundredth) {
  std::vector<double> values;
  for (int i = 1; i <= 1'000; ++i) values.push_back(i);

  EXPECT_EQ(summarise(values).p99, 990);
  EXPECT_EQ(summarise(values).worst, 1'000);
  EXPECT_EQ(summarise({7}).median, 7);
  EXPECT_EQ(summarise({}).count, 0u);
}

TEST(Report, SaysTheSameAsATableAndAsJson) {
  Report report("floor", {"processes", "median_ms"});
  report.add({10, 1.25});
  report.note("a note");

  auto json = nlohmann::json::parse(report.json());

  EXPECT_EQ(json["benchmark"], "floor");
  EXPECT_GE(json["cores"], 1);
  EXPECT_EQ(json["rows"][0]["median_ms"], 1.25);
  EXPECT_EQ(json["notes"][0], "a note");
  EXPECT_NE(report.table().find("processes  median_ms\n       10       1.25\na note\n"),
            std::string::npos);
}

TEST(FloorMessage, IsItsOwnInverseAndRefusesTheRest) {
  FloorMessage message{FloorMessage::Kind::kChange, 7, {-1, 5}, "payload"};

  auto back = decode_floor_message(encode(message));

  ASSERT_TRUE(back);
  EXPECT_EQ(back->kind, message.kind);
  EXPECT_EQ(back->number, 7u);
  EXPECT_EQ(back->values, message.values);
  EXPECT_EQ(back->payload, "payload");
  std::string bytes = encode(message);
  for (std::size_t size = 0; size < 13 + 2 * 8; ++size) {
    EXPECT_FALSE(decode_floor_message(bytes.substr(0, size)));
  }
  EXPECT_FALSE(decode_floor_message("x" + bytes.substr(1)));
}

}  // namespace
}  // namespace bench
