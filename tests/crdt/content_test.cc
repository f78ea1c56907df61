#include "crdt/content.h"

#include <gtest/gtest.h>

#include "crdt/value.h"
#include "no_json.h"
#include "samples.h"

namespace crdt {
namespace {

Change with(SlotType type, std::string body, EffectKind kind = EffectKind::kPut,
            std::vector<std::string> path = {"k"}, std::string object = "o") {
  Change change;
  change.actor = samples::kA;
  change.seq = 1;
  change.effects = {{EffectKind::kPut, {"o", {"first"}, SlotType::kLwwRegister}, {}, {}, "1"},
                    {kind, {std::move(object), std::move(path), type}, {}, {}, std::move(body)}};
  return change;
}

TEST(Content, AValueThatIsNoMinifiedJsonCannotBeShown) {
  for (const auto type : {SlotType::kLwwRegister, SlotType::kMvRegister, SlotType::kOrSet}) {
    for (const std::string& bad : samples::no_json()) {
      EXPECT_FALSE(can_be_shown(with(type, bad))) << bad.substr(0, 80);
      EXPECT_FALSE(can_be_shown(with(type, bad + std::string("\0tag", 4)))) << bad.substr(0, 80);
    }
  }
}

TEST(Content, WhatPlansWriteCanBeShown) {
  const std::string deep = std::string(kValueDepthMax, '[') + std::string(kValueDepthMax, ']');
  const std::string large = '"' + std::string(kValueBytesMax - 2, 'x') + '"';
  for (const std::string& value :
       {std::string("1"), std::string("-1.50e+7"), std::string("null"), std::string("\"\""),
        std::string(R"({"a":[1,true],"b":{"a":"\u00e9\ud83d\ude00\n"}})"),
        std::string("\"\xC3\xA9\""), deep, large}) {
    for (const auto type : {SlotType::kLwwRegister, SlotType::kMvRegister, SlotType::kOrSet}) {
      EXPECT_TRUE(can_be_shown(with(type, value))) << value.substr(0, 80);
      EXPECT_TRUE(can_be_shown(with(type, value + std::string("\0\xFF", 2))));
    }
  }
  EXPECT_TRUE(can_be_shown(with(SlotType::kLwwRegister, "")));  // absent
  EXPECT_TRUE(can_be_shown(with(SlotType::kOrSet, "", EffectKind::kPut, {""})));
  EXPECT_TRUE(can_be_shown(with(SlotType::kPnCounter, "5 3", EffectKind::kCount, {})));
}

// Rule 12: only a later version knows how to read these.
TEST(Content, WhatALaterVersionWritesIsKept) {
  EXPECT_TRUE(can_be_shown(with(SlotType::kLwwRegister, "\xC1", static_cast<EffectKind>(77))));
  EXPECT_TRUE(can_be_shown(with(static_cast<SlotType>(99), "\xC1")));
  EXPECT_TRUE(can_be_shown(with(static_cast<SlotType>(99), "\xC1", EffectKind::kPut, {"\xFF"})));
}

TEST(Content, NamesAreUtf8) {
  EXPECT_TRUE(can_be_shown(with(SlotType::kMap, "", EffectKind::kPut, {"\xC3\xA9", ""})));
  EXPECT_FALSE(can_be_shown(with(SlotType::kMap, "", EffectKind::kPut, {"a", "\xC3"})));
  EXPECT_FALSE(can_be_shown(with(SlotType::kOrSet, "1", EffectKind::kPut, {"\xFF\xFE"})));
  EXPECT_FALSE(can_be_shown(with(SlotType::kMap, "", EffectKind::kPut, {}, "\xED\xA0\x80")));
  // Objects are listed by name, also those of a later version.
  EXPECT_FALSE(can_be_shown(with(static_cast<SlotType>(99), "", EffectKind::kPut, {}, "\xFF")));
  Change removal = with(SlotType::kMap, "", EffectKind::kPut, {"\xFF"});
  removal.effects[1].body.reset();
  EXPECT_TRUE(can_be_shown(removal)) << "it leaves nothing";
}

}  // namespace
}  // namespace crdt
