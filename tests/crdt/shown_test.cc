// What readers see, why, and what is hidden.

#include "crdt/types/shown.h"

#include <gtest/gtest.h>

#include <map>

#include "map_view.h"

namespace crdt {
namespace {

struct Shown : testing::Test {
  Site a{'a', "o"};
  Site b{'b', "o"};
  void merge() {
    b.take_all(a.log());
    a.take_all(b.log());
  }
  // "path type rule shown" of each reason.
  static std::vector<std::string> lines(const std::vector<Reason>& reasons) {
    std::vector<std::string> lines;
    for (const Reason& reason : reasons) {
      std::string line;
      for (const std::string& component : reason.slot.path) line += "/" + component;
      line += " " + std::string(type_name(reason.slot.type)) + " " + std::string(reason.rule);
      lines.push_back(line + (reason.shown ? " shown" : ""));
    }
    return lines;
  }
};

TEST_F(Shown, NothingIsShownWhereNothingWasWritten) {
  EXPECT_EQ(a.value(), "-");
  a.must(set({"k"}, "1"));
  EXPECT_EQ(a.value({"l"}), "-");
  EXPECT_EQ(a.value({"k", "deeper"}), "-");
  EXPECT_EQ(a.value({"k"}, SlotType::kOrSet), "-");
}

TEST_F(Shown, KeysAreInOrderOfBytesAndQuoted) {
  for (const char* key : {"b", "a\"", "\xC3\xA9", "", "B"}) a.must(set({key}, "1"));
  EXPECT_EQ(a.value(), "{\"\":1,\"B\":1,\"a\\\"\":1,\"b\":1,\"\xC3\xA9\":1}");
}

TEST_F(Shown, OfAllTypesAtAPlaceTheOneWithTheHighestNumberIsShown) {
  const Path k{"k"};
  a.must(increment(k, 1, SlotType::kGCounter));
  EXPECT_EQ(a.value(k), "1");
  a.must(increment(k, 2, SlotType::kPnCounter));
  EXPECT_EQ(a.value(k), "2");
  a.must(set(k, "3", SlotType::kLwwRegister));
  EXPECT_EQ(a.value(k), "3");
  a.must(set(k, "4", SlotType::kMvRegister));
  EXPECT_EQ(a.value(k), "[4]");
  a.must(add(k, "5"));
  EXPECT_EQ(a.value(k), "[5]");
  b.must(set({"k", "m"}, "6"));
  merge();
  EXPECT_EQ(a.value(k), "{\"m\":6}");
  a.must(insert(k, 0, "7"));
  EXPECT_EQ(a.value(k), "\"7\"");
  EXPECT_EQ(a.value(k, SlotType::kMap), "{\"m\":6}");
  EXPECT_EQ(a.value(), "{\"k\":\"7\"}");

  const auto conflicts = a.conflicts();
  ASSERT_EQ(conflicts.size(), 1u);
  EXPECT_EQ(conflicts[0].winner.type, SlotType::kSeq);
  EXPECT_EQ(conflicts[0].losers.size(), 6u);
}

TEST_F(Shown, AValueAboveTheBoundIsTooLargeAndItsPartsAreNot) {
  a.must(set({"k", "x"}, '"' + std::string(60, 'x') + '"'));
  a.must(set({"k", "y"}, '"' + std::string(60, 'y') + '"'));
  for (int i = 100; i < 140; ++i) a.must(add({"s"}, std::to_string(i)));
  const auto shown = [&](const Path& path) { return shown_at(a.view(), path, {}, 100); };

  for (const Path& path : {Path{}, Path{"k"}, Path{"s"}}) {
    auto large = shown(path);
    ASSERT_FALSE(large.ok());
    EXPECT_EQ(large.error().code, base::Code::kTooLarge);
    EXPECT_NE(large.error().message.find("by path"), std::string::npos);
  }
  EXPECT_TRUE(shown({"k", "x"}).ok());
}

TEST_F(Shown, WhatATextHidesMayBeTooLarge) {
  a.must(add({"k"}, '"' + std::string(200, 'x') + '"'));
  b.must(set({"k", "x", "y"}, '"' + std::string(200, 'x') + '"'));
  merge();
  a.must(insert({"k"}, 0, "short"));
  auto shown = shown_at(a.view(), {}, {}, 100);
  ASSERT_TRUE(shown.ok());
  EXPECT_EQ((**shown).value, "{\"k\":\"short\"}");
}

TEST_F(Shown, AValueOfExactlyTheBoundIsShown) {
  a.must(replace({}, SlotType::kOrSet, "[1,2,3]"));
  EXPECT_TRUE(shown_at(a.view(), {}, {}, 7).ok());
  EXPECT_FALSE(shown_at(a.view(), {}, {}, 6).ok());
}

TEST_F(Shown, EachCellHasItsReason) {
  b.clock = 2'000;
  a.must(set({"r"}, "1"));
  b.must(set({"r"}, "2"));
  a.must(set({"mv"}, "1", SlotType::kMvRegister));
  b.must(set({"mv"}, "2", SlotType::kMvRegister));
  a.must(increment({"n"}, 1));
  b.must(set({"s"}, "1", SlotType::kLwwRegister));
  b.must(add({"s"}, "1"));
  b.must(set({"only"}, "1"));
  a.take_all(b.log());
  EXPECT_EQ(lines(a.reasons()),
            (std::vector<std::string>{" crdt_map add_wins shown", " crdt_map add_wins shown",
                                      "/mv mv_register concurrent shown",
                                      "/mv mv_register concurrent shown", "/n gcounter sum shown",
                                      "/only lww_register only shown", "/r lww_register stamp",
                                      "/r lww_register stamp shown", "/s lww_register type",
                                      "/s/ orset add_wins shown", "/s/1 orset add_wins shown"}));
}

TEST_F(Shown, WhatIsBelowAHiddenMapIsHidden) {
  a.must(set({"k", "x"}, "1"));
  a.must(replace({"l"}, SlotType::kSeq, "\"\""));
  a.must(insert({"k"}, 0, "t"));
  EXPECT_EQ(lines(a.reasons({"k"})),
            (std::vector<std::string>{"/k seq add_wins shown", "/k/x lww_register type"}));
  EXPECT_EQ(lines(a.reasons({"k", "x"})),
            (std::vector<std::string>{"/k/x lww_register only shown"}));
}

TEST_F(Shown, ConflictsAreFoundAtEveryDepthAndAVisitorMayStop) {
  Site c('c', "o");
  Site d('d', "o");
  for (const Path& path : {Path{"x"}, Path{"p", "q"}}) {
    a.must(set(path, "1", SlotType::kLwwRegister));
    b.must(set(path, "2", SlotType::kLwwRegister));
  }
  c.must(set({"p", "q", "r"}, "1", SlotType::kLwwRegister));
  d.must(set({"p", "q", "r"}, "2", SlotType::kLwwRegister));
  a.take_all(c.log());
  a.take_all(d.log());
  merge();
  std::vector<Path> paths;
  for (const Hidden& hidden : a.conflicts()) paths.push_back(hidden.path);
  EXPECT_EQ(paths, (std::vector<Path>{{"p", "q", "r"}, {"p", "q"}, {"x"}}));
  EXPECT_EQ(a.conflicts({"x"}).size(), 1u);
  int visits = 0;
  EXPECT_TRUE(conflicts_at(a.view(), {}, [&](const Hidden&) { return ++visits < 2; }).ok());
  EXPECT_EQ(visits, 2);
}

// A register has its values, a counter its sum, and a container no value. The marker stands for
// the set, the first member for the map.
TEST_F(Shown, AConflictOfTypesSaysWhatEachHasThere) {
  const Path k{"k"};
  a.must(increment(k, 1));
  a.must(increment(k, 2));
  a.must(set(k, "3", SlotType::kMvRegister));
  b.must(set(k, "4", SlotType::kMvRegister));
  const Sent marked = a.must(add(k, "5"));
  a.must(add(k, "6"));
  Site c('c', "o");
  const Sent first = c.must(set({"k", "m"}, "7"));
  c.must(set({"k", "n"}, "8"));
  a.take_all(c.log());
  merge();

  const auto conflicts = a.conflicts();

  ASSERT_EQ(conflicts.size(), 1u);
  const Hidden& found = conflicts[0];
  EXPECT_EQ(found.path, k);
  EXPECT_EQ(found.rule, "type");
  EXPECT_EQ(found.winner.type, SlotType::kMap);
  EXPECT_EQ(found.winner.value, "null");
  EXPECT_EQ(found.winner.cell.dot.seq, first.change.seq);
  std::map<std::string, int> losers;
  for (const Side& side : found.losers) {
    ++losers[std::string(type_name(side.type)) + " " + side.value];
    if (side.type != SlotType::kOrSet) continue;
    EXPECT_EQ(side.cell.dot.seq, marked.change.seq);
  }
  EXPECT_EQ(losers,
            (std::map<std::string, int>{
                {"gcounter 3", 1}, {"mv_register 3", 1}, {"mv_register 4", 1}, {"orset null", 1}}));
}

// Counts the slots that a reading visits.
class Counting : public View {
 public:
  explicit Counting(View& view) : view_(view) {}
  const std::string& object() const override { return view_.object(); }
  base::Result<Cells> cells(const Path& path, SlotType type) override {
    return view_.cells(path, type);
  }
  base::Status below(const Path& path, const Visit& visit) override {
    return view_.below(path, [&](const Slot& slot, const Cells& cells) {
      ++slots;
      return visit(slot, cells);
    });
  }
  base::Result<const Sequence*> text(const Path& path, const TextNeed& need) override {
    return view_.text(path, need);
  }
  base::Result<std::string> shown_text(const Path& path) override { return view_.shown_text(path); }
  int slots = 0;

 private:
  View& view_;
};

TEST_F(Shown, ADeepObjectIsReadOnceForItsConflictsAndTwiceForItsReasons) {
  for (const char* key : {"a", "b", "c"}) {
    for (const char* deep : {"x", "y"}) {
      a.must(set({key, "1", "2", "3", deep}, "1", SlotType::kLwwRegister));
      b.must(set({key, "1", "2", "3", deep}, "2", SlotType::kLwwRegister));
    }
  }
  merge();
  const int slots = 6 + 1;  // the marker of the object
  Counting conflicts(a.view());
  Counting reasons(a.view());

  int found = 0;
  EXPECT_TRUE(conflicts_at(conflicts, {}, [&](const Hidden&) { return ++found > 0; }).ok());
  EXPECT_TRUE(reasons_at(reasons, {}, [](const Reason&) { return true; }).ok());

  EXPECT_EQ(found, 6);
  EXPECT_EQ(conflicts.slots, slots);
  EXPECT_EQ(reasons.slots, 2 * slots);
}

}  // namespace
}  // namespace crdt
