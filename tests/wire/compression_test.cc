#include "gossip/wire/compression.h"

#include <gtest/gtest.h>
#include <zstd.h>

#include <algorithm>
#include <cstdlib>
#include <new>

#include "crdt/base/random.h"
#include "crdt/codec.h"
#include "gossip/wire/message.h"
#include "tests/wire/samples.h"

namespace {
std::size_t largest_allocation = 0;
}  // namespace

[[gnu::noinline]] void* operator new(std::size_t size) {
  largest_allocation = std::max(largest_allocation, size);
  if (void* bytes = std::malloc(std::max<std::size_t>(1, size))) return bytes;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* bytes) noexcept { std::free(bytes); }
[[gnu::noinline]] void operator delete(void* bytes, std::size_t) noexcept { std::free(bytes); }

namespace gossip::wire {
namespace {

using crdt::codec::Writer;

constexpr std::uint64_t kType = 16;

base::Bytes message_of(std::uint64_t size, base::BytesView frame) {
  return Writer().array(3).number(kType).number(size).binary(frame).take();
}

// A frame as the zstd library makes it by default; its header has the size.
base::Bytes frame_of(base::BytesView content, int level = 3) {
  base::Bytes out(ZSTD_compressBound(content.size()), '\0');
  out.resize(ZSTD_compress(out.data(), out.size(), content.data(), content.size(), level));
  return out;
}

// A frame without the size in its header, from a writer that did not know the size in advance.
base::Bytes streamed_frame_of(base::BytesView content, int window_log) {
  ZSTD_CCtx* context = ZSTD_createCCtx();
  ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, window_log);
  base::Bytes out(ZSTD_compressBound(content.size()), '\0');
  ZSTD_outBuffer to{out.data(), out.size(), 0};
  ZSTD_inBuffer from{content.data(), content.size(), 0};
  EXPECT_EQ(ZSTD_compressStream2(context, &to, &from, ZSTD_e_flush), 0u);
  EXPECT_EQ(ZSTD_compressStream2(context, &to, &from, ZSTD_e_end), 0u);
  ZSTD_freeCCtx(context);
  out.resize(to.pos);
  return out;
}

// Changes like those of one writer: large parts of them are equal, and a part of each is random.
Range sample_range(std::size_t changes, std::uint64_t seed = 1) {
  auto random = base::Random::from_number(seed);
  Range range{7, Range::Outcome::kMore, {}};
  for (std::size_t i = 0; i < changes; ++i) {
    range.changes.push_back("an actor and its structure " + random.bytes(24));
  }
  return range;
}

Message decoded(base::BytesView bytes) {
  auto result = decode(bytes);
  EXPECT_TRUE(result.ok());
  return std::get<Message>(*result);
}

bool refused(base::BytesView bytes) { return !decode(bytes).ok(); }

TEST(Compression, LargeMessagesShrinkAndComeBack) {
  Compressor compressor;
  for (std::size_t changes : {20u, 200u, 10'240u}) {
    base::Bytes plain = encode(sample_range(changes));

    base::Bytes sent = compressor.apply(plain);

    EXPECT_LT(sent.size(), plain.size() * 3 / 4);
    EXPECT_EQ(sent[1], static_cast<char>(kType));
    EXPECT_EQ(decoded(sent), decoded(plain));
  }
}

TEST(Compression, EveryTypeOfASessionComesBack) {
  Compressor compressor;
  std::vector<MemberRecord> records(40, sample_record(1));
  std::vector<crdt::Dependency> entries(100, sample_entry(1));
  for (const Message& message : std::vector<Message>{
           Push{{base::Bytes(600, 'c')}, Passing::kRelay}, Vector{true, {1, 2}, entries, 3},
           RangeRequest{9, entries, 1}, Ack{0, {}, 1, records}, sample_range(20),
           SnapshotRequest{1, base::Bytes(600, 'q'), 1},
           SnapshotAnswer{1, {}, base::Bytes(600, 'p')}}) {
    base::Bytes plain = encode(message);
    base::Bytes sent = compressor.apply(plain);

    EXPECT_LT(sent.size(), plain.size()) << message_name(message);
    EXPECT_EQ(decoded(sent), message);
  }
}

TEST(Compression, WhatIsSmallGoesAsItIs) {
  Compressor compressor;
  base::Bytes small = encode(Push{{base::Bytes(kCompressedFrom - 10, 'c')}, Passing::kNone});
  base::Bytes large = encode(Push{{base::Bytes(kCompressedFrom, 'c')}, Passing::kNone});

  ASSERT_LT(small.size(), kCompressedFrom);
  EXPECT_EQ(compressor.apply(small), small);
  EXPECT_LT(compressor.apply(large).size(), large.size());
}

TEST(Compression, NoiseGoesAsItIsAndSpoilsNothingAfterIt) {
  Compressor compressor;
  auto random = base::Random::from_number(2);
  base::Bytes noise = encode(Push{{random.bytes(100'000)}, Passing::kNone});
  base::Bytes plain = encode(sample_range(100));

  EXPECT_EQ(compressor.apply(noise), noise);
  EXPECT_EQ(compressor.apply(plain), Compressor().apply(plain));
}

TEST(Compression, WhatPaysLittleGoesAsItIs) {
  Compressor compressor;
  auto random = base::Random::from_number(3);
  base::Bytes four_percent = encode(Push{{random.bytes(96'000), base::Bytes(4'000, 'c')}, {}});
  base::Bytes seven_percent = encode(Push{{random.bytes(93'000), base::Bytes(7'000, 'c')}, {}});

  EXPECT_EQ(compressor.apply(four_percent), four_percent);
  EXPECT_LT(compressor.apply(seven_percent).size(), seven_percent.size() * 95 / 100);
}

TEST(Compression, IsNotDoneTwice) {
  base::Bytes sent = message_of(1'000'000, base::Bytes(2'000, 'c'));  // would become smaller

  EXPECT_EQ(Compressor().apply(sent), sent);
}

// Earlier messages must not change the bytes of later ones, because a run of the simulator is
// repeated from its seed.
TEST(Compression, EqualMessagesGiveEqualBytesWhateverWentBefore) {
  Compressor used;
  for (std::size_t i = 1; i < 200; ++i) {
    base::Bytes plain = encode(sample_range(1 + i * 37 % 500, i % 20));

    ASSERT_EQ(used.apply(plain), Compressor().apply(plain)) << i;
  }
}

// A version of the library may compress to other bytes. What the bytes decompress to must not
// change.
TEST(Compression, GoldenEncoding) {
  Message push = Push{{base::Bytes(600, 'c')}, Passing::kNone};
  auto golden = base::from_hex("9310cd025ec41728b52ffd000075000038920891c50258630100542a6004");

  EXPECT_EQ(decoded(*golden), push);
  EXPECT_EQ(decoded(message_of(encode(push).size(), frame_of(encode(push)))), push);
}

TEST(Compression, FieldsOfLaterVersionsAreSkipped) {
  base::Bytes plain = encode(ChallengeAnswer{5});
  base::Bytes longer = Writer()
                           .array(5)
                           .number(kType)
                           .number(plain.size())
                           .binary(frame_of(plain))
                           .nil()
                           .array(1)
                           .nil()
                           .take();

  EXPECT_EQ(decoded(longer), Message(ChallengeAnswer{5}));
}

TEST(Compression, AnUnknownTypeInsideIsNoError) {
  base::Bytes later = Writer().array(2).number(120).text("what").take();

  auto result = decode(message_of(later.size(), frame_of(later)));

  ASSERT_TRUE(result.ok());
  EXPECT_TRUE(std::holds_alternative<std::monostate>(*result));
}

TEST(CompressionBounds, TheSizeMustBeTold) {
  base::Bytes plain = encode(sample_range(50));
  for (const base::Bytes& frame : {frame_of(plain), streamed_frame_of(plain, 17)}) {
    EXPECT_FALSE(refused(message_of(plain.size(), frame)));
    EXPECT_TRUE(refused(message_of(plain.size() - 1, frame)));
    EXPECT_TRUE(refused(message_of(plain.size() + 1, frame)));
    EXPECT_EQ(*decompress(frame, plain.size()), plain);
    EXPECT_FALSE(decompress(frame, plain.size() + 1).ok());
    EXPECT_TRUE(refused(message_of(0, frame)));
    EXPECT_TRUE(refused(message_of(kMessageBytesMax, frame)));
    EXPECT_TRUE(refused(message_of(kMessageBytesMax + 1, frame)));
    EXPECT_TRUE(refused(message_of(std::uint64_t{1} << 40, frame)));
    EXPECT_TRUE(refused(message_of(UINT64_MAX, frame)));
  }
}

TEST(CompressionBounds, AMessageOfTheLargestSizePasses) {
  std::size_t body = kMessageBytesMax - encode(Push{{"", base::Bytes(1u << 20, 'c')}, {}}).size();
  base::Bytes most = encode(Push{{base::Bytes(body - 3, 'c'), base::Bytes(1u << 20, 'c')}, {}});
  base::Bytes more = encode(Push{{base::Bytes(body - 2, 'c'), base::Bytes(1u << 20, 'c')}, {}});
  ASSERT_EQ(most.size(), kMessageBytesMax);

  EXPECT_FALSE(refused(message_of(most.size(), frame_of(most))));
  EXPECT_TRUE(refused(message_of(more.size(), frame_of(more))));
}

// The worst case of 1 KB: 25 MiB stay in memory until the decoder has seen that they are no
// message.
TEST(CompressionBounds, ZerosWithoutEndStopAtTheLargestMessage) {
  base::Bytes zeros(kMessageBytesMax, '\0');
  base::Bytes bomb = frame_of(zeros, 19);
  base::Bytes larger = frame_of(zeros + zeros, 19);
  ASSERT_LT(bomb.size(), 4'000u);

  EXPECT_TRUE(refused(message_of(zeros.size(), bomb)));
  EXPECT_TRUE(refused(message_of(2 * zeros.size(), larger)));
  EXPECT_TRUE(refused(message_of(zeros.size(), larger)));
}

// The size in the message must not be allocated before the frame has been checked. Otherwise each
// of thousands of small messages would cost as much as the worst 1 KB.
TEST(CompressionBounds, ASmallFrameThatNamesALargeSizeCostsNothing) {
  base::Bytes small = streamed_frame_of("small", 17);
  ASSERT_LT(small.size(), 20u);
  largest_allocation = 0;

  EXPECT_TRUE(refused(message_of(kMessageBytesMax, small)));
  EXPECT_LT(largest_allocation, 1u << 20);
}

TEST(CompressionBounds, TheDensestFramesPass) {
  for (std::size_t size : {1u, 1u << 17, (1u << 17) + 1, 1u << 20, 25u << 20}) {
    base::Bytes zeros(size, '\0');
    for (const base::Bytes& frame : {frame_of(zeros, 19), streamed_frame_of(zeros, 20)}) {
      auto content = decompress(frame, size);
      ASSERT_TRUE(content.ok()) << size;
      EXPECT_EQ(*content, zeros);
    }
  }
}

TEST(CompressionBounds, EveryTruncationOfTheFrameIsAnError) {
  base::Bytes plain = encode(sample_range(20));
  for (const base::Bytes& frame : {frame_of(plain), streamed_frame_of(plain, 17)}) {
    for (std::size_t size = 0; size < frame.size(); ++size) {
      ASSERT_TRUE(refused(message_of(plain.size(), frame.substr(0, size)))) << size;
    }
  }
}

TEST(CompressionBounds, EveryTruncationOfTheMessageIsAnError) {
  base::Bytes sent = Compressor().apply(encode(sample_range(20)));
  for (std::size_t size = 0; size < sent.size(); ++size) {
    ASSERT_TRUE(refused(sent.substr(0, size))) << size;
  }
}

TEST(CompressionBounds, OneInsideAnotherIsRefused) {
  base::Bytes plain = encode(sample_range(20));
  base::Bytes once = message_of(plain.size(), frame_of(plain));
  base::Bytes long_form = Writer().array(4).number(kType).number(plain.size()).take();
  long_form += Writer().binary(frame_of(plain)).nil().take();

  ASSERT_FALSE(refused(once));
  ASSERT_FALSE(refused(long_form));
  EXPECT_TRUE(refused(message_of(once.size(), frame_of(once))));
  EXPECT_TRUE(refused(message_of(long_form.size(), frame_of(long_form))));
}

TEST(CompressionBounds, ADatagramHoldsNone) {
  base::Bytes plain = encode(ChallengeAnswer{1});
  NodeId sender = sample_record(1).node;

  EXPECT_FALSE(
      decode_packet(encode_packet(sender, 1, {message_of(plain.size(), frame_of(plain))})).ok());
}

// A window costs memory only where a frame is decompressed piece by piece, which we do not do.
TEST(CompressionBounds, AWindowCostsNothingWhateverItSays) {
  base::Bytes plain = encode(sample_range(20));

  EXPECT_FALSE(refused(message_of(plain.size(), streamed_frame_of(plain, 30))));
}

TEST(CompressionBounds, OnlyOneWholeFrameOfTodaysFormatPasses) {
  base::Bytes plain = encode(sample_range(20));
  base::Bytes frame = frame_of(plain);
  base::Bytes half = frame_of(plain.substr(0, 100)) + frame_of(plain.substr(100));
  base::Bytes skipped("\x50\x2A\x4D\x18\x04\x00\x00\x00junk", 12);
  base::Bytes earlier = "\x27" + frame.substr(1);  // the magic number of version 0.7

  EXPECT_TRUE(refused(message_of(plain.size(), half)));
  EXPECT_TRUE(refused(message_of(plain.size(), frame + "x")));
  EXPECT_TRUE(refused(message_of(plain.size(), skipped + frame)));
  EXPECT_TRUE(refused(message_of(plain.size(), frame + skipped)));
  EXPECT_TRUE(refused(message_of(0, skipped)));
  EXPECT_FALSE(decompress(skipped, 0).ok());
  EXPECT_TRUE(refused(message_of(plain.size(), earlier)));
  EXPECT_TRUE(refused(message_of(0, frame_of(""))));
}

TEST(CompressionBounds, GarbageIsRefused) {
  auto random = base::Random::from_number(5);
  base::Bytes frame = frame_of(encode(sample_range(20)));
  for (int i = 0; i < 5'000; ++i) {
    std::uint64_t size = random.below(3'000);
    base::Bytes noise = random.bytes(random.below(200));
    EXPECT_TRUE(refused(message_of(size, noise)));
    EXPECT_TRUE(refused(message_of(size, frame.substr(0, 4) + noise)));
  }
  EXPECT_TRUE(refused(Writer().array(3).number(kType).text("5").binary(frame).take()));
  EXPECT_TRUE(refused(Writer().array(3).number(kType).number(5).text("frame").take()));
  EXPECT_TRUE(refused(Writer().array(2).number(kType).number(5).take()));
}

// A message that is accepted can be encoded again to an equal message, and it is not larger than
// the size that it named.
TEST(CompressionBounds, WhatMutationsLeaveValidIsStable) {
  auto random = base::Random::from_number(6);
  Compressor compressor;
  int accepted = 0;
  for (int round = 0; round < 30'000; ++round) {
    base::Bytes bytes = compressor.apply(encode(sample_range(20, 1 + random.below(20))));
    for (std::uint64_t changes = 1 + random.below(3); changes > 0; --changes) {
      auto at = random.below(bytes.size());
      bytes[at] = static_cast<char>(random.below(256));
    }
    auto first = decode(bytes);
    if (!first.ok() || std::holds_alternative<std::monostate>(*first)) continue;
    ++accepted;
    auto second = decode(compressor.apply(encode(std::get<Message>(*first))));
    ASSERT_TRUE(second.ok());
    ASSERT_EQ(std::get<Message>(*first), std::get<Message>(*second));
  }

  EXPECT_GT(accepted, 1'000);
}

}  // namespace
}  // namespace gossip::wire
