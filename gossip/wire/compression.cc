#include "gossip/wire/compression.h"

#include <zstd.h>

#include "crdt/base/check.h"
#include "crdt/codec.h"
#include "gossip/wire/message_type.h"

namespace gossip::wire {
namespace {

// Level 3 takes 1.5 to 3 times as long and twice the memory, and does not save more bytes
// (docs/decisions/0008).
constexpr int kLevel = 1;
constexpr int kWindowLog = 20;  // 1 MiB, the size of a page of a range

constexpr char kArrayOfThree = '\x93';
constexpr std::size_t kMagicBytes = 4;
constexpr std::size_t kBlockBytesMin = 4;  // of a frame, for up to ZSTD_BLOCKSIZE_MAX of content

bool is_compressed(base::BytesView message) {
  return message.size() > 1 && message[0] == kArrayOfThree &&
         message[1] == static_cast<char>(MessageType::kCompressed);
}

// The library also reads its older formats and skippable frames. We accept neither.
bool has_magic(base::BytesView frame) {
  if (frame.size() < kMagicBytes) return false;
  std::uint32_t magic = 0;
  for (std::size_t i = kMagicBytes; i > 0; --i) {
    magic = magic << 8 | static_cast<unsigned char>(frame[i - 1]);
  }
  return magic == ZSTD_MAGICNUMBER;
}

}  // namespace

void Compressor::Free::operator()(ZSTD_CCtx_s* context) const { ZSTD_freeCCtx(context); }

Compressor::Compressor() : context_(ZSTD_createCCtx()) {
  CHECK(context_ != nullptr);
  auto set = [this](ZSTD_cParameter parameter, int value) {
    CHECK(!ZSTD_isError(ZSTD_CCtx_setParameter(context_.get(), parameter, value)));
  };
  set(ZSTD_c_compressionLevel, kLevel);
  set(ZSTD_c_windowLog, kWindowLog);
  set(ZSTD_c_contentSizeFlag, 0);  // the message has the size
}

base::Bytes Compressor::apply(base::Bytes message) {
  if (message.size() < kCompressedFrom || is_compressed(message)) return message;
  // The buffer has only the size that pays; the library stops when the frame would be larger.
  base::Bytes frame(message.size() - message.size() / 20, '\0');
  std::size_t size =
      ZSTD_compress2(context_.get(), frame.data(), frame.size(), message.data(), message.size());
  if (ZSTD_isError(size)) return message;
  return crdt::codec::Writer()
      .array(3)
      .number(static_cast<std::uint64_t>(MessageType::kCompressed))
      .number(message.size())
      .binary(base::BytesView(frame).substr(0, size))
      .take();
}

base::Result<base::Bytes> decompress(base::BytesView frame, std::size_t size) {
  auto refused = [&](const char* why) {
    return base::invalid("decompress " + std::to_string(frame.size()) + " bytes to " +
                         std::to_string(size) + ": " + why);
  };
  if (!has_magic(frame)) return refused("no frame");
  if (ZSTD_findFrameCompressedSize(frame.data(), frame.size()) != frame.size()) {
    return refused("not one whole frame");
  }
  // Without this check a frame of 20 bytes could make us allocate 25 MiB, and one packet can have
  // thousands of them.
  if (size > frame.size() / kBlockBytesMin * ZSTD_BLOCKSIZE_MAX) return refused("another size");
  base::Bytes message(size, '\0');
  std::size_t got = ZSTD_decompress(message.data(), size, frame.data(), frame.size());
  if (ZSTD_isError(got)) return refused(ZSTD_getErrorName(got));
  if (got != size) return refused("another size");
  return message;
}

}  // namespace gossip::wire
