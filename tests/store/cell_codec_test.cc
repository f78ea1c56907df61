#include "store/cell_codec.h"

#include <gtest/gtest.h>

#include "sample.h"
#include "store/row.h"

namespace store {
namespace {

using sample::actor;
using sample::cell;

struct CellCodec : testing::Test {
  sample::Folder folder;
  std::unique_ptr<Store> store = sample::open(folder.file("a.db"));
  Actors& actors = store->actors();
};

TEST_F(CellCodec, PlainAndOddCellsComeBack) {
  crdt::Cell odd = cell(actor(300), UINT64_MAX, std::string("v\0tag", 5), -1);
  odd.dot.index = UINT32_MAX;
  odd.kind = static_cast<crdt::EffectKind>(200);
  odd.stamp.time = {INT64_MIN, UINT32_MAX};
  odd.stamp.writer = std::string(256, 'w');
  const crdt::Cells cells = {cell(actor(1), 1, ""), cell(actor(2), 128, "\"x\""), odd,
                             cell(actor(400), 2, std::string(70'000, 'z'))};

  const base::Bytes packed = pack_cells(cells, actors);
  const auto unpacked = unpack_cells(packed, actors);

  ASSERT_TRUE(unpacked.ok());
  EXPECT_EQ(*unpacked, cells);
}

TEST_F(CellCodec, AnAgentsPutCostsThirteenBytesMoreThanItsBody) {
  actors.intern(actor(1));

  const base::Bytes packed = pack_cells({cell(actor(1), 100'000, "\"value\"")}, actors);

  EXPECT_EQ(packed.size(), 7u + 13u);
}

TEST_F(CellCodec, NoPrefixOfTwoCellsIsTakenForTwo) {
  const crdt::Cells cells = {cell(actor(1), 5, "one"), cell(actor(2), 6, "two")};
  const base::Bytes packed = pack_cells(cells, actors);

  for (std::size_t size = 0; size < packed.size(); ++size) {
    const auto cut = unpack_cells(packed.substr(0, size), actors);
    if (cut.ok()) {
      EXPECT_NE(*cut, cells) << size;
    }
  }
  EXPECT_FALSE(unpack_cells("", actors).ok());
  EXPECT_FALSE(unpack_cells(std::string("\x20", 1) + packed.substr(1), actors).ok());
}

TEST_F(CellCodec, AnUnknownActorIsCorruption) {
  const base::Bytes packed = pack_cells({cell(actor(9), 5, "one")}, actors);
  store->rollback();

  const auto unpacked = unpack_cells(packed, actors);

  ASSERT_FALSE(unpacked.ok());
  EXPECT_EQ(unpacked.error().code, base::Code::kCorrupt);
}

TEST(RowParser, NumbersEndWhereTheBytesEnd) {
  base::Bytes bytes;
  append_varint(bytes, 0);
  append_varint(bytes, 127);
  append_varint(bytes, 128);
  append_varint(bytes, UINT64_MAX);
  RowParser parser(bytes);

  EXPECT_EQ(parser.varint(), 0u);
  EXPECT_EQ(parser.varint(), 127u);
  EXPECT_EQ(parser.varint(), 128u);
  EXPECT_EQ(parser.varint(), UINT64_MAX);
  EXPECT_TRUE(parser.complete());
  parser.varint();
  EXPECT_FALSE(parser.ok());
}

TEST(RowParser, ANumberWithoutEndIsRefused) {
  RowParser parser(std::string_view("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 12));

  parser.varint();

  EXPECT_FALSE(parser.ok());
}

TEST(RowChecksum, NeighbouringFieldsDoNotRunTogether) {
  EXPECT_NE(RowChecksum('c').bytes("ab").bytes("c").value(),
            RowChecksum('c').bytes("a").bytes("bc").value());
  EXPECT_NE(RowChecksum('c').number(1).value(), RowChecksum('n').number(1).value());
}

}  // namespace
}  // namespace store
