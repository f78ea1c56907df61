#include "store/packed_change.h"

#include <zstd.h>

#include <memory>

#include "crdt/change.h"

namespace store {
namespace {

constexpr int kLevel = 3;
// Bounds the memory that compressing needs: 512 KiB of a change are compared.
constexpr int kWindowLog = 19;
// A block of a frame has at least this many bytes and gives at most ZSTD_BLOCKSIZE_MAX.
constexpr std::size_t kBlockBytesMin = 4;

struct Free {
  void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
};

// The library also reads formats of its early versions. We write only this one.
bool is_frame(base::BytesView bytes) {
  if (bytes.size() < 4) return false;
  const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(bytes[at]); };
  const std::uint32_t magic = byte(0) | byte(1) << 8 | byte(2) << 16 | std::uint32_t{byte(3)} << 24;
  return magic == ZSTD_MAGICNUMBER &&
         ZSTD_findFrameCompressedSize(bytes.data(), bytes.size()) == bytes.size();
}

}  // namespace

std::optional<base::Bytes> pack_change(base::BytesView sealed) {
  if (sealed.size() <= kPackedFromBytes) return std::nullopt;
  const std::unique_ptr<ZSTD_CCtx, Free> context(ZSTD_createCCtx());
  if (!context) return std::nullopt;
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_compressionLevel, kLevel);
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_windowLog, kWindowLog);
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_contentSizeFlag, 0);  // the row has the size
  base::Bytes frame(ZSTD_compressBound(sealed.size()), '\0');
  const std::size_t size =
      ZSTD_compress2(context.get(), frame.data(), frame.size(), sealed.data(), sealed.size());
  if (ZSTD_isError(size) || size >= sealed.size()) return std::nullopt;
  frame.resize(size);
  frame.shrink_to_fit();
  return frame;
}

std::optional<base::Bytes> unpack_change(base::BytesView frame, std::uint64_t size) {
  if (size > crdt::kChangeBytesMax || !is_frame(frame)) return std::nullopt;
  if (size > frame.size() / kBlockBytesMin * ZSTD_BLOCKSIZE_MAX) return std::nullopt;
  base::Bytes sealed(size, '\0');
  const std::size_t got = ZSTD_decompress(sealed.data(), sealed.size(), frame.data(), frame.size());
  if (ZSTD_isError(got) || got != size) return std::nullopt;
  return sealed;
}

}  // namespace store
