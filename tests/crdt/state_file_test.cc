// The bytes of a state file: what is whole is taken, anything else is refused with its cause.

#include "crdt/state_file.h"

#include <gtest/gtest.h>

#include <vector>

namespace crdt {
namespace {

const StateHash kState{7, 9};
constexpr std::uint64_t kMesh = 0x0102030405060708;
constexpr std::size_t kHead = 8 + 4 + 8;

base::Bytes file_of(const std::vector<base::Bytes>& pages, const StateHash& state = kState) {
  StateFileWriter writer(kMesh);
  base::Bytes file = writer.head();
  for (const base::Bytes& page : pages) file += writer.page_head(page) + page;
  return file + writer.end(state);
}

// The pages that come before the error, and the error.
struct Outcome {
  std::vector<base::Bytes> pages;
  std::optional<StateHash> state;
  std::optional<std::uint64_t> mesh;
  std::string error;
};

Outcome read(base::BytesView file, std::size_t piece = SIZE_MAX) {
  Outcome out;
  StateFileReader reader;
  for (std::size_t at = 0; at < file.size(); at += std::min(piece, file.size() - at)) {
    reader.add(file.substr(at, piece));
    for (;;) {
      auto record = reader.next();
      if (!record.ok()) {
        out.error = record.error().message;
        return out;
      }
      if (!*record) break;
      out.mesh = reader.mesh();
      if (auto* page = std::get_if<base::Bytes>(&**record)) out.pages.push_back(std::move(*page));
      if (auto* end = std::get_if<StateFileReader::End>(&**record)) out.state = end->state;
    }
  }
  if (auto whole = reader.finish(); !whole.ok()) out.error = whole.error().message;
  return out;
}

const std::vector<base::Bytes> kPages{"first", base::Bytes(100'000, 'x'), "third"};

TEST(StateFile, ComesBackWholeInPiecesOfAnySize) {
  const base::Bytes file = file_of(kPages);
  for (std::size_t piece : {std::size_t{1}, std::size_t{7}, std::size_t{4'096}, file.size()}) {
    const Outcome out = read(file, piece);

    EXPECT_EQ(out.error, "");
    EXPECT_EQ(out.pages, kPages);
    EXPECT_EQ(out.state, kState);
    EXPECT_EQ(out.mesh, kMesh);
  }
}

TEST(StateFile, HasFixedBytes) {
  EXPECT_EQ(file_of({"ab"}).substr(0, 24),
            base::Bytes("HRSYSTAT\0\0\0\1\1\2\3\4\5\6\7\10\0\0\0\2", 24));
  EXPECT_EQ(file_of({"ab"}).size(), kHead + 4 + 8 + 2 + 4 + 8 + 16 + 8);
}

TEST(StateFile, ThatIsCutIsRefusedWhereverTheCutIs) {
  const base::Bytes file = file_of({"first", "second"});
  for (std::size_t length = 0; length < file.size(); ++length) {
    const Outcome out = read(file.substr(0, length));
    EXPECT_NE(out.error, "") << length;
  }
  EXPECT_EQ(read("").error, "the state file is empty");
  EXPECT_EQ(read(file.substr(0, file.size() - 1)).error,
            "the state file ends in its middle, after 2 whole pages: it was cut; copy or export it "
            "again");
}

TEST(StateFile, WithAFlippedBitIsRefusedWhereverTheBitIs) {
  const base::Bytes file = file_of({"first", "second"});
  for (std::size_t bit = 0; bit < file.size() * 8; ++bit) {
    base::Bytes flipped = file;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_NE(read(flipped).error, "") << bit;
  }
}

TEST(StateFile, OfAnotherKindOrWithPagesExchangedIsRefused) {
  EXPECT_EQ(read("{\"id\":1}").error, "this is no state file of Hearsay");
  base::Bytes later = file_of({});
  later[11] = 2;
  EXPECT_EQ(read(later).error,
            "the state file has the format 2; this version of Hearsay reads the format 1; "
            "export and import with programs of one version");
  EXPECT_EQ(read(file_of({}) + "x").error, "the state file has bytes behind its end");

  const base::Bytes file = file_of({"first", "other"});
  const std::size_t size = 4 + 8 + 5;
  const base::Bytes exchanged = file.substr(0, kHead) + file.substr(kHead + size, size) +
                                file.substr(kHead, size) + file.substr(kHead + 2 * size);
  EXPECT_EQ(read(exchanged).error,
            "page 1 of the state file is damaged: its checksum is wrong; copy or export it again");
}

TEST(StateFile, APageThatSaysThatItIsHugeIsNotGathered) {
  StateFileReader reader;
  reader.add(StateFileWriter(kMesh).head() + base::Bytes("\xff\xff\xff\xff", 4));
  EXPECT_FALSE(reader.next().ok());
}

}  // namespace
}  // namespace crdt
