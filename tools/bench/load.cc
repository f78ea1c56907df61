#include "tools/bench/load.h"

#include <sys/epoll.h>
#include <unistd.h>

#include <memory>
#include <thread>
#include <vector>

#include "tools/bench/clock.h"
#include "tools/probe/http_connection.h"

namespace bench {
namespace {

constexpr int kEventsMax = 64;
constexpr int kWaitMillis = 100;
constexpr int kStatusOk = 200;

// The part of one thread: its connections, and what it measured.
class Share {
 public:
  Share(const Load& load, std::uint64_t seed)
      : load_(load), random_(base::Random::from_number(seed)), epoll_(::epoll_create1(0)) {}
  ~Share() { ::close(epoll_); }
  Share(const Share&) = delete;
  Share& operator=(const Share&) = delete;

  base::Status open(int connections) {
    for (int i = 0; i < connections; ++i) {
      ASSIGN_OR_RETURN(auto connection, probe::HttpConnection::open(load_.address));
      epoll_event event{};
      event.events = EPOLLIN;
      event.data.u64 = lanes_.size();
      ::epoll_ctl(epoll_, EPOLL_CTL_ADD, connection->handle(), &event);
      lanes_.push_back({std::move(connection), 0});
    }
    return {};
  }

  void run(std::int64_t deadline) { outcome_ = drive(deadline); }

  const base::Status& outcome() const { return outcome_; }
  const std::vector<double>& latencies() const { return latencies_; }
  std::uint64_t refused() const { return refused_; }

 private:
  struct Lane {
    std::unique_ptr<probe::HttpConnection> connection;
    std::int64_t sent = 0;
  };

  base::Status drive(std::int64_t deadline) {
    for (auto& lane : lanes_) RETURN_IF_ERROR(ask(lane));
    epoll_event events[kEventsMax];
    while (monotonic_nanos() < deadline) {
      int count = ::epoll_wait(epoll_, events, kEventsMax, kWaitMillis);
      for (int i = 0; i < count; ++i) {
        Lane& lane = lanes_[events[i].data.u64];
        ASSIGN_OR_RETURN(bool complete, lane.connection->receive());
        if (!complete) continue;
        finish(lane);
        RETURN_IF_ERROR(ask(lane));
      }
    }
    return {};
  }

  base::Status ask(Lane& lane) {
    std::string text = load_.next_request(random_);
    lane.sent = monotonic_nanos();
    return lane.connection->send(text);
  }

  void finish(Lane& lane) {
    probe::AnswerParser& parser = lane.connection->parser();
    if (parser.answer().status == kStatusOk) {
      latencies_.push_back(millis_of(monotonic_nanos() - lane.sent));
    } else {
      ++refused_;
    }
    parser.next();
  }

  const Load& load_;
  base::Random random_;
  int epoll_;
  std::vector<Lane> lanes_;
  std::vector<double> latencies_;
  std::uint64_t refused_ = 0;
  base::Status outcome_;
};

}  // namespace

base::Result<LoadResult> run_load(const Load& load) {
  std::vector<std::unique_ptr<Share>> shares;
  for (int i = 0; i < load.threads; ++i) {
    int connections = load.connections / load.threads + (i < load.connections % load.threads);
    shares.push_back(std::make_unique<Share>(load, static_cast<std::uint64_t>(i) + 1));
    RETURN_IF_ERROR(shares.back()->open(connections));
  }

  std::int64_t started = monotonic_nanos();
  auto deadline = started + static_cast<std::int64_t>(load.seconds * static_cast<double>(kSecond));
  std::vector<std::thread> threads;
  for (auto& share : shares) threads.emplace_back([&share, deadline] { share->run(deadline); });
  for (auto& thread : threads) thread.join();
  double elapsed = seconds_of(monotonic_nanos() - started);

  LoadResult result;
  std::vector<double> latencies;
  for (const auto& share : shares) {
    RETURN_IF_ERROR(share->outcome());
    latencies.insert(latencies.end(), share->latencies().begin(), share->latencies().end());
    result.refused += share->refused();
  }
  result.per_second = static_cast<double>(latencies.size()) / elapsed;
  result.latency_millis = summarise(std::move(latencies));
  return result;
}

}  // namespace bench
