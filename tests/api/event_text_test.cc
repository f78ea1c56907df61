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
  const Events events({event_at(42, "s\n1")}, true);

  EXPECT_EQ(change_texts(events, "0a1b2c3d").at(0),
            "id: 0a1b2c3d-42-0\n"
            "event: change\n"
            R"(data: {"object":"snapshots","path":["s\n1"],"type":"crdt_map","op":"put",)"
            R"("value":{"n":1.0},"actor":"00000000000000000000000000000000","seq":7,)"
            R"("stamp":"1234567890123456789.5","node":"ab"})"
            "\n\n");
}

TEST(EventText, CountsWhatIsToComeOfEachChange) {
  const Events events({event_at(1, "a"), event_at(2, "b"), event_at(2, "c"), event_at(3, "d")},
                      true);
  const std::vector<std::string> rendered = change_texts(events, "n");

  EXPECT_TRUE(rendered[0].starts_with("id: n-1-0\n"));
  EXPECT_TRUE(rendered[1].starts_with("id: n-2-1\n"));
  EXPECT_TRUE(rendered[2].starts_with("id: n-2-0\n"));
  EXPECT_TRUE(rendered[3].starts_with("id: n-3-0\n"));
  EXPECT_EQ(change_text(events, 1, "n"), rendered[1]);
}

TEST(EventText, AValueHasNoIdAndALargeOneNoValue) {
  EXPECT_EQ(value_text({"snapshots", {"s"}, crdt::SlotType::kMap, R"({"n":1.0})", false}),
            "event: value\n"
            R"(data: {"object":"snapshots","path":["s"],"type":"crdt_map","value":{"n":1.0}})"
            "\n\n");
  EXPECT_EQ(value_text({"note", {}, crdt::SlotType::kSeq, "", true}),
            "event: value\n"
            R"(data: {"object":"note","path":[],"type":"seq","value":null,"large":true})"
            "\n\n");
}

TEST(EventText, OtherBlocks) {
  const Cursor at{"n", 7, 0};

  EXPECT_EQ(up_to_date_text(at), "id: n-7-0\nevent: up-to-date\ndata: {}\n\n");
  EXPECT_EQ(position_text(at), "id: n-7-0\n\n");
  EXPECT_EQ(reset_text(at, "why"), "id: n-7-0\nevent: reset\ndata: {\"reason\":\"why\"}\n\n");
  EXPECT_EQ(reset_text({}, "why"), "event: reset\ndata: {\"reason\":\"why\"}\n\n");
}

}  // namespace
}  // namespace agent
