// Any bytes of a client after the upgrade to a WebSocket. What arrives must not depend on how the
// bytes were cut, text must be UTF-8, and the server sends only frames that RFC 6455 lets it send.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/http/websocket.h"
#include "crdt/base/bytes.h"
#include "crdt/base/check.h"

namespace {

constexpr std::size_t kMessageMax = 1'000;

struct Result {
  std::vector<std::pair<bool, std::string>> messages;
  std::string sent;
  bool done = false;
  bool operator==(const Result&) const = default;
};

Result feed(std::string_view bytes, std::size_t step) {
  Result result;
  http::WebSocket socket(kMessageMax, result.sent, [&](bool binary, std::string message) {
    CHECK(message.size() <= kMessageMax);
    CHECK(binary || base::is_utf8(message));
    result.messages.emplace_back(binary, std::move(message));
  });
  while (!bytes.empty() && !socket.is_done()) {
    std::string_view piece = bytes.substr(0, step);
    std::size_t taken = socket.receive(piece);
    CHECK(taken == piece.size() || socket.is_done());
    bytes.remove_prefix(piece.size());
  }
  result.done = socket.is_done();
  return result;
}

// Short control frames only: pongs, and one close at the end.
void check_sent(std::string_view sent, bool done) {
  bool closed = false;
  while (!sent.empty()) {
    CHECK(!closed);
    CHECK(sent.size() >= 2);
    auto first = static_cast<unsigned char>(sent[0]);
    auto size = static_cast<unsigned char>(sent[1]);
    CHECK(first == 0x8A || first == 0x88);
    CHECK(size <= 125);
    CHECK(sent.size() >= 2u + size);
    closed = first == 0x88;
    sent.remove_prefix(2u + size);
  }
  CHECK(closed == done);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view input(reinterpret_cast<const char*>(data), size);
  Result whole = feed(input, std::max<std::size_t>(size, 1));
  check_sent(whole.sent, whole.done);
  for (std::size_t step : {1u, 2u, 3u, 7u}) CHECK(feed(input, step) == whole);
  return 0;
}
