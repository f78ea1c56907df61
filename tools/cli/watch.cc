#include "tools/cli/watch.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "tools/cli/event_stream.h"
#include "tools/cli/json_text.h"
#include "tools/cli/shape.h"
#include "tools/cli/url.h"

namespace cli {
namespace {

using Clock = std::chrono::steady_clock;
constexpr auto kAwayMax = std::chrono::seconds(10);
constexpr auto kPauseFirst = std::chrono::milliseconds(100);
constexpr auto kPauseMax = std::chrono::milliseconds(2'000);

std::string place_of(std::string_view data) {
  std::string place = unquote(field(data, "object"));
  for (auto step : elements(field(data, "path")).value_or(std::vector<std::string_view>{})) {
    place += "/" + unquote(step);
  }
  return place;
}

// Example: "snapshots/snap1 crdt_map {"size":1}".
std::string readable_value(std::string_view data) {
  const bool large = field(data, "large") == "true";
  return fmt::format("{} {} {}", place_of(data), unquote(field(data, "type")),
                     large ? "(larger than 8 MiB)" : field(data, "value"));
}

// Example: "2026-01-31T12:00:00.123Z  n1 00112233  snapshots/snap1 crdt_map put {"size":1}
// (99aabbcc:7)".
std::string readable(Names& names, std::string_view data) {
  auto at = [&](std::string_view name) { return unquote(field(data, name)); };
  const std::string place = place_of(data);
  // A removal names the element that is gone. It has no value where a whole place is gone, and no
  // type where that was of any type.
  const auto value = field(data, "value");
  const auto type = field(data, "type");
  const bool whole = at("op") == "remove" && value == "null";
  return fmt::format("{}  {}  {}{} {}{}  ({}:{})", readable_stamp(at("stamp")),
                     names.of(at("node")), place, type == "null" ? "" : " " + unquote(type),
                     at("op"), whole ? "" : " " + std::string(value), short_id(at("actor")),
                     at("seq"));
}

bool is_change(std::string_view data) {
  return has_shape(data, {{"object", Kind::kString},
                          {"path", Kind::kArray},
                          {"op", Kind::kString},
                          {"value", Kind::kAny},
                          {"seq", Kind::kNumber}});
}

bool is_value(std::string_view data) {
  return has_shape(data, {{"object", Kind::kString},
                          {"path", Kind::kArray},
                          {"type", Kind::kString},
                          {"value", Kind::kAny}});
}

// False: this is not an event of an agent.
bool print_event(Session& session, const StreamEvent& event) {
  if (event.name == "reset") {
    auto reason = unquote(field(event.data, "reason"));
    auto why = reason.empty() ? std::string() : " (" + reason + ")";
    say(fmt::format(
        "the agent can no longer send the events in between{}; read the whole state again", why));
    return true;
  }
  if (event.data.empty() || event.name == "up-to-date") return true;
  const bool value = event.name == "value";
  if (value ? !is_value(event.data) : !is_change(event.data)) return false;
  if (session.printer.is_table()) {
    session.printer.row_line(value ? readable_value(event.data)
                                   : readable(session.names, event.data));
  } else {
    session.printer.text(one_line(event.data) + "\n");
  }
  return true;
}

std::string path_of(const Watched& watched) {
  std::string query;
  const auto add = [&query](std::string_view name, const std::string& value) {
    query += (query.empty() ? "?" : "&") + std::string(name) + "=" + percent_encode(value);
  };
  if (!watched.object.empty()) add("object", watched.object);
  for (const std::string& prefix : watched.prefixes) add("prefix", prefix);
  if (watched.values) add("values", "1");
  return "/v1/events" + query;
}

}  // namespace

int watch(Session& session, const Watched& watched) {
  const std::string path = path_of(watched);
  EventStream stream;
  bool connected = false;  // a connection succeeded at least once
  bool sound = true;
  bool ours = true;
  auto away_since = Clock::now();
  auto pause = kPauseFirst;
  auto take = [&](std::string_view piece) {
    connected = true;
    away_since = Clock::now();
    pause = kPauseFirst;
    sound =
        stream.feed(piece, [&](const StreamEvent& e) { ours = ours && print_event(session, e); });
    session.printer.flush();
    return sound && ours && !session.printer.failed();
  };

  while (true) {
    auto status = session.client.follow(path, stream.last_id(), take);
    if (session.printer.failed()) return kDone;  // the printer prints the message at the end
    if (!ours) return foreign_answer(session, "GET " + path);
    if (!sound) return fail({base::Code::kTooLarge, "an event is larger than 64 MiB"});
    bool refused = !status.ok() && status.error().code != base::Code::kUnavailable &&
                   status.error().code != base::Code::kInternal;
    if (!status.ok() && (!connected || refused)) return fail(status.error());
    if (Clock::now() - away_since > kAwayMax) {
      return fail({base::Code::kUnavailable,
                   "the connection to the agent broke and could not be opened again for 10 s; is "
                   "the agent running?"});
    }
    if (pause == kPauseFirst) say("the connection broke; connecting again");
    connected = true;
    stream.reconnected();
    std::this_thread::sleep_for(pause);
    pause = std::min(pause * 2, kPauseMax);
  }
}

}  // namespace cli
