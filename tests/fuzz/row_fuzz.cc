// Any bytes as the content of a row, as a damaged file may have them behind a checksum that fits by
// chance. The first byte chooses the decoder. They are refused, or they give a value that is stored
// as bytes that give it again.

#include <unistd.h>

#include <cstdint>
#include <filesystem>

#include "crdt/base/check.h"
#include "store/cell_codec.h"
#include "store/closed_codec.h"
#include "store/entry_key.h"
#include "store/packed_change.h"
#include "store/store.h"

namespace {

constexpr std::uint64_t kUnpackedMax = 1u << 16;

// The numbers of actors need a database: one with three of them, in a folder of its own.
class Numbers {
 public:
  Numbers()
      : folder_(std::filesystem::temp_directory_path() /
                ("hearsay-row-fuzz-" + std::to_string(::getpid()))) {
    std::filesystem::create_directories(folder_);
    auto store = store::Store::open(folder_ / "a.db", {});
    CHECK(store.ok());
    store_ = std::move(*store);
    for (unsigned char i = 1; i < 4; ++i) {
      crdt::ActorId actor;
      actor.bytes.fill(i);
      store_->actors().intern(actor);
    }
  }
  ~Numbers() {
    store_.reset();
    std::filesystem::remove_all(folder_);
  }
  store::Actors& actors() { return store_->actors(); }

 private:
  std::filesystem::path folder_;
  std::unique_ptr<store::Store> store_;
};

void check_cells(base::BytesView input) {
  static Numbers numbers;
  const auto cells = store::unpack_cells(input, numbers.actors());
  if (!cells.ok()) return;
  const base::Bytes packed = store::pack_cells(*cells, numbers.actors());
  const auto again = store::unpack_cells(packed, numbers.actors());
  CHECK(again.ok());
  CHECK(*again == *cells);
}

void check_closed(base::BytesView input) {
  const auto actors = store::decode_closed(input);
  if (!actors) return;
  const auto again = store::decode_closed(store::encode_closed(*actors));
  CHECK(again.has_value());
  CHECK(store::encode_closed(*again) == store::encode_closed(*actors));
}

void check_key(base::BytesView input) {
  const auto key = store::parse_name_key(input);
  if (!key) return;
  base::Bytes again = store::entry_key(key->object, key->path, key->path.size());
  if (key->own) store::append_own(again, *key->own);
  CHECK(again == input);
}

void check_change(base::BytesView input) {
  if (input.size() < 2) return;
  const std::uint64_t size = static_cast<unsigned char>(input[0]) |
                             static_cast<std::uint64_t>(static_cast<unsigned char>(input[1])) << 8;
  const auto change = store::unpack_change(input.substr(2), size);
  if (!change) return;
  CHECK(change->size() == size);
  CHECK(size <= kUnpackedMax);
  const auto packed = store::pack_change(*change);
  if (packed) CHECK(store::unpack_change(*packed, size) == change);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const base::BytesView input(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0]) {
    case 'c':
      check_cells(input);
      break;
    case 'a':
      check_closed(input);
      break;
    case 'k':
      check_key(input);
      break;
    default:
      check_change(input);
  }
  return 0;
}
