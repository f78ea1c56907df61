#pragma once

// The thread that owns the replica (rule 10): takes everything that waits, runs one turn, hands the
// outputs to the loop. Natural batching: what queues during a commit goes into the next one, there
// is no artificial delay. After remote changes it brings the log to the medium when FlushWatch says
// so. When idle it reads a slice of rows and checks them (rule 13).

#include <uv.h>

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "agent/replica/replica.h"

namespace agent {

struct StoreThreadOptions {
  std::size_t inputs_max = 16'384;       // waiting; above: refused, the client hears "busy"
  std::size_t bytes_max = 64u << 20;     // of waiting inputs
  std::size_t turn_changes_max = 1'000;  // research/store.md: longer turns only stall
  base::Duration scrub_every = base::seconds(1);  // when nothing else is to do
};

class StoreThread {
 public:
  // `on_outputs` runs on the loop thread. `replica` outlives this.
  StoreThread(uv_loop_t* loop, Replica& replica, const StoreThreadOptions& options,
              std::function<void(std::vector<Outputs>)> on_outputs);
  ~StoreThread();  // stop() must have finished

  bool submit(Input&& input, std::size_t bytes);  // false: full, `input` is untouched
  void set_watched(bool watched) { watched_ = watched; }
  std::size_t waiting() const;
  // Finishes what waits, flushes, ends the thread; outputs still arrive before `stopped` is called.
  void stop(std::function<void()> stopped);

 private:
  struct Waiting {
    Input input;
    std::size_t bytes;
  };
  void run();
  void wait(std::unique_lock<std::mutex>& lock);
  std::vector<Input> take_turn();  // holds the mutex
  bool read_ahead(std::unique_lock<std::mutex>& lock);
  void hand_over(Outputs outputs);
  void deliver();

  Replica& replica_;
  StoreThreadOptions options_;
  std::function<void(std::vector<Outputs>)> on_outputs_;
  std::function<void()> stopped_;
  uv_async_t* wake_;

  mutable std::mutex mutex_;
  std::condition_variable ready_;
  std::deque<Waiting> queue_;
  std::size_t queue_bytes_ = 0;
  std::vector<Outputs> outputs_;
  base::Instant scrubbed_;
  bool damaged_ = false;  // said by the last turn: the next one may fail at the same row
  bool stopping_ = false;
  bool finished_ = false;
  std::atomic<bool> watched_ = false;
  std::thread thread_;
};

}  // namespace agent
