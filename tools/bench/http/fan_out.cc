#include <fmt/format.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <memory>

#include "tools/bench/clock.h"
#include "tools/bench/http/figure.h"
#include "tools/bench/http/server_child.h"
#include "tools/bench/http/web_socket.h"
#include "tools/bench/summary.h"

namespace bench {
namespace {

constexpr double kMedianMillisMax = 20;
constexpr double kWorstMillisMax = 50;
constexpr double kTimesTheLoopMax = 2;
constexpr unsigned kPauseBetweenChanges = 10'000;  // microseconds
constexpr std::int64_t kFanOutTimeout = 20 * kSecond;
constexpr int kEventsOfATurn = 512;

// The message of the client with change `number`, and a part of the frame that all clients get.
struct Told {
  std::string message;
  std::string mark;
};
using TellOf = std::function<Told(int number)>;

Told tell_agent(int number) {
  const std::string value = fmt::format(R"("value":"change {:08}")", number);
  return {R"({"action":"update","key":"headline",)" + value + "}", value};
}

// The loop sends what it gets: the frame that the agent sends for this change.
Told tell_loop(int number) {
  Told told = tell_agent(number);
  told.message = R"({"action":"add","key":"headline",)" + told.mark +
                 fmt::format(R"(,"timestamp":{}}})", 1'800'000'000'000'000'000 + number);
  return told;
}

class Audience {
 public:
  static base::Result<std::unique_ptr<Audience>> open(const std::string& address, int clients) {
    auto audience = std::make_unique<Audience>();
    for (int i = 0; i < clients; ++i) {
      ASSIGN_OR_RETURN(auto client, WebSocketClient::open(address, "/ws"));
      RETURN_IF_ERROR(client->await_message());  // the values at the beginning
      epoll_event event{};
      event.events = EPOLLIN;
      event.data.u64 = audience->clients_.size();
      ::epoll_ctl(audience->epoll_, EPOLL_CTL_ADD, client->handle(), &event);
      audience->clients_.push_back(std::move(client));
    }
    return audience;
  }
  Audience() = default;
  ~Audience() { ::close(epoll_); }
  Audience(const Audience&) = delete;
  Audience& operator=(const Audience&) = delete;

  // The first client sends. Returns the time until the last one has the change.
  base::Result<std::int64_t> tell(const Told& told) {
    const std::int64_t began = monotonic_nanos();
    RETURN_IF_ERROR(clients_[0]->send(false, told.message));
    std::size_t heard = 0;
    epoll_event events[kEventsOfATurn];
    const WebSocketClient::OnMessage on_message = [&](std::string_view text) {
      if (text.find(told.mark) != text.npos) ++heard;
    };
    while (heard < clients_.size()) {
      const int count = ::epoll_wait(epoll_, events, kEventsOfATurn, 1'000);
      for (int i = 0; i < count; ++i) {
        RETURN_IF_ERROR(clients_[events[i].data.u64]->receive(on_message));
      }
      if (monotonic_nanos() - began > kFanOutTimeout) {
        return base::Error{base::Code::kTimeout, fmt::format("a change reached {} of {} clients",
                                                             heard, clients_.size())};
      }
    }
    return monotonic_nanos() - began;
  }

 private:
  int epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
  std::vector<std::unique_ptr<WebSocketClient>> clients_;
};

struct FanOut {
  Summary millis;
  double client_cores = 0;  // while a change is on its way
};

base::Result<FanOut> fan_out(const HttpBench& bench, const std::string& address,
                             const TellOf& tell_of) {
  ASSIGN_OR_RETURN(auto audience, Audience::open(address, bench.options.clients));
  RETURN_IF_ERROR(audience->tell(tell_of(0)));  // warms up
  std::vector<double> millis;
  std::int64_t busy = 0;
  std::int64_t total = 0;
  const std::int64_t deadline =
      monotonic_nanos() +
      static_cast<std::int64_t>(bench.options.seconds * static_cast<double>(kSecond));
  for (int number = 1; monotonic_nanos() < deadline; ++number) {
    const Told told = tell_of(number);
    const std::int64_t before = processor_nanos();
    ASSIGN_OR_RETURN(std::int64_t nanos, audience->tell(told));
    busy += processor_nanos() - before;
    total += nanos;
    millis.push_back(millis_of(nanos));
    ::usleep(kPauseBetweenChanges);
  }
  return FanOut{summarise(std::move(millis)), seconds_of(busy) / seconds_of(total)};
}

}  // namespace

base::Result<HttpFigures> measure_fan_out(const HttpBench& bench) {
  const std::string what =
      fmt::format("{} WebSockets: a change to the last", bench.options.clients);
  HttpFigure median{what + ", median", "ms", false, kMedianMillisMax, kTimesTheLoopMax,
                    "bare wslay loop"};
  HttpFigure worst{what + ", worst", "ms", false, kWorstMillisMax, {}, "bare wslay loop"};
  for (int i = 0; i < bench.options.runs; ++i) {
    ASSIGN_OR_RETURN(auto loop, ServerChild::start({own_program(), "socket-floor"},
                                                   bench.file(fmt::format("loop-{}.log", i))));
    ASSIGN_OR_RETURN(FanOut floor, fan_out(bench, loop.address, tell_loop));
    loop.child->kill();
    ASSIGN_OR_RETURN(auto agent,
                     Agent::start_alone(bench.agents, fmt::format("fan-{}", i), bench.folder));
    ASSIGN_OR_RETURN(FanOut ours, fan_out(bench, agent->http(), tell_agent));
    agent->stop();
    median.hearsay.push_back(ours.millis.median);
    median.floor.push_back(floor.millis.median);
    median.client.push_back(ours.client_cores);
    worst.hearsay.push_back(ours.millis.worst);
    worst.floor.push_back(floor.millis.worst);
  }
  return HttpFigures{median, worst};
}

}  // namespace bench
