#include "agent/reader_pool.h"

#include <utility>

#include "crdt/base/check.h"

namespace agent {

base::Result<std::unique_ptr<ReaderPool>> ReaderPool::open(uv_loop_t* loop, const std::string& path,
                                                           const store::Options& store,
                                                           const ReaderPoolOptions& options,
                                                           OnDamage on_damage) {
  std::vector<std::unique_ptr<store::Reader>> readers;
  for (std::size_t i = 0; i < options.threads; ++i) {
    ASSIGN_OR_RETURN(auto reader, store::Reader::open(path, store));
    readers.push_back(std::move(reader));
  }
  std::unique_ptr<ReaderPool> pool(new ReaderPool(loop, options, std::move(on_damage)));
  pool->readers_ = std::move(readers);
  pool->running_ = pool->readers_.size();
  for (auto& reader : pool->readers_) {
    pool->threads_.emplace_back([self = pool.get(), &reader] { self->run(*reader); });
  }
  return pool;
}

ReaderPool::ReaderPool(uv_loop_t* loop, const ReaderPoolOptions& options, OnDamage on_damage)
    : options_(options), on_damage_(std::move(on_damage)), wake_(new uv_async_t) {
  CHECK(uv_async_init(loop, wake_, [](uv_async_t* handle) {
          static_cast<ReaderPool*>(handle->data)->deliver();
        }) == 0);
  wake_->data = this;
}

ReaderPool::~ReaderPool() { CHECK(threads_.empty()); }

bool ReaderPool::submit(Work work) {
  std::lock_guard lock(mutex_);
  if (stopping_ || jobs_.size() >= options_.jobs_max) return false;
  jobs_.push_back({std::move(work), ++submitted_});
  ready_.notify_one();
  return true;
}

void ReaderPool::release_memory() {
  std::lock_guard lock(mutex_);
  ++releases_;
  ready_.notify_all();
}

void ReaderPool::stop(std::function<void()> stopped) {
  std::lock_guard lock(mutex_);
  stopped_ = std::move(stopped);
  stopping_ = true;
  jobs_.clear();
  ready_.notify_all();
}

// Returns when there is a job, or when the thread must end.
void ReaderPool::wait_for_work(std::unique_lock<std::mutex>& lock, store::Reader& reader,
                               std::uint64_t& released) {
  for (;;) {
    ready_.wait(lock, [&] { return stopping_ || !jobs_.empty() || released != releases_; });
    if (!jobs_.empty() || std::exchange(released, releases_) == releases_) return;
    reader.release_memory();
  }
}

// With many clients the start and the end of a snapshot cost as much as a short read.
void ReaderPool::run(store::Reader& reader) {
  std::unique_lock lock(mutex_);
  std::uint64_t released = releases_;
  std::uint64_t in_snapshot = 0;  // jobs up to this number may use it; 0: none is open
  for (;;) {
    const bool shares = !jobs_.empty() && jobs_.front().number <= in_snapshot;
    if (!shares && std::exchange(in_snapshot, 0) > 0) {
      lock.unlock();
      reader.end();
      lock.lock();
    }
    if (!shares) wait_for_work(lock, reader, released);
    if (jobs_.empty()) break;
    const Job job = std::move(jobs_.front());
    jobs_.pop_front();
    if (!shares) in_snapshot = submitted_;
    lock.unlock();
    // If the snapshot cannot be taken, the first read of the job returns the reason.
    const bool sound = shares || reader.begin().ok();
    Finished finish{job.work(reader), reader.take_damage()};
    if (!sound) reader.end();
    lock.lock();
    if (!sound) in_snapshot = 0;
    bool first = finished_.empty();
    finished_.push_back(std::move(finish));
    if (first) uv_async_send(wake_);
  }
  --running_;
  uv_async_send(wake_);
}

void ReaderPool::deliver() {
  std::vector<Finished> finished;
  bool ended = false;
  {
    std::lock_guard lock(mutex_);
    finished.swap(finished_);
    ended = running_ == 0;
  }
  for (Finished& finish : finished) {
    if (finish.call) finish.call();
    if (finish.damage) on_damage_(std::move(*finish.damage));
  }
  if (!ended || threads_.empty()) return;
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
  readers_.clear();
  uv_close(reinterpret_cast<uv_handle_t*>(wake_),
           [](uv_handle_t* handle) { delete reinterpret_cast<uv_async_t*>(handle); });
  if (stopped_) stopped_();
}

}  // namespace agent
