#include "tools/bench/http/typing.h"

#include <fmt/format.h>
#include <poll.h>
#include <time.h>

#include <algorithm>
#include <vector>

#include "tools/bench/clock.h"

namespace bench {
namespace {

constexpr std::int64_t kGap = static_cast<std::int64_t>(kKeystrokeSeconds * 1e9);
constexpr std::int64_t kArrivalTimeout = 20 * kSecond;

void wait_for_either(const WebSocketClient& a, const WebSocketClient& z, std::int64_t nanos) {
  nanos = std::max<std::int64_t>(nanos, 0);
  pollfd both[2] = {{a.handle(), POLLIN, 0}, {z.handle(), POLLIN, 0}};
  const timespec time{nanos / kSecond, nanos % kSecond};
  ::ppoll(both, 2, &time, nullptr);
}

}  // namespace

base::Result<Summary> type_and_read(WebSocketClient& writer, WebSocketClient& reader,
                                    const Typing& typing) {
  std::vector<std::int64_t> sent;
  std::vector<double> millis;
  const WebSocketClient::OnMessage read = [&](std::string_view message) {
    const auto latest = typing.latest(message);
    if (!latest) return;
    const std::int64_t now = monotonic_nanos();
    while (millis.size() <= *latest && millis.size() < sent.size()) {
      millis.push_back(millis_of(now - sent[millis.size()]));
    }
  };
  const WebSocketClient::OnMessage echo = [](std::string_view) {};
  std::int64_t next = monotonic_nanos();
  while (millis.size() < typing.keystrokes) {
    const bool all_sent = sent.size() == typing.keystrokes;
    const std::int64_t now = monotonic_nanos();
    if (!all_sent && now >= next) {
      const std::string message = typing.message(sent.size());
      sent.push_back(monotonic_nanos());
      RETURN_IF_ERROR(writer.send(typing.binary, message));
      next += kGap;
    } else if (all_sent && now - sent.back() > kArrivalTimeout) {
      return base::Error{base::Code::kTimeout,
                         fmt::format("{} of {} keystrokes arrived", millis.size(), sent.size())};
    }
    wait_for_either(writer, reader, all_sent ? kSecond : next - monotonic_nanos());
    RETURN_IF_ERROR(writer.receive(echo));
    RETURN_IF_ERROR(reader.receive(read));
  }
  return summarise(std::move(millis));
}

}  // namespace bench
