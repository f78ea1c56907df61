#pragma once

// The thread that owns the replica (rule 10). No other thread can use the replica from now on; its
// results come as outputs. The thread does the steps that the Pump chooses and passes the outputs
// to the loop. Inputs that come during a commit go together into the next one. No input is delayed
// on purpose to make a larger batch.

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

  bool submit(Input&& input);  // false: the queue is full, `input` is untouched
  // From the next turn on, turns make events or do not. A turn that runs now goes on as it began:
  // `ready` is called on the loop when its outputs were passed on, or at once if no turn runs.
  void watch(std::function<void()> ready);
  void unwatch();
  std::size_t waiting() const;
  // The largest write-ahead log that was there after a step since the start of this thread.
  std::int64_t wal_bytes_max() const { return wal_bytes_max_; }
  std::int64_t free_pages() const { return free_pages_; }  // of the database file, once a second
  StoreCounts counts() const;                              // after the last step
  void release_memory();  // takes effect with the next step, on this thread
  // Applies the inputs that wait, flushes, and ends the thread. Outputs still arrive before
  // `stopped` is called.
  void stop(std::function<void()> stopped);
  // Call it when stop() has finished.
  std::unique_ptr<Replica> take_back();

 private:
  void run();
  Pump::Condition condition() const;  // of the replica; store thread only
  void wait(std::unique_lock<std::mutex>& lock, const Pump::Condition& now);
  void work(Pump::Step step, std::unique_lock<std::mutex>& lock);
  void hand_over(Outputs outputs, bool of_turn);
  void deliver();

  std::unique_ptr<Replica> replica_;
  std::function<void(std::vector<Outputs>)> on_outputs_;
  std::function<void()> stopped_;
  uv_async_t* wake_;

  mutable std::mutex mutex_;
  std::condition_variable ready_;
  Pump pump_;
  std::vector<Outputs> outputs_;
  StoreCounts counts_;
  bool stopping_ = false;
  bool finished_ = false;
  std::atomic<bool> release_memory_ = false;
  std::atomic<std::int64_t> wal_bytes_max_ = 0;  // written by the store thread only
  std::atomic<std::int64_t> free_pages_ = 0;     // the same
  bool watched_ = false;
  std::uint64_t turns_begun_ = 0;
  std::uint64_t turns_ended_ = 0;  // their outputs are in outputs_ or were passed on
  // Loop thread only: the number of turns whose outputs were passed on, and the callbacks that wait
  // for a turn.
  std::uint64_t turns_told_ = 0;
  std::vector<std::pair<std::uint64_t, std::function<void()>>> waiting_for_turn_;
  std::thread thread_;
};

}  // namespace agent
