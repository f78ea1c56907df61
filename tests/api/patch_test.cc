#include "agent/api/patch.h"

#include <gtest/gtest.h>

#include "agent/api/limits.h"

namespace agent {
namespace {

using Whole = EntryWrite::Whole;

WriteEntries patch(const Place& place, std::string_view body) {
  auto write = parse_patch(place, body);
  EXPECT_TRUE(write.ok()) << write.error().message;
  return write.ok() ? std::move(*write) : WriteEntries{};
}

base::Code refusal(const Place& place, std::string_view body) {
  auto write = parse_patch(place, body);
  EXPECT_FALSE(write.ok()) << body;
  return write.ok() ? base::Code::kInternal : write.error().code;
}

const Place kMap{"snapshots", {}};
const Place kEntry{"snapshots", {"s"}};
const Place kField{"snapshots", {"s", "f"}};

TEST(Patch, APathIsTakenFromThePlaceOfTheRequest) {
  for (const auto& [place, body] : std::vector<std::pair<Place, std::string>>{
           {kMap, R"({"ops":[{"op":"set","path":["s","f"],"value":1.0}]})"},
           {kEntry, R"({"ops":[{"op":"set","path":["f"],"value":1.0}]})"},
           {kField, R"({"type":"lww_register","ops":[{"op":"set","value":1.0}]})"}}) {
    WriteEntries write = patch(place, body);

    ASSERT_EQ(write.entries.size(), 1u);
    EXPECT_EQ(write.entries[0].id, "s");
    EXPECT_EQ(write.entries[0].whole, Whole::kKeep);
    EXPECT_EQ(write.entries[0].fields, (crdt::Members{{"f", "1.0"}}));
    EXPECT_FALSE(write.replace);
  }
}

TEST(Patch, TheLastOpAtAFieldStands) {
  WriteEntries write = patch(kEntry, R"({"ops":[
      {"op":"set","path":["a"],"value":1},{"op":"set","path":["a"],"value":2},
      {"op":"unset","path":["b"]},{"op":"set","path":["b"],"value":3},
      {"op":"set","path":["c"],"value":4},{"op":"unset","path":["c"]}]})");

  ASSERT_EQ(write.entries.size(), 1u);
  EXPECT_EQ(write.entries[0].fields, (crdt::Members{{"a", "2"}, {"b", "3"}}));
  EXPECT_EQ(write.entries[0].unset, (std::vector<std::string>{"c"}));
}

TEST(Patch, SettingAnEntryIsAnAddAndLaterOpsChangeIt) {
  WriteEntries write = patch(kMap, R"({"ops":[
      {"op":"set","path":["s","old"],"value":0},
      {"op":"set","path":["s"],"value":{"a":1,"b":2}},
      {"op":"set","path":["s","a"],"value":9},{"op":"unset","path":["s","b"]}]})");

  ASSERT_EQ(write.entries.size(), 1u);
  EXPECT_EQ(write.entries[0].whole, Whole::kAdd);
  EXPECT_EQ(write.entries[0].fields, (crdt::Members{{"a", "9"}}));
  EXPECT_TRUE(write.entries[0].unset.empty());
}

TEST(Patch, UnsettingAnEntryRemovesIt) {
  WriteEntries write = patch(kMap, R"({"ops":[
      {"op":"set","path":["s","a"],"value":1},{"op":"unset","path":["s"]},
      {"op":"set","path":["t","a"],"value":1},{"op":"unset","path":["t"]},
      {"op":"set","path":["t","b"],"value":2}]})");

  ASSERT_EQ(write.entries.size(), 2u);
  EXPECT_EQ(write.entries[0].whole, Whole::kRemove);
  EXPECT_TRUE(write.entries[0].fields.empty());
  EXPECT_EQ(write.entries[1].whole, Whole::kRemove);
  EXPECT_EQ(write.entries[1].fields, (crdt::Members{{"b", "2"}}));
}

TEST(Patch, WhatIsMalformedIsInvalid) {
  for (const char* body :
       {"", "[]", "{", R"({"ops":{}})", R"({})", R"({"ops":[1]})", R"({"ops":[{}]})",
        R"({"ops":[{"op":1}]})", R"({"ops":[{"op":"dance"}]})",
        R"({"ops":[{"op":"set","path":["f"]}]})", R"({"ops":[{"op":"set","path":"f","value":1}]})",
        R"({"ops":[{"op":"set","path":[1],"value":1}]})", R"({"type":7,"ops":[]})"}) {
    EXPECT_EQ(refusal(kEntry, body), base::Code::kInvalid) << body;
  }
  EXPECT_EQ(refusal(kMap, R"({"ops":[{"op":"set","path":[""],"value":{}}]})"),
            base::Code::kInvalid);
  EXPECT_EQ(refusal(kMap, R"({"ops":[{"op":"set","path":["a\u0000b"],"value":{}}]})"),
            base::Code::kInvalid);
  EXPECT_EQ(refusal(kMap, R"({"ops":[{"op":"set","path":["s"],"value":7}]})"),
            base::Code::kInvalid);
}

TEST(Patch, WhatThisPlaceDoesNotKnowIsUnprocessable) {
  for (const char* op : {"increment", "decrement", "add", "remove", "insert", "erase"}) {
    std::string body = R"({"ops":[{"op":")" + std::string(op) + R"(","path":["f"],"value":1}]})";
    EXPECT_EQ(refusal(kEntry, body), base::Code::kUnprocessable) << op;
  }
  EXPECT_EQ(refusal(kEntry, R"({"type":"gcounter","ops":[]})"), base::Code::kUnprocessable);
  EXPECT_EQ(refusal(kEntry, R"({"type":"lww_register","ops":[]})"), base::Code::kUnprocessable);
  EXPECT_EQ(refusal(kMap, R"({"ops":[{"op":"unset"}]})"), base::Code::kUnprocessable);
  EXPECT_EQ(refusal(kField, R"({"ops":[{"op":"set","path":["deeper"],"value":1}]})"),
            base::Code::kUnprocessable);
}

TEST(Patch, BoundsAreNamed) {
  std::string value = "\"" + std::string(crdt::kValueBytesMax, 'x') + "\"";
  EXPECT_EQ(refusal(kField, R"({"ops":[{"op":"set","value":)" + value + "}]}"),
            base::Code::kTooLarge);
  EXPECT_EQ(
      refusal(kEntry, R"({"ops":[{"op":"unset","path":[")" + std::string(1025, 'k') + R"("]}]})"),
      base::Code::kTooLarge);
  std::string ops;
  for (std::size_t i = 0; i <= kBatchOpsMax; ++i) ops += R"({"op":"unset"},)";
  ops.pop_back();
  EXPECT_EQ(refusal(kField, R"({"ops":[)" + ops + "]}"), base::Code::kTooLarge);
}

TEST(Patch, TheErrorNamesTheOp) {
  auto write = parse_patch(kEntry, R"({"ops":[{"op":"unset","path":["a"]},{"op":"nope"}]})");

  ASSERT_FALSE(write.ok());
  EXPECT_EQ(write.error().message.substr(0, 5), "op 1:");
}

}  // namespace
}  // namespace agent
