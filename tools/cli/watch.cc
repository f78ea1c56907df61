#include "tools/cli/watch.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "tools/cli/event_stream.h"
#include "tools/cli/json_text.h"
#include "tools/cli/url.h"

namespace cli {
namespace {

using Clock = std::chrono::steady_clock;
constexpr auto kAwayMax = std::chrono::seconds(10);
constexpr auto kPauseFirst = std::chrono::milliseconds(100);
constexpr auto kPauseMax = std::chrono::milliseconds(2'000);

// "snapshots/snap1 put {"size":1}  (1a2b3c4d:7)"
std::string readable(std::string_view data) {
  std::string place = unquote(field(data, "object"));
  for (auto step : elements(field(data, "path")).value_or(std::vector<std::string_view>{})) {
    place += "/" + unquote(step);
  }
  auto op = unquote(field(data, "op"));
  auto value = op == "remove" ? std::string() : " " + std::string(field(data, "value"));
  return fmt::format("{} {}{}  ({}:{})", place, op, value,
                     unquote(field(data, "actor")).substr(0, 8), field(data, "seq"));
}

void print_event(Printer& printer, const StreamEvent& event) {
  if (event.name == "reset") {
    auto reason = unquote(field(event.data, "reason"));
    auto why = reason.empty() ? std::string() : " (" + reason + ")";
    say(fmt::format("the agent no longer knows what came between{}: read afresh", why));
    return;
  }
  if (event.data.empty()) return;
  if (printer.is_table()) {
    printer.line(readable(event.data));
  } else {
    printer.text(one_line(event.data) + "\n");
  }
}

}  // namespace

int watch(Session& session, const std::string& object) {
  std::string path = "/v1/events";
  if (!object.empty()) path += "?object=" + percent_encode(object);
  EventStream stream;
  bool connected = false;  // ever
  bool sound = true;
  auto away_since = Clock::now();
  auto pause = kPauseFirst;
  auto take = [&](std::string_view piece) {
    connected = true;
    away_since = Clock::now();
    pause = kPauseFirst;
    sound = stream.feed(piece, [&](const StreamEvent& e) { print_event(session.printer, e); });
    session.printer.flush();
    return sound;
  };

  while (true) {
    auto status = session.client.follow(path, stream.last_id(), take);
    if (!sound) return fail({base::Code::kTooLarge, "an event is larger than 64 MiB"});
    bool refused = !status.ok() && status.error().code != base::Code::kUnavailable &&
                   status.error().code != base::Code::kInternal;
    if (!status.ok() && (!connected || refused)) return fail(status.error());
    if (Clock::now() - away_since > kAwayMax) {
      return fail({base::Code::kUnavailable, "the agent is gone, and has not come back for 10 s"});
    }
    if (pause == kPauseFirst) say("the connection broke; connecting again");
    connected = true;
    stream.reconnected();
    std::this_thread::sleep_for(pause);
    pause = std::min(pause * 2, kPauseMax);
  }
}

}  // namespace cli
