#include "crdt/snapshot.h"

#include <gtest/gtest.h>

#include "crdt/base/random.h"
#include "samples.h"

namespace crdt {
namespace {

using samples::actor;

Cell cell(unsigned char who, std::uint64_t seq, std::string body) {
  Cell cell;
  cell.dot = {actor(who), seq, 0};
  cell.stamp.time = {1'700'000'000'000'000'000, 3};
  cell.body = std::move(body);
  return cell;
}

// Typed letters, a paste behind one of them, and erased elements at the start.
std::vector<TextRun> text_runs() {
  return {{{actor(2), 8, 0, 3}, {}, false, ""},
          {{actor(1), 5, 2, 1, 4},
           {Dot{actor(2), 8, 2}, true},
           true,
           "ab\xC3\xA9"
           "d"},
          {{actor(3), UINT64_MAX, 1, 2}, {Dot{actor(1), 6, 2}, false}, true, "xy"}};
}

SnapshotPage sample() {
  SnapshotPage page;
  page.step = 5;
  page.name = {77, {1, UINT64_MAX}};
  page.clock = {1'700'000'000'000'000'000, 9};
  page.actors = {{actor(1), {3, 4}, false, true, std::nullopt},
                 {actor(2), {UINT64_MAX, 1}, true, false, samples::node(7)}};
  page.objects = {{{"images", SlotType::kMap}, 2, {1, 2}}, {{"images", SlotType::kSeq}, 1, {3, 4}}};
  Cell strange = cell(2, 9, std::string("\0\xff", 2));
  strange.kind = static_cast<EffectKind>(200);
  strange.stamp = {{INT64_MIN, UINT32_MAX}, "device"};
  strange.dot.index = UINT32_MAX;
  page.slots = {{{"images", {"a"}, SlotType::kMap}, {cell(1, 1, "")}},
                {{"images", {"a", "f"}, SlotType::kLwwRegister}, {cell(1, 2, "1"), strange}},
                {{"images", {"a", "f"}, static_cast<SlotType>(99)}, {cell(1, 3, "x")}},
                {{"images", {"b", std::string(1, '\0')}, SlotType::kLwwRegister}, {strange}},
                {{"images", {"c"}, SlotType::kSeq}, {cell(1, 4, "")}},
                {{"images", {"c"}, SlotType::kSeq}, {}, text_runs()}};
  page.until = SnapshotPlace{{"snapshots", {"z"}, SlotType::kSeq}, {actor(9), 1, 2}, true};
  page.named = {{{"images", SlotType::kMap}, {{actor(1), 1, 0, 5, 2}, {actor(5), 7, 2}}},
                {{"snapshots", SlotType::kMap}, {}}};
  page.more = true;
  return page;
}

TEST(Snapshot, PagesSurviveTheWire) {
  SnapshotPage page = sample();

  auto decoded = decode_snapshot_page(encode(page));

  ASSERT_TRUE(decoded.ok()) << decoded.error().message;
  EXPECT_EQ(*decoded, page);
  EXPECT_EQ(encode(*decoded), encode(page));
}

TEST(Snapshot, QueriesSurviveTheWire) {
  SnapshotQuery query;
  query.step = UINT64_MAX;
  EXPECT_EQ(*decode_snapshot_query(encode(query)), query);
  query.snapshot = 4;
  query.head = {actor(3), std::string("images")};
  EXPECT_EQ(*decode_snapshot_query(encode(query)), query);
  query.run = {{"a", SlotType::kMap}, {"b", SlotType::kSeq}, std::nullopt};
  EXPECT_EQ(*decode_snapshot_query(encode(query)), query);
  query.run->after = {{"a", {"x", "y"}, SlotType::kLwwRegister}, {actor(1), 4, 2}};
  EXPECT_EQ(*decode_snapshot_query(encode(query)), query);
  query.run->after->text = true;
  EXPECT_EQ(*decode_snapshot_query(encode(query)), query);
  query.run->missing = {{actor(1), 0}, {actor(2), UINT64_MAX}};
  EXPECT_EQ(*decode_snapshot_query(encode(query)), query);
  query.run->missing.reset();
  query.run->wanted = {std::nullopt, {{actor(1), 4, 2}, {actor(3), 1, 0, 2, 9}}};
  EXPECT_EQ(*decode_snapshot_query(encode(query)), query);
  query.run->wanted->until = {{"a", {"x", "z"}, SlotType::kLwwRegister}, {actor(1), 4, 2}};
  EXPECT_EQ(*decode_snapshot_query(encode(query)), query);
}

SnapshotQuery difference_query() {
  SnapshotQuery query;
  query.snapshot = 4;
  query.run = {{"a", SlotType::kMap}, {"b", SlotType::kSeq}, std::nullopt};
  query.run->after = {{"a", {"x", "y"}, SlotType::kLwwRegister}, {actor(1), 4, 2}};
  query.run->missing = {{actor(1), 0}};
  query.run->wanted = {{}, {{actor(1), 4, 2}}};
  query.run->wanted->until = {{"a", {"x", "y"}, SlotType::kLwwRegister}, {actor(1), 4, 3}};
  return query;
}

TEST(Snapshot, QueriesThatContradictThemselvesAreRefused) {
  ASSERT_TRUE(decode_snapshot_query(encode(difference_query())).ok());
  const auto refused = [](const auto& change) {
    SnapshotQuery query = difference_query();
    change(*query.run);
    return !decode_snapshot_query(encode(query)).ok();
  };
  EXPECT_TRUE(refused([](SnapshotRun& run) { std::swap(run.first, run.last); }));
  EXPECT_TRUE(refused([](SnapshotRun& run) { run.after->slot.object = "c"; }));
  EXPECT_TRUE(refused([](SnapshotRun& run) { run.wanted->until->slot.object = "c"; }));
  EXPECT_TRUE(refused([](SnapshotRun& run) { run.wanted->until->dot.index = 2; }))
      << "it is not behind the place where the page begins";
  EXPECT_TRUE(refused([](SnapshotRun& run) { run.wanted->dots.clear(); }));
  EXPECT_TRUE(refused([](SnapshotRun& run) { run.wanted->dots[0].count = 1u << 18; }));
  EXPECT_TRUE(refused([](SnapshotRun& run) {
    for (std::uint32_t i = 0; i <= kSnapshotMissingMax; ++i) {
      ActorId id = actor(7);
      id.bytes[0] = static_cast<std::uint8_t>(i >> 8);
      id.bytes[1] = static_cast<std::uint8_t>(i);
      run.missing->emplace(id, 1);
    }
  }));
}

// The largest queries fit into the bound of a query.
TEST(Snapshot, AQueryWithManyMissingActorsAndTheLongestPlaceFits) {
  SnapshotQuery query = difference_query();
  query.run->wanted.reset();
  query.run->after->slot.object.assign(kObjectNameMax, 'o');
  query.run->after->slot.path.assign(kPathDepthMax, std::string(kPathComponentMax, 'p'));
  query.run->first.first = query.run->last.first = query.run->after->slot.object;
  for (std::uint32_t i = 1; i < kSnapshotMissingMax; ++i) {
    ActorId id = actor(7);
    id.bytes[0] = static_cast<std::uint8_t>(i >> 8);
    id.bytes[1] = static_cast<std::uint8_t>(i);
    query.run->missing->emplace(id, UINT64_MAX);
  }
  ASSERT_EQ(query.run->missing->size(), kSnapshotMissingMax);
  EXPECT_TRUE(decode_snapshot_query(encode(query)).ok());
}

TEST(Snapshot, TheFirstQueryIsTheseBytes) {
  SnapshotQuery query;
  query.step = 0x2a;
  EXPECT_EQ(encode(query), samples::hex("96032a00c0c0c0"));
}

TEST(Snapshot, EveryCutAndEveryChangedByteIsRefusedOrSound) {
  std::string bytes = encode(sample());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(decode_snapshot_page(bytes.substr(0, size)).ok()) << size;
  }
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string changed = bytes;
      changed[at] = static_cast<char>(changed[at] ^ (1 << bit));
      auto page = decode_snapshot_page(changed);
      if (!page.ok()) continue;
      auto again = decode_snapshot_page(encode(*page));
      ASSERT_TRUE(again.ok());
      EXPECT_EQ(*again, *page);
    }
  }
}

