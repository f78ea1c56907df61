#pragma once

// Some threads, each with a read-only connection. A job runs inside one committed snapshot, which
// has every commit from before submit(); the function that it returns then runs on the loop thread.
// Jobs that waited when a snapshot was taken may share it. The queue is bounded: when it is full,
// submit() refuses.

#include <uv.h>

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "store/store.h"

namespace agent {

struct ReaderPoolOptions {
  std::size_t threads = 2;
  std::size_t jobs_max = 4'096;  // waiting jobs; above: refused, the client gets "busy"
};

class ReaderPool {
 public:
  using Work = std::function<std::function<void()>(store::Reader&)>;
  using OnDamage = std::function<void(std::string what)>;

  // `on_damage` runs on the loop thread, after the job that met a damaged row has answered.
  static base::Result<std::unique_ptr<ReaderPool>> open(uv_loop_t* loop, const std::string& path,
                                                        const store::Options& store,
                                                        const ReaderPoolOptions& options,
                                                        OnDamage on_damage);
  ~ReaderPool();  // stop() must have finished

  bool submit(Work work);  // false: the queue is full
  void release_memory();   // each thread frees its connection's memory when it has nothing to do
  // Drops the jobs that wait, ends the threads, then calls `stopped` on the loop.
  void stop(std::function<void()> stopped);

 private:
  ReaderPool(uv_loop_t* loop, const ReaderPoolOptions& options, OnDamage on_damage);
  void run(store::Reader& reader);
  void wait_for_work(std::unique_lock<std::mutex>& lock, store::Reader& reader,
                     std::uint64_t& released);
  void deliver();

  ReaderPoolOptions options_;
  OnDamage on_damage_;
  std::vector<std::unique_ptr<store::Reader>> readers_;
  std::vector<std::thread> threads_;
  uv_async_t* wake_;
  std::function<void()> stopped_;

  std::mutex mutex_;
  std::condition_variable ready_;
  struct Job {
    Work work;
    std::uint64_t number = 0;
  };
  std::deque<Job> jobs_;
  std::uint64_t submitted_ = 0;  // the number of the last job
  struct Finished {
    std::function<void()> call;
    std::optional<std::string> damage;
  };
  std::vector<Finished> finished_;
  std::size_t running_ = 0;
  bool stopping_ = false;
  std::uint64_t releases_ = 0;  // number of calls of release_memory()
};

}  // namespace agent
