#include "tools/probe/relay.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>

#include "crdt/base/check.h"

namespace probe {
namespace {

constexpr int kPollMillis = 5;
constexpr int kBindTries = 100;
constexpr int kReceiveBuffer = 4 << 20;

std::int64_t millis_now() {
  auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration_cast<Millis>(now).count();
}

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

int bound_socket(int type, const sockaddr_in& address) {
  int socket = ::socket(AF_INET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  CHECK(socket >= 0);
  int buffer = kReceiveBuffer;  // as much of it as the host allows
  ::setsockopt(socket, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer);
  if (::bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) {
    return socket;
  }
  ::close(socket);
  return -1;
}

sockaddr_in parsed(const std::string& text) {
  auto colon = text.rfind(':');
  sockaddr_in address = loopback(static_cast<std::uint16_t>(std::stoi(text.substr(colon + 1))));
  CHECK(::inet_pton(AF_INET, text.substr(0, colon).c_str(), &address.sin_addr) == 1);
  return address;
}

bool same(const sockaddr_in& a, const sockaddr_in& b) {
  return a.sin_port == b.sin_port && a.sin_addr.s_addr == b.sin_addr.s_addr;
}

}  // namespace

Relay::Relay(std::uint64_t seed) : random_(seed), thread_([this] { run(); }) {}

Relay::~Relay() {
  stopping_ = true;
  thread_.join();
  for (const Front& front : fronts_) {
    ::close(front.udp);
    ::close(front.listener);
  }
}

std::size_t Relay::add() {
  Front front;
  for (int i = 0; i < kBindTries && front.listener < 0; ++i) {
    if (front.udp >= 0) ::close(front.udp);
    front.udp = bound_socket(SOCK_DGRAM, loopback(0));
    sockaddr_in address{};
    socklen_t length = sizeof address;
    CHECK(::getsockname(front.udp, reinterpret_cast<sockaddr*>(&address), &length) == 0);
    front.listener = bound_socket(SOCK_STREAM, address);
    front.address = "127.0.0.1:" + std::to_string(ntohs(address.sin_port));
  }
  CHECK(front.listener >= 0);
  CHECK(::listen(front.listener, 64) == 0);
  std::lock_guard lock(mutex_);
  fronts_.push_back(front);
  return fronts_.size() - 1;
}

std::string Relay::front(std::size_t agent) const {
  std::lock_guard lock(mutex_);
  return fronts_.at(agent).address;
}

void Relay::attach(std::size_t agent, const std::string& bind) {
  std::lock_guard lock(mutex_);
  fronts_.at(agent).agent = parsed(bind);
  fronts_.at(agent).attached = true;
}

void Relay::set_all(const DatagramFaults& faults) {
  std::lock_guard lock(mutex_);
  all_ = faults;
  faults_.clear();
}

void Relay::set(std::size_t from, std::size_t to, const DatagramFaults& faults) {
  std::lock_guard lock(mutex_);
  faults_[{from, to}] = faults;
}

void Relay::set_streams(const StreamFaults& faults) {
  std::lock_guard lock(mutex_);
  streams_ = faults;
}

RelayCounts Relay::counts() const {
  std::lock_guard lock(mutex_);
  return counts_;
}

void Relay::run() {
  std::vector<pollfd> polls;
  while (!stopping_) {
    polls.clear();
    {
      std::lock_guard lock(mutex_);
      for (const Front& front : fronts_) {
        polls.push_back({front.udp, POLLIN, 0});
        polls.push_back({front.listener, POLLIN, 0});
      }
      if (!streams_.refuse) {
        for (const auto& pipe : pipes_) pipe->ask(polls);
      }
    }
    ::poll(polls.data(), polls.size(), millis_to_wait());
    std::lock_guard lock(mutex_);
    for (std::size_t i = 0; i < fronts_.size(); ++i) {
      receive(i);
      accept(i);
    }
    send_due();
    if (streams_.refuse) continue;
    RelayPipe::Moved moved;
    std::erase_if(pipes_, [&](auto& pipe) { return !pipe->move(streams_, random_, moved); });
    counts_.bytes += moved.bytes;
    counts_.bytes_corrupted += moved.corrupted;
  }
}

int Relay::millis_to_wait() const {
  std::lock_guard lock(mutex_);
  if (waiting_.empty()) return kPollMillis;
  const std::int64_t left = waiting_.top().due_millis - millis_now();
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, kPollMillis));
}

