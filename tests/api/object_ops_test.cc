#include "agent/api/object_ops.h"

#include <gtest/gtest.h>

#include "agent/api/limits.h"

namespace agent {
namespace {

using crdt::Members;
using crdt::Path;
using crdt::Verb;

std::vector<crdt::Op> patch(const Place& place, std::string_view body) {
  auto write = parse_ops(place, body);
  EXPECT_TRUE(write.ok()) << write.error().message;
  return write.ok() ? std::move(write->ops) : std::vector<crdt::Op>{};
}

base::Code refusal(const Place& place, std::string_view body) {
  auto write = parse_ops(place, body);
  EXPECT_FALSE(write.ok()) << body;
  return write.ok() ? base::Code::kInternal : write.error().code;
}

const Place kMap{"snapshots", {}};
const Place kEntry{"snapshots", {"s"}};
const Place kField{"snapshots", {"s", "f"}};

TEST(ObjectOps, APathIsTakenFromThePlaceOfTheRequest) {
  for (const auto& [place, body] : std::vector<std::pair<Place, std::string>>{
           {kMap, R"({"ops":[{"op":"set","path":["s","f"],"value":1.0}]})"},
           {kEntry, R"({"ops":[{"op":"set","path":["f"],"value":1.0}]})"},
           {kField, R"({"type":"lww_register","ops":[{"op":"set","value":1.0}]})"}}) {
    const auto ops = patch(place, body);

    ASSERT_EQ(ops.size(), 1u);
    EXPECT_EQ(ops[0].path, (Path{"s", "f"}));
    EXPECT_EQ(ops[0].verb, Verb::kSet);
    EXPECT_EQ(std::get<std::string>(ops[0].argument), "1.0");
  }
}

TEST(ObjectOps, TheValueOfAnEntryIsItsMetadataAndThatOfAnyOtherPlaceIsText) {
  const char* body = R"({"ops":[{"op":"set","path":["s"],"value":{"a":1,"b":"\u00e4"}}]})";

  EXPECT_EQ(std::get<Members>(patch(kMap, body)[0].argument),
            (Members{{"a", "1"}, {"b", R"("\u00e4")"}}));
  EXPECT_EQ(std::get<std::string>(patch({"doc", {}}, body)[0].argument), R"({"a":1,"b":"\u00e4"})");
}

TEST(ObjectOps, WhatIsMalformedIsInvalid) {
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
  // No path of a request could name this field later.
  EXPECT_EQ(refusal(kEntry, R"({"ops":[{"op":"set","path":["a\u0000b"],"value":7}]})"),
            base::Code::kInvalid);
  EXPECT_EQ(refusal(kMap, R"({"ops":[{"op":"set","path":["s"],"value":{"a\u0000b":7}}]})"),
            base::Code::kInvalid);
}

TEST(ObjectOps, WhatThisPlaceDoesNotKnowIsUnprocessable) {
  EXPECT_EQ(refusal(kEntry, R"({"type":"gcounter","ops":[]})"), base::Code::kUnprocessable);
  EXPECT_EQ(refusal(kEntry, R"({"type":"lww_register","ops":[]})"), base::Code::kUnprocessable);
  EXPECT_EQ(refusal(kMap, R"({"ops":[{"op":"unset"}]})"), base::Code::kUnprocessable);
}

TEST(ObjectOps, BoundsAreNamed) {
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

TEST(ObjectOps, TheErrorNamesTheOp) {
  auto write = parse_ops(kEntry, R"({"ops":[{"op":"unset","path":["a"]},{"op":"nope"}]})");

  ASSERT_FALSE(write.ok());
  EXPECT_EQ(write.error().message.substr(0, 5), "op 1:");
}

}  // namespace
}  // namespace agent
