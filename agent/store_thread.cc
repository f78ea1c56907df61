#include "agent/store_thread.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "agent/clock.h"

namespace agent {
namespace {

bool says_something(const Outputs& out) {
  return out.reopen || out.fetching || out.damaged || !out.notices.empty() ||
         !out.facts.left.empty() || !out.facts.stopped.empty();
}

}  // namespace

StoreThread::StoreThread(uv_loop_t* loop, std::unique_ptr<Replica> replica,
                         const PumpOptions& options,
                         std::function<void(std::vector<Outputs>)> on_outputs)
    : replica_(std::move(replica)),
      on_outputs_(std::move(on_outputs)),
      wake_(new uv_async_t),
      pump_(options) {
  CHECK(uv_async_init(loop, wake_, [](uv_async_t* handle) {
          static_cast<StoreThread*>(handle->data)->deliver();
        }) == 0);
  wake_->data = this;
  thread_ = std::thread([this] { run(); });
}

StoreThread::~StoreThread() { CHECK(!thread_.joinable()); }

bool StoreThread::submit(Input&& input) {
  std::lock_guard lock(mutex_);
  if (stopping_ || !pump_.offer(std::move(input))) return false;
  ready_.notify_one();
  return true;
}

std::size_t StoreThread::waiting() const {
  std::lock_guard lock(mutex_);
  return pump_.waiting();
}

StoreCounts StoreThread::counts() const {
  std::lock_guard lock(mutex_);
  return counts_;
}

void StoreThread::watch(std::function<void()> ready) {
  std::uint64_t begun = 0;
  {
    std::lock_guard lock(mutex_);
    watched_ = true;
    begun = turns_begun_;
  }
  if (begun == turns_told_) return ready();
  waiting_for_turn_.emplace_back(begun, std::move(ready));
}

void StoreThread::unwatch() {
  std::lock_guard lock(mutex_);
  watched_ = false;
}

void StoreThread::release_memory() { release_memory_ = true; }

void StoreThread::stop(std::function<void()> stopped) {
  std::lock_guard lock(mutex_);
  stopped_ = std::move(stopped);
  stopping_ = true;
  ready_.notify_one();
}

std::unique_ptr<Replica> StoreThread::take_back() {
  CHECK(!thread_.joinable());
  return std::move(replica_);
}

// At the stop, inputs that wait are still applied. Replica::close brings them to the medium.
void StoreThread::run() {
  std::unique_lock lock(mutex_);
  while (!stopping_ || pump_.waiting() > 0) {
    Pump::Condition replica = condition();
    Pump::Step step = stopping_ ? Pump::Step::kTurn : pump_.next(read_clock().instant, replica);
    if (step == Pump::Step::kWait) {
      wait(lock, replica);
    } else {
      work(step, lock);
    }
  }
  finished_ = true;
  lock.unlock();
  uv_async_send(wake_);
}

Pump::Condition StoreThread::condition() const {
  return {replica_->unsynced(), replica_->fault().has_value(), replica_->replaying()};
}

void StoreThread::wait(std::unique_lock<std::mutex>& lock, const Pump::Condition& replica) {
  auto something = [this] { return stopping_ || pump_.waiting() > 0; };
  base::Duration longest = pump_.deadline(replica) - read_clock().instant;
  ready_.wait_for(lock, std::chrono::nanoseconds(longest.nanos), something);
}

// Does one step. The queue is not locked while the replica works.
void StoreThread::work(Pump::Step step, std::unique_lock<std::mutex>& lock) {
  using Step = Pump::Step;
  std::vector<Input> inputs;
  bool turn = step == Step::kTurn;
  if (turn) inputs = pump_.take_turn();
  if (turn) ++turns_begun_;
  bool watched = watched_;
  lock.unlock();
  if (release_memory_.exchange(false)) replica_->release_memory();
  base::Now now = read_clock();
  Outputs out;
  bool more = false;
  if (turn) out = replica_->turn(now, inputs, watched);
  if (step == Step::kFlush) out = replica_->flush(now);
  if (step == Step::kScrub) out = replica_->scrub(now);
  if (step == Step::kReadAhead) more = replica_->read_ahead();
  wal_bytes_max_ = std::max(wal_bytes_max_.load(), replica_->wal_bytes());
  if (step == Step::kScrub) free_pages_ = replica_->free_pages();
  const StoreCounts counts = replica_->counts();
  bool damaged = out.damaged;
  bool tell = turn || step == Step::kFlush || says_something(out);
  if (tell) hand_over(std::move(out), turn);
  lock.lock();
  counts_ = counts;
  if (turn) pump_.did_turn(now.instant, condition(), damaged);
  if (step == Step::kFlush) pump_.did_flush(now.instant, condition());
  if (step == Step::kScrub) pump_.did_scrub(now.instant);
  if (step == Step::kReadAhead) pump_.did_read_ahead(more);
}

void StoreThread::hand_over(Outputs outputs, bool of_turn) {
  std::lock_guard lock(mutex_);
  outputs_.push_back(std::move(outputs));
  if (of_turn) ++turns_ended_;
  uv_async_send(wake_);
}

void StoreThread::deliver() {
  std::vector<Outputs> outputs;
  bool finished = false;
  std::uint64_t ended = 0;
  {
    std::lock_guard lock(mutex_);
    outputs.swap(outputs_);
    finished = finished_;
    ended = turns_ended_;
  }
  if (!outputs.empty()) on_outputs_(std::move(outputs));
  turns_told_ = ended;
  for (auto& [turn, ready] : std::exchange(waiting_for_turn_, {})) {
    turn <= ended ? ready() : (void)waiting_for_turn_.emplace_back(turn, std::move(ready));
  }
  if (!finished || !thread_.joinable()) return;
  thread_.join();
  uv_close(reinterpret_cast<uv_handle_t*>(wake_),
           [](uv_handle_t* handle) { delete reinterpret_cast<uv_async_t*>(handle); });
  if (stopped_) stopped_();
}

}  // namespace agent
