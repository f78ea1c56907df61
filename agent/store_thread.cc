#include "agent/store_thread.h"

#include <chrono>

#include "agent/clock.h"
#include "agent/flush_watch.h"
#include "agent/translate.h"

namespace agent {
namespace {

bool says_something(const Outputs& out) {
  return out.reopen || out.fetching || out.damaged || !out.notices.empty() ||
         !out.facts.left.empty() || !out.facts.stopped.empty();
}

}  // namespace

StoreThread::StoreThread(uv_loop_t* loop, Replica& replica, const StoreThreadOptions& options,
                         std::function<void(std::vector<Outputs>)> on_outputs)
    : replica_(replica),
      options_(options),
      on_outputs_(std::move(on_outputs)),
      wake_(new uv_async_t) {
  CHECK(uv_async_init(loop, wake_, [](uv_async_t* handle) {
          static_cast<StoreThread*>(handle->data)->deliver();
        }) == 0);
  wake_->data = this;
  thread_ = std::thread([this] { run(); });
}

StoreThread::~StoreThread() { CHECK(!thread_.joinable()); }

bool StoreThread::submit(Input&& input, std::size_t bytes) {
  std::lock_guard lock(mutex_);
  bool full = queue_.size() >= options_.inputs_max || queue_bytes_ + bytes > options_.bytes_max;
  // One input larger than the whole bound must still pass when nothing else waits.
  if (stopping_ || (full && !queue_.empty())) return false;
  queue_.push_back({std::move(input), bytes});
  queue_bytes_ += bytes;
  ready_.notify_one();
  return true;
}

std::size_t StoreThread::waiting() const {
  std::lock_guard lock(mutex_);
  return queue_.size();
}

void StoreThread::stop(std::function<void()> stopped) {
  std::lock_guard lock(mutex_);
  stopped_ = std::move(stopped);
  stopping_ = true;
  ready_.notify_one();
}

void StoreThread::run() {
  std::unique_lock lock(mutex_);
  FlushWatch flush_watch;
  for (;;) {
    wait(lock);
    bool last = stopping_ && queue_.empty();
    std::vector<Input> inputs = take_turn();
    lock.unlock();
    base::Now now = read_clock();
    bool idle = inputs.empty();
    bool without_inputs = (replica_.fault() || replica_.replaying()) && !last;
    if (!idle || without_inputs) {
      Outputs outputs = replica_.turn(now, inputs, watched_);
      damaged_ = outputs.damaged;
      hand_over(std::move(outputs));
    } else if (!last && now.instant - scrubbed_ >= options_.scrub_every) {
      scrubbed_ = now.instant;
      Outputs checked = replica_.scrub(now);
      if (says_something(checked)) hand_over(std::move(checked));
    }
    if (flush_watch.is_due(now.instant, replica_.unsynced(), idle)) {
      hand_over(replica_.flush(now));
    }
    lock.lock();
    if (last) break;
    while (queue_.empty() && !stopping_ && read_ahead(lock)) continue;
  }
  finished_ = true;
  lock.unlock();
  uv_async_send(wake_);
}

void StoreThread::wait(std::unique_lock<std::mutex>& lock) {
  auto something = [this] { return stopping_ || !queue_.empty(); };
  base::Duration longest = options_.scrub_every;
  if (replica_.unsynced()) longest = kFlushQuiet;
  if (replica_.replaying() && !damaged_) longest = {};
  // A turn that fails is tried again now and then, whatever else would be in a hurry.
  if (replica_.fault()) longest = kFlushAfter;
  ready_.wait_for(lock, std::chrono::nanoseconds(longest.nanos), something);
}

bool StoreThread::read_ahead(std::unique_lock<std::mutex>& lock) {
  lock.unlock();
  bool more = replica_.read_ahead();
  lock.lock();
  return more;
}

std::vector<Input> StoreThread::take_turn() {
  std::vector<Input> inputs;
  std::size_t changes = 0;
  while (!queue_.empty()) {
    std::size_t more = changes_in(queue_.front().input);
    if (!inputs.empty() && changes + more > options_.turn_changes_max) break;
    changes += more;
    queue_bytes_ -= queue_.front().bytes;
    inputs.push_back(std::move(queue_.front().input));
    queue_.pop_front();
  }
  return inputs;
}

void StoreThread::hand_over(Outputs outputs) {
  std::lock_guard lock(mutex_);
  outputs_.push_back(std::move(outputs));
  uv_async_send(wake_);
}

void StoreThread::deliver() {
  std::vector<Outputs> outputs;
  bool finished = false;
  {
    std::lock_guard lock(mutex_);
    outputs.swap(outputs_);
    finished = finished_;
  }
  if (!outputs.empty()) on_outputs_(std::move(outputs));
  if (!finished || !thread_.joinable()) return;
  thread_.join();
  uv_close(reinterpret_cast<uv_handle_t*>(wake_),
           [](uv_handle_t* handle) { delete reinterpret_cast<uv_async_t*>(handle); });
  if (stopped_) stopped_();
}

}  // namespace agent
