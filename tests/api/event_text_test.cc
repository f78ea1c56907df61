#include "agent/api/event_text.h"

#include <gtest/gtest.h>

namespace agent {
namespace {

Event event_at(std::int64_t position, std::string id) {
  Event event;
  event.position = position;
  event.object = "snapshots";
  event.path = {std::move(id)};
  event.op = "put";
  event.value = R"({"n":1.0})";
  event.seq = 7;
  event.time = {1234567890123456789, 5};
  event.node = "ab";
  return event;
}

TEST(Cursor, ComesBackAsItWent) {
  auto cursor = Cursor::parse(Cursor{"0a1b2c3d", 42, 3}.text());

  ASSERT_TRUE(cursor);
  EXPECT_EQ(cursor->node, "0a1b2c3d");
  EXPECT_EQ(cursor->position, 42);
  EXPECT_EQ(cursor->remaining, 3u);
}

TEST(Cursor, InsideAChangeTheWholeOfItComesAgain) {
  EXPECT_EQ((Cursor{"n", 42, 0}.complete_position()), 42);
  EXPECT_EQ((Cursor{"n", 42, 1}.complete_position()), 41);
}

TEST(Cursor, AnythingElseIsRefused) {
  for (const char* text : {"", "n", "n-", "n-1", "n-1-", "n--1-0", "n-1--1", "n-1-0x", "n-x-0",
                           "n-99999999999999999999-0", "n-1-0-0", "n- 1-0"}) {
    EXPECT_FALSE(Cursor::parse(text)) << text;
  }
}

TEST(EventText, HoldsExactlyTheFieldsOfTheContract) {
  auto rendered = render_events({event_at(42, "s\n1")}, "0a1b2c3d");

  EXPECT_EQ(rendered.at(0).text,
            "id: 0a1b2c3d-42-0\n"
            "event: change\n"
            R"(data: {"object":"snapshots","path":["s\n1"],"type":"crdt_map","op":"put",)"
            R"("value":{"n":1.0},"actor":"00000000000000000000000000000000","seq":7,)"
            R"("stamp":"1234567890123456789.5","node":"ab"})"
            "\n\n");
}

TEST(EventText, CountsWhatIsToComeOfEachChange) {
  auto rendered =
      render_events({event_at(1, "a"), event_at(2, "b"), event_at(2, "c"), event_at(3, "d")}, "n");

  EXPECT_TRUE(rendered[0].text.starts_with("id: n-1-0\n"));
  EXPECT_TRUE(rendered[1].text.starts_with("id: n-2-1\n"));
  EXPECT_TRUE(rendered[2].text.starts_with("id: n-2-0\n"));
  EXPECT_TRUE(rendered[3].text.starts_with("id: n-3-0\n"));
}

}  // namespace
}  // namespace agent
