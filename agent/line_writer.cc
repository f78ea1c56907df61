#include "agent/line_writer.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <ctime>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>

namespace agent {
namespace {

constexpr int kPollMillis = 1'000;
constexpr int kAbortTries = 50;  // of 10 ms each
constexpr long kAbortPauseNanos = 10'000'000;

// Blocks all signals for the thread that writes: the program reads its signals elsewhere. When the
// reader of the pipe is gone, write() returns an error instead of ending the program.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_{};
};

// The number of log lines of this process that are not written yet. A signal handler reads it.
std::atomic<std::int64_t>& lines_before_abort() {
  static std::atomic<std::int64_t> count = 0;
  return count;
}

// Makes only calls that a signal handler may make. When it returns, abort() continues.
void wait_for_lines(int) {
  for (int tries = 0; tries < kAbortTries && lines_before_abort() > 0; ++tries) {
    timespec pause{0, kAbortPauseNanos};
    nanosleep(&pause, nullptr);
  }
}

}  // namespace

struct LineWriter::State {
  State(int where, const LineWriterOptions& bounds, LostLine words)
      : descriptor(where), options(bounds), lost_line(std::move(words)) {}

  void run();
  void push(std::string line);
  void tell_lost();
  bool write_all(std::string_view line) const;
  void count(std::int64_t more) const {
    if (before_abort) lines_before_abort() += more;
  }

  const int descriptor;
  const LineWriterOptions options;
  const LostLine lost_line;
  std::atomic<bool> before_abort = false;
  std::atomic<bool> given_up = false;  // the destructor no longer waits for the thread

  mutable std::mutex mutex;
  std::condition_variable ready;
  std::condition_variable written;
  std::deque<std::string> lines;  // the first one is being written
  std::size_t bytes = 0;          // of `lines`
  std::uint64_t lost = 0;
  std::uint64_t untold = 0;  // lost lines that no line has reported yet
  bool full = false;         // lines are dropped until half of the room is free
  bool closing = false;
  std::thread thread;
};

LineWriter::LineWriter(int descriptor, const LineWriterOptions& options, LostLine lost_line)
    : state_(std::make_shared<State>(descriptor, options, std::move(lost_line))) {
  SignalsBlocked blocked;
  state_->thread = std::thread([state = state_] { state->run(); });
}

LineWriter::~LineWriter() {
  std::unique_lock lock(state_->mutex);
  state_->closing = true;
  state_->ready.notify_one();
  bool done = state_->written.wait_for(lock, state_->options.linger, [this] {
    return state_->lines.empty() && state_->untold == 0;
  });
  state_->given_up = !done;
  std::thread thread = std::move(state_->thread);
  lock.unlock();
  done ? thread.join() : thread.detach();
  if (!done) state_->count(-static_cast<std::int64_t>(state_->lines.size()));
}

void LineWriter::write(std::string_view line) {
  std::lock_guard lock(state_->mutex);
  State& state = *state_;
  std::size_t room = state.options.bytes_max - std::min(state.bytes, state.options.bytes_max);
  bool takes = state.full ? room >= state.options.bytes_max / 2 : room >= line.size();
  // A line larger than the whole bound is accepted when nothing else waits.
  state.full = !takes && !state.lines.empty();
  if (state.full) {
    ++state.lost;
    ++state.untold;
    return;
  }
  state.tell_lost();
  state.push(std::string(line));
}

std::uint64_t LineWriter::lost() const {
  std::lock_guard lock(state_->mutex);
  return state_->lost;
}

void LineWriter::write_before_abort() {
  struct sigaction current {};
  sigaction(SIGABRT, nullptr, &current);
  if (current.sa_handler != SIG_DFL && current.sa_handler != wait_for_lines) return;
  std::lock_guard lock(state_->mutex);
  if (!state_->before_abort.exchange(true)) {
    lines_before_abort() += static_cast<std::int64_t>(state_->lines.size());
  }
  signal(SIGABRT, wait_for_lines);
}

void LineWriter::State::push(std::string line) {
  bytes += line.size();
  lines.push_back(std::move(line));
  count(1);
  ready.notify_one();
}

void LineWriter::State::tell_lost() {
  if (untold > 0) push(lost_line(std::exchange(untold, 0)));
}

void LineWriter::State::run() {
  std::unique_lock lock(mutex);
  for (;;) {
    if (lines.empty()) {
      full = false;
      tell_lost();
    }
    if (lines.empty()) {
      written.notify_all();
      if (closing) return;
      ready.wait(lock, [this] { return closing || !lines.empty(); });
      continue;
    }
    const std::string& line = lines.front();  // push() does not move it
    lock.unlock();
    bool whole = write_all(line);
    lock.lock();
    if (given_up) return;
    if (!whole) ++lost;
    bytes -= lines.front().size();
    lines.pop_front();
    count(-1);
  }
}

// Uses one write() for a line if the descriptor takes it, so that lines of several processes do not
// mix. False: the line cannot be written; the thread goes on with the next one.
bool LineWriter::State::write_all(std::string_view line) const {
  while (!line.empty()) {
    ssize_t wrote = ::write(descriptor, line.data(), line.size());
    if (wrote > 0) {
      line.remove_prefix(static_cast<std::size_t>(wrote));
      continue;
    }
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote == 0 || (errno != EAGAIN && errno != EWOULDBLOCK)) return false;
    if (given_up) return false;
    pollfd room{descriptor, POLLOUT, 0};
    poll(&room, 1, kPollMillis);
  }
  return true;
}

}  // namespace agent
