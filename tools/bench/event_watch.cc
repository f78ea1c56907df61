#include "tools/bench/event_watch.h"

#include <fmt/format.h>
#include <poll.h>

#include <algorithm>

#include "tools/bench/clock.h"

namespace bench {
namespace {

constexpr std::int64_t kOpenTimeout = 20 * kSecond;

int millis_until(std::int64_t deadline) {
  return static_cast<int>(std::max<std::int64_t>((deadline - monotonic_nanos()) / 1'000'000, 0));
}

}  // namespace

base::Result<EventWatch> EventWatch::open(const std::vector<std::string>& addresses) {
  EventWatch watch;
  std::int64_t deadline = monotonic_nanos() + kOpenTimeout;
  for (const auto& address : addresses) {
    ASSIGN_OR_RETURN(auto stream, probe::HttpConnection::open(address));
    RETURN_IF_ERROR(stream->send(probe::request_text("GET", "/v1/events", address)));
    while (!stream->parser().has_head()) {
      pollfd entry{stream->handle(), POLLIN, 0};
      if (::poll(&entry, 1, millis_until(deadline)) != 1) {
        return base::Error{base::Code::kTimeout, address + " opens no event stream"};
      }
      ASSIGN_OR_RETURN([[maybe_unused]] bool ended, stream->receive());
    }
    if (stream->parser().answer().status != 200) {
      return base::Error{base::Code::kUnavailable, fmt::format("{}: /v1/events answers {}", address,
                                                               stream->parser().answer().status)};
    }
    watch.streams_.push_back(std::move(stream));
  }
  return watch;
}

base::Result<std::int64_t> EventWatch::heard_by_all(const std::string& id,
                                                    std::int64_t timeout_nanos) {
  std::vector<pollfd> waiting;
  for (const auto& stream : streams_) waiting.push_back({stream->handle(), POLLIN, 0});
  std::int64_t deadline = monotonic_nanos() + timeout_nanos;
  std::size_t heard = 0;
  while (heard < streams_.size()) {
    if (::poll(waiting.data(), waiting.size(), millis_until(deadline)) <= 0) {
      return base::Error{base::Code::kTimeout, fmt::format("{} was heard by {} of {} agents", id,
                                                           heard, streams_.size())};
    }
    for (std::size_t i = 0; i < waiting.size(); ++i) {
      if (waiting[i].fd < 0 || waiting[i].revents == 0) continue;
      ASSIGN_OR_RETURN([[maybe_unused]] bool ended, streams_[i]->receive());
      if (!take_events(*streams_[i], id)) continue;
      waiting[i].fd = -1;  // poll ignores it
      ++heard;
    }
  }
  return monotonic_nanos();
}

// Removes the complete events from the text of the stream; true if one of them is about `id`.
bool EventWatch::take_events(probe::HttpConnection& stream, const std::string& id) {
  std::string& text = stream.parser().answer().body;
  std::size_t end = text.rfind("\n\n");
  if (end == std::string::npos) return false;
  std::string events = text.substr(0, end);
  text.erase(0, end + 2);
  return events.find("\"" + id + "\"") != std::string::npos;
}

}  // namespace bench
