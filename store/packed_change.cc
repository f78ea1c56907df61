#include "store/packed_change.h"

#include <zstd.h>

#include "crdt/base/check.h"
#include "crdt/change.h"

namespace store {
namespace {

constexpr int kLogLevel = 3;
constexpr int kTextLevel = 1;
// Bounds the memory that compressing needs: 512 KiB of a change are compared.
constexpr int kWindowLog = 19;
// A block of a frame has at least this many bytes and gives at most ZSTD_BLOCKSIZE_MAX.
constexpr std::size_t kBlockBytesMin = 4;

constexpr std::size_t kKeptForBytes = 4u << 10;  // a larger change gets a context of its own

// The library also reads formats of its early versions. We write only this one.
bool is_frame(base::BytesView bytes) {
  if (bytes.size() < 4) return false;
  const auto byte = [&](std::size_t at) -> std::uint32_t {
    return static_cast<unsigned char>(bytes[at]);
  };
  const std::uint32_t magic = byte(0) | byte(1) << 8 | byte(2) << 16 | byte(3) << 24;
  return magic == ZSTD_MAGICNUMBER &&
         ZSTD_findFrameCompressedSize(bytes.data(), bytes.size()) == bytes.size();
}

}  // namespace

void ChangePacker::Free::operator()(ZSTD_CCtx_s* context) const { ZSTD_freeCCtx(context); }
void ChangePacker::Free::operator()(ZSTD_DCtx_s* context) const { ZSTD_freeDCtx(context); }

ChangePacker::Packing ChangePacker::make_packing() const {
  Packing packing(ZSTD_createCCtx());
  const auto set = [&](ZSTD_cParameter parameter, int value) {
    CHECK(!ZSTD_isError(ZSTD_CCtx_setParameter(packing.get(), parameter, value)));
  };
  CHECK(packing != nullptr);
  set(ZSTD_c_compressionLevel, use_ == For::kText ? kTextLevel : kLogLevel);
  set(ZSTD_c_windowLog, kWindowLog);
  set(ZSTD_c_contentSizeFlag, 0);  // the row has the size
  return packing;
}

std::optional<base::Bytes> ChangePacker::pack(base::BytesView sealed) {
  if (sealed.size() <= kPackedFromBytes) return std::nullopt;
  const bool large = use_ == For::kLog && sealed.size() > kKeptForBytes;
  if (!large && !packing_) packing_ = make_packing();
  const Packing own = large ? make_packing() : nullptr;
  base::Bytes frame(ZSTD_compressBound(sealed.size()), '\0');
  const std::size_t size = ZSTD_compress2(large ? own.get() : packing_.get(), frame.data(),
                                          frame.size(), sealed.data(), sealed.size());
  if (ZSTD_isError(size) || size >= sealed.size()) return std::nullopt;
  frame.resize(size);
  return frame;
}

std::optional<base::Bytes> ChangePacker::unpack(base::BytesView frame, std::uint64_t size) {
  if (size > crdt::kChangeBytesMax || !is_frame(frame)) return std::nullopt;
  if (size > frame.size() / kBlockBytesMin * ZSTD_BLOCKSIZE_MAX) return std::nullopt;
  if (!unpacking_) unpacking_.reset(ZSTD_createDCtx());
  CHECK(unpacking_ != nullptr);
  base::Bytes sealed(size, '\0');
  const std::size_t got = ZSTD_decompressDCtx(unpacking_.get(), sealed.data(), sealed.size(),
                                              frame.data(), frame.size());
  if (ZSTD_isError(got) || got != size) return std::nullopt;
  return sealed;
}

std::optional<base::Bytes> pack_change(base::BytesView sealed) {
  return ChangePacker().pack(sealed);
}

std::optional<base::Bytes> unpack_change(base::BytesView frame, std::uint64_t size) {
  return ChangePacker().unpack(frame, size);
}

}  // namespace store