struct Broken {
  const char* what;
  void (*change)(SnapshotPage&);
};
class BrokenPage : public testing::TestWithParam<Broken> {};

TEST_P(BrokenPage, IsRefused) {
  SnapshotPage page = sample();
  GetParam().change(page);

  EXPECT_FALSE(decode_snapshot_page(encode(page)).ok());
}

INSTANTIATE_TEST_SUITE_P(
    Snapshot, BrokenPage,
    testing::Values(
        Broken{"no_name", [](SnapshotPage& page) { page.name.id = 0; }},
        Broken{"actors_out_of_order",
               [](SnapshotPage& page) { std::swap(page.actors[0], page.actors[1]); }},
        Broken{"actor_without_change", [](SnapshotPage& page) { page.actors[0].head.seq = 0; }},
        Broken{"objects_out_of_order",
               [](SnapshotPage& page) { std::swap(page.objects[0], page.objects[1]); }},
        Broken{"object_without_cells", [](SnapshotPage& page) { page.objects[0].cells = 0; }},
        Broken{"slots_out_of_order",
               [](SnapshotPage& page) { std::swap(page.slots[0], page.slots[1]); }},
        Broken{"slot_twice", [](SnapshotPage& page) { page.slots[1].slot = page.slots[0].slot; }},
        Broken{"slot_without_cells", [](SnapshotPage& page) { page.slots[0].cells.clear(); }},
        Broken{
            "cells_out_of_order",
            [](SnapshotPage& page) { std::swap(page.slots[1].cells[0], page.slots[1].cells[1]); }},
        Broken{"dot_of_no_change", [](SnapshotPage& page) { page.slots[0].cells[0].dot.seq = 0; }},
        Broken{"path_too_deep",
               [](SnapshotPage& page) { page.slots[3].slot.path.assign(17, "b"); }},
        Broken{"component_too_long",
               [](SnapshotPage& page) { page.slots[3].slot.path[0].assign(1025, 'b'); }},
        Broken{"object_name_too_long",
               [](SnapshotPage& page) { page.slots[3].slot.object.assign(513, 'j'); }},
        Broken{"text_before_its_cells",
               [](SnapshotPage& page) { std::swap(page.slots[4], page.slots[5]); }},
        Broken{"text_of_a_map",
               [](SnapshotPage& page) { page.slots[5].slot.type = static_cast<SlotType>(9); }},
        Broken{"letters_that_do_not_fit",
               [](SnapshotPage& page) { page.slots[5].runs[1].text = "abc"; }},
        Broken{"letters_that_are_no_text",
               [](SnapshotPage& page) { page.slots[5].runs[2].text = "x\xC3"; }},
        Broken{"letters_of_erased_elements",
               [](SnapshotPage& page) { page.slots[5].runs[0].text = "abc"; }},
        Broken{"a_run_in_two_ways",
               [](SnapshotPage& page) { page.slots[5].runs[0].dots.changes = 2; }},
        Broken{"very_many_erased_elements",
               [](SnapshotPage& page) { page.slots[5].runs[0].dots.count = 65u << 20; }},
        Broken{"value_that_is_no_json",
               [](SnapshotPage& page) { page.slots[1].cells[0].body = "1 "; }},
        Broken{"name_that_is_no_text",
               [](SnapshotPage& page) { page.slots[3].slot.path[1] = "\xFF"; }},
        Broken{"names_out_of_order",
               [](SnapshotPage& page) { std::swap(page.named[0], page.named[1]); }},
        Broken{"names_twice", [](SnapshotPage& page) { page.named[1].key = page.named[0].key; }},
        Broken{"named_dots_twice",
               [](SnapshotPage& page) { page.named[0].dots.push_back(page.named[0].dots.back()); }},
        Broken{"more_names_than_the_bound",
               [](SnapshotPage& page) {
                 page.named[0].dots[0].count = 60'000;
                 page.named[1].dots = {{actor(1), 1, 0, 60'000}};
               }},
        Broken{"writer_too_long",
               [](SnapshotPage& page) { page.slots[3].cells[0].stamp.writer.assign(257, 'w'); }}),
    [](const auto& tested) { return std::string(tested.param.what); });

// Slots that share a long path cost a few bytes each on the wire, but the whole path each in
// memory.
TEST(Snapshot, SharedPathsAreChargedForTheMemoryTheyTake) {
  SnapshotPage page;
  page.name.id = 1;
  Slot slot{"o", std::vector<std::string>(15, std::string(1024, 'p')), SlotType::kMap};
  slot.path.emplace_back();
  for (int i = 0; i < 3000; ++i) {
    slot.path.back() = std::to_string(10'000 + i);
    page.slots.push_back({slot, {cell(1, 1, "")}});
  }
  std::string bytes = encode(page);

  EXPECT_LT(bytes.size(), 200'000u);
  EXPECT_FALSE(decode_snapshot_page(bytes).ok());
}

TEST(Snapshot, SlotsAreOrderedByObjectRootTypePathAndType) {
  std::vector<Slot> ordered{
      {"a", {}, SlotType::kLwwRegister},
      {"a", {"z"}, SlotType::kOrSet},
      {"a", {}, SlotType::kMap},
      {"a", {"x"}, SlotType::kMap},
      {"a", {"x"}, SlotType::kReset},
      {"a", {"x", ""}, SlotType::kLwwRegister},
      {"a", {"x", "f"}, SlotType::kLwwRegister},
      {"a", {"x", "f", "deep"}, SlotType::kOrSet},
      {"a", {"x", "g"}, SlotType::kOrSet},
      {"a", {std::string("x\0", 2)}, SlotType::kMap},
      {"a", {"\x7f"}, SlotType::kMap},
      {"a", {"\xff"}, SlotType::kMap},
      {"b", {}, SlotType::kGCounter},
  };
  for (std::size_t i = 0; i < ordered.size(); ++i) {
    for (std::size_t j = 0; j < ordered.size(); ++j) {
      EXPECT_EQ(compare_slots(ordered[i], ordered[j]), i <=> j) << i << " " << j;
    }
  }
}

// The code that makes pages relies on this: encoded_size() is never smaller than what is written.
TEST(Snapshot, SizesAreNotGuessedTooSmall) {
  auto random = base::Random::from_number(1);
  for (int round = 0; round < 200; ++round) {
    SnapshotPage page = sample();
    page.until.reset();
    page.named.clear();
    std::size_t empty = encode({page.step, page.name, page.clock, {}, {}, {}, {}, {}, true}).size();
    std::size_t counted = 16;  // the headers of the lists
    for (const SnapshotActor& one : page.actors) counted += encoded_size(one);
    for (const SnapshotObject& one : page.objects) counted += encoded_size(one);
    const Slot* before = nullptr;
    for (SnapshotSlot& slot : page.slots) {
      for (Cell& one : slot.cells) {
        one.body = random.bytes(random.below(70'000));
        one.stamp.time.nanos = static_cast<std::int64_t>(random.next());
        counted += encoded_size(one);
      }
      for (const TextRun& one : slot.runs) counted += encoded_size(one);
      counted += encoded_size(slot.slot, before);
      before = &slot.slot;
    }
    EXPECT_LE(encode(page).size(), empty + counted);
  }
}

}  // namespace
}  // namespace crdt