void Relay::receive(std::size_t to) {
  char buffer[65'536];
  while (true) {
    sockaddr_in source{};
    socklen_t length = sizeof source;
    ssize_t count = ::recvfrom(fronts_[to].udp, buffer, sizeof buffer, 0,
                               reinterpret_cast<sockaddr*>(&source), &length);
    if (count < 0 && errno == EAGAIN) return;
    if (count < 0) continue;  // an earlier one met a closed port
    auto from = std::find_if(fronts_.begin(), fronts_.end(), [&](const Front& front) {
      return front.attached && same(front.agent, source);
    });
    if (from == fronts_.end()) {
      ++counts_.strangers;
      continue;
    }
    take(static_cast<std::size_t>(from - fronts_.begin()), to,
         std::string(buffer, static_cast<std::size_t>(count)));
  }
}

void Relay::take(std::size_t from, std::size_t to, std::string bytes) {
  auto own = faults_.find({from, to});
  const DatagramFaults& faults = own == faults_.end() ? all_ : own->second;
  if (faults.cut) {
    ++counts_.cut;
    return;
  }
  if (bytes.size() > faults.length_max) {
    ++counts_.too_long;
    return;
  }
  if (chance(faults.loss)) {
    ++counts_.lost;
    return;
  }
  if (chance(faults.duplicate)) {
    ++counts_.duplicated;
    wait(faults, from, to, bytes);
  }
  if (!bytes.empty() && chance(faults.corrupt)) {
    ++counts_.corrupted;
    auto bit = random_() % (bytes.size() * 8);
    bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << (bit % 8)));
  }
  wait(faults, from, to, std::move(bytes));
}

void Relay::wait(const DatagramFaults& faults, std::size_t from, std::size_t to,
                 std::string bytes) {
  if (waiting_.size() >= kWaitingMax) {
    ++counts_.lost;
    return;
  }
  auto span = static_cast<std::uint64_t>((faults.delay_max - faults.delay_min).count()) + 1;
  auto delay = faults.delay_min.count() + static_cast<std::int64_t>(random_() % span);
  waiting_.push({millis_now() + delay, ++order_, from, to, std::move(bytes)});
}

// The relay sends each datagram from the front of its sender, so that an answer comes back to it.
void Relay::send_due() {
  auto now = millis_now();
  while (!waiting_.empty() && waiting_.top().due_millis <= now) {
    const Waiting& next = waiting_.top();
    const Front& to = fronts_[next.to];
    if (to.attached) {
      ::sendto(fronts_[next.from].udp, next.bytes.data(), next.bytes.size(), MSG_DONTWAIT,
               reinterpret_cast<const sockaddr*>(&to.agent), sizeof to.agent);
      ++counts_.passed;
    }
    waiting_.pop();
  }
}

void Relay::accept(std::size_t to) {
  while (true) {
    int accepted = ::accept4(fronts_[to].listener, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (accepted < 0) return;
    ++counts_.connections;
    int connecting = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    const sockaddr_in& agent = fronts_[to].agent;
    bool begun =
        !streams_.refuse && fronts_[to].attached &&
        (::connect(connecting, reinterpret_cast<const sockaddr*>(&agent), sizeof agent) == 0 ||
         errno == EINPROGRESS);
    // It ends with the pipe.
    auto pipe = std::make_unique<RelayPipe>(accepted, connecting);
    if (begun) pipes_.push_back(std::move(pipe));
  }
}

}  // namespace probe
