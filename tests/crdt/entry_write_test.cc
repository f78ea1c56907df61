#include "crdt/catalog/entry_write.h"

#include <gtest/gtest.h>

#include "samples.h"

namespace crdt {
namespace {

using Whole = EntryWrite::Whole;
using base::Code;

Op op(Path path, Verb verb, Argument argument = {}) {
  return {std::move(path), verb, std::move(argument), {}, {}};
}
Op set_field(const char* id, const char* field, const char* value) {
  return op({id, field}, Verb::kSet, std::string(value));
}

void expect_refused(const std::vector<Op>& ops, Code code, std::string_view said) {
  const auto write = fold(ops);
  ASSERT_FALSE(write.ok()) << said;
  EXPECT_EQ(write.error().code, code);
  EXPECT_NE(write.error().message.find(said), std::string::npos) << write.error().message;
}

TEST(EntryWrite, TheLastOperationOnAFieldStands) {
  const std::vector<Op> ops{
      set_field("s", "a", "1"),     set_field("s", "a", "2"),
      op({"s", "b"}, Verb::kUnset), set_field("s", "b", "3"),
      set_field("s", "c", "4"),     op({"s", "c"}, Verb::kUnset),
      op({"s", "d"}, Verb::kUnset), op({"s"}, Verb::kMerge, Members{{"d", "5"}, {"e", "6"}})};

  const auto write = fold(ops);

  ASSERT_EQ(write->entries.size(), 1u);
  EXPECT_FALSE(write->clears);
  EXPECT_EQ(write->entries[0].id, "s");
  EXPECT_EQ(write->entries[0].whole, Whole::kKeep);
  EXPECT_EQ(write->entries[0].fields, (Fields{{"a", "2"}, {"b", "3"}, {"d", "5"}, {"e", "6"}}));
  EXPECT_EQ(write->entries[0].unset, (FieldNames{"c"}));
}

TEST(EntryWrite, LaterOperationsChangeAnEntryThatIsAddedOrPut) {
  for (const Verb verb : {Verb::kSet, Verb::kPut}) {
    const std::vector<Op> ops{set_field("s", "old", "0"), op({"s", "gone"}, Verb::kUnset),
                              op({"s"}, verb, Members{{"a", "1"}, {"b", "2"}}),
                              set_field("s", "a", "9"), op({"s", "b"}, Verb::kUnset)};

    const auto write = fold(ops);

    ASSERT_EQ(write->entries.size(), 1u);
    EXPECT_EQ(write->entries[0].whole, verb == Verb::kSet ? Whole::kAdd : Whole::kPut);
    EXPECT_EQ(write->entries[0].fields, (Fields{{"a", "9"}}));
    EXPECT_TRUE(write->entries[0].unset.empty());
  }
}

TEST(EntryWrite, APutKeepsThePresenceOfAnAddBeforeIt) {
  const std::vector<Op> ops{op({"s"}, Verb::kSet, Members{{"a", "1"}}),
                            op({"s"}, Verb::kPut, Members{{"b", "2"}})};

  const auto write = fold(ops);

  EXPECT_EQ(write->entries.at(0).whole, Whole::kAdd);
  EXPECT_EQ(write->entries.at(0).fields, (Fields{{"b", "2"}}));
}

TEST(EntryWrite, ARemovedEntryKeepsWhatIsSetLater) {
  const std::vector<Op> ops{set_field("s", "a", "1"), op({"s"}, Verb::kUnset),
                            set_field("t", "a", "1"), op({"t"}, Verb::kUnset),
                            set_field("t", "b", "2"), op({"t", "c"}, Verb::kUnset)};

  const auto write = fold(ops);

  ASSERT_EQ(write->entries.size(), 2u);
  EXPECT_EQ(write->entries[0].whole, Whole::kRemove);
  EXPECT_TRUE(write->entries[0].fields.empty());
  EXPECT_EQ(write->entries[1].whole, Whole::kRemove);
  EXPECT_EQ(write->entries[1].fields, (Fields{{"b", "2"}}));
  EXPECT_TRUE(write->entries[1].unset.empty());
}

TEST(EntryWrite, AClearedCatalogHasWhatIsWrittenAfterwards) {
  const std::vector<Op> ops{op({"before"}, Verb::kSet, Members{{"a", "1"}}), op({}, Verb::kUnset),
                            op({"s"}, Verb::kSet, Members{{"a", "1"}}), set_field("t", "a", "1")};

  const auto write = fold(ops);

  EXPECT_TRUE(write->clears);
  ASSERT_EQ(write->entries.size(), 2u);
  EXPECT_EQ(write->entries[0].id, "s");
  EXPECT_EQ(write->entries[0].whole, Whole::kAdd);
  EXPECT_EQ(write->entries[1].id, "t");
  EXPECT_EQ(write->entries[1].whole, Whole::kRemove);
}

TEST(EntryWrite, WhatDoesNotFitACatalogIsRefused) {
  for (const Verb verb : {Verb::kIncrement, Verb::kDecrement, Verb::kAdd, Verb::kRemove,
                          Verb::kInsert, Verb::kErase, Verb::kReplace}) {
    expect_refused({op({"s"}, verb)}, Code::kUnprocessable, "use set or unset");
    expect_refused({op({"s", "f"}, verb)}, Code::kUnprocessable, "use set or unset");
  }
  expect_refused({op({"s", "f"}, Verb::kPut)}, Code::kUnprocessable, "use set or unset");
  expect_refused({op({}, Verb::kSet, Members{})}, Code::kUnprocessable, "name an entry");
  expect_refused({op({"s", "f", "deeper"}, Verb::kUnset)}, Code::kUnprocessable,
                 "write the whole field f");
  expect_refused({op({"s"}, Verb::kUnset), op({"s"}, Verb::kPut, Members{})}, Code::kUnprocessable,
                 "op 1: put does not fit");
  expect_refused({op({"s"}, Verb::kSet, std::string("1"))}, Code::kInvalid, "JSON object");
  expect_refused({op({"s", "f"}, Verb::kSet)}, Code::kInvalid, "needs a value");
  Op counter = op({"s"}, Verb::kSet, Members{});
  counter.type = SlotType::kGCounter;
  expect_refused({counter}, Code::kUnprocessable, "the type at this path is crdt_map");
}

TEST(EntryWrite, AWriteThatLeavesNoValueAsksForNoTime) {
  Entry entry{"snapshots", "s", {}, {}, {}};
  entry.presence = {samples::put({samples::kA, 1, 0}, samples::stamp(9))};
  entry.fields["f"] = {samples::put({samples::kA, 1, 1}, samples::stamp(9), "1")};
  int asked = 0;
  const auto time = [&asked] { return HybridTime{++asked, 0}; };

  EXPECT_EQ(plan(entry, {"s", Whole::kRemove, {}, {}}, time).size(), 1u);
  EXPECT_EQ(plan(entry, {"s", Whole::kKeep, {}, {"f"}}, time).size(), 1u);
  EXPECT_EQ(plan(entry, {"s", Whole::kKeep, {}, {}}, time).size(), 0u);
  EXPECT_EQ(asked, 0);
  EXPECT_EQ(plan(entry, {"s", Whole::kKeep, {{"f", "2"}}, {"g"}}, time).size(), 1u);
  EXPECT_EQ(asked, 1);
}

}  // namespace
}  // namespace crdt
