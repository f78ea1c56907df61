#include <fmt/format.h>
#include <unistd.h>

#include "tools/bench/event_watch.h"
#include "tools/bench/http/figure.h"
#include "tools/bench/http/web_socket.h"

namespace bench {
namespace {

constexpr double kResidentMax = 32;  // MiB
constexpr double kKibAStreamMax = 12;
constexpr unsigned kSettle = 1'000'000;  // microseconds until the agent has done what is left to do

struct Idle {
  double resident = 0;  // MiB
  double each = 0;      // KiB
};

// `open` holds the streams until it is destroyed.
template <typename Open>
base::Result<Idle> measure_streams(const HttpBench& bench, const std::string& name, Open open) {
  ASSIGN_OR_RETURN(auto agent, Agent::start_alone(bench.agents, name, bench.folder));
  ::usleep(kSettle);
  ASSIGN_OR_RETURN(Memory before, agent->memory());
  ASSIGN_OR_RETURN([[maybe_unused]] auto streams, open(agent->http()));
  ::usleep(kSettle);
  ASSIGN_OR_RETURN(Memory after, agent->memory());
  agent->stop();
  return Idle{after.resident_mib,
              (after.resident_mib - before.resident_mib) * 1'024 / bench.options.clients};
}

base::Result<EventWatch> open_streams(const std::string& address, int count) {
  return EventWatch::open(std::vector<std::string>(static_cast<std::size_t>(count), address));
}

using Sockets = std::vector<std::unique_ptr<WebSocketClient>>;

base::Result<Sockets> open_sockets(const std::string& address, int count) {
  Sockets sockets;
  for (int i = 0; i < count; ++i) {
    ASSIGN_OR_RETURN(auto socket, WebSocketClient::open(address, "/ws"));
    RETURN_IF_ERROR(socket->await_message());
    sockets.push_back(std::move(socket));
  }
  return sockets;
}

}  // namespace

base::Result<HttpFigures> measure_idle_streams(const HttpBench& bench) {
  const int count = bench.options.clients;
  HttpFigure streams{fmt::format("resident with {} idle event streams", count), "MiB", false,
                     kResidentMax};
  HttpFigure each_stream{"an idle event stream", "KiB", false, kKibAStreamMax};
  HttpFigure sockets{fmt::format("resident with {} idle WebSockets", count), "MiB", false,
                     kResidentMax};
  HttpFigure each_socket{"an idle WebSocket", "KiB", false, kKibAStreamMax};
  for (int i = 0; i < bench.options.runs; ++i) {
    ASSIGN_OR_RETURN(Idle events, measure_streams(bench, fmt::format("streams-{}", i),
                                                  [&](const std::string& address) {
                                                    return open_streams(address, count);
                                                  }));
    streams.hearsay.push_back(events.resident);
    each_stream.hearsay.push_back(events.each);
    ASSIGN_OR_RETURN(Idle dictionary, measure_streams(bench, fmt::format("sockets-{}", i),
                                                      [&](const std::string& address) {
                                                        return open_sockets(address, count);
                                                      }));
    sockets.hearsay.push_back(dictionary.resident);
    each_socket.hearsay.push_back(dictionary.each);
  }
  return HttpFigures{streams, each_stream, sockets, each_socket};
}

}  // namespace bench
