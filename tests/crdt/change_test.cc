#include "crdt/change.h"

#include <gtest/gtest.h>

#include "crdt/change_format.h"
#include "crdt/codec.h"
#include "random_change.h"
#include "samples.h"

namespace crdt {
namespace {

using samples::actor;
using samples::hex;
using samples::stamp;

constexpr std::int64_t kTime = 1'700'000'000'123'456'789;

// What `hearsay snapshots add snap1 --meta status=completed` seals as the first change of a host.
Change first_add() {
  Change change;
  change.actor = actor(0x11);
  change.seq = 1;
  change.time = {kTime, 7};
  change.node = samples::node(0x22);
  Stamp same = stamp(kTime, 7);
  change.effects = {
      {EffectKind::kPut, {"snapshots", {"snap1"}, SlotType::kMap}, {}, same, ""},
      {EffectKind::kPut, {"snapshots", {"snap1"}, SlotType::kReset}, {}, same, ""},
      {EffectKind::kPut,
       {"snapshots", {"snap1", "status"}, SlotType::kLwwRegister},
       {},
       same,
       "\"completed\""},
  };
  return change;
}

// A change with dependencies, kills of own and of foreign dots, stamps of clients, a remove, and a
// kind that only a later version knows.
Change mixed() {
  ActorId own = actor(0x11);
  ActorId b = actor(0x33);
  ActorId c = actor(0x44);
  Change change;
  change.actor = own;
  change.seq = 9;
  change.prev = 0xFEDCBA9876543210u;
  change.time = {kTime, 0};
  change.deps = {{b, {300, 5}}, {own, {8, UINT64_MAX}}};
  change.effects = {
      {EffectKind::kCount, {"g", {}, SlotType::kGCounter}, {}, stamp(kTime - 1, 3), "5"},
      {EffectKind::kPut,
       {"g", {"k"}, SlotType::kLwwRegister},
       {{own, 8, 0}, {c, 4, 70'000}},
       stamp(kTime - 1'000'000'000, 0, "dev"),
       std::string("1\0t", 3)},
      {EffectKind::kRemove, {"g", {"k", ""}, SlotType::kOrSet}, {{b, 300, 2}}, {}, std::nullopt},
      {static_cast<EffectKind>(77),
       {"later", {std::string("\xFF\0", 2)}, static_cast<SlotType>(200)},
       {},
       stamp(kTime + 5, UINT32_MAX),
       "\xC1"},
  };
  return change;
}

// An insert behind an element of another author, one at the start of a text, and the removal of
// everything at a path and below it.
Change typing() {
  Change change;
  change.actor = actor(0x11);
  change.seq = 10;
  change.prev = 7;
  change.time = {5, 0};
  const auto insert = [](std::string text, std::string body, Anchor anchor) {
    return Effect{EffectKind::kInsert,
                  {"notes", {std::move(text)}, SlotType::kSeq},
                  {},
                  stamp(5),
                  std::move(body),
                  anchor};
  };
  change.effects = {
      insert("a", "h\xC3\xA9", {Dot{actor(0x33), 3, 1}, false}),
      insert("b", "x", {}),
      {EffectKind::kRemove, {"notes", {"a"}, SlotType::kSubtree}, {{change.actor, 4, 0, 2, 3}}},
  };
  return change;
}

const char kFirstAddHex[] =
    "9a02c410111111111111111111111111111111110100cf17979cfe3d85cd1507c410222222222222"
    "2222222222222222222290909397010092c409736e617073686f7473c405736e617031069000c400"
    "97010290089000c40097010291c406737461747573039000c40b22636f6d706c6574656422";
const char kMixedHex[] =
    "9a02c4101111111111111111111111111111111109cffedcba9876543210cf17979cfe3d85cd1500"
    "c092c41033333333333333333333333333333333c410444444444444444444444444444444449601"
    "cd012c050008cfffffffffffffffff9497030091c40167019092ff03c4013597010191c4016b039a"
    "00080001010204ce00011170010193d2c465360000c403646576c40331007497020291c400059501"
    "cd012c020101c0c0974d0092c4056c61746572c402ff00ccc8909205ceffffffffc401c1";
const char kTypingHex[] =
    "9a02c410111111111111111111111111111111110a070500c091c410333333333333333333333333"
    "33333333909398040092c4056e6f746573c40161079000c40368c3a9940001030198040191c40162"
    "079000c40178910197020191c4016100950004000203c0c0";

base::Bytes sealed_bytes(const Change& change) {
  auto sealed = seal(change);
  EXPECT_TRUE(sealed.ok()) << sealed.error().message;
  return sealed->bytes;
}

TEST(Change, GoldenFirstAdd) {
  auto sealed = seal(first_add());

  ASSERT_TRUE(sealed.ok());
  EXPECT_EQ(base::to_hex(sealed->bytes), kFirstAddHex);
  EXPECT_EQ(sealed->hash, 0x43432BE584A1AB8Eu);
  EXPECT_EQ(sealed->actor, actor(0x11));
  EXPECT_EQ(sealed->seq, 1u);
}

TEST(Change, GoldenMixed) {
  auto sealed = seal(mixed());

  ASSERT_TRUE(sealed.ok());
  EXPECT_EQ(base::to_hex(sealed->bytes), kMixedHex);
  EXPECT_EQ(sealed->hash, 0x89E6E38BFA5F7359u);
}

TEST(Change, OpensTheGoldenBytes) {
  auto first = open_change(hex(kFirstAddHex));
  auto second = open_change(hex(kMixedHex));

  ASSERT_TRUE(first.ok()) << first.error().message;
  ASSERT_TRUE(second.ok()) << second.error().message;
  EXPECT_TRUE(first->envelope_known);
  EXPECT_EQ(first->change, first_add());
  EXPECT_EQ(second->change, mixed());
  EXPECT_EQ(second->sealed.bytes, hex(kMixedHex));
  EXPECT_EQ(second->sealed.hash, 0x89E6E38BFA5F7359u);
  EXPECT_EQ(second->sealed.seq, 9u);
}

TEST(Change, GoldenTyping) {
  auto sealed = seal(typing());

  ASSERT_TRUE(sealed.ok()) << sealed.error().message;
  EXPECT_EQ(base::to_hex(sealed->bytes), kTypingHex);
  auto opened = open_change(sealed->bytes);
  ASSERT_TRUE(opened.ok());
  EXPECT_EQ(opened->change, typing());
}

TEST(Change, AnInsertHasADotForEachCodePoint) {
  std::vector<Dot> dots;
  const auto note = [&](const Effect&, const Dot& dot) -> base::Status {
    dots.push_back(dot);
    return {};
  };

  ASSERT_TRUE(each_effect(typing(), note).ok());

  const ActorId own = actor(0x11);
  EXPECT_EQ(dots, (std::vector<Dot>{{own, 10, 0}, {own, 10, 2}, {own, 10, 3}}));
  EXPECT_EQ(typing().main_dot(), (Dot{own, 10, 0}));
}

TEST(Change, AnEffectThatContradictsItselfIsNeitherSealedNorOpened) {
  const auto refused = [](auto edit) {
    Change change = typing();
    edit(change);
    return seal(change).ok();
  };
  const ActorId own = actor(0x11);

  EXPECT_FALSE(refused([](Change& c) { c.effects[0].anchor.reset(); }));
  EXPECT_FALSE(refused([](Change& c) { c.effects[0].body->clear(); }));
  EXPECT_FALSE(refused([](Change& c) { c.effects[0].body = "\xC3"; }));
  EXPECT_FALSE(refused([](Change& c) { c.effects[0].body.reset(); }));
  EXPECT_FALSE(refused([](Change& c) { c.effects[0].slot.type = SlotType::kOrSet; }));
  EXPECT_FALSE(refused([](Change& c) { c.effects[0].kind = EffectKind::kPut; }));
  EXPECT_FALSE(refused([](Change& c) { c.effects[2].body = "x"; }));
  EXPECT_FALSE(
      refused([](Change& c) { c.effects[2].kind = EffectKind::kPut, c.effects[2].body = "1"; }));
  EXPECT_FALSE(refused([&](Change& c) { c.effects[2].kills = {{own, 4, 0, 0}}; }));
  EXPECT_FALSE(refused([&](Change& c) { c.effects[2].kills = {{own, 4, 0, 1, 0}}; }));
  EXPECT_FALSE(refused([&](Change& c) { c.effects[2].kills = {{own, 4}, {own, 4}}; }));
  EXPECT_FALSE(refused([&](Change& c) { c.effects[2].kills = {{own, 4, 0, 2}, {own, 4, 1}}; }));
  EXPECT_FALSE(refused([&](Change& c) { c.effects[2].kills = {{own, 5}, {own, 4}}; }));
  EXPECT_FALSE(refused([&](Change& c) { c.effects[2].kills = {{own, 4, 0, 1, 3}, {own, 5, 9}}; }));
  EXPECT_FALSE(refused([&](Change& c) { c.effects[2].kills = {{own, 4, UINT32_MAX, 2}}; }));
  EXPECT_FALSE(refused([&](Change& c) { c.effects[2].kills = {{own, UINT64_MAX, 0, 1, 2}}; }));
}

TEST(Change, OpeningUndoesSealingAndSealingUndoesOpening) {
  base::Random random = base::Random::from_number(3);
  for (int i = 0; i < 5'000; ++i) {
    Change change = samples::random_change(random);
    auto sealed = seal(change);
    ASSERT_TRUE(sealed.ok()) << sealed.error().message;

    auto opened = open_change(sealed->bytes);

    ASSERT_TRUE(opened.ok()) << opened.error().message;
    ASSERT_EQ(opened->change, change);
    ASSERT_EQ(opened->sealed.hash, sealed->hash);
    ASSERT_EQ(sealed_bytes(opened->change), sealed->bytes);
  }
}

// Version 2 with an eleventh field.
TEST(Change, TheMarkOfARequestIsBehindTheOtherFields) {
  Change change;
  change.actor = actor(0x11);
  change.seq = 1;
  change.request = RequestMark{};
  change.request->key.bytes.fill(0x22);
  change.request->content.bytes.fill(0x33);
  change.request->done = "\x05";
  const base::Bytes expected =
      hex("9b02c410111111111111111111111111111111110100"
          "0000c0909090"
          "93c41022222222222222222222222222222222"
          "c41033333333333333333333333333333333"
          "c40105");

  EXPECT_EQ(base::to_hex(sealed_bytes(change)), base::to_hex(expected));
  const auto opened = open_change(expected);
  ASSERT_TRUE(opened.ok()) << opened.error().message;
  EXPECT_EQ(opened->change, change);
}

TEST(Change, AMarkThatIsNoneIsMalformedAndAnotherKindOfFieldIsSkipped) {
  const std::string start = "9b02c4101111111111111111111111111111111101000000c0909090";
  const std::string key = "c41022222222222222222222222222222222";
  for (const std::string& field :
       {"92" + key + key, "93" + key + "c40122" + "c40105", "93" + key + key + "05",
        "93" + key + key + "c50801" + std::string(2 * (kRequestDoneMax + 1), '0')}) {
    EXPECT_FALSE(open_change(hex(start + field)).ok()) << field;
  }
  for (const std::string field : {"c0", "07", "80"}) {
    const auto opened = open_change(hex(start + field));
    ASSERT_TRUE(opened.ok()) << field;
    EXPECT_FALSE(opened->change.request);
  }
  EXPECT_TRUE(open_change(hex(start + "94" + key + key + "c40105" + "07")).ok());
}

TEST(Change, UnknownEnvelopeYieldsActorSeqAndHash) {
  auto opened = open_change(hex("9509c410111111111111111111111111111111110cc4036e657704"));

  ASSERT_TRUE(opened.ok()) << opened.error().message;
  EXPECT_FALSE(opened->envelope_known);
  EXPECT_EQ(opened->sealed.actor, actor(0x11));
  EXPECT_EQ(opened->sealed.seq, 12u);
  EXPECT_EQ(opened->sealed.hash, 0x27CF5AEBC4892A63u);
  EXPECT_TRUE(opened->change.effects.empty());
  // The first three fields are enough. A seq of 0 or a missing seq is refused.
  EXPECT_TRUE(open_change(hex("9303c4101111111111111111111111111111111101")).ok());
  EXPECT_FALSE(open_change(hex("9303c4101111111111111111111111111111111100")).ok());
  EXPECT_FALSE(open_change(hex("9203c41011111111111111111111111111111111")).ok());
}

TEST(Change, FieldsOfTheFutureAreSkipped) {
  base::Bytes bytes =
      hex("9c"
          "02"
          "c41011111111111111111111111111111111"
          "01"
          "00"
          "05"
          "00"
          "c0"
          "90"
          "90"
          "91"
          "99"
          "01"
          "00"
          "91c4016f"
          "03"
          "90"
          "940000c40161"
          "c3"
          "c40131"
          "9201a178"
          "07"
          "81a1619101"
          "c0");

  auto opened = open_change(bytes);

  ASSERT_TRUE(opened.ok()) << opened.error().message;
  ASSERT_EQ(opened->change.effects.size(), 1u);
  EXPECT_EQ(opened->change.effects[0].slot.object, "o");
  EXPECT_EQ(opened->change.effects[0].stamp, stamp(5, 0, "a"));
  EXPECT_EQ(opened->change.effects[0].body, "1");
  EXPECT_EQ(opened->sealed.bytes, bytes);
}

TEST(Change, TruncatedAtAnyByteIsRefused) {
  for (base::Bytes bytes : {hex(kFirstAddHex), hex(kMixedHex)}) {
    for (std::size_t n = 0; n < bytes.size(); ++n) {
      EXPECT_FALSE(open_change(bytes.substr(0, n)).ok()) << n;
    }
    EXPECT_FALSE(open_change(bytes + '\0').ok());
  }
}

// If damaged bytes can still be opened, they are a valid change. When it is sealed again, it opens
// to an equal change.
TEST(Change, BitFlipsAreRefusedOrGiveAnotherSoundChange) {
  base::Bytes good = hex(kMixedHex);
  int opened_count = 0;
  for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
    base::Bytes bad = good;
    bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ (1 << (bit % 8)));

    auto opened = open_change(bad);

    if (!opened.ok()) continue;
    ++opened_count;
    EXPECT_NE(opened->sealed.hash, 0x89E6E38BFA5F7359u);
    if (!opened->envelope_known) continue;
    auto again = open_change(sealed_bytes(opened->change));
    ASSERT_TRUE(again.ok());
    EXPECT_EQ(again->change, opened->change);
  }
  EXPECT_GT(opened_count, 100);
}

TEST(Change, ExtremeTimesSurviveTheDifference) {
  Change change = first_add();
  change.time = {INT64_MIN, 0};
  change.effects[0].stamp = stamp(INT64_MAX, 1);
  change.effects[1].stamp = stamp(INT64_MIN, 1);
  change.effects[2].stamp = stamp(0, 0, std::string(256, 'w'));

  auto opened = open_change(sealed_bytes(change));

  ASSERT_TRUE(opened.ok()) << opened.error().message;
  EXPECT_EQ(opened->change, change);
}

struct Envelope {
  std::string deps = "90";
  std::string actors = "90";
  std::string effects = "90";
  base::Result<Opened> open() const {
    return open_change(
        hex("9a02c4101111111111111111111111111111111101000500c0" + actors + deps + effects));
  }
};

TEST(Change, MalformedPartsAreRefused) {
  EXPECT_TRUE(Envelope{}.open().ok());
  EXPECT_FALSE(Envelope{.deps = "93000101"
                                "01"}
                   .open()
                   .ok());  // trailing
  EXPECT_TRUE(Envelope{.deps = "93000101"}.open().ok());
  EXPECT_FALSE(Envelope{.deps = "9200"
                                "01"}
                   .open()
                   .ok());                                 // not a multiple of 3
  EXPECT_FALSE(Envelope{.deps = "93010101"}.open().ok());  // actor not in the table
  EXPECT_FALSE(Envelope{.deps = "93000001"}.open().ok());  // seq 0
  EXPECT_FALSE(Envelope{.actors = "91c40f" + std::string(30, '1')}.open().ok());
  EXPECT_TRUE(Envelope{.effects = "9197010091c4016f03900"
                                  "0c40131"}
                  .open()
                  .ok());
  EXPECT_FALSE(Envelope{.effects = "91970101"
                                   "91c4016f03900"
                                   "0c40131"}
                   .open()
                   .ok());  // shared 1
  EXPECT_FALSE(Envelope{.effects = "919701009003900"
                                   "0c40131"}
                   .open()
                   .ok());                                                        // no object
  EXPECT_FALSE(Envelope{.effects = "9197010091c4016f0390c0c40131"}.open().ok());  // body, no stamp
  EXPECT_FALSE(Envelope{.effects = "9197010091c4016f039000c0"}.open().ok());      // stamp, no body
  EXPECT_FALSE(Envelope{.effects = "9197010091c4016f039001c40131"}.open().ok());  // stamp 1
  EXPECT_FALSE(Envelope{.effects = "9197020091c4016f039000c40131"}.open().ok());  // remove + body
  EXPECT_FALSE(Envelope{.effects = "9196010091c4016f039000"}.open().ok());  // a field is missing
  EXPECT_FALSE(Envelope{.effects = "9197cd01000091c4016f0390c0c0"}.open().ok());  // kind 256
  EXPECT_FALSE(Envelope{.effects = "9197010091c4016f03920001c0c0"}.open().ok());  // kills 2
  EXPECT_FALSE(Envelope{.effects = "9197010091c4016f03930001cf0000000100000000c0c0"}.open().ok());
}

TEST(Change, WhatCannotBeOpenedIsNotSealed) {
  Change base_change = first_add();
  auto code_of = [&](auto edit) {
    Change change = base_change;
    edit(change);
    auto sealed = seal(change);
    return sealed.ok() ? std::optional<base::Code>() : sealed.error().code;
  };
  using base::Code;

  EXPECT_EQ(code_of([](Change&) {}), std::nullopt);
  EXPECT_EQ(code_of([](Change& c) { c.seq = 0; }), Code::kInvalid);
  EXPECT_EQ(code_of([](Change& c) { c.deps = {{actor(1), {0, 1}}}; }), Code::kInvalid);
  EXPECT_EQ(code_of([](Change& c) { c.effects[0].kind = EffectKind::kRemove; }), Code::kInvalid);
  EXPECT_EQ(code_of([](Change& c) { c.effects.resize(kChangeEffectsMax + 1); }), Code::kTooLarge);
  EXPECT_EQ(code_of([](Change& c) { c.deps.resize(kChangeDepsMax + 1); }), Code::kTooLarge);
  EXPECT_EQ(code_of([](Change& c) { c.effects[0].kills.resize(kEffectKillsMax + 1); }),
            Code::kTooLarge);
  EXPECT_EQ(code_of([](Change& c) { c.effects[0].slot.object.resize(kObjectNameMax + 1); }),
            Code::kTooLarge);
  EXPECT_EQ(code_of([](Change& c) { c.effects[0].slot.path.resize(kPathDepthMax + 1); }),
            Code::kTooLarge);
  EXPECT_EQ(code_of([](Change& c) { c.effects[0].slot.path[0].resize(kPathComponentMax + 1); }),
            Code::kTooLarge);
  EXPECT_EQ(code_of([](Change& c) { c.effects[0].stamp.writer.resize(kWriterBytesMax + 1); }),
            Code::kTooLarge);
  EXPECT_EQ(code_of([](Change& c) { c.effects[0].body->resize(kChangeBytesMax); }),
            Code::kTooLarge);
}

TEST(Change, TheLargestAllowedChangesOpen) {
  Change change = first_add();
  change.effects.resize(kChangeEffectsMax);
  for (Effect& effect : change.effects) effect.slot = {"snapshots", {"snap1"}, SlotType::kMap};
  for (std::uint64_t i = 0; i < kEffectKillsMax; ++i) {
    change.effects.back().kills.push_back({actor(9), 5 + i, 6});
  }
  change.deps.resize(kChangeDepsMax, {actor(8), {1, 1}});

  auto opened = open_change(sealed_bytes(change));

  ASSERT_TRUE(opened.ok()) << opened.error().message;
  EXPECT_EQ(opened->change, change);
}

TEST(Change, SharedComponentsCannotExpandWithoutBound) {
  // 40,000 effects with a few bytes each share a path of 16 KiB. Opened, they would need 640 MB.
  Change wide = first_add();
  wide.effects.resize(1);
  wide.effects[0].slot.path.assign(kPathDepthMax, std::string(kPathComponentMax, 'x'));
  Change refused = wide;
  refused.effects.resize(40'000, wide.effects[0]);
  EXPECT_EQ(seal(refused).error().code, base::Code::kTooLarge);

  codec::Writer out;
  out.array(10).number(2).binary(actor(1).view()).number(1).number(0).number(5).number(0).nil();
  out.array(0).array(0).array(40'000);
  for (int i = 0; i < 40'000; ++i) {
    out.array(7).number(1).number(i == 0 ? 0 : 17).array(i == 0 ? 17 : 0);
    if (i == 0) {
      out.binary("o");
      for (std::size_t k = 0; k < kPathDepthMax; ++k)
        out.binary(std::string(kPathComponentMax, 'x'));
    }
    out.number(3).array(0).nil().nil();
  }

  EXPECT_FALSE(open_change(out.view()).ok());
}

TEST(Change, TooManyItemsAreNotSealed) {
  Change change = first_add();
  change.effects.resize(12);
  for (Effect& effect : change.effects) {
    for (std::uint64_t i = 0; i < kEffectKillsMax; ++i)
      effect.kills.push_back({actor(1), 1 + i, 1});
  }

  EXPECT_EQ(seal(change).error().code, base::Code::kTooLarge);
}

}  // namespace
}  // namespace crdt
