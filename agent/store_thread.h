#pragma once

// The thread that owns the replica (rule 10): from here on nobody else can reach it, and what it
// has to say comes as outputs. It does what the Pump says and hands the outputs to the loop.
// Natural batching: what queues during a commit goes into the next one, there is no artificial
// delay.

#include <uv.h>

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "agent/replica/pump.h"
#include "agent/replica/replica.h"

namespace agent {

class StoreThread {
 public:
  // `on_outputs` runs on the loop thread.
  StoreThread(uv_loop_t* loop, std::unique_ptr<Replica> replica, const PumpOptions& options,
              std::function<void(std::vector<Outputs>)> on_outputs);
  ~StoreThread();  // stop() must have finished

  bool submit(Input&& input);  // false: full, `input` is untouched
  void set_watched(bool watched) { watched_ = watched; }
  std::size_t waiting() const;
  void release_memory();  // with the next step, on its thread
  // Finishes what waits, flushes, ends the thread; outputs still arrive before `stopped` is called.
  void stop(std::function<void()> stopped);
  // After stop() has finished.
  std::unique_ptr<Replica> take_back();

 private:
  void run();
  Pump::Condition condition() const;  // of the replica; on the store thread
  void wait(std::unique_lock<std::mutex>& lock, const Pump::Condition& now);
  void work(Pump::Step step, std::unique_lock<std::mutex>& lock);
  void hand_over(Outputs outputs);
  void deliver();

  std::unique_ptr<Replica> replica_;
  std::function<void(std::vector<Outputs>)> on_outputs_;
  std::function<void()> stopped_;
  uv_async_t* wake_;

  mutable std::mutex mutex_;
  std::condition_variable ready_;
  Pump pump_;
  std::vector<Outputs> outputs_;
  bool stopping_ = false;
  bool finished_ = false;
  std::atomic<bool> release_memory_ = false;
  std::atomic<bool> watched_ = false;
  std::thread thread_;
};

}  // namespace agent
